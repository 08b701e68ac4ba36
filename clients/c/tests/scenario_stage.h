/* The clients and calls of one scenario, and how they are begun and read. */
#ifndef SCENARIO_STAGE_H
#define SCENARIO_STAGE_H

#include "scenario_checks.h"

#include <time.h>
#include <unistd.h>

enum { CALLS_MAX = 16, CLIENTS_MAX = 4, PATIENCE_MS = 200000 };

static struct {
  char name[32];
  mete_client *client;
  uint32_t attempts;
} clients[CLIENTS_MAX];
static size_t clients_count;
static outcome calls[CALLS_MAX];
static size_t calls_count;
static struct {
  char name[32];
  uint8_t id[16];
} ids[CALLS_MAX];
static size_t ids_count;

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void must(bool good, const char *what) {
  if (good) return;
  printf("%s: %s\n", scenario, what);
  exit(1);
}

static size_t client_place(const char *name) {
  for (size_t i = 0; i < clients_count; i++) {
    if (strcmp(clients[i].name, name) == 0) return i;
  }
  must(false, "no such client");
  return 0;
}

static outcome *call_named(const char *name) {
  for (size_t i = 0; i < calls_count; i++) {
    if (name && strcmp(calls[i].name, name) == 0) return &calls[i];
  }
  must(false, "no such call");
  return NULL;
}

static const outcome *find_call(const char *name) { return call_named(name); }

/* The id that a name stands for in this scenario. */
static const uint8_t *id_named(const char *name) {
  static uint64_t drawn;
  if (!name) return NULL;
  for (size_t i = 0; i < ids_count; i++) {
    if (strcmp(ids[i].name, name) == 0) return ids[i].id;
  }
  must(ids_count < CALLS_MAX, "too many ids");
  (void)snprintf(ids[ids_count].name, sizeof ids->name, "%s", name);
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  const uint64_t parts[2] = {(uint64_t)now.tv_sec << 30 ^ (uint64_t)now.tv_nsec, (uint64_t)getpid() << 32 ^ ++drawn};
  memcpy(ids[ids_count].id, parts, 16);
  return ids[ids_count++].id;
}

static void control(const char *words) {
  char command[4096];
  must(snprintf(command, sizeof command, "%s %s", getenv("METE_CONTROL"), words) < (int)sizeof command, "METE_CONTROL is too long");
  (void)fflush(stdout);
  must(system(command) == 0, "the daemon did not do as it was told");
}

/* ---- Calls ---- */

/* Sends what waits for credit, on all calls. */
static void pump(void) {
  for (size_t i = 0; i < calls_count; i++) {
    outcome *o = &calls[i];
    while (o->feed_left > 0) {
      mete_result result = mete_send_value(o->call, o->feed, o->feed_length, 0);
      if (result == METE_BLOCKED) break;
      if (!CHECK(result == METE_DONE)) o->feed_left = 1;
      if (--o->feed_left == 0) mete_half_close(o->call);
    }
  }
}

/* Takes the next message; false when the call is over or `wait_ms` is up. */
static bool take(outcome *o, int64_t wait_ms, mete_item *item) {
  const int64_t end = now_ms() + wait_ms;
  for (;;) {
    pump();
    mete_result result = mete_next(o->call, wait_ms ? 20 : 0, item);
    if (result == METE_OVER) o->over = true;
    if (result == METE_DONE && item->kind == METE_MESSAGE) {
      note(o, item->message, item->length);
      return true;
    }
    if (result == METE_OVER || (result == METE_BLOCKED && now_ms() >= end)) return false;
    if (result != METE_DONE && result != METE_BLOCKED) must(false, mete_result_name(result));
  }
}

static void exhaust(outcome *o) {
  mete_item item;
  while (take(o, PATIENCE_MS, &item)) continue;
  CHECK(o->over);
}

/* Begins the call that a step describes. */
static void begin(step *s, outcome *o, bool repeats) {
  static char keys[80][32];
  mete_metadata metadata[80];
  bytes values[80];
  size_t own = 0;
  const char *found;
  const size_t client = client_place(word_or(s, "client", "main"));
  bytes method = from_hex(word(s, "method")), model = {NULL, 0}, params = {NULL, 0};
  const double effort = strtod(word_or(s, "effort", "1"), NULL);
  const uint64_t macs_max = number(s, "macs_max", 0), cost_max = number(s, "cost_max", 0);
  memset(o, 0, sizeof *o);
  o->alike = true;
  o->client = clients[client].client;
  o->id = id_named(word(s, "id"));
  (void)snprintf(o->name, sizeof o->name, "%s", word_or(s, "call", ""));
  mete_options options = {.deadline_ms = number(s, "deadline_ms", 0), .call = o->id, .metadata = metadata};
  if (word(s, "effort")) options.effort = &effort;
  if (macs_max) options.macs_max = &macs_max;
  if (cost_max) options.cost_max = &cost_max;
  options.attempts_max = repeats ? clients[client].attempts : 1;
  if ((found = word(s, "model"))) options.model = (char *)(model = from_hex(found)).data;
  if ((found = word(s, "params"))) params = from_hex(found);
  for (size_t i = 0; !repeats && i < s->count; i++) {
    if (strncmp(s->words[i].key, "metadata:", 9) != 0) continue;
    s->words[i].used = true;
    values[own] = from_hex(s->words[i].word + 2);
    metadata[own] = (mete_metadata){{s->words[i].key + 9, strlen(s->words[i].key) - 9},
                                    {(char *)values[own].data, values[own].length}, s->words[i].word[0] == 'b'};
    own++;
  }
  options.metadata_count = own;
  for (size_t i = 0; i < number(s, "metadata_count", 0); i++) {
    (void)snprintf(keys[i], sizeof keys[i], "key-%zu", i);
    metadata[options.metadata_count++] = (mete_metadata){{keys[i], strlen(keys[i])}, {"x", 1}, false};
  }
  must(mete_call_open(o->client, (char *)method.data, &options, params.data, params.length, &o->call) == METE_DONE, "cannot open a call");
  for (size_t i = 0; i < own; i++) free(values[i].data);
  free(method.data);
  free(model.data);
  free(params.data);
}

static void forget(outcome *o) {
  mete_call_free(o->call);
  mete_writer_free(&o->text);
  free(o->numbers);
  free(o->feed);
}

/* Begins a call and sends all of its input. */
static void begin_whole(step *s, outcome *o) {
  const char *hex;
  begin(s, o, true);
  o->shape = word(s, "like");
  (void)word(s, "messages");
  for (size_t i = 0; (hex = nth(s, "message", i)); i++) {
    bytes message = from_hex(hex);
    mete_result result = mete_send_value(o->call, message.data, message.length, PATIENCE_MS);
    CHECK(result == METE_DONE || result == METE_OVER);
    free(message.data);
  }
  mete_half_close(o->call);
}

#endif
