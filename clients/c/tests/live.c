/* A live daemon with the models `smollm2` and `minilm`: METE_ADDRESS=unix:/path ./live [DAEMON_PID]
 *
 * The scenarios have the names of clients/python/tests/test_daemon.py where both have them. With the daemon's process id
 * the last scenario drains it. */
#define _POSIX_C_SOURCE 200809L
#include "../mete.h"

#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PROMPT "The capital of France is"

static const char *address;
static const char *scenario = "";
static unsigned failures, checks;
static mete_client *client;

#define CHECK(claim) check((claim), #claim, __LINE__)

static bool check(bool good, const char *claim, int line) {
  checks++;
  if (good) return true;
  failures++;
  printf("%s:%d: %s\n", scenario, line, claim);
  return false;
}

static mete_client *connected(void) {
  mete_client *made = NULL;
  if (mete_client_new(address, NULL, &made) != METE_DONE || mete_connect(made, 5000) != METE_DONE) {
    printf("%s: cannot connect to %s: %s\n", scenario, address, made ? mete_trouble(made)->text.data : "no client");
    exit(1);
  }
  return made;
}

static bool check_bill(const mete_bill *bill) {
  if (!CHECK(bill != NULL)) return false;
  const mete_macs *m = &bill->macs;
  bool seen = false;
  for (size_t i = 0; i < sizeof bill->call; i++) seen = seen || bill->call[i] != 0;
  CHECK(bill->macs_total == m->attention + m->experts + m->routers + m->exits + m->head + m->adapter + m->embedding);
  CHECK(bill->tenant.length > 0);
  CHECK(seen);
  return true;
}

/* Reads to the end and checks how it ended; the call stays. */
static bool ended(mete_call *call, mete_status status, const char *detail) {
  CHECK(mete_finish(call, 20000) == METE_DONE);
  const mete_end *end = mete_call_end(call);
  if (end && (end->status != status || (detail && !mete_text_is(end->detail, detail))))
    printf("%s: %s (%s): %s\n", scenario, mete_status_name(end->status), end->detail.data, end->text.data);
  return CHECK(end != NULL) && CHECK(end->status == status) && (!detail || CHECK(mete_text_is(end->detail, detail)));
}

static void random_id(uint8_t id[16]) {
  struct timespec now;
  static uint64_t count;
  clock_gettime(CLOCK_REALTIME, &now);
  uint64_t parts[2] = {(uint64_t)now.tv_sec << 30 ^ (uint64_t)now.tv_nsec, (uint64_t)getpid() << 32 ^ ++count};
  memcpy(id, parts, 16);
}

/* Joins the texts of a generation. */
static size_t all_text(mete_call *call, char *to, size_t room) {
  mete_token token;
  size_t used = 0;
  mete_result result;
  while ((result = mete_next_token(call, 20000, &token)) == METE_DONE) {
    if (used + token.text.length < room) memcpy(to + used, token.text.data, token.text.length);
    used += token.text.length;
  }
  CHECK(result == METE_OVER);
  CHECK(used < room);
  to[used < room ? used : 0] = 0;
  return used;
}

static const mete_options smollm2 = {.model = "smollm2"};
static const mete_options minilm = {.model = "minilm"};

static mete_call *generate(mete_client *with, const mete_options *options, uint64_t max_tokens, bool ignore_eos) {
  const mete_generate_params params = {.max_tokens = max_tokens, .ignore_eos = ignore_eos};
  const mete_piece prompt = mete_piece_text(PROMPT);
  mete_call *call = NULL;
  CHECK(mete_generate(with, options, &params, &prompt, 1, &call) == METE_DONE);
  return call;
}

static void generate_is_greedy_and_repeatable(void) {
  uint64_t ids[2][12], counts[2] = {0, 0};
  for (int round = 0; round < 2; round++) {
    mete_call *call = generate(client, &smollm2, 12, false);
    mete_token token;
    while (counts[round] < 12 && mete_next_token(call, 20000, &token) == METE_DONE) {
      CHECK(token.logprob <= 1e-6);
      ids[round][counts[round]++] = token.id;
    }
    ended(call, METE_STATUS_OK, "ok");
    const mete_bill *bill = mete_call_bill(call);
    if (check_bill(bill)) {
      CHECK(bill->tokens_out == counts[round]);
      CHECK(bill->macs_total > 0);
      CHECK(mete_text_is(bill->method, "Generate"));
      CHECK(mete_text_is(bill->model, "smollm2"));
      CHECK(bill->layers_histogram_count > 0);
    }
    mete_text finish = mete_end_metadata(mete_call_end(call), "finish");
    CHECK(mete_text_is(finish, "length") || mete_text_is(finish, "stop"));
    mete_call_free(call);
  }
  CHECK(counts[0] >= 1);
  CHECK(counts[0] == counts[1] && memcmp(ids[0], ids[1], counts[0] * sizeof ids[0][0]) == 0);
}

static void generate_in_pieces_equals_the_whole(void) {
  char whole[512], pieces[512], sent[512];
  mete_piece parts[16];
  const mete_generate_params params = {.max_tokens = 8};
  size_t count = 0, length = strlen(PROMPT);
  mete_call *call = generate(client, &smollm2, 8, false);
  all_text(call, whole, sizeof whole);
  mete_call_free(call);
  for (size_t at = 0; at < length; at += 3)
    parts[count++] = (mete_piece){METE_PIECE_BYTES, &PROMPT[at], length - at < 3 ? length - at : 3};
  CHECK(mete_generate(client, &smollm2, &params, parts, count, &call) == METE_DONE);
  all_text(call, pieces, sizeof pieces);
  mete_call_free(call);
  CHECK(mete_generate(client, &smollm2, &params, NULL, 0, &call) == METE_DONE);
  for (size_t i = 0; i < count; i++) CHECK(mete_send_bytes(call, parts[i].data, parts[i].count, 5000) == METE_DONE);
  mete_half_close(call);
  CHECK(mete_send_text(call, "late", 4, 0) == METE_OVER);
  all_text(call, sent, sizeof sent);
  mete_call_free(call);
  CHECK(strlen(whole) > 0);
  CHECK(strcmp(whole, pieces) == 0);
  CHECK(strcmp(whole, sent) == 0);
}

static void chat_answers(void) {
  char text[1024];
  const mete_generate_params params = {.max_tokens = 16, .chat = true, .system = "Be brief."};
  const mete_piece said = mete_piece_text("Say hello.");
  mete_call *call = NULL;
  CHECK(mete_generate(client, &smollm2, &params, &said, 1, &call) == METE_DONE);
  CHECK(all_text(call, text, sizeof text) > 0);
  mete_call_free(call);
}

static void a_cancelled_generation_is_billed(void) {
  mete_token token;
  mete_call *call = generate(client, &smollm2, 500, true);
  CHECK(mete_next_token(call, 20000, &token) == METE_DONE);
  mete_cancel(call);
  ended(call, METE_STATUS_CANCELLED, "cancelled");
  const mete_bill *bill = mete_call_bill(call);
  if (check_bill(bill)) {
    CHECK(bill->status == METE_STATUS_CANCELLED);
    CHECK(bill->tokens_out >= 1 && bill->tokens_out < 500);
  }
  mete_call_free(call);
}

static void a_deadline_is_billed(void) {
  const mete_options late = {.model = "smollm2", .deadline_ms = 200};
  mete_call *call = generate(client, &late, 2000, true);
  ended(call, METE_STATUS_DEADLINE_EXCEEDED, "deadline");
  CHECK(!mete_call_end(call)->local);
  check_bill(mete_call_bill(call));
  mete_call_free(call);
}

static size_t tokenize(const char *text, size_t step, uint64_t *ids, size_t room) {
  mete_call *call = NULL;
  mete_ids some;
  size_t count = 0, length = strlen(text);
  CHECK(mete_tokenize(client, &smollm2, METE_DEFAULT, NULL, 0, &call) == METE_DONE);
  for (size_t at = 0; at < length; at += step)
    CHECK(mete_send_bytes(call, text + at, length - at < step ? length - at : step, 5000) == METE_DONE);
  mete_half_close(call);
  while (mete_next_ids(call, 20000, &some) == METE_DONE) {
    for (size_t i = 0; i < some.count && count < room; i++) ids[count++] = some.items[i];
  }
  ended(call, METE_STATUS_OK, "ok");
  mete_call_free(call);
  return count;
}

/* Half of the input is sent, its predictions are read, and then comes the rest. */
static void predict_gives_one_prediction_for_each_token(void) {
  uint64_t ids[64];
  size_t wanted = tokenize(PROMPT, 1000, ids, 64), count = 0;
  const mete_predict_params params = {.top_k = 3};
  mete_prediction prediction;
  mete_call *call = NULL;
  CHECK(mete_predict(client, &smollm2, &params, NULL, 0, &call) == METE_DONE);
  CHECK(mete_send_text(call, PROMPT, 12, 5000) == METE_DONE);
  mete_result result = mete_next_prediction(call, 20000, &prediction);
  CHECK(result == METE_DONE);
  CHECK(mete_call_end(call) == NULL);
  CHECK(mete_send_text(call, &PROMPT[12], strlen(PROMPT) - 12, 5000) == METE_DONE);
  mete_half_close(call);
  for (; result == METE_DONE; result = mete_next_prediction(call, 20000, &prediction)) {
    CHECK(prediction.position == count);
    CHECK(count < wanted && prediction.id == ids[count]);
    if (CHECK(prediction.count == 3)) {
      CHECK(prediction.candidates[0].logprob >= prediction.candidates[1].logprob);
      CHECK(prediction.candidates[1].logprob >= prediction.candidates[2].logprob);
    }
    count++;
  }
  CHECK(result == METE_OVER);
  CHECK(count == wanted && count > 0);
  check_bill(mete_call_bill(call));
  mete_call_free(call);
}

/* Token by token: the next one is sent when the verdict on the last one is there. */
static void a_stream_has_a_verdict_for_each_token(void) {
  uint64_t ids[64];
  const size_t wanted = tokenize(PROMPT, 1000, ids, 64);
  const double zero = 0;
  const uint64_t first = 10;
  const mete_stream_params early = {.policy = METE_PROPAGATE, .threshold = &zero, .first_exit = &first, .special = METE_NO, .text = true};
  mete_verdict verdict = {0};
  mete_call *call = NULL;
  CHECK(mete_classify_stream(client, &smollm2, &early, NULL, 0, &call) == METE_DONE);
  for (size_t i = 0; i < wanted; i++) {
    const uint32_t token = (uint32_t)ids[i];
    CHECK(mete_send_tokens(call, &token, 1, 5000) == METE_DONE);
    if (!CHECK(mete_next_verdict(call, 20000, &verdict) == METE_DONE)) break;
    CHECK(verdict.position == i && verdict.id == ids[i] && verdict.layer == first && verdict.text.data);
    CHECK(verdict.macs < verdict.macs_dense && verdict.count > 1 && verdict.labels[0].score >= verdict.labels[1].score);
  }
  mete_half_close(call);
  CHECK(mete_next_verdict(call, 20000, &verdict) == METE_OVER);
  const mete_bill *bill = mete_call_bill(call);
  if (check_bill(bill)) CHECK(bill->tokens_in == wanted && bill->macs_total == verdict.macs && bill->macs_dense == verdict.macs_dense);
  mete_call_free(call);
}

/* Above no probability at all for two tokens in a row: the second token ends the call. */
static void a_watched_stream_tells_only_what_was_asked_for(void) {
  const mete_piece text = mete_piece_text(PROMPT);
  mete_call *call = NULL, *described = NULL;
  mete_model model;
  mete_verdict verdict;
  char label[64];
  CHECK(mete_describe(client, &smollm2, &described) == METE_DONE);
  if (CHECK(mete_next_model(described, 20000, &model) == METE_DONE && model.labels_count > 0)) {
    (void)snprintf(label, sizeof label, "%.*s", (int)model.labels[0].length, model.labels[0].data);
    const mete_watch watch = {label, 0, 2, true};
    const mete_stream_params params = {.watch = &watch};
    CHECK(mete_classify_stream(client, &smollm2, &params, &text, 1, &call) == METE_DONE);
    CHECK(mete_next_verdict(call, 20000, &verdict) == METE_DONE && verdict.position == 1);
    CHECK(mete_next_verdict(call, 20000, &verdict) == METE_OVER);
    CHECK(mete_text_is(mete_end_metadata(mete_call_end(call), "finish"), "watch"));
    check_bill(mete_call_bill(call));
    mete_call_free(call);
  }
  mete_call_free(described);
}

static double dot(const float *one, const float *other) {
  double sum = 0;
  for (size_t i = 0; i < 384; i++) sum += (double)one[i] * (double)other[i];
  return sum;
}

static void embeddings_are_unit_vectors_that_know_likeness(void) {
  const mete_piece texts[] = {mete_piece_text("a cat sat"), mete_piece_text("a kitten was sitting"),
                              mete_piece_text("quarterly tax forms")};
  static float vectors[3][384];
  mete_vector vector;
  mete_call *call = NULL;
  size_t count = 0;
  CHECK(mete_embed(client, &minilm, NULL, texts, 3, &call) == METE_DONE);
  for (; mete_next_vector(call, 20000, &vector) == METE_DONE; count++) {
    if (!CHECK(vector.count == 384 && count < 3 && vector.index == count)) break;
    memcpy(vectors[count], vector.values, sizeof vectors[count]);
    CHECK(fabs(dot(vectors[count], vectors[count]) - 1) < 1e-4);
  }
  CHECK(count == 3);
  CHECK(dot(vectors[0], vectors[1]) > dot(vectors[0], vectors[2]));
  ended(call, METE_STATUS_OK, "ok");
  check_bill(mete_call_bill(call));
  mete_call_free(call);
}

static void models_that_cannot_are_refused(void) {
  const mete_piece text = mete_piece_text("x");
  const mete_options nobody = {.model = "nobody"};
  mete_call *calls[4] = {NULL};
  CHECK(mete_classify(client, &minilm, NULL, &text, 1, &calls[0]) == METE_DONE);
  CHECK(mete_embed(client, &smollm2, NULL, &text, 1, &calls[1]) == METE_DONE);
  CHECK(mete_generate(client, &minilm, NULL, &text, 1, &calls[2]) == METE_DONE);
  CHECK(mete_generate(client, &nobody, NULL, &text, 1, &calls[3]) == METE_DONE);
  for (int i = 0; i < 4; i++) {
    if (i < 3) ended(calls[i], METE_STATUS_FAILED_PRECONDITION, "unsuitable_model");
    else ended(calls[i], METE_STATUS_NOT_FOUND, "unknown_model");
    check_bill(mete_call_bill(calls[i]));
    CHECK(mete_call_attempts(calls[i]) == 1);
    mete_call_free(calls[i]);
  }
}

static void a_wrong_parameter_is_named(void) {
  const mete_generate_params params = {.top_p = 7.0};
  const mete_piece text = mete_piece_text("x");
  mete_call *call = NULL;
  CHECK(mete_generate(client, &smollm2, &params, &text, 1, &call) == METE_DONE);
  ended(call, METE_STATUS_INVALID_ARGUMENT, "bad_option");
  CHECK(strstr(mete_call_end(call)->text.data, "top_p") != NULL);
  mete_call_free(call);
}

static void tokenize_is_the_same_in_any_pieces(void) {
  static const char text[] = "Na\xc3\xafve caf\xc3\xa9s \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80 in 2024!";
  uint64_t whole[64], cut[64];
  size_t count = tokenize(text, sizeof text, whole, 64);
  CHECK(count > 5);
  for (size_t step = 1; step < 8; step += step == 3 ? 4 : 1) {
    CHECK(tokenize(text, step, cut, 64) == count);
    CHECK(memcmp(whole, cut, count * sizeof *whole) == 0);
  }
}

static bool has(const mete_text *texts, size_t count, const char *wanted) {
  for (size_t i = 0; i < count; i++) {
    if (mete_text_is(texts[i], wanted)) return true;
  }
  return false;
}

static void models_health_reflect_and_ping(void) {
  mete_call *call = NULL;
  mete_model model;
  mete_text status;
  mete_reflection reflection;
  uint64_t answer_ms = 0;
  int found = 0;
  CHECK(mete_models(client, NULL, &call) == METE_DONE);
  while (mete_next_model(call, 5000, &model) == METE_DONE) {
    if (mete_text_is(model.name, "smollm2")) found += has(model.methods, model.methods_count, "Generate");
    if (mete_text_is(model.name, "minilm")) found += has(model.methods, model.methods_count, "Embed") && model.width == 384;
  }
  CHECK(found == 2);
  mete_call_free(call);
  CHECK(mete_describe(client, &smollm2, &call) == METE_DONE);
  if (CHECK(mete_next_model(call, 5000, &model) == METE_DONE)) {
    CHECK(mete_text_is(model.name, "smollm2") && mete_text_is(model.format, "gguf"));
    CHECK(model.layers > 0 && model.vocabulary > 0 && model.micro_per_gmac == 40 && mete_text_is(model.currency, "EUR"));
  }
  CHECK(mete_next_model(call, 5000, &model) == METE_OVER);
  mete_call_free(call);
  CHECK(mete_health(client, NULL, &call) == METE_DONE);
  CHECK(mete_next_health(call, 5000, &status) == METE_DONE && mete_text_is(status, "SERVING"));
  mete_call_free(call);
  CHECK(mete_reflect(client, NULL, &call) == METE_DONE);
  if (CHECK(mete_next_reflection(call, 5000, &reflection) == METE_DONE))
    CHECK(reflection.version == 1 && has(reflection.methods, reflection.methods_count, "Generate"));
  mete_call_free(call);
  CHECK(mete_ping(client, 5000, &answer_ms) == METE_DONE);
  CHECK(mete_server_limits(client)->streams_max > 0);
}

static void a_bill_can_be_asked_for_later(void) {
  uint8_t id[16], other[16];
  const mete_piece text = mete_piece_text("hello");
  const mete_options named = {.model = "minilm", .call = id};
  const mete_bill *later = NULL;
  mete_call *call = NULL, *asked = NULL;
  random_id(id);
  random_id(other);
  CHECK(mete_embed(client, &named, NULL, &text, 1, &call) == METE_DONE);
  ended(call, METE_STATUS_OK, "ok");
  const mete_bill *bill = mete_call_bill(call);
  CHECK(mete_usage_bill(client, NULL, id, &asked) == METE_DONE);
  if (CHECK(mete_next_bill(asked, 5000, &later) == METE_DONE) && check_bill(bill)) {
    CHECK(memcmp(later->call, id, 16) == 0 && memcmp(bill->call, id, 16) == 0);
    CHECK(later->macs_total == bill->macs_total && later->total_us == bill->total_us);
    CHECK(later->bytes_out == bill->bytes_out && later->cost_micro == bill->cost_micro);
    CHECK(mete_text_is(later->currency, bill->currency.data));
  }
  mete_call_free(asked);
  mete_call_free(call);
  CHECK(mete_usage_bill(client, NULL, other, &asked) == METE_DONE);
  ended(asked, METE_STATUS_NOT_FOUND, "unknown_call");
  mete_call_free(asked);
  CHECK(mete_embed(client, &named, NULL, &text, 1, &call) == METE_DONE);
  ended(call, METE_STATUS_ALREADY_EXISTS, "call_in_use");
  mete_call_free(call);
}

static void a_lost_connections_bill_can_be_asked_for(void) {
  uint8_t id[16];
  const mete_options named = {.model = "smollm2", .call = id};
  const mete_bill *bill = NULL;
  mete_token token;
  mete_result result = METE_OVER;
  random_id(id);
  mete_client *lost = connected();
  mete_call *call = generate(lost, &named, 500, true), *asked = NULL;
  CHECK(mete_next_token(call, 20000, &token) == METE_DONE);
  mete_client_free(lost);
  ended(call, METE_STATUS_CANCELLED, "client_closed");
  CHECK(mete_call_end(call)->local && mete_call_bill(call) == NULL);
  mete_call_free(call);
  /* The daemon sees the closed socket when it comes to it. */
  for (int i = 0; i < 200 && result == METE_OVER; i++) {
    CHECK(mete_usage_bill(client, NULL, id, &asked) == METE_DONE);
    result = mete_next_bill(asked, 5000, &bill);
    if (result == METE_DONE && check_bill(bill)) CHECK(bill->tokens_out >= 1);
    mete_call_free(asked);
    if (result == METE_OVER) mete_wait(client, 20);
  }
  CHECK(result == METE_DONE);
}

static void closing_waits_for_the_bills(void) {
  mete_client *other = connected();
  mete_call *call = generate(other, &smollm2, 500, true);
  mete_token token;
  CHECK(mete_next_token(call, 20000, &token) == METE_DONE);
  CHECK(mete_client_close(other, 5000) == METE_DONE);
  CHECK(mete_call_bill(call) != NULL && mete_call_bill(call)->status == METE_STATUS_CANCELLED);
  CHECK(mete_call_open(other, "Health.Check", NULL, NULL, 0, &(mete_call *){NULL}) == METE_LOST);
  mete_client_free(other);
  mete_call_free(call);
}

static void two_calls_at_once_on_a_connection(void) {
  char texts[3][512];
  mete_call *calls[3];
  int names = 0;
  for (int i = 0; i < 3; i++) calls[i] = generate(client, &smollm2, 8, false);
  for (int i = 2; i >= 0; i--) names += all_text(calls[i], texts[i], sizeof texts[i]) > 0;
  CHECK(names == 3 && strcmp(texts[0], texts[1]) == 0 && strcmp(texts[1], texts[2]) == 0);
  for (int i = 0; i < 3; i++) {
    check_bill(mete_call_bill(calls[i]));
    mete_call_free(calls[i]);
  }
}

/* More input than a window, from a sender that only sometimes reads: it must be held back, and come through. */
static void flow_control_holds_a_sender_back(void) {
  static char line[4001];
  uint64_t blocked = 0, tokens = 0;
  mete_ids ids;
  mete_call *call = NULL;
  memset(line, 'a', 4000);
  for (size_t i = 4; i < 4000; i += 5) line[i] = ' ';
  CHECK(mete_tokenize(client, &smollm2, METE_DEFAULT, NULL, 0, &call) == METE_DONE);
  for (int sent = 0; sent < 100;) {
    mete_result result = mete_send_text(call, line, 4000, 0);
    if (result == METE_DONE) {
      sent++;
      continue;
    }
    if (!CHECK(result == METE_BLOCKED)) break;
    blocked++;
    if (!CHECK(mete_next_ids(call, 20000, &ids) == METE_DONE)) break;
    tokens += ids.count;
  }
  mete_half_close(call);
  while (mete_next_ids(call, 20000, &ids) == METE_DONE) tokens += ids.count;
  ended(call, METE_STATUS_OK, "ok");
  CHECK(blocked > 0);
  CHECK(tokens > 80000);
  if (check_bill(mete_call_bill(call))) CHECK(mete_call_bill(call)->bytes_in > 400000);
  mete_call_free(call);
}

/* A call that nobody reads stops at its window, and starves no other. */
static void an_unread_call_makes_the_server_pause(void) {
  static char line[4001];
  mete_call *call = NULL, *other;
  mete_ids ids;
  char text[512];
  memset(line, 'b', 4000);
  for (size_t i = 1; i < 4000; i += 2) line[i] = ' ';
  CHECK(mete_tokenize(client, &smollm2, METE_DEFAULT, NULL, 0, &call) == METE_DONE);
  for (int i = 0; i < 16; i++) CHECK(mete_send_text(call, line, 4000, 5000) != METE_OVER);
  other = generate(client, &smollm2, 4, false);
  CHECK(all_text(other, text, sizeof text) > 0);
  mete_call_free(other);
  mete_half_close(call);
  while (mete_next_ids(call, 20000, &ids) == METE_DONE) continue;
  ended(call, METE_STATUS_OK, "ok");
  mete_call_free(call);
}

/* The same call in a poll loop of the application's own. */
static void a_poll_loop_drives_two_clients(void) {
  mete_client *clients[2] = {NULL, NULL};
  mete_call *calls[2];
  size_t lengths[2] = {0, 0};
  int running = 2;
  for (int i = 0; i < 2; i++) {
    CHECK(mete_client_new(address, NULL, &clients[i]) == METE_DONE);
    calls[i] = generate(clients[i], &smollm2, 8, true);
  }
  for (int turns = 0; running > 0 && turns < 10000; turns++) {
    struct pollfd fds[2];
    int wait = 5000;
    for (int i = 0; i < 2; i++) {
      int own = mete_timeout(clients[i]);
      fds[i] = (struct pollfd){.fd = mete_fd(clients[i]), .events = mete_wants(clients[i])};
      if (own >= 0 && own < wait) wait = own;
    }
    (void)poll(fds, 2, wait);
    running = 0;
    for (int i = 0; i < 2; i++) {
      mete_token token;
      mete_result result;
      mete_step(clients[i]);
      while ((result = mete_next_token(calls[i], 0, &token)) == METE_DONE) lengths[i] += token.text.length;
      running += result == METE_BLOCKED;
    }
  }
  CHECK(lengths[0] > 0 && lengths[0] == lengths[1]);
  for (int i = 0; i < 2; i++) {
    check_bill(mete_call_bill(calls[i]));
    mete_call_free(calls[i]);
    mete_client_free(clients[i]);
  }
}

static void a_lost_connection_is_made_again_for_the_next_call(void) {
  const mete_options once = {.attempts_max = 1};
  mete_client *other = connected();
  mete_call *call = NULL;
  mete_text status;
  CHECK(shutdown(mete_fd(other), SHUT_RDWR) == 0);
  CHECK(mete_health(other, &once, &call) == METE_DONE);
  CHECK(mete_next_health(call, 5000, &status) == METE_DONE && mete_text_is(status, "SERVING"));
  mete_call_free(call);
  mete_client_free(other);
}

static void a_connection_that_cannot_be_made_is_tried_again(void) {
  const mete_settings quick = {.retry_base_ms = 5, .retry_max_ms = 10, .seed = 7};
  const mete_options thrice = {.attempts_max = 3};
  mete_client *lonely = NULL;
  mete_call *call = NULL;
  CHECK(mete_client_new("unix:/nonexistent/mete.sock", &quick, &lonely) == METE_DONE);
  CHECK(mete_health(lonely, &thrice, &call) == METE_DONE);
  ended(call, METE_STATUS_UNAVAILABLE, "connection_lost");
  CHECK(mete_call_attempts(call) == 3);
  CHECK(mete_connect(lonely, 1000) == METE_LOST);
  mete_call_free(call);
  mete_client_free(lonely);
}

/* SIGTERM: the call that runs is served to its end, the next one is not, and the connection is over. */
static void a_draining_daemon_finishes_what_it_took(long daemon) {
  mete_token token;
  mete_call *refused = NULL;
  mete_client *other = connected();
  mete_call *call = generate(other, &smollm2, 40, true);
  CHECK(mete_next_token(call, 20000, &token) == METE_DONE);
  CHECK(kill((pid_t)daemon, SIGTERM) == 0);
  CHECK(mete_finish(call, 20000) == METE_DONE);
  const mete_end *end = mete_call_end(call);
  CHECK(end->status == METE_STATUS_OK && !end->local);
  if (check_bill(mete_call_bill(call))) CHECK(mete_call_bill(call)->tokens_out == 40);
  mete_call_free(call);
  const mete_options once = {.attempts_max = 1};
  CHECK(mete_health(other, &once, &refused) == METE_DONE);
  ended(refused, METE_STATUS_UNAVAILABLE, NULL);
  mete_call_free(refused);
  mete_client_free(other);
}

int main(int count, char **words) {
  static const struct {
    const char *name;
    void (*run)(void);
  } scenarios[] = {
#define SCENARIO(name) {#name, name}
      SCENARIO(generate_is_greedy_and_repeatable),
      SCENARIO(generate_in_pieces_equals_the_whole),
      SCENARIO(chat_answers),
      SCENARIO(a_cancelled_generation_is_billed),
      SCENARIO(a_deadline_is_billed),
      SCENARIO(predict_gives_one_prediction_for_each_token),
      SCENARIO(a_stream_has_a_verdict_for_each_token),
      SCENARIO(a_watched_stream_tells_only_what_was_asked_for),
      SCENARIO(embeddings_are_unit_vectors_that_know_likeness),
      SCENARIO(models_that_cannot_are_refused),
      SCENARIO(a_wrong_parameter_is_named),
      SCENARIO(tokenize_is_the_same_in_any_pieces),
      SCENARIO(models_health_reflect_and_ping),
      SCENARIO(a_bill_can_be_asked_for_later),
      SCENARIO(a_lost_connections_bill_can_be_asked_for),
      SCENARIO(closing_waits_for_the_bills),
      SCENARIO(two_calls_at_once_on_a_connection),
      SCENARIO(flow_control_holds_a_sender_back),
      SCENARIO(an_unread_call_makes_the_server_pause),
      SCENARIO(a_poll_loop_drives_two_clients),
      SCENARIO(a_lost_connection_is_made_again_for_the_next_call),
      SCENARIO(a_connection_that_cannot_be_made_is_tried_again),
  };
  size_t scenarios_count = sizeof scenarios / sizeof *scenarios;
  address = getenv("METE_ADDRESS");
  if (!address) {
    printf("METE_ADDRESS is not set\n");
    return 2;
  }
  (void)alarm(240); /* Nothing here takes so long unless it hangs. */
  client = connected();
  for (size_t i = 0; i < scenarios_count; i++) {
    scenario = scenarios[i].name;
    unsigned before = failures;
    scenarios[i].run();
    if (failures > before) printf("%s: failed\n", scenario);
  }
  mete_client_free(client);
  if (count > 1) {
    scenario = "a_draining_daemon_finishes_what_it_took";
    scenarios_count++;
    a_draining_daemon_finishes_what_it_took(strtol(words[1], NULL, 10));
  }
  printf("%zu scenarios, %u checks, %u failed\n", scenarios_count, checks, failures);
  return failures ? 1 : 0;
}
