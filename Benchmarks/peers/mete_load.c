/* Our side of a comparison: works over a running daemon, on one connection of the C client.
 * Usage: mete_load ADDRESS    requests and answers are lines of JSON, as lines.py describes them; and
 *
 *   {"work": "decode", …, "arrivals": [[…], …], "at_ms": [t, …]}    long prompts that come meanwhile and want one token each
 *
 *   {"work": "classify", "model": …, "effort": e, "threshold": t, "texts": ["…", …], "at_once": n}    calls of one text, n of them under way
 *   {"work": "stream", "model": …, "prompts": [[…], …], "at_once": n, "policy": …, "threshold": t, "first_exit": layer}
 *
 * decode answers {"seconds", "tokens"} counted while all streams decode, and the gaps between a stream's tokens in that time.
 * classify, whose threshold may be missing, answers {"seconds": [each], "compute_us": [each], "wall": s, "client_cpu": s}: from a call to its bill and as the bill
 * has it, then all together and the processor time that this process took of it. stream, whose last three may be missing for full
 * depth, sends a stream's next token when the verdict on the last one is there, and answers {"seconds", "tokens", "macs",
 * "macs_dense", "client_cpu"} of all together, the middle ones as the bills have them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mete.h"
#include "request.h"

enum { DEADLINE_MS = 240000 };
static const char LANGUAGE[] = "smollm2", ENCODER[] = "minilm";

static double seconds_of(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static double now(void) { return seconds_of(CLOCK_MONOTONIC); }

static void need(bool truth, const char *what) {
  if (truth) return;
  printf("{\"error\": \"%s\"}\n", what);
  exit(1);
}

/* One generation, and when its tokens came. */
typedef struct stream {
  mete_call *call;
  double *times;
  size_t count;
} stream;

static mete_call *generate(mete_client *client, list prompt, uint64_t tokens) {
  mete_options options = {.model = LANGUAGE, .deadline_ms = DEADLINE_MS};
  mete_generate_params params = {.max_tokens = tokens, .ignore_eos = true};
  mete_piece piece = {METE_PIECE_TOKENS, prompt.items, prompt.count};
  mete_call *call;
  need(mete_generate(client, &options, &params, &piece, 1, &call) == METE_DONE, "a generation could not begin");
  return call;
}

/* Waits for a call's end, adds what its bill says, and frees it. */
static void end_counted(mete_call *call, uint64_t *macs, uint64_t *dense) {
  need(mete_finish(call, DEADLINE_MS) == METE_DONE && mete_call_bill(call), "no bill");
  need(mete_call_end(call)->status == METE_STATUS_OK, mete_call_end(call)->detail.data);
  *macs += mete_call_bill(call)->macs_total;
  *dense += mete_call_bill(call)->macs_dense;
  mete_call_free(call);
}

static void end(mete_call *call) {
  uint64_t macs = 0, dense = 0;
  end_counted(call, &macs, &dense);
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Whatever has come of a stream; true while more may come. */
static bool take(stream *one) {
  mete_token token;
  mete_result result;
  while ((result = mete_next_token(one->call, 0, &token)) == METE_DONE) one->times[one->count++] = now();
  return result == METE_BLOCKED;
}

/* Tokens while all streams decode, from the last one's first token to the first one's end, and their gaps. */
static void tell(const stream *streams, size_t width, size_t tokens) {
  double first = 0, last = 1e300, *gaps = malloc(width * tokens * sizeof *gaps);
  need(gaps != NULL, "no memory");
  size_t counted = 0, count = 0;
  for (size_t i = 0; i < width; i++) {
    need(streams[i].count == tokens, "a stream gave fewer tokens than were asked for");
    if (streams[i].times[0] > first) first = streams[i].times[0];
    if (streams[i].times[tokens - 1] < last) last = streams[i].times[tokens - 1];
  }
  need(first < last, "the streams did not decode together; more tokens are needed");
  for (size_t i = 0; i < width; i++)
    for (size_t j = 0; j < tokens; j++) {
      double moment = streams[i].times[j];
      counted += moment > first && moment <= last;
      if (j && streams[i].times[j - 1] >= first && moment <= last) gaps[count++] = moment - streams[i].times[j - 1];
    }
  qsort(gaps, count, sizeof *gaps, ascending);
  printf("{\"seconds\": %.6f, \"tokens\": %zu, \"gap_ms\": {\"median\": %.3f, \"p99\": %.3f, \"max\": %.3f}}\n", last - first,
         counted, gaps[count / 2] * 1e3, gaps[(size_t)(0.99 * (double)(count - 1))] * 1e3, gaps[count - 1] * 1e3);
  free(gaps);
}

static void decode(mete_client *client, const request *asked) {
  size_t width = asked->inputs.count, running = width, arrived = 0, tokens = (size_t)asked->tokens;
  stream *streams = calloc(width, sizeof *streams);
  mete_call **late = calloc(asked->arrivals.count + 1, sizeof *late);
  need(streams && late, "no memory");
  for (size_t i = 0; i < width; i++) {
    streams[i].call = generate(client, asked->inputs.items[i], tokens);
    streams[i].times = malloc(tokens * sizeof(double));
    need(streams[i].times != NULL, "no memory");
  }
  double began = now();
  while (running) {
    double wait = (double)DEADLINE_MS;
    if (arrived < asked->arrivals.count) wait = (began - now()) * 1e3 + asked->at_ms.items[arrived];
    if (wait <= 0) {
      late[arrived] = generate(client, asked->arrivals.items[arrived], 1);
      arrived++;
    } else {
      mete_wait(client, (int64_t)wait + 1);
    }
    need(now() - began < (double)DEADLINE_MS * 1e-3, "the streams did not end in time");
    running = 0;
    for (size_t i = 0; i < width; i++) running += take(&streams[i]);
  }
  for (size_t i = 0; i < width; i++) end(streams[i].call);
  for (size_t i = 0; i < arrived; i++) end(late[i]);
  tell(streams, width, tokens);
  for (size_t i = 0; i < width; i++) free(streams[i].times);
  free(streams);
  free(late);
}

static void prefill(mete_client *client, const request *asked) {
  double began = now();
  mete_call *call = generate(client, asked->inputs.items[0], 1);
  mete_token token;
  need(mete_next_token(call, DEADLINE_MS, &token) == METE_DONE, "no token came");
  double seconds = now() - began;
  end(call);
  printf("{\"seconds\": %.6f, \"tokens\": %zu}\n", seconds, asked->inputs.items[0].count);
}

/* From the call to its last vector, every time. */
static void embed(mete_client *client, const request *asked) {
  mete_options options = {.model = ENCODER, .deadline_ms = DEADLINE_MS};
  size_t count = asked->inputs.count, tokens = 0;
  mete_piece *pieces = calloc(count, sizeof *pieces);
  need(pieces != NULL, "no memory");
  for (size_t i = 0; i < count; i++) {
    pieces[i] = (mete_piece){METE_PIECE_TOKENS, asked->inputs.items[i].items, asked->inputs.items[i].count};
    tokens += pieces[i].count;
  }
  printf("{\"seconds\": [");
  for (uint64_t time = 0; time < asked->times; time++) {
    mete_call *call;
    mete_vector vector;
    double began = now();
    need(mete_embed(client, &options, NULL, pieces, count, &call) == METE_DONE, "an embedding could not begin");
    for (size_t i = 0; i < count; i++) need(mete_next_vector(call, DEADLINE_MS, &vector) == METE_DONE, "no vector came");
    double seconds = now() - began;
    end(call);
    printf("%s%.7f", time ? ", " : "", seconds);
  }
  printf("], \"tokens\": %zu}\n", tokens);
  free(pieces);
}

/* A text that is under way, or none. */
typedef struct caller {
  mete_call *call;
  double began;
  size_t index;
} caller;

static caller begin_text(mete_client *client, const request *asked, size_t index) {
  mete_options options = {.model = asked->model, .deadline_ms = DEADLINE_MS, .effort = &asked->effort};
  mete_classify_params params = {.threshold = asked->threshold > 0 ? &asked->threshold : NULL};
  mete_piece piece = {METE_PIECE_TEXT, asked->texts.items[index].bytes, asked->texts.items[index].length};
  caller one = {NULL, now(), index};
  need(mete_classify(client, &options, &params, &piece, 1, &one.call) == METE_DONE, "a classification could not begin");
  return one;
}

/* Every caller waits for its answer and bill, and then calls with the next text. */
static void classify(mete_client *client, const request *asked) {
  size_t count = asked->texts.count, width = asked->at_once < count ? asked->at_once : count, begun = 0, running = width;
  caller *callers = calloc(width + 1, sizeof *callers);
  double *seconds = calloc(count + 1, sizeof *seconds), *computing = calloc(count + 1, sizeof *computing);
  need(width && callers && seconds && computing, "no texts, no callers or no memory");
  double began = now(), used = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  for (; begun < width; begun++) callers[begun] = begin_text(client, asked, begun);
  while (running) {
    mete_wait(client, DEADLINE_MS);
    for (caller *one = callers; one < callers + width; one++) {
      if (!one->call || !mete_call_over(one->call)) continue;
      mete_labels labels;
      need(mete_call_bill(one->call) != NULL, "no bill");
      seconds[one->index] = now() - one->began;
      computing[one->index] = (double)mete_call_bill(one->call)->compute_us;
      bool answered = mete_next_labels(one->call, 0, &labels) == METE_DONE && labels.count;
      end(one->call);
      need(answered, "no labels came");
      if (begun < count) *one = begin_text(client, asked, begun++);
      else one->call = NULL, running--;
    }
  }
  double wall = now() - began;
  used = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - used;
  for (size_t i = 0; i < count; i++) printf("%s%.7f", i ? ", " : "{\"seconds\": [", seconds[i]);
  for (size_t i = 0; i < count; i++) printf("%s%.0f", i ? ", " : "], \"compute_us\": [", computing[i]);
  printf("], \"wall\": %.6f, \"client_cpu\": %.6f}\n", wall, used);
  free(callers);
  free(seconds);
  free(computing);
}

/* A classified stream that is under way, or none. */
typedef struct talk {
  mete_call *call;
  list tokens;
  size_t sent;
} talk;

static void say_next(talk *one) {
  if (one->sent == one->tokens.count) mete_half_close(one->call);
  else need(mete_send_tokens(one->call, &one->tokens.items[one->sent++], 1, DEADLINE_MS) == METE_DONE, "a token could not be sent");
}

static talk begin_talk(mete_client *client, const request *asked, size_t index) {
  mete_options options = {.model = asked->model, .deadline_ms = DEADLINE_MS};
  mete_stream_params params = {.special = METE_NO};
  if (asked->policy[0]) {
    params.policy = strcmp(asked->policy, "defer") == 0 ? METE_DEFER : METE_PROPAGATE;
    params.threshold = &asked->threshold;
    params.first_exit = &asked->first_exit;
  }
  talk one = {NULL, asked->inputs.items[index], 0};
  need(mete_classify_stream(client, &options, &params, NULL, 0, &one.call) == METE_DONE, "a stream could not begin");
  say_next(&one);
  return one;
}

/* Every stream sends its next token when the verdict on the last one is there; a caller's next stream follows its last. */
static void classify_streams(mete_client *client, const request *asked) {
  size_t count = asked->inputs.count, width = asked->at_once < count ? asked->at_once : count, begun = 0, running = width;
  talk *talks = calloc(width + 1, sizeof *talks);
  uint64_t tokens = 0, macs = 0, dense = 0;
  need(width && talks, "no streams or no memory");
  double began = now(), used = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  for (; begun < width; begun++) talks[begun] = begin_talk(client, asked, begun);
  while (running) {
    mete_wait(client, DEADLINE_MS);
    need(now() - began < (double)DEADLINE_MS * 1e-3, "the streams did not end in time");
    for (talk *one = talks; one < talks + width; one++) {
      mete_verdict verdict;
      mete_result result = METE_OVER;
      while (one->call && (result = mete_next_verdict(one->call, 0, &verdict)) == METE_DONE) tokens++, say_next(one);
      if (!one->call || result == METE_BLOCKED) continue;
      end_counted(one->call, &macs, &dense);
      if (begun < count) *one = begin_talk(client, asked, begun++);
      else one->call = NULL, running--;
    }
  }
  double seconds = now() - began;
  used = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - used;
  printf("{\"seconds\": %.6f, \"tokens\": %llu, \"macs\": %llu, \"macs_dense\": %llu, \"client_cpu\": %.6f}\n", seconds,
         (unsigned long long)tokens, (unsigned long long)macs, (unsigned long long)dense, used);
  free(talks);
}

int main(int count, char **arguments) {
  if (count != 2) return 64;
  setvbuf(stdout, NULL, _IOLBF, 0);
  mete_client *client;
  need(mete_client_new(arguments[1], NULL, &client) == METE_DONE, "the address is wrong");
  need(mete_connect(client, 5000) == METE_DONE, "no connection");
  puts("{\"ready\": \"Mete, over its socket with the C client\"}");
  char *line = NULL;
  size_t room = 0;
  while (getline(&line, &room, stdin) > 0) {
    request asked;
    need(request_read(line, &asked), "the request cannot be read");
    if (strcmp(asked.work, "decode") == 0) decode(client, &asked);
    else if (strcmp(asked.work, "prefill") == 0) prefill(client, &asked);
    else if (strcmp(asked.work, "embed") == 0) embed(client, &asked);
    else if (strcmp(asked.work, "classify") == 0) classify(client, &asked);
    else if (strcmp(asked.work, "stream") == 0) classify_streams(client, &asked);
    else need(false, "no such work");
    request_free(&asked);
  }
  free(line);
  mete_client_free(client);
}
