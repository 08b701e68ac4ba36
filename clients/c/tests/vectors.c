/* Every conformance vector against the client's own code, as given and byte by byte.
 *
 * Reads what vectors_as_lines.py writes. A case for a client runs whole; of a case for a server, which this is not, the
 * decoder and the encoder are held to `frames` and `canonical`. The source is included, so that the parts under test need
 * no public names. */
#include "../mete.c"

enum { LINE_BYTES_MAX = 65536, STEPS_MAX = 64, LINES_MAX = 64, CALLS_MAX = 64 };

typedef struct test_case {
  char name[256];
  bool is_client;
  mete_limits limits;
  char *before[STEPS_MAX], *in[STEPS_MAX], *frames[LINES_MAX];
  size_t before_count, in_count, frames_count;
  bool has_frames;
  long frames_wanted;
  char *outcome, *error, *failed, *open, *sends, *credits[8], *canonical;
  size_t credits_count;
} test_case;

static unsigned checks, failures;

static void check(bool good, const test_case *tested, const char *claim, const char *got, const char *wanted) {
  checks++;
  if (good) return;
  failures++;
  printf("%s: %s\n  got    %.400s\n  wanted %.400s\n", tested->name, claim, got, wanted);
}

static void check_text(const test_case *tested, const char *claim, const mete_writer *got, const char *wanted) {
  bool good = got->length == strlen(wanted) && (got->length == 0 || memcmp(got->data, wanted, got->length) == 0);
  char shown[401] = "";
  memcpy(shown, got->data ? (const char *)got->data : "", smaller(got->length, 400));
  check(good, tested, claim, shown, wanted);
}

/* ---- Writing down what was decoded, in the words of vectors_as_lines.py ---- */

#ifdef __GNUC__
__attribute__((format(printf, 2, 3)))
#endif
static void
write_down(mete_writer *to, const char *format, ...) {
  char word[128];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(word, sizeof word, format, arguments);
  va_end(arguments);
  append(to, word, (size_t)length);
}

static void write_hex(mete_writer *to, const char *tag, const char *data, size_t length) {
  write_down(to, "%s", tag);
  for (size_t i = 0; i < length; i++) write_down(to, "%02x", (unsigned)(unsigned char)data[i]);
}

static void write_text(mete_writer *to, mete_text text) { write_hex(to, "s:", text.data, text.length); }

static void write_float(mete_writer *to, double number, bool single) {
  float half = (float)number;
  uint32_t short_bits;
  uint64_t bits;
  memcpy(&short_bits, &half, sizeof half);
  memcpy(&bits, &number, sizeof bits);
  if (single) write_down(to, "f:%08x", (unsigned)short_bits);
  else write_down(to, "d:%016llx", (unsigned long long)bits);
}

static void write_value(mete_writer *to, mete_reader *from) {
  mete_value v;
  if (!mete_read(from, &v)) {
    write_down(to, "cut");
    return;
  }
  switch (v.kind) {
    case METE_NIL: write_down(to, "nil"); break;
    case METE_BOOL: write_down(to, v.boolean ? "true" : "false"); break;
    case METE_UINT: write_down(to, "i:%llu", (unsigned long long)v.uint); break;
    case METE_INT: write_down(to, "i:%lld", (long long)v.integer); break;
    case METE_FLOAT: write_float(to, v.number, v.single); break;
    case METE_STR: write_text(to, v.text); break;
    case METE_BIN: write_hex(to, "b:", v.text.data, v.text.length); break;
    case METE_ARRAY:
    case METE_MAP:
      write_down(to, v.kind == METE_MAP ? "{" : "[");
      for (uint32_t i = 0; i < v.count; i++) {
        if (i) write_down(to, ",");
        write_value(to, from);
        if (v.kind == METE_ARRAY) continue;
        write_down(to, "=");
        write_value(to, from);
      }
      write_down(to, v.kind == METE_MAP ? "}" : "]");
      break;
  }
}

/* Finds an entry of a map. */
static bool find_entry(mete_reader raw, const char *wanted, mete_reader *found) {
  mete_value map, key, value;
  mete_read(&raw, &map);
  for (uint32_t i = 0; i < map.count; i++) {
    mete_read(&raw, &key);
    take_raw(&raw, &value, found);
    if (mete_text_is(key.text, wanted)) return true;
  }
  return false;
}

static const char *const option_keys[] = {"call", "deadline_ms", "model", "effort", "effort_min", "macs_max", "cost_max", "params"};
enum { OPTION_KEYS = sizeof option_keys / sizeof *option_keys };

static bool is_effort(size_t option) { return strncmp(option_keys[option], "effort", 6) == 0; }

static void write_open(mete_writer *to, const frame *f) {
  bool first = true;
  write_down(to, "OPEN %llu ", (unsigned long long)f->stream);
  write_text(to, f->method);
  write_down(to, " {");
  for (size_t i = 0; i < OPTION_KEYS; i++) {
    mete_reader found;
    double effort = 0;
    if (!find_entry(f->options, option_keys[i], &found)) continue;
    write_down(to, "%s%s=", first ? "" : ",", option_keys[i]);
    first = false;
    mete_reader peek = found;
    if (is_effort(i) && read_number(&peek, &effort)) write_float(to, effort, false);
    else write_value(to, &found);
  }
  write_down(to, "} ");
  mete_reader metadata = f->metadata;
  write_value(to, &metadata);
}

static void write_counts(mete_writer *to, mete_reader raw) {
  mete_value value;
  uint32_t count = count_of(raw);
  if (count) mete_read(&raw, &value);
  write_down(to, "[");
  for (uint32_t i = 0; i < count && mete_read(&raw, &value); i++)
    write_down(to, "%s%llu", i ? "," : "", (unsigned long long)value.uint);
  write_down(to, "]");
}

/* The field of a bill that a key names, each part of `macs` being one. */
static void write_bill_field(mete_writer *to, const raw_bill *raw, const bill_row *row) {
  const char *at = (const char *)&raw->bill + row->offset;
  mete_text text = {NULL, 0};
  uint64_t count = 0;
  double number = 0;
  memcpy(&text, at, row->type == TEXT || row->type == TEXT_OR_NIL ? sizeof text : 0);
  memcpy(&count, at, row->type == COUNT || row->type == BUDGET ? sizeof count : 0);
  memcpy(&number, at, row->type == NUMBER ? sizeof number : 0);
  switch (row->type) {
    case ID: write_hex(to, "b:", at, 16); break;
    case TEXT_OR_NIL:
      if (!text.data) write_down(to, "nil");
      else write_text(to, text);
      break;
    case TEXT: write_text(to, text); break;
    case STATUS: write_down(to, "i:%d", (int)raw->bill.status); break;
    case BUDGET:
      if (!*((const char *)&raw->bill + row->other)) write_down(to, "nil");
      else write_down(to, "i:%llu", (unsigned long long)count);
      break;
    case COUNT: write_down(to, "i:%llu", (unsigned long long)count); break;
    case NUMBER: write_float(to, number, false); break;
    case COUNTS: write_counts(to, raw->histograms[row->other]); break;
    case MACS: break;
  }
}

static uint64_t macs_part(const raw_bill *raw, size_t row) {
  uint64_t count;
  memcpy(&count, (const char *)&raw->bill.macs + macs_rows[row].offset, sizeof count);
  return count;
}

/* Whether every part that `wanted` lists ("attention:1+head:2") is what the bill says. */
static bool same_macs(const raw_bill *raw, const char *wanted) {
  char list[512], *rest = list, *part;
  (void)snprintf(list, sizeof list, "%s", wanted);
  while ((part = strtok_r(rest, "+", &rest))) {
    bool found = false;
    for (size_t row = 0; row < MACS_ROWS; row++) {
      char said[64];
      (void)snprintf(said, sizeof said, "%s:%llu", macs_rows[row].key, (unsigned long long)macs_part(raw, row));
      found = found || strcmp(said, part) == 0;
    }
    if (!found) return false;
  }
  return true;
}

/* Bills are compared key by key, for the keys that are given. */
static void check_bill(const test_case *tested, const frame *f, char *wanted) {
  char head[64], *rest = wanted;
  (void)snprintf(head, sizeof head, "%llu", (unsigned long long)f->stream);
  (void)strtok_r(rest, " ", &rest);
  const char *id = strtok_r(rest, " ", &rest);
  check(id && strcmp(id, head) == 0, tested, "the bill's stream", head, id ? id : "none");
  for (char *word; (word = strtok_r(rest, " ", &rest));) {
    char *value = strchr(word, '=');
    mete_writer got = {0};
    bool known = false;
    *value++ = 0;
    for (size_t row = 0; row < BILL_ROWS; row++) {
      if (strcmp(bill_rows[row].key, word) != 0) continue;
      known = true;
      write_bill_field(&got, &f->bill, &bill_rows[row]);
      if (bill_rows[row].type == MACS) check(same_macs(&f->bill, value), tested, "macs", "others", value);
      else check_text(tested, word, &got, value);
    }
    check(known, tested, "a key of the bill", word, "a known one");
    mete_writer_free(&got);
  }
}

static void write_hello(mete_writer *to, const frame *f) {
  mete_reader versions = f->versions;
  mete_value value;
  uint32_t count = 0;
  read_count(&versions, METE_ARRAY, &count);
  write_down(to, "HELLO [");
  for (uint32_t i = 0; i < count && mete_read(&versions, &value); i++)
    write_down(to, "%s%llu", i ? "," : "", (unsigned long long)value.uint);
  write_down(to, "] ");
  if (f->software.data) write_text(to, f->software);
  else write_down(to, "nil");
  for (size_t i = 0; i < LIMIT_ROWS; i++)
    write_down(to, "%s%llu", i ? "," : " ", (unsigned long long)limit_of(&f->limits, &limit_rows[i]));
}

static void write_frame(mete_writer *to, const frame *f) {
  unsigned long long id = f->stream, number = f->number;
  mete_reader message = f->message, metadata = f->metadata;
  switch (f->kind) {
    case HELLO: write_hello(to, f); break;
    case OPEN: write_open(to, f); break;
    case DATA:
      write_down(to, "DATA %llu ", id);
      write_value(to, &message);
      break;
    case HALF_CLOSE: write_down(to, "HALF_CLOSE %llu", id); break;
    case CANCEL: write_down(to, "CANCEL %llu", id); break;
    case CREDIT: write_down(to, "CREDIT %llu %llu", id, number); break;
    case PING: write_down(to, "PING %d %llu", f->ack, number); break;
    case END:
      write_down(to, "END %llu %d ", id, (int)f->status);
      write_text(to, f->detail);
      write_down(to, " ");
      write_text(to, f->text);
      write_down(to, " ");
      write_value(to, &metadata);
      break;
    case GOAWAY:
      write_down(to, "GOAWAY %llu %d ", number, (int)f->status);
      write_text(to, f->text);
      break;
    default: break;
  }
}

/* ---- Encoding what was decoded ---- */

/* A value once more, in the shortest form. */
static void put_again(mete_writer *to, mete_reader *from) {
  mete_value v;
  if (!mete_read(from, &v)) return;
  switch (v.kind) {
    case METE_NIL: mete_put_nil(to); break;
    case METE_BOOL: mete_put_bool(to, v.boolean); break;
    case METE_UINT: mete_put_uint(to, v.uint); break;
    case METE_INT: mete_put_int(to, v.integer); break;
    case METE_FLOAT:
      if (v.single) mete_put_single(to, (float)v.number);
      else mete_put_float(to, v.number);
      break;
    case METE_STR: mete_put_str(to, v.text.data, v.text.length); break;
    case METE_BIN: mete_put_bin(to, v.text.data, v.text.length); break;
    case METE_ARRAY:
    case METE_MAP:
      if (v.kind == METE_MAP) mete_put_map(to, v.count);
      else mete_put_array(to, v.count);
      for (uint64_t i = 0; i < (v.kind == METE_MAP ? 2 : 1) * (uint64_t)v.count; i++) put_again(to, from);
      break;
  }
}

static void open_again(mete_writer *to, const frame *f) {
  opening open = {0};
  uint64_t deadline = 0;
  bool has_deadline = false;
  mete_put_str(&open.method, f->method.data, f->method.length);
  for (size_t i = 0; i < OPTION_KEYS; i++) {
    mete_reader found;
    double effort = 0;
    if (!find_entry(f->options, option_keys[i], &found)) continue;
    if (i == 1) {
      has_deadline = read_uint(&found, &deadline);
      continue;
    }
    mete_writer *part = i == 0 ? &open.call : &open.rest;
    open.options++;
    mete_put_text(part, option_keys[i]);
    if (is_effort(i) && read_number(&found, &effort)) mete_put_float(part, effort);
    else put_again(part, &found);
  }
  mete_reader metadata = f->metadata;
  put_again(&open.metadata, &metadata);
  encode_open(to, f->stream, &open, has_deadline ? &deadline : NULL);
  mete_writer_free(&open.method);
  mete_writer_free(&open.call);
  mete_writer_free(&open.rest);
  mete_writer_free(&open.metadata);
}

static void bill_again(mete_writer *to, const frame *f) {
  size_t at = begin_frame(to, BILL, 3, f->stream);
  /* tokens_reused is sent only where something was reused. */
  bool reuses = f->bill.bill.tokens_reused > 0;
  mete_put_map(to, BILL_ROWS - (reuses ? 0 : 1));
  for (size_t i = 0; i < BILL_ROWS; i++) {
    const bill_row *row = &bill_rows[i];
    if (!reuses && strcmp(row->key, "tokens_reused") == 0) continue;
    const char *field = (const char *)&f->bill.bill + row->offset;
    mete_reader raw = f->bill.histograms[row->other & 1];
    mete_text text = {NULL, 0};
    uint64_t count = 0;
    double number = 0;
    memcpy(&text, field, row->type == TEXT || row->type == TEXT_OR_NIL ? sizeof text : 0);
    memcpy(&count, field, row->type == COUNT || row->type == BUDGET ? sizeof count : 0);
    memcpy(&number, field, row->type == NUMBER ? sizeof number : 0);
    mete_put_text(to, row->key);
    switch (row->type) {
      case ID: mete_put_bin(to, field, 16); break;
      case TEXT_OR_NIL:
      case TEXT:
        if (text.data) mete_put_str(to, text.data, text.length);
        else mete_put_nil(to);
        break;
      case STATUS: mete_put_uint(to, f->bill.bill.status); break;
      case BUDGET:
        if (*((const char *)&f->bill.bill + row->other)) mete_put_uint(to, count);
        else mete_put_nil(to);
        break;
      case COUNT: mete_put_uint(to, count); break;
      case NUMBER: mete_put_float(to, number); break;
      case COUNTS: put_again(to, &raw); break;
      case MACS:
        mete_put_map(to, MACS_ROWS);
        for (size_t part = 0; part < MACS_ROWS; part++) {
          mete_put_text(to, macs_rows[part].key);
          mete_put_uint(to, macs_part(&f->bill, part));
        }
        break;
    }
  }
  end_frame(to, at);
}

static void frame_again(mete_writer *to, const frame *f) {
  mete_writer message = {0};
  mete_reader raw = f->kind == DATA ? f->message : f->metadata;
  size_t at;
  switch (f->kind) {
    case OPEN: open_again(to, f); break;
    case DATA:
      put_again(&message, &raw);
      encode_data(to, f->stream, message.data, message.length);
      break;
    case HALF_CLOSE:
    case CANCEL: encode_bare(to, f->kind, f->stream); break;
    case CREDIT: encode_credit(to, f->stream, f->number); break;
    case PING: encode_ping(to, f->ack, f->number); break;
    case GOAWAY: encode_goaway(to, f->number, f->status, f->text.data, f->text.length); break;
    case END:
      at = begin_frame(to, END, 6, f->stream);
      mete_put_uint(to, f->status);
      mete_put_str(to, f->detail.data, f->detail.length);
      mete_put_str(to, f->text.data, f->text.length);
      put_again(to, &raw);
      end_frame(to, at);
      break;
    case BILL: bill_again(to, f); break;
    default: break;
  }
  mete_writer_free(&message);
}

/* ---- The decoder and the encoder alone ---- */

static size_t from_hex(const char *hex, uint8_t *bytes) {
  size_t length = strlen(hex) / 2;
  for (size_t i = 0; i < length; i++) {
    unsigned byte = 0;
    (void)sscanf(hex + 2 * i, "%2x", &byte);
    bytes[i] = (uint8_t)byte;
  }
  return length;
}

static mete_writer joined(char **steps, size_t count) {
  static uint8_t bytes[LINE_BYTES_MAX];
  mete_writer all = {0};
  for (size_t i = 0; i < count; i++) {
    if (strncmp(steps[i], "receive ", 8) == 0) append(&all, bytes, from_hex(steps[i] + 8, bytes));
  }
  return all;
}

/* Decodes all frames up to the first that does not decode; how many there were. */
static size_t check_frames(const test_case *tested) {
  mete_writer all = joined((char **)(uintptr_t)tested->in, tested->in_count), again = {0}, hex = {0};
  talk cutter = {.own = tested->limits};
  mete_reader in = {all.data, all.data + all.length}, body;
  size_t count = 0;
  fault why = {0};
  frame f;
  while (all.length && cut_frame(&cutter, &in, &body, &why) == CUT_BODY) {
    if (!decode(body.at, (size_t)(body.end - body.at), &tested->limits, &f, &why)) break;
    if (tested->has_frames && count < tested->frames_count) {
      char *wanted = tested->frames[count];
      mete_writer line = {0};
      write_frame(&line, &f);
      if (f.kind == BILL && strncmp(wanted, "BILL ", 5) == 0) check_bill(tested, &f, wanted);
      else check_text(tested, "a frame", &line, wanted);
      mete_writer_free(&line);
    }
    frame_again(&again, &f);
    count++;
  }
  if (tested->has_frames) check(count == tested->frames_count, tested, "number of frames", why.detail ? why.text : "", "");
  if (tested->canonical) {
    write_hex(&hex, "", (const char *)again.data, again.length);
    check_text(tested, "canonical bytes", &hex, tested->canonical);
  }
  mete_writer_free(&all);
  mete_writer_free(&again);
  mete_writer_free(&hex);
  mete_writer_free(&cutter.gathered);
  return count;
}

/* ---- A client's conversation ---- */

typedef struct harness {
  const test_case *tested;
  talk *talk;
  bool byte_by_byte;
  uint64_t now;
  size_t events; /* since the last run */
  bool calls[CALLS_MAX], failed[CALLS_MAX];
} harness;

static void react(harness *h, const event *e) {
  h->events++;
  if (e->kind == ENDED && e->frame.status != METE_STATUS_OK) h->failed[e->frame.stream] = true;
  if (e->kind == BILLED) h->calls[e->frame.stream] = false;
  for (size_t i = 0; i < CALLS_MAX && e->kind == FAILED; i++) h->failed[i] = h->failed[i] || h->calls[i];
}

static void receive(harness *h, const char *hex) {
  static uint8_t bytes[LINE_BYTES_MAX];
  size_t length = from_hex(hex, bytes), piece = h->byte_by_byte ? 1 : length;
  event e;
  for (size_t at = 0; at < length; at += piece) {
    mete_reader in = {bytes + at, bytes + at + piece};
    while (talk_receive(h->talk, &in, h->now, &e) != NOTHING) react(h, &e);
  }
}

static void take_step(harness *h, const char *step) {
  static const opening open = {.method = {(uint8_t *)(uintptr_t) "\xa8Generate", 9, 9, METE_DONE}};
  static uint8_t bytes[LINE_BYTES_MAX];
  static char word[LINE_BYTES_MAX], rest[LINE_BYTES_MAX];
  rest[0] = 0;
  (void)sscanf(step, "%65535s %65535[^\n]", word, rest);
  unsigned id = (unsigned)strtoul(rest, NULL, 10);
  uint32_t made = 0;
  if (strcmp(word, "receive") == 0) receive(h, rest);
  else if (strcmp(word, "half_close") == 0) talk_half_close(h->talk, id);
  else if (strcmp(word, "cancel") == 0) talk_cancel(h->talk, id);
  else if (strcmp(word, "at_ms") == 0) h->now = strtoul(rest, NULL, 10);
  else if (strcmp(word, "open") == 0) {
    bool good = talk_open(h->talk, &open, NULL, NULL, &made) == METE_DONE && made == id;
    check(good, h->tested, "an opened stream", "another id", rest);
    h->calls[made] = true;
  } else if (strcmp(word, "send") == 0) {
    size_t length = from_hex(strchr(rest, ' ') + 1, bytes);
    check(talk_send(h->talk, id, bytes, length), h->tested, "a message", "blocked", "sent");
  } else check(false, h->tested, "a step that a client can take", word, "another");
}

static void run(harness *h, char *const *steps, size_t count) {
  h->talk->out.length = h->talk->written = h->events = 0;
  memset(h->failed, 0, sizeof h->failed);
  for (size_t i = 0; i < count; i++) take_step(h, steps[i]);
}

static void write_ids(mete_writer *to, const harness *h) {
  for (size_t i = 0; i < CALLS_MAX; i++) {
    if (h->failed[i]) write_down(to, "%s%zu", to->length ? " " : "", i);
  }
}

/* What the conversation sent, HELLO, CREDIT and GOAWAY left out; `*goaway` is the last GOAWAY. */
static void write_sent(mete_writer *to, const harness *h, frame *goaway) {
  const mete_writer *out = &h->talk->out;
  mete_limits limits = standard_limits();
  for (size_t at = 0; at + 4 <= out->length;) {
    mete_reader head = {out->data + at, out->data + out->length};
    uint64_t length = 0;
    frame f;
    fault why = {0};
    take_number(&head, 4, &length);
    check(decode(head.at, (size_t)length, &limits, &f, &why), h->tested, "a frame that we sent", why.text, "right");
    if (f.kind == GOAWAY) *goaway = f;
    if (f.kind != HELLO && f.kind != CREDIT && f.kind != GOAWAY) {
      if (to->length) write_down(to, " ");
      write_hex(to, "", (const char *)out->data + at, 4 + (size_t)length);
    }
    at += 4 + (size_t)length;
  }
}

static void check_credit(const harness *h, const char *wanted) {
  unsigned stream_id = 0;
  long long bytes = 0;
  char got[32];
  (void)sscanf(wanted, "%u %lld", &stream_id, &bytes);
  const stream *s = talk_find(h->talk, stream_id);
  int64_t left = stream_id == 0 ? h->talk->send_left : s ? s->send_left : 0;
  (void)snprintf(got, sizeof got, "%lld", (long long)left);
  check(left == bytes, h->tested, "send credit", got, wanted);
}

static void check_connection(const harness *h, const frame *goaway) {
  const test_case *tested = h->tested;
  const fault *why = &h->talk->failure;
  char got[128];
  if (strcmp(tested->outcome, "connection_error") != 0) {
    check(!why->detail, tested, "the connection lives", why->text, "no failure");
    return;
  }
  check(why->detail != NULL, tested, "the connection fails", "it lives", tested->outcome);
  if (!why->detail || !tested->error) return;
  (void)snprintf(got, sizeof got, "%d %s", (int)why->status, why->detail);
  check(strcmp(got, tested->error) == 0, tested, "error", got, tested->error);
  size_t length = strlen(why->detail);
  bool said = goaway->kind == GOAWAY && goaway->status == why->status && goaway->number == 0 && goaway->text.length > length &&
              memcmp(goaway->text.data, why->detail, length) == 0 && goaway->text.data[length] == ':';
  check(said, tested, "GOAWAY says why", "another or none", tested->error);
}

static void check_client(const test_case *tested, bool byte_by_byte, size_t frames_in) {
  harness h = {.tested = tested, .talk = talk_new(&tested->limits, "test"), .byte_by_byte = byte_by_byte};
  mete_writer failed = {0}, open = {0}, sent = {0};
  frame goaway = {0};
  if (!h.talk) abort();
  run(&h, tested->before, tested->before_count);
  check(!h.talk->failure.detail, tested, "what comes before is fine", h.talk->failure.text, "");
  run(&h, tested->in, tested->in_count);
  write_sent(&sent, &h, &goaway);
  check_connection(&h, &goaway);
  if (strcmp(tested->outcome, "incomplete") == 0 || (strcmp(tested->outcome, "ignored") == 0 && frames_in < 2))
    check(h.events == 0 && h.talk->out.length == 0, tested, tested->outcome, "an event or an answer", "silence");
  write_ids(&failed, &h);
  for (size_t i = 0; i < h.talk->count; i++) write_down(&open, "%s%u", i ? " " : "", (unsigned)h.talk->streams[i].id);
  if (tested->failed) check_text(tested, "failed", &failed, tested->failed);
  if (tested->open) check_text(tested, "open", &open, tested->open);
  if (tested->sends) check_text(tested, "sends", &sent, tested->sends);
  for (size_t i = 0; i < tested->credits_count; i++) check_credit(&h, tested->credits[i]);
  check(strcmp(tested->outcome, "stream_error") != 0, tested, "an outcome of a client", tested->outcome, "another");
  mete_writer_free(&failed);
  mete_writer_free(&open);
  mete_writer_free(&sent);
  talk_free(h.talk);
}

/* ---- Reading the lines ---- */

static char *rest_of(const char *line) {
  const char *space = strchr(line, ' ');
  char *copy = strdup(space ? space + 1 : "");
  if (!copy) abort();
  return copy;
}

static bool begins(const char *line, const char *word) {
  size_t length = strlen(word);
  return strncmp(line, word, length) == 0 && (line[length] == ' ' || line[length] == 0);
}

static void set_case_limit(test_case *c, const char *line) {
  char name[64] = "";
  unsigned long long value = 0;
  (void)sscanf(line, "limit %63s %llu", name, &value);
  for (size_t i = 0; i < LIMIT_ROWS; i++) {
    if (strcmp(limit_rows[i].name, name) == 0) set_limit(&c->limits, &limit_rows[i], value);
  }
}

/* Takes a line of a case; false if it has no meaning here. */
static bool take_line(test_case *c, const char *line, bool *in) {
  if (begins(line, "limit")) set_case_limit(c, line);
  else if (begins(line, "before")) *in = false;
  else if (begins(line, "in")) *in = true;
  else if (begins(line, "outcome")) c->outcome = rest_of(line);
  else if (begins(line, "error")) c->error = rest_of(line);
  else if (begins(line, "expect_failed")) c->failed = rest_of(line);
  else if (begins(line, "expect_open")) c->open = rest_of(line);
  else if (begins(line, "expect_sends")) c->sends = rest_of(line);
  else if (begins(line, "canonical")) c->canonical = rest_of(line);
  else if (begins(line, "credit") && c->credits_count < 8) c->credits[c->credits_count++] = rest_of(line);
  else if (begins(line, "frames")) {
    c->has_frames = true;
    c->frames_wanted = strtol(line + 7, NULL, 10);
  } else if (begins(line, "frame") && c->frames_count < LINES_MAX) c->frames[c->frames_count++] = rest_of(line);
  else if (begins(line, "receive") || begins(line, "open") || begins(line, "half_close") || begins(line, "cancel") ||
           begins(line, "send") || begins(line, "at_ms") || begins(line, "end_stream")) {
    char *copy = strdup(line);
    size_t *count = *in ? &c->in_count : &c->before_count;
    if (!copy || *count == STEPS_MAX) abort();
    (*in ? c->in : c->before)[(*count)++] = copy;
  } else return false;
  return true;
}

static void free_case(test_case *c) {
  for (size_t i = 0; i < c->before_count; i++) free(c->before[i]);
  for (size_t i = 0; i < c->in_count; i++) free(c->in[i]);
  for (size_t i = 0; i < c->frames_count; i++) free(c->frames[i]);
  for (size_t i = 0; i < c->credits_count; i++) free(c->credits[i]);
  char *texts[] = {c->outcome, c->error, c->failed, c->open, c->sends, c->canonical};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) free(texts[i]);
}

int main(void) {
  static char line[LINE_BYTES_MAX];
  test_case c = {0};
  unsigned cases = 0, clients = 0;
  bool in = false;
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    if (begins(line, "case")) {
      char role[16] = "";
      c = (test_case){.limits = standard_limits()};
      (void)sscanf(line, "case %15s %255s", role, c.name);
      c.is_client = strcmp(role, "client") == 0;
    } else if (strcmp(line, "end") == 0) {
      if (c.has_frames && c.frames_wanted != (long)c.frames_count) abort();
      size_t frames_in = check_frames(&c);
      if (c.is_client) check_client(&c, false, frames_in);
      if (c.is_client) check_client(&c, true, frames_in);
      cases++;
      clients += c.is_client;
      free_case(&c);
    } else if (!take_line(&c, line, &in)) {
      printf("%s: a line without meaning: %s\n", c.name, line);
      return 1;
    }
  }
  printf("%u cases, %u of them a client's, whole and byte by byte: %u checks, %u failed\n", cases, clients, checks, failures);
  return cases > 700 && clients > 200 && failures == 0 ? 0 : 1;
}
