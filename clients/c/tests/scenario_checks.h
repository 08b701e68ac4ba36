/* What came of a call, and whether that is what a step expects. */
#ifndef SCENARIO_CHECKS_H
#define SCENARIO_CHECKS_H

#include "scenario_words.h"

typedef struct outcome {
  char name[64];
  mete_client *client;
  mete_call *call;
  const uint8_t *id;  /* 16 bytes that the call was given, or NULL */
  mete_writer text;   /* the strings of all messages, joined */
  uint32_t *numbers;  /* the integers that messages list */
  size_t numbers_count, messages;
  bool alike, over;
  const char *shape;  /* every message from here on must have it; NULL is any */
  uint8_t *feed;      /* a message that is sent again and again, as credit allows */
  size_t feed_length, feed_left;
} outcome;

static void skip_shape(const char **shape) {
  const char head = *(*shape)++;
  if (head == '*') skip_shape(shape);
  if (head != '[') return;
  while (**shape != ']') skip_shape(shape);
  (*shape)++;
}

/* Whether the next value has a shape, which is stepped over: a letter, `[` shapes `]`, or `*` and the shape of all items. */
static bool is_like(mete_reader *reader, const char **shape) {
  static const char letters[] = "usfbm";
  static const mete_kind kinds[] = {METE_UINT, METE_STR, METE_FLOAT, METE_BIN, METE_MAP};
  mete_reader whole = *reader;
  mete_value value;
  const char head = *(*shape)++;
  if (!mete_read(reader, &value)) return false;
  if (head == '[') {
    bool good = value.kind == METE_ARRAY;
    uint32_t count = 0;
    for (; **shape != ']'; count++) good = is_like(reader, shape) && good;
    (*shape)++;
    return good && count == value.count;
  }
  if (head == '*') {
    bool good = value.kind == METE_ARRAY;
    for (uint32_t i = 0; good && i < value.count; i++) {
      const char *item = *shape;
      good = is_like(reader, &item);
    }
    skip_shape(shape);
    return good;
  }
  *reader = whole;
  const char *letter = strchr(letters, head);
  return mete_skip(reader) && letter && value.kind == kinds[letter - letters];
}

/* Takes note of a message. */
static void note(outcome *o, const uint8_t *message, size_t length) {
  mete_reader reader = {message, message + length}, again = reader;
  mete_value value;
  const char *shape = o->shape;
  o->messages++;
  if (shape && !is_like(&again, &shape)) o->alike = false;
  if (!mete_read(&reader, &value)) return;
  uint32_t items = 1;
  bool listed = value.kind == METE_ARRAY;
  if (listed) items = value.count;
  for (uint32_t i = 0; i < items; i++) {
    if (listed) {
      mete_reader item = reader;
      if (!mete_read(&item, &value) || !mete_skip(&reader)) return;
    }
    if (value.kind == METE_STR) {
      o->text.data = memory(o->text.data, o->text.length + value.text.length + 1);
      if (value.text.length) memcpy(o->text.data + o->text.length, value.text.data, value.text.length);
      o->text.length += value.text.length;
      o->text.data[o->text.length] = 0;
    } else if (listed && value.kind == METE_UINT) {
      o->numbers = memory(o->numbers, (o->numbers_count + 1) * sizeof *o->numbers);
      o->numbers[o->numbers_count++] = (uint32_t)value.uint;
    }
  }
}

static mete_text text_of(const outcome *o) {
  return (mete_text){o->text.data ? (const char *)o->text.data : "", o->text.length};
}

static bool same_numbers(const outcome *one, const outcome *other) {
  return one->numbers_count == other->numbers_count && one->numbers_count > 0 &&
         memcmp(one->numbers, other->numbers, one->numbers_count * sizeof *one->numbers) == 0;
}

static bool is_between(double number, const char *range) {
  char *rest;
  double low = strtod(range, &rest);
  return low <= number && number <= strtod(rest + 1, NULL);
}

/* Whether one entry of a bill is as expected; false too for an entry that this program does not know. */
static bool has_entry(const mete_bill *b, const char *key, const char *wanted) {
  const struct {
    const char *key;
    double number;
  } numbers[] = {
      {"tokens_in", (double)b->tokens_in},   {"tokens_out", (double)b->tokens_out}, {"macs_total", (double)b->macs_total},
      {"layers_run", (double)b->layers_run}, {"bytes_in", (double)b->bytes_in},     {"bytes_out", (double)b->bytes_out},
      {"cost_micro", (double)b->cost_micro}, {"effort_asked", b->effort_asked},     {"macs_max", b->has_macs_max ? (double)b->macs_max : -1},
      {"status", (double)b->status},         {"cost_max", b->has_cost_max ? (double)b->cost_max : -1},
  };
  const struct {
    const char *key;
    mete_text text;
  } texts[] = {{"method", b->method}, {"model", b->model}, {"currency", b->currency}};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (strcmp(key, numbers[i].key) == 0) return is_between(numbers[i].number, wanted);
  }
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (strcmp(key, texts[i].key) == 0) return is_hex(texts[i].text, wanted + 2);
  }
  return false;
}

/* A bill adds up, is the call's, and says what the step lists. */
static void check_bill(step *s, const mete_bill *bill, const uint8_t *id) {
  const char *whole = word(s, "bill");
  if (whole && strcmp(whole, "none") == 0) {
    CHECK(bill == NULL);
    return;
  }
  if ((whole && strcmp(whole, "any") == 0 && !bill) || !CHECK(bill != NULL)) return;
  const mete_macs *m = &bill->macs;
  CHECK(bill->macs_total == m->attention + m->experts + m->routers + m->exits + m->head + m->adapter + m->embedding);
  CHECK(bill->macs_dense >= bill->macs_total && bill->tenant.length > 0);
  CHECK(!id || memcmp(bill->call, id, 16) == 0);
  for (size_t i = 0; i < s->count; i++) {
    if (strncmp(s->words[i].key, "bill:", 5) != 0) continue;
    s->words[i].used = true;
    if (!CHECK(has_entry(bill, s->words[i].key + 5, s->words[i].word)))
      printf("%s: %s should be %s\n", scenario, s->words[i].key, s->words[i].word);
  }
}

static bool same_counts(const uint64_t *one, size_t count, const uint64_t *other, size_t other_count) {
  return count == other_count && (count == 0 || memcmp(one, other, count * sizeof *one) == 0);
}

static bool same_text(mete_text one, mete_text other) {
  return one.length == other.length && (one.length == 0 || memcmp(one.data, other.data, one.length) == 0);
}

/* Whether two bills are the same in every entry. */
static bool same_bill(const mete_bill *a, const mete_bill *b) {
  return memcmp(a->call, b->call, 16) == 0 && same_text(a->tenant, b->tenant) && same_text(a->model, b->model) &&
         same_text(a->method, b->method) && a->status == b->status && a->tokens_in == b->tokens_in && a->tokens_out == b->tokens_out &&
         memcmp(&a->macs, &b->macs, sizeof a->macs) == 0 && a->macs_total == b->macs_total && a->macs_dense == b->macs_dense &&
         a->layers_run == b->layers_run && a->experts_run == b->experts_run &&
         same_counts(a->layers_histogram, a->layers_histogram_count, b->layers_histogram, b->layers_histogram_count) &&
         same_counts(a->experts_histogram, a->experts_histogram_count, b->experts_histogram, b->experts_histogram_count) &&
         a->queue_us == b->queue_us && a->compute_us == b->compute_us && a->total_us == b->total_us && a->bytes_in == b->bytes_in &&
         a->bytes_out == b->bytes_out && !(a->effort_asked < b->effort_asked) && !(a->effort_asked > b->effort_asked) &&
         a->has_macs_max == b->has_macs_max && a->macs_max == b->macs_max && a->has_cost_max == b->has_cost_max &&
         a->cost_max == b->cost_max && same_text(a->adapter, b->adapter) && a->cost_micro == b->cost_micro &&
         same_text(a->currency, b->currency);
}

/* Whether a call that is over went as a step expects. `find` gives the outcome of another call. */
static void check_outcome(step *s, const outcome *o, const outcome *(*find)(const char *name)) {
  const mete_end *end = mete_call_end(o->call);
  const char *wanted;
  if (!CHECK(o->over) || !CHECK(end != NULL)) return;
  const char *detail = word(s, "detail"), *says = word(s, "says");
  const bool as_expected = end->status == (mete_status)number(s, "status", 0) && (!detail || mete_text_is(end->detail, detail));
  if (!CHECK(as_expected)) printf("%s: %s (%s): %s\n", scenario, mete_status_name(end->status), end->detail.data, end->text.data);
  if (says) {
    bytes needle = from_hex(says);
    CHECK(strstr(end->text.data, (char *)needle.data) != NULL);
    free(needle.data);
  }
  if ((wanted = word(s, "attempts"))) CHECK(mete_call_attempts(o->call) == strtoul(wanted, NULL, 10));
  check_bill(s, mete_call_bill(o->call), o->id);
  if (mete_call_bill(o->call)) CHECK(mete_call_bill(o->call)->status == end->status);
  if (!CHECK(o->messages == number(s, "count", o->messages))) printf("%s: %zu messages\n", scenario, o->messages);
  CHECK(o->alike);
  if ((wanted = word(s, "text"))) CHECK(is_hex(text_of(o), wanted));
  if ((wanted = word(s, "begins"))) {
    size_t length = strlen(wanted) / 2;
    CHECK(o->text.length >= length && is_hex((mete_text){text_of(o).data, length}, wanted));
  }
  if ((wanted = word(s, "text_of"))) CHECK(o->text.length > 0 && same_text(text_of(o), text_of(find(wanted))));
  if ((wanted = word(s, "numbers_of"))) CHECK(same_numbers(o, find(wanted)));
  for (size_t i = 0; i < s->count; i++) {
    if (strncmp(s->words[i].key, "metadata:", 9) != 0) continue;
    s->words[i].used = true;
    mete_text found = mete_end_metadata(end, s->words[i].key + 9);
    CHECK(found.data && is_hex(found, s->words[i].word));
  }
}

#endif
