/* The client against a server that a script plays over a socketpair, under a clock that the test moves: retries, waits,
 * limits, servers that break the protocol, and a system without memory. The source is included to read its state. */
#include <stddef.h>
static void *test_realloc(void *old, size_t size);
#define METE_REALLOC test_realloc
#include "../mete.c"

static const char *scenario = "";
static unsigned failures, checks;

#define CHECK(claim) check((claim), #claim, __LINE__)
#define SENT(wanted) check_sent(wanted, __LINE__)

static bool check(bool good, const char *claim, int line) {
  checks++;
  if (good) return true;
  failures++;
  printf("%s:%d: %s\n", scenario, line, claim);
  return false;
}

/* Gives no memory once `memory_left` requests are used up; negative is no limit. */
static long memory_left = -1;

static void *test_realloc(void *old, size_t size) {
  if (memory_left == 0) return NULL;
  if (memory_left > 0) memory_left--;
  return realloc(old, size);
}

/* ---- The server ---- */

static struct {
  uint64_t now;
  int fd;         /* the server's end, -1 if there is none */
  unsigned dials; /* how often the client connected */
  unsigned refusals; /* how many of the next dials fail */
  mete_writer heard;
} bench;

static int bench_dial(void *context) {
  int ends[2];
  (void)context;
  bench.dials++;
  if (bench.refusals > 0) {
    bench.refusals--;
    return -1;
  }
  if (bench.fd >= 0) close(bench.fd);
  bench.fd = -1;
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return -1;
  (void)set_flags(ends[1]);
  bench.fd = ends[1];
  bench.heard.length = 0;
  return ends[0];
}

static uint64_t bench_clock(void *context) {
  (void)context;
  return bench.now;
}

static mete_client *client_with(mete_settings settings) {
  mete_client *made = NULL;
  memset(&bench.heard, 0, sizeof bench.heard);
  bench.now = 1000;
  bench.fd = -1;
  bench.dials = bench.refusals = 0;
  settings.dial = bench_dial;
  settings.clock = bench_clock;
  if (settings.seed == 0) settings.seed = 1;
  CHECK(mete_client_new("unix:/x", &settings, &made) == METE_DONE);
  return made;
}

static mete_client *client_new(void) { return client_with((mete_settings){0}); }

static void client_done(mete_client *c) {
  mete_client_free(c);
  if (bench.fd >= 0) close(bench.fd);
  mete_writer_free(&bench.heard);
}

static void hang_up_server(void) {
  close(bench.fd);
  bench.fd = -1;
}

static void say_bytes(const void *bytes, size_t length) { CHECK(send(bench.fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length); }

static void say_writer(mete_writer *writer) {
  say_bytes(writer->data, writer->length);
  mete_writer_free(writer);
}

static void say_hello(uint64_t stream_credit, uint64_t streams_max) {
  mete_limits limits = standard_limits();
  mete_writer out = {0};
  limits.stream_credit = stream_credit;
  limits.streams_max = streams_max;
  encode_hello(&out, "fake", &limits);
  say_writer(&out);
}

static void say_data(uint64_t id, const char *message, size_t length) {
  mete_writer out = {0};
  encode_data(&out, id, (const uint8_t *)message, length);
  say_writer(&out);
}

static void say_end(uint64_t id, uint64_t status, const char *detail) {
  mete_writer out = {0};
  size_t at = begin_frame(&out, END, 6, id);
  mete_put_uint(&out, status);
  mete_put_text(&out, detail);
  mete_put_text(&out, "because");
  mete_put_map(&out, 1);
  mete_put_text(&out, "finish");
  mete_put_text(&out, "stop");
  end_frame(&out, at);
  say_writer(&out);
}

static void say_bill(uint64_t id, uint64_t macs) {
  mete_writer out = {0};
  size_t at = begin_frame(&out, BILL, 3, id);
  mete_put_map(&out, 3);
  mete_put_text(&out, "tenant");
  mete_put_text(&out, "me");
  mete_put_text(&out, "macs_total");
  mete_put_uint(&out, macs);
  mete_put_text(&out, "layers_histogram");
  mete_put_array(&out, 2);
  mete_put_uint(&out, 3);
  mete_put_uint(&out, 4);
  end_frame(&out, at);
  say_writer(&out);
}

static void say_over(uint64_t id, uint64_t status, const char *detail, uint64_t macs) {
  say_end(id, status, detail);
  say_bill(id, macs);
}

static void say_goaway(uint64_t last_stream, mete_status status, const char *text) {
  mete_writer out = {0};
  encode_goaway(&out, last_stream, status, text, strlen(text));
  say_writer(&out);
}

static void say_credit(uint64_t id, uint64_t bytes) {
  mete_writer out = {0};
  encode_credit(&out, id, bytes);
  say_writer(&out);
}

static void say_ping(bool ack, uint64_t token) {
  mete_writer out = {0};
  encode_ping(&out, ack, token);
  say_writer(&out);
}

/* What the client wrote since the last time, a word a frame: "HELLO OPEN1 DATA1 HALF1 CREDIT0:512 PING0:7 GOAWAY3". */
static void listen_in(mete_writer *to) {
  static const char *const names[] = {"HELLO", "OPEN", "DATA", "HALF", "END", "BILL", "CANCEL", "CREDIT", "PING", "GOAWAY"};
  mete_limits limits = standard_limits();
  uint8_t bytes[65536];
  ssize_t count;
  while (bench.fd >= 0 && (count = recv(bench.fd, bytes, sizeof bytes, 0)) > 0) append(&bench.heard, bytes, (size_t)count);
  size_t at = 0;
  while (bench.heard.length - at >= 4) {
    mete_reader head = {bench.heard.data + at, bench.heard.data + bench.heard.length};
    uint64_t length = 0;
    char word[64];
    frame f;
    fault why = {0};
    take_number(&head, 4, &length);
    if ((uint64_t)(head.end - head.at) < length) break;
    CHECK(decode(head.at, (size_t)length, &limits, &f, &why));
    int used = snprintf(word, sizeof word, "%s%s", to->length ? " " : "", names[f.kind]);
    if (f.kind == PING) used += snprintf(word + used, 32, "%d:%llu", f.ack, (unsigned long long)f.number);
    else if (f.kind == GOAWAY) used += snprintf(word + used, 32, "%d", (int)f.status);
    else if (f.kind == CREDIT) used += snprintf(word + used, 48, "%d:%llu", (int)f.stream, (unsigned long long)f.number);
    else if (f.kind != HELLO) used += snprintf(word + used, 32, "%d", (int)f.stream);
    append(to, word, (size_t)used);
    at += 4 + (size_t)length;
  }
  if (at) memmove(bench.heard.data, bench.heard.data + at, bench.heard.length - at);
  bench.heard.length -= at;
}

static void check_sent(const char *wanted, int line) {
  mete_writer got = {0};
  listen_in(&got);
  append(&got, "", 1);
  if (!check(strcmp((const char *)got.data, wanted) == 0, "what the client sent", line))
    printf("  got    %.300s\n  wanted %.300s\n", (const char *)got.data, wanted);
  mete_writer_free(&got);
}

static void move(mete_client *c, uint64_t ms) {
  bench.now += ms;
  mete_step(c);
}

/* Moves the clock to when the client wants it, and steps. */
static uint64_t move_on(mete_client *c) {
  int wait = mete_timeout(c);
  CHECK(wait >= 0);
  move(c, wait > 0 ? (uint64_t)wait : 0);
  return wait > 0 ? (uint64_t)wait : 0;
}

/* A client that is connected to a server that has greeted. */
static mete_client *greeted_with(mete_settings settings, uint64_t stream_credit) {
  mete_client *c = client_with(settings);
  c->wanted = true;
  mete_step(c);
  say_hello(stream_credit, 100);
  mete_step(c);
  SENT("HELLO");
  CHECK(c->state == READY);
  return c;
}

static mete_client *greeted(void) { return greeted_with((mete_settings){0}, 65536); }

static mete_call *open_with(mete_client *c, mete_options options) {
  mete_call *call = NULL;
  CHECK(mete_call_open(c, "Generate", &options, NULL, 0, &call) == METE_DONE);
  return call;
}

static mete_call *open_raw(mete_client *c) { return open_with(c, (mete_options){0}); }

static bool ended_as(mete_call *call, mete_status status, const char *detail, bool billed) {
  const mete_end *end = mete_call_end(call);
  bool good = end && end->status == status && mete_text_is(end->detail, detail) && (mete_call_bill(call) != NULL) == billed &&
              mete_call_over(call);
  if (!good && end) printf("  it ended with %s (%s): %s\n", mete_status_name(end->status), end->detail.data, end->text.data);
  return good;
}

static const mete_options thrice = {.attempts_max = 3};

/* ---- Retries ---- */

static void waits_double_are_bounded_and_seeded(void) {
  mete_client *c = client_with((mete_settings){.retry_base_ms = 100, .retry_max_ms = 1000, .seed = 9});
  mete_client *twin = client_with((mete_settings){.retry_base_ms = 100, .retry_max_ms = 1000, .seed = 9});
  uint64_t whole = 100, different = 0, last = 0;
  for (uint32_t failed = 1; failed < 40; failed++, whole = sooner(2 * whole, 1000)) {
    uint64_t wait = backoff(c, failed);
    CHECK(wait >= whole / 2 && wait <= whole);
    CHECK(wait == backoff(twin, failed));
    different += wait != last;
    last = wait;
  }
  CHECK(different > 30);
  CHECK(backoff(c, UINT32_MAX) <= 1000);
  client_done(c);
  mete_client_free(twin);
}

static void a_connection_that_cannot_be_made_costs_an_attempt(void) {
  mete_client *c = client_with((mete_settings){.retry_base_ms = 100, .retry_max_ms = 5000});
  bench.refusals = 2;
  mete_call *call = open_with(c, thrice);
  CHECK(move_on(c) == 0);
  CHECK(bench.dials == 1 && !mete_call_over(call));
  uint64_t first = move_on(c), second = 0;
  CHECK(bench.dials == 2 && first >= 50 && first <= 100);
  second = move_on(c);
  CHECK(bench.dials == 3 && second >= 100 && second <= 200);
  say_hello(65536, 100);
  mete_step(c);
  SENT("HELLO OPEN1");
  CHECK(mete_call_attempts(call) == 3);
  say_over(1, 0, "ok", 7);
  mete_step(c);
  CHECK(ended_as(call, METE_STATUS_OK, "ok", true));
  mete_call_free(call);
  client_done(c);
}

static void attempts_are_bounded(void) {
  mete_client *c = client_new();
  bench.refusals = 100;
  mete_call *call = open_with(c, thrice);
  for (int i = 0; i < 10 && !mete_call_over(call); i++) move_on(c);
  CHECK(bench.dials == 3);
  CHECK(ended_as(call, METE_STATUS_UNAVAILABLE, "connection_lost", false));
  mete_call_free(call);
  call = open_raw(c);
  for (int i = 0; i < 10 && !mete_call_over(call); i++) move_on(c);
  CHECK(bench.dials == 4);
  CHECK(mete_call_attempts(call) == 1);
  CHECK(mete_timeout(c) == -1);
  mete_call_free(call);
  client_done(c);
}

static void no_hello_is_a_connection_that_was_not_made(void) {
  mete_client *c = client_with((mete_settings){.connect_ms = 300});
  mete_call *call = open_with(c, (mete_options){.attempts_max = 2});
  mete_step(c);
  SENT("HELLO");
  CHECK(move_on(c) == 300);
  CHECK(!mete_call_over(call));
  move_on(c);
  CHECK(bench.dials == 2);
  hang_up_server();
  mete_step(c);
  CHECK(ended_as(call, METE_STATUS_UNAVAILABLE, "connection_lost", false));
  mete_call_free(call);
  client_done(c);
}

/* The refusal is not shown; what was sent is sent again, under a later stream. */
static void a_refusal_without_work_is_tried_again(void) {
  static const char *const details[] = {"queue_full", "streams_max", "draining"};
  for (int i = 0; i < 3; i++) {
    mete_client *c = greeted();
    mete_item item;
    mete_call *call = open_with(c, thrice);
    CHECK(mete_send_text(call, "one", 3, 0) == METE_DONE);
    CHECK(mete_send_text(call, "two", 3, 0) == METE_DONE);
    mete_half_close(call);
    SENT("OPEN1 DATA1 DATA1 HALF1");
    say_end(1, 8, details[i]);
    mete_step(c);
    CHECK(mete_call_end(call) == NULL && mete_next(call, 0, &item) == METE_BLOCKED);
    say_bill(1, 0);
    mete_step(c);
    SENT("");
    uint64_t wait = move_on(c);
    CHECK(wait >= METE_RETRY_BASE_MS / 2 && wait <= METE_RETRY_BASE_MS);
    SENT("OPEN2 DATA2 DATA2 HALF2");
    CHECK(mete_call_attempts(call) == 2);
    say_data(2, "\x01", 1);
    say_over(2, 0, "ok", 5);
    mete_step(c);
    CHECK(mete_next(call, 0, &item) == METE_DONE && item.kind == METE_MESSAGE && item.length == 1);
    CHECK(mete_next(call, 0, &item) == METE_DONE && item.kind == METE_END);
    CHECK(mete_text_is(mete_end_metadata(item.end, "finish"), "stop"));
    CHECK(mete_next(call, 0, &item) == METE_DONE && item.kind == METE_BILL && item.bill->macs_total == 5);
    CHECK(item.bill->layers_histogram_count == 2 && item.bill->layers_histogram[1] == 4);
    CHECK(mete_next(call, 0, &item) == METE_OVER);
    mete_call_free(call);
    client_done(c);
  }
}

static void nothing_else_is_tried_again(void) {
  static const struct {
    const char *why, *detail;
    uint32_t attempts;
    uint64_t macs;
    bool data, too_much, cancelled;
  } cases[] = {
      {"raw calls are not retried by default", "queue_full", 0, 0, false, false, false},
      {"work was done", "queue_full", 3, 1, false, false, false},
      {"a message came", "draining", 3, 0, true, false, false},
      {"more was sent than is kept", "queue_full", 3, 0, false, true, false},
      {"it was cancelled", "queue_full", 3, 0, false, false, true},
      {"internal", "internal", 3, 0, false, false, false},
      {"stalled", "stalled", 3, 0, false, false, false},
      {"deadline", "deadline", 3, 0, false, false, false},
      {"an unknown word", "lunch_break", 3, 0, false, false, false},
      {"metadata_too_large", "metadata_too_large", 3, 0, false, false, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    mete_client *c = greeted();
    mete_options options = {.attempts_max = cases[i].attempts};
    options.replay_bytes_max = cases[i].too_much ? 8 : 0;
    mete_call *call = open_with(c, options);
    CHECK(mete_send_text(call, "hello", 5, 0) == METE_DONE);
    if (cases[i].cancelled) mete_cancel(call);
    if (cases[i].data) say_data(1, "\x01", 1);
    say_over(1, 8, cases[i].detail, cases[i].macs);
    mete_step(c);
    if (!CHECK(ended_as(call, METE_STATUS_RESOURCE_EXHAUSTED, cases[i].detail, true))) printf("  %s\n", cases[i].why);
    mete_call_free(call);
    client_done(c);
  }
}

static void streams_above_last_stream_were_never_taken(void) {
  mete_client *c = greeted();
  mete_call *taken = open_with(c, thrice), *not_taken = open_with(c, thrice), *raw = open_raw(c);
  CHECK(mete_send_text(not_taken, "again", 5, 0) == METE_DONE);
  SENT("OPEN1 OPEN2 OPEN3 DATA2");
  say_goaway(1, METE_STATUS_UNAVAILABLE, "draining: soon");
  hang_up_server();
  mete_step(c);
  CHECK(ended_as(taken, METE_STATUS_UNAVAILABLE, "connection_lost", false));
  CHECK(ended_as(raw, METE_STATUS_UNAVAILABLE, "connection_lost", false));
  CHECK(!mete_call_over(not_taken));
  move_on(c);
  say_hello(65536, 100);
  mete_step(c);
  if (mete_timeout(c) < METE_RETRY_BASE_MS) move_on(c);
  SENT("HELLO OPEN1 DATA1");
  CHECK(bench.dials == 2);
  say_over(1, 0, "ok", 1);
  mete_step(c);
  CHECK(ended_as(not_taken, METE_STATUS_OK, "ok", true));
  mete_call_free(taken);
  mete_call_free(not_taken);
  mete_call_free(raw);
  client_done(c);
}

static void a_lost_connection_is_not_tried_again(void) {
  mete_client *c = greeted();
  mete_call *call = open_with(c, thrice);
  hang_up_server();
  mete_step(c);
  CHECK(ended_as(call, METE_STATUS_UNAVAILABLE, "connection_lost", false));
  CHECK(bench.dials == 1);
  mete_call_free(call);
  client_done(c);
}

static void after_goaway_nothing_opens_and_what_runs_goes_on(void) {
  mete_client *c = greeted();
  mete_call *running = open_raw(c), *raw, *patient;
  SENT("OPEN1");
  say_goaway(1, METE_STATUS_UNAVAILABLE, "draining: soon");
  mete_step(c);
  raw = open_raw(c);
  CHECK(ended_as(raw, METE_STATUS_UNAVAILABLE, "draining", false));
  patient = open_with(c, thrice);
  mete_step(c);
  CHECK(!mete_call_over(patient) && bench.dials == 1);
  CHECK(mete_timeout(c) > 1000);
  SENT("");
  say_over(1, 0, "ok", 1);
  mete_step(c);
  CHECK(ended_as(running, METE_STATUS_OK, "ok", true));
  CHECK(bench.dials == 2);
  say_hello(65536, 100);
  mete_step(c);
  SENT("HELLO OPEN1");
  mete_call_free(running);
  mete_call_free(raw);
  mete_call_free(patient);
  client_done(c);
}

static void the_deadline_spans_all_attempts(void) {
  mete_client *c = greeted_with((mete_settings){.retry_base_ms = 400, .retry_max_ms = 400}, 65536);
  mete_call *call = open_with(c, (mete_options){.attempts_max = 10, .deadline_ms = 1000});
  uint64_t id = 1;
  for (; !mete_call_over(call) && id < 10; id++) {
    CHECK(bench.now < 2000);
    say_over(id, 8, "queue_full", 0);
    mete_step(c);
    move_on(c);
  }
  CHECK(bench.now == 2000 && id >= 3 && id <= 7);
  CHECK(ended_as(call, METE_STATUS_DEADLINE_EXCEEDED, "deadline", false));
  CHECK(mete_call_end(call)->local);
  mete_call_free(call);
  client_done(c);
}

static void a_deadline_that_passed_while_nobody_looked_opens_nothing(void) {
  mete_client *c = greeted();
  mete_call *call = open_with(c, (mete_options){.attempts_max = 10, .deadline_ms = 150}), *other;
  say_over(1, 8, "queue_full", 0);
  mete_step(c);
  bench.now += 500;
  other = open_raw(c);
  SENT("OPEN1 OPEN2");
  CHECK(other->stream == 2);
  CHECK(ended_as(call, METE_STATUS_DEADLINE_EXCEEDED, "deadline", false));
  mete_call_free(call);
  mete_call_free(other);
  client_done(c);
}

/* A connection that died while nobody looked is not what the next call fails of. */
static void a_call_looks_at_the_connection_before_it_opens(void) {
  mete_client *c = greeted();
  hang_up_server();
  mete_call *call = open_raw(c);
  CHECK(!mete_call_over(call) && mete_fd(c) == -1);
  move_on(c);
  CHECK(bench.dials == 2);
  say_hello(65536, 100);
  mete_step(c);
  SENT("HELLO OPEN1");
  mete_call_free(call);
  client_done(c);
}

/* The time that is left goes into each OPEN. */
static void an_open_says_what_is_left_of_the_deadline(void) {
  mete_client *c = client_new();
  mete_call *call = open_with(c, (mete_options){.deadline_ms = 1000});
  uint8_t bytes[256];
  mete_step(c);
  bench.now += 400;
  say_hello(65536, 100);
  mete_step(c);
  ssize_t count = recv(bench.fd, bytes, sizeof bytes, 0);
  static const uint8_t wanted[] = "\x81\xab" "deadline_ms\xcd\x02\x58\x80";
  CHECK(count > 18 && memcmp(bytes + count - 17, wanted, 17) == 0);
  mete_call_free(call);
  client_done(c);
}

static void a_typed_call_is_tried_again_by_default(void) {
  mete_client *c = greeted();
  const mete_piece pieces[] = {mete_piece_text("one"), mete_piece_text("")};
  mete_call *call = NULL;
  CHECK(mete_embed(c, NULL, NULL, pieces, 2, &call) == METE_DONE);
  SENT("OPEN1 DATA1 DATA1 HALF1");
  say_over(1, 8, "queue_full", 0);
  mete_step(c);
  move_on(c);
  SENT("OPEN2 DATA2 DATA2 HALF2");
  mete_call_free(call);
  SENT("CANCEL2");
  client_done(c);
}

static void calls_wait_for_room_on_the_connection(void) {
  mete_client *c = client_new();
  mete_call *first = open_raw(c), *second = open_raw(c);
  mete_step(c);
  say_hello(65536, 1);
  mete_step(c);
  SENT("HELLO OPEN1");
  say_over(1, 0, "ok", 1);
  mete_step(c);
  SENT("OPEN2");
  mete_call_free(first);
  mete_call_free(second);
  client_done(c);
}

/* ---- Servers that owe something ---- */

static void a_deadline_that_the_server_forgets_ends_here(void) {
  mete_client *c = greeted();
  mete_call *call = open_with(c, (mete_options){.deadline_ms = 3000});
  SENT("OPEN1");
  CHECK(move_on(c) == 3000 + METE_GRACE_MS);
  SENT("CANCEL1");
  CHECK(ended_as(call, METE_STATUS_DEADLINE_EXCEEDED, "deadline", false));
  say_over(1, 1, "cancelled", 3);
  mete_step(c);
  CHECK(c->talk->count == 0);
  mete_call_free(call);
  client_done(c);
}

static void a_cancel_that_the_server_forgets_ends_here(void) {
  mete_client *c = greeted();
  mete_call *call = open_raw(c);
  mete_cancel(call);
  mete_cancel(call);
  SENT("OPEN1 CANCEL1");
  CHECK(!mete_call_over(call));
  CHECK(move_on(c) == METE_GRACE_MS);
  CHECK(ended_as(call, METE_STATUS_CANCELLED, "cancelled", false));
  mete_call_free(call);
  client_done(c);
}

static void an_end_without_its_bill_is_an_end(void) {
  mete_client *c = greeted();
  mete_call *call = open_raw(c);
  say_end(1, 0, "ok");
  mete_step(c);
  CHECK(mete_call_end(call) && !mete_call_over(call));
  move_on(c);
  CHECK(ended_as(call, METE_STATUS_OK, "ok", false));
  mete_call_free(call);
  client_done(c);
}

static void a_silent_server_is_asked_and_then_given_up(void) {
  mete_client *c = greeted_with((mete_settings){.keepalive_ms = 10000}, 65536);
  mete_call *call = open_raw(c);
  SENT("OPEN1");
  CHECK(move_on(c) == 10000);
  SENT("PING0:0");
  bench.now += 5000;
  say_ping(true, 0);
  mete_step(c);
  CHECK(move_on(c) == 10000);
  SENT("PING0:0");
  CHECK(!mete_call_over(call));
  CHECK(move_on(c) == 10000);
  CHECK(ended_as(call, METE_STATUS_UNAVAILABLE, "connection_lost", false));
  mete_call_free(call);
  client_done(c);
}

static void the_servers_reason_outlives_the_connection(void) {
  mete_client *c = greeted();
  mete_call *call = open_raw(c), *raw;
  say_goaway(1, METE_STATUS_RESOURCE_EXHAUSTED, "slow_reader: too many frames unread");
  hang_up_server();
  mete_step(c);
  CHECK(ended_as(call, METE_STATUS_RESOURCE_EXHAUSTED, "slow_reader", false));
  CHECK(mete_text_is(mete_trouble(c)->detail, "slow_reader"));
  mete_call_free(call);
  /* The next call connects anew. */
  raw = open_raw(c);
  move_on(c);
  say_hello(65536, 100);
  mete_step(c);
  SENT("HELLO OPEN1");
  mete_call_free(raw);
  client_done(c);
}

/* ---- Credit ---- */

static void sending_keeps_to_the_credit(void) {
  mete_client *c = greeted_with((mete_settings){0}, 100);
  mete_call *call = open_raw(c);
  static const char forty[40] = {0};
  SENT("OPEN1");
  for (int i = 0; i < 4; i++) CHECK(mete_send_bytes(call, forty, 40, 0) == METE_DONE);
  SENT("DATA1 DATA1");
  CHECK(mete_send_bytes(call, forty, 40, 0) == METE_DONE);
  static const char hundred[100] = {0};
  CHECK(mete_send_bytes(call, hundred, 100, 0) == METE_TOO_LARGE);
  mete_half_close(call);
  SENT("");
  say_credit(1, 50);
  mete_step(c);
  SENT("DATA1");
  say_credit(1, 100);
  mete_step(c);
  SENT("DATA1 DATA1 HALF1");
  mete_call_free(call);
  client_done(c);
}

static void sending_keeps_to_the_connections_credit(void) {
  mete_client *c = client_new();
  static const char forty[40] = {0};
  mete_limits limits = standard_limits();
  mete_writer out = {0};
  mete_call *one = open_raw(c), *other = open_raw(c);
  mete_step(c);
  limits.connection_credit = 100;
  encode_hello(&out, "fake", &limits);
  say_writer(&out);
  mete_step(c);
  for (int i = 0; i < 2; i++) CHECK(mete_send_bytes(one, forty, 40, 0) == METE_DONE);
  CHECK(mete_send_bytes(other, forty, 40, 0) == METE_DONE);
  SENT("HELLO OPEN1 OPEN2 DATA1 DATA1");
  say_credit(2, 100);
  mete_step(c);
  SENT("");
  say_credit(0, 40);
  mete_step(c);
  SENT("DATA2");
  mete_call_free(one);
  mete_call_free(other);
  client_done(c);
}

static void credit_for_an_ended_stream_is_ignored(void) {
  mete_client *c = greeted();
  mete_call *call = open_raw(c);
  say_end(1, 0, "ok");
  say_credit(1, 0x7fffffff);
  say_bill(1, 0);
  mete_step(c);
  CHECK(c->state == READY && ended_as(call, METE_STATUS_OK, "ok", true));
  mete_call_free(call);
  client_done(c);
}

static void twins_are_found_among_many_keys(void) {
  for (int twins = 0; twins < 2; twins++) {
    mete_writer map = {0};
    const char *reason;
    char key[16];
    mete_put_map(&map, 1000);
    for (int i = 0; i < 1000; i++) {
      (void)snprintf(key, sizeof key, "k%d", i == 700 && twins ? 3 : i);
      mete_put_text(&map, key);
      mete_put_nil(&map);
    }
    CHECK(scan_whole(map.data, map.length, 8, 65536, &reason) == (twins ? MALFORMED : FINE));
    mete_writer_free(&map);
  }
}

static void a_sender_without_credit_is_held_back(void) {
  mete_client *c = greeted_with((mete_settings){0}, 20000);
  mete_call *call = open_raw(c);
  static const char block[9000] = {0};
  int taken = 0;
  while (taken < 100 && mete_send_bytes(call, block, sizeof block, 0) == METE_DONE) taken++;
  CHECK(taken >= 8 && taken <= 2 + METE_UNSENT_BYTES_MAX / 9000);
  CHECK(mete_send_bytes(call, block, sizeof block, 0) == METE_BLOCKED);
  say_end(1, 0, "ok");
  mete_step(c);
  CHECK(mete_send_bytes(call, block, sizeof block, 0) == METE_OVER);
  mete_call_free(call);
  client_done(c);
}

/* A call that is not read owes no credit; a call that is read gives back a quarter window at a time, or after a second. */
static void credit_follows_reading(void) {
  mete_client *c = greeted();
  mete_call *call = open_raw(c);
  char message[1003] = "\xc5\x03\xe8";
  mete_item item;
  SENT("OPEN1");
  for (int i = 0; i < 60; i++) say_data(1, message, sizeof message);
  mete_step(c);
  move(c, 1500);
  SENT("");
  for (int i = 0; i < 16; i++) CHECK(mete_next(call, 0, &item) == METE_DONE);
  SENT("");
  CHECK(mete_next(call, 0, &item) == METE_DONE && item.length == 1003);
  SENT("CREDIT1:17102");
  CHECK(mete_next(call, 0, &item) == METE_DONE);
  move(c, METE_SETTLE_MS);
  SENT("CREDIT0:18108 CREDIT1:1006");
  say_over(1, 0, "ok", 1);
  mete_step(c);
  for (int i = 0; i < 42; i++) CHECK(mete_next(call, 0, &item) == METE_DONE && item.kind == METE_MESSAGE);
  CHECK(mete_next(call, 0, &item) == METE_DONE && item.kind == METE_END);
  CHECK(c->talk->receive_left + c->talk->owed == 1048576);
  mete_call_free(call);
  client_done(c);
}

static void unread_answers_starve_no_other_call(void) {
  mete_client *c = greeted();
  static char message[60003] = "\xc5\xea\x60";
  mete_call *calls[40];
  for (uint64_t i = 0; i < 40; i++) {
    calls[i] = open_raw(c);
    say_data(i + 1, message, sizeof message);
    say_over(i + 1, 0, "ok", 1);
    mete_step(c);
    CHECK(ended_as(calls[i], METE_STATUS_OK, "ok", true));
  }
  CHECK(c->state == READY);
  for (int i = 0; i < 40; i++) mete_call_free(calls[i]);
  client_done(c);
}

static void a_peer_that_does_not_read_is_slow(void) {
  mete_limits own = standard_limits();
  own.control_bytes_max = 64;
  talk *t = talk_new(&own, "x");
  static const uint8_t hello[] = "\x00\x00\x00\x0f\x93\x00\x00\x81\xa8versions\x91\x01";
  static const uint8_t ping[] = "\x00\x00\x00\x05\x94\x08\x00\xc2\x07";
  mete_reader in = {hello, hello + 19};
  event e;
  CHECK(t && talk_receive(t, &in, 0, &e) == GREETED);
  event_kind kind = NOTHING;
  for (int i = 0; i < 9 && kind == NOTHING; i++) {
    in = (mete_reader){ping, ping + 9};
    kind = talk_receive(t, &in, 0, &e);
  }
  CHECK(kind == FAILED && strcmp(t->failure.detail, "slow_reader") == 0);
  talk_free(t);
}

/* ---- Servers that break the protocol ---- */

static void a_broken_frame_fails_the_call_with_its_detail(void) {
  static const struct {
    const char *bytes;
    size_t length;
    const char *detail;
  } cases[] = {
      {"\x00\x00\x00\x03" "abc", 7, "malformed_frame"},
      {"\xff\xff\xff\xff", 4, "frame_too_large"},
      {"\x00\x00\x00\x03\x92\x0a\x00", 7, "unknown_kind"},
      {"\x00\x00\x00\x0f\x93\x00\x00\x81\xa8versions\x91\x01", 19, "hello_expected"},
      {"\x00\x00\x00\x09\x96\x04\x09\x00\xa2ok\xa0\x80", 13, "stream_id"},
      {"\x00\x00\x00\x04\x93\x05\x01\x80", 8, "malformed_frame"},
      {"\x00\x00\x00\x03\x92\x03\x01", 7, "wrong_direction"},
      {"\x00\x00\x00\x04\x93\x07\x00\x00", 8, "credit_overflow"},
      {"\x00\x00\x00\x08\x93\x02\x01\xdd\xff\xff\xff\xff", 12, "malformed_frame"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    mete_client *c = greeted();
    mete_call *call = open_raw(c);
    say_bytes(cases[i].bytes, cases[i].length);
    mete_step(c);
    CHECK(mete_call_over(call) && mete_text_is(mete_call_end(call)->detail, cases[i].detail));
    mete_call_free(call);
    client_done(c);
  }
}

static void a_server_that_errs_is_told_so(void) {
  mete_client *c = greeted();
  say_bytes("\x00\x00\x00\x03\x92\x0a\x00", 7);
  mete_step(c);
  SENT("GOAWAY12");
  CHECK(mete_fd(c) == -1 && mete_wants(c) == 0);
  client_done(c);
}

static void pings_are_answered_but_not_a_flood(void) {
  mete_client *c = greeted();
  for (uint64_t i = 0; i < 10; i++) say_ping(false, i);
  mete_step(c);
  SENT("PING1:0 PING1:1 PING1:2 PING1:3 PING1:4 PING1:5 PING1:6 PING1:7 PING1:8 PING1:9");
  bench.now += 1000;
  for (uint64_t i = 0; i < 10; i++) say_ping(false, i);
  mete_step(c);
  SENT("PING1:0 PING1:1 PING1:2 PING1:3 PING1:4 PING1:5 PING1:6 PING1:7 PING1:8 PING1:9");
  bench.now += 999;
  for (uint64_t i = 10; i < 12; i++) say_ping(false, i);
  mete_step(c);
  SENT(""); /* two strikes */
  CHECK(mete_fd(c) != -1);
  say_ping(false, 12);
  mete_step(c);
  CHECK(mete_text_is(mete_trouble(c)->detail, "ping_flood"));
  client_done(c);
}

static void an_answer_of_a_wrong_shape_is_a_bad_reply_with_a_bill(void) {
  static const struct {
    const char *bytes;
    size_t length;
  } cases[] = {{"\xc0", 1}, {"\x05", 1}, {"\xa1x", 2}, {"\x90", 1}, {"\x92\x01\x02", 3}, {"\x93\x01\x02\x03", 4},
               {"\x93\xa1" "1\xa1t\x02", 6}, {"\x93\x01\xa1t\xa1x", 6}, {"\x81\xa1" "a\x01", 4}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    mete_client *c = greeted();
    const mete_piece text = mete_piece_text("x");
    mete_call *call = NULL;
    mete_token token;
    CHECK(mete_generate(c, NULL, NULL, &text, 1, &call) == METE_DONE);
    SENT("OPEN1 DATA1 HALF1");
    say_data(1, cases[i].bytes, cases[i].length);
    mete_step(c);
    CHECK(mete_next_token(call, 0, &token) == METE_BAD_REPLY);
    SENT("CANCEL1");
    say_over(1, 1, "cancelled", 3);
    mete_step(c);
    CHECK(ended_as(call, METE_STATUS_INTERNAL, "bad_reply", true));
    mete_call_free(call);
    client_done(c);
  }
}

/* The last option of an OPEN, with no metadata behind. */
static void check_params(mete_client *c, const char *wanted, size_t length) {
  uint8_t bytes[512];
  mete_step(c);
  const ssize_t count = recv(bench.fd, bytes, sizeof bytes, 0), from = count - 1 - (ssize_t)length;
  CHECK(from > 0 && memcmp(bytes + from, wanted, length) == 0 && bytes[count - 1] == 0x80);
}

/* What a stream's parameters say on the wire, those that are zero but given among them. */
/* A literal and its length, which may hold a NUL. */
#define BYTES(literal) (literal), sizeof(literal) - 1

static void a_streams_parameters_go_out_as_they_were_given(void) {
  static const double zero = 0, half = 0.5;
  static const uint64_t first = 10;
  static const mete_watch watch = {"toxic", 0.5, 3, true};
  static const struct {
    mete_stream_params params;
    const char *bytes;
    size_t length;
  } cases[] = {
      {{0}, BYTES("\x80")},
      {{.policy = METE_PROPAGATE, .threshold = &zero, .first_exit = &first},
       BYTES("\x83\xa6" "policy\xa9" "propagate\xa9" "threshold\xcb\0\0\0\0\0\0\0\0\xaa" "first_exit\x0a")},
      {{.policy = METE_DEFER, .tau = &half, .text = true, .special = METE_NO, .window = 8, .stride = 2},
       BYTES("\x86\xa6" "policy\xa5" "defer\xa6" "window\x08\xa6" "stride\x02\xa4" "text\xc3\xa7" "special\xc2\xa3" "tau\xcb\x3f\xe0\0\0\0\0\0\0")},
      {{.top_k = 1, .score_min = 0.5, .refine = true, .watch = &watch, .max_tokens = 9},
       BYTES("\x85\xa5" "top_k\x01\xa9" "score_min\xcb\x3f\xe0\0\0\0\0\0\0\xa6" "refine\xc3\xa5" "watch\x84\xa5" "label\xa5" "toxic\xa5" "above\xcb\x3f\xe0\0\0\0\0\0\0"
       "\xa6" "tokens\x03\xa3" "end\xc3\xaa" "max_tokens\x09")},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    mete_client *c = greeted();
    mete_call *call = NULL;
    CHECK(mete_classify_stream(c, NULL, &cases[i].params, NULL, 0, &call) == METE_DONE);
    check_params(c, cases[i].bytes, cases[i].length);
    mete_call_free(call);
    client_done(c);
  }
}

static void a_texts_settings_go_out_as_they_were_given(void) {
  static const double zero = 0, half = 0.5;
  static const uint64_t first = 10;
  static const mete_classify_params params = {.tau = &half, .threshold = &zero, .first_exit = &first};
  mete_client *c = greeted();
  mete_call *call = NULL;
  CHECK(mete_classify(c, NULL, &params, NULL, 0, &call) == METE_DONE);
  check_params(c, BYTES("\x84\xa5" "input\xa4" "each\xa3" "tau\xcb\x3f\xe0\0\0\0\0\0\0\xa9" "threshold\xcb\0\0\0\0\0\0\0\0\xaa" "first_exit\x0a"));
  mete_call_free(call);
  client_done(c);
}

static void a_verdict_is_read_or_is_a_bad_reply(void) {
  static const char with_text[] = "\x98\x02\x05\x0a\x91\x92\xa3" "joy\xcb\x3f\xe0\0\0\0\0\0\0\x07\x09\xcb\x3f\xe0\0\0\0\0\0\0\xa1x";
  static const struct {
    const char *bytes;
    size_t length;
  } wrong[] = {{BYTES("\xc0")}, {BYTES("\x97\x01\x02\x03\x04\x05\x06\x07")}, {BYTES("\x97\x01\x02\x03\x91\x01\x05\x06\x07")},
               {BYTES("\x97\x01\x02\x03\x91\x92\xa1x\xa1y\x05\x06\x07")}, {BYTES("\x96\x01\x02\x03\x90\x05\x06")},
               {BYTES("\x98\x01\x02\x03\x90\x05\x06\x07\x08")}, {BYTES("\x97\x01\x02\xff\x90\x05\x06\x07")}};
  mete_client *c = greeted();
  mete_call *call = NULL;
  mete_verdict verdict;
  CHECK(mete_classify_stream(c, NULL, NULL, NULL, 0, &call) == METE_DONE);
  SENT("OPEN1");
  say_data(1, with_text, sizeof with_text - 1);
  say_data(1, "\x97\x03\x06\x0b\x90\x08\x0a\x01", 8);
  mete_step(c);
  if (CHECK(mete_next_verdict(call, 0, &verdict) == METE_DONE)) {
    CHECK(verdict.position == 2 && verdict.id == 5 && verdict.layer == 10 && verdict.macs == 7 && verdict.macs_dense == 9);
    CHECK(verdict.count == 1 && mete_text_is(verdict.labels[0].name, "joy") && verdict.labels[0].score == 0.5);
    CHECK(verdict.experts == 0.5 && mete_text_is(verdict.text, "x"));
  }
  CHECK(mete_next_verdict(call, 0, &verdict) == METE_DONE && verdict.count == 0 && verdict.text.data == NULL && verdict.experts == 1);
  CHECK(mete_next_verdict(call, 0, &verdict) == METE_BLOCKED);
  mete_call_free(call);
  client_done(c);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    c = greeted();
    CHECK(mete_classify_stream(c, NULL, NULL, NULL, 0, &call) == METE_DONE);
    SENT("OPEN1");
    say_data(1, wrong[i].bytes, wrong[i].length);
    mete_step(c);
    CHECK(mete_next_verdict(call, 0, &verdict) == METE_BAD_REPLY);
    SENT("CANCEL1");
    mete_call_free(call);
    client_done(c);
  }
}

static void wrong_arguments_never_reach_the_server(void) {
  mete_client *c = NULL;
  static const char *const addresses[] = {"", "unix:", "tcp:", "tcp:x", "tcp:x:", "tcp::1", "tcp:x:0", "tcp:x:65536", "tcp:x:1x",
                                          "tcp:[::1:5", "tcp:::1:5", "tcp:[]:5", "http:x:1"};
  for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
    CHECK(mete_client_new(addresses[i], NULL, &c) == METE_WRONG && c == NULL);
  }
  CHECK(mete_client_new("tcp:[::1]:7433", NULL, &c) == METE_DONE && strcmp(c->host, "::1") == 0 && strcmp(c->port, "7433") == 0);
  mete_client_free(c);
  const mete_settings low = {.limits = {.depth_max = 3}};
  CHECK(mete_client_new("unix:/x", &low, &c) == METE_WRONG);
  c = greeted();
  mete_call *call = NULL;
  const mete_metadata bad[] = {{{"Upper", 5}, {"x", 1}, false}};
  const mete_options upper = {.metadata = bad, .metadata_count = 1};
  CHECK(mete_call_open(c, "M", &upper, NULL, 0, &call) == METE_WRONG && call == NULL);
  CHECK(mete_call_open(c, "M", &(mete_options){.model = "\xff"}, NULL, 0, &call) == METE_WRONG);
  CHECK(mete_call_open(c, "M", NULL, (const uint8_t *)"\x81\x01\x02", 3, &call) == METE_WRONG);
  CHECK(mete_call_open(c, "M", NULL, (const uint8_t *)"\x90", 1, &call) == METE_WRONG);
  call = open_raw(c);
  CHECK(mete_send_text(call, "\xc3", 1, 0) == METE_WRONG);
  CHECK(mete_send_value(call, (const uint8_t *)"\xc1", 1, 0) == METE_WRONG);
  CHECK(mete_send_value(call, (const uint8_t *)"\x91\x91\x91\x91\x91\x91\x91\x91\x01", 9, 0) == METE_WRONG);
  CHECK(mete_send_value(call, (const uint8_t *)"\x91\x01", 2, 0) == METE_DONE);
  SENT("OPEN1 DATA1");
  mete_call_free(call);
  client_done(c);
}

static void pieces_are_cut_without_loss(void) {
  static char text[40000];
  static uint32_t tokens[5000];
  for (size_t i = 0; i + 4 <= sizeof text; i += 4) memcpy(text + i, "\xf0\x9f\x91\xa9", 4);
  const mete_piece pieces[] = {{METE_PIECE_TEXT, text, sizeof text}, {METE_PIECE_BYTES, text, sizeof text},
                               {METE_PIECE_TOKENS, tokens, 5000},   {METE_PIECE_TEXT, "", 0}};
  static const size_t wanted[] = {sizeof text, sizeof text, 5000, 0};
  for (size_t i = 0; i < 4; i++) {
    mete_client *c = client_new();
    mete_call *call = NULL;
    size_t sum = 0;
    CHECK(mete_generate(c, NULL, NULL, &pieces[i], 1, &call) == METE_DONE);
    for (size_t at = 0; at < call->outgoing.length;) {
      mete_reader reader = {call->outgoing.data + at, call->outgoing.data + call->outgoing.length};
      uint64_t length = 0;
      mete_value value;
      take_number(&reader, 4, &length);
      at += 4 + (size_t)length;
      CHECK(length <= 16500 && mete_read(&reader, &value));
      CHECK(value.kind != METE_STR || is_utf8((const uint8_t *)value.text.data, value.text.length));
      sum += value.kind == METE_ARRAY ? value.count : value.text.length;
    }
    CHECK(sum == wanted[i]);
    mete_call_free(call);
    client_done(c);
  }
}

/* ---- Chance ---- */

static uint64_t dice(uint64_t *state, uint64_t sides) {
  *state = *state * 6364136223846793005U + 1442695040888963407U;
  return (*state >> 33) % sides;
}

static mete_writer session(void) {
  mete_writer all = {0};
  mete_limits limits = standard_limits();
  encode_hello(&all, "fake", &limits);
  encode_data(&all, 1, (const uint8_t *)"\x93\x01\xa1" "a\xcb\xbf\xe0\x00\x00\x00\x00\x00\x00", 13);
  encode_credit(&all, 0, 5);
  encode_ping(&all, false, 9);
  encode_data(&all, 1, (const uint8_t *)"\xa1x", 2);
  size_t at = begin_frame(&all, END, 6, 1);
  mete_put_uint(&all, 0);
  mete_put_text(&all, "ok");
  mete_put_text(&all, "");
  mete_put_map(&all, 1);
  mete_put_text(&all, "finish");
  mete_put_text(&all, "stop");
  end_frame(&all, at);
  at = begin_frame(&all, BILL, 3, 1);
  mete_put_map(&all, 2);
  mete_put_text(&all, "currency");
  mete_put_text(&all, "EUR");
  mete_put_text(&all, "layers_histogram");
  mete_put_array(&all, 2);
  mete_put_uint(&all, 1);
  mete_put_uint(&all, 2);
  end_frame(&all, at);
  return all;
}

enum { SESSION_HELLO = 33 }; /* bytes of the session's first frame: a stream is opened when it has come */

/* Plays a whole call from bytes, right or wrong, in three parts; the call is over afterwards whatever came. */
static bool play(const uint8_t *bytes, size_t length, size_t cut_at) {
  const size_t cuts[] = {0, SESSION_HELLO, SESSION_HELLO + cut_at, length};
  mete_client *c = NULL;
  mete_call *call = NULL;
  mete_item item;
  mete_settings settings = {.dial = bench_dial, .clock = bench_clock, .seed = 1};
  bench.fd = -1;
  if (mete_client_new("unix:/x", &settings, &c) != METE_DONE) return false;
  mete_result result = mete_call_open(c, "Generate", NULL, (const uint8_t *)"\x81\xa1" "a\x01", 4, &call);
  bool served = false;
  if (result == METE_DONE) {
    (void)mete_send_text(call, "hello", 5, 0);
    mete_half_close(call);
    mete_step(c);
    for (int i = 0; i < 3; i++) {
      if (bench.fd >= 0) (void)!send(bench.fd, bytes + cuts[i], cuts[i + 1] - cuts[i], MSG_NOSIGNAL);
      mete_step(c);
    }
    while ((result = mete_next(call, 0, &item)) == METE_DONE) served = item.kind == METE_BILL;
    if (bench.fd >= 0) hang_up_server();
    for (int i = 0; i < 3 && !mete_call_over(call); i++) move(c, 20000);
    CHECK(mete_call_over(call) && mete_call_end(call) != NULL);
  }
  mete_call_free(call);
  mete_client_free(c);
  if (bench.fd >= 0) hang_up_server();
  mete_writer_free(&bench.heard);
  return served;
}

static void no_bytes_crash_or_leave_a_call_hanging(void) {
  mete_writer good = session();
  uint8_t *bad = malloc(good.length);
  unsigned served = 0;
  CHECK(good.length > SESSION_HELLO && good.data[3] == SESSION_HELLO - 4);
  for (uint64_t seed = 0; seed < 3000 && bad; seed++) {
    uint64_t state = seed;
    memcpy(bad, good.data, good.length);
    for (uint64_t i = dice(&state, 4); i > 0; i--) bad[dice(&state, good.length)] = (uint8_t)dice(&state, 256);
    served += play(bad, good.length, (size_t)dice(&state, good.length - SESSION_HELLO));
  }
  CHECK(served > 800 && served < 2900);
  free(bad);
  mete_writer_free(&good);
}

/* Each request for memory fails in its turn, and all after it: an error, no crash, no leak. */
static void without_memory_calls_fail_and_nothing_crashes(void) {
  mete_writer good = session();
  long needed = 0;
  for (bool served = false; !served && needed < 500; needed++) {
    memory_left = needed;
    served = play(good.data, good.length, 10);
    memory_left = -1;
  }
  CHECK(needed > 10 && needed < 500);
  mete_writer_free(&good);
}

int main(void) {
  static const struct {
    const char *name;
    void (*run)(void);
  } scenarios[] = {
#define SCENARIO(name) {#name, name}
      SCENARIO(waits_double_are_bounded_and_seeded),
      SCENARIO(a_connection_that_cannot_be_made_costs_an_attempt),
      SCENARIO(attempts_are_bounded),
      SCENARIO(no_hello_is_a_connection_that_was_not_made),
      SCENARIO(a_refusal_without_work_is_tried_again),
      SCENARIO(nothing_else_is_tried_again),
      SCENARIO(streams_above_last_stream_were_never_taken),
      SCENARIO(a_lost_connection_is_not_tried_again),
      SCENARIO(after_goaway_nothing_opens_and_what_runs_goes_on),
      SCENARIO(the_deadline_spans_all_attempts),
      SCENARIO(a_deadline_that_passed_while_nobody_looked_opens_nothing),
      SCENARIO(a_call_looks_at_the_connection_before_it_opens),
      SCENARIO(an_open_says_what_is_left_of_the_deadline),
      SCENARIO(a_typed_call_is_tried_again_by_default),
      SCENARIO(calls_wait_for_room_on_the_connection),
      SCENARIO(a_deadline_that_the_server_forgets_ends_here),
      SCENARIO(a_cancel_that_the_server_forgets_ends_here),
      SCENARIO(an_end_without_its_bill_is_an_end),
      SCENARIO(a_silent_server_is_asked_and_then_given_up),
      SCENARIO(the_servers_reason_outlives_the_connection),
      SCENARIO(sending_keeps_to_the_credit),
      SCENARIO(sending_keeps_to_the_connections_credit),
      SCENARIO(credit_for_an_ended_stream_is_ignored),
      SCENARIO(twins_are_found_among_many_keys),
      SCENARIO(a_sender_without_credit_is_held_back),
      SCENARIO(credit_follows_reading),
      SCENARIO(unread_answers_starve_no_other_call),
      SCENARIO(a_peer_that_does_not_read_is_slow),
      SCENARIO(a_broken_frame_fails_the_call_with_its_detail),
      SCENARIO(a_server_that_errs_is_told_so),
      SCENARIO(pings_are_answered_but_not_a_flood),
      SCENARIO(an_answer_of_a_wrong_shape_is_a_bad_reply_with_a_bill),
      SCENARIO(a_streams_parameters_go_out_as_they_were_given),
      SCENARIO(a_texts_settings_go_out_as_they_were_given),
      SCENARIO(a_verdict_is_read_or_is_a_bad_reply),
      SCENARIO(wrong_arguments_never_reach_the_server),
      SCENARIO(pieces_are_cut_without_loss),
      SCENARIO(no_bytes_crash_or_leave_a_call_hanging),
      SCENARIO(without_memory_calls_fail_and_nothing_crashes),
  };
  (void)alarm(120); /* Nothing here takes so long unless it hangs. */
  for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
    scenario = scenarios[i].name;
    scenarios[i].run();
  }
  printf("%zu scenarios, %u checks, %u failed\n", sizeof scenarios / sizeof *scenarios, checks, failures);
  return failures ? 1 : 0;
}
