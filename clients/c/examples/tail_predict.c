/* How surprising is a log? tail_predict ADDRESS MODEL [FILE]
 *
 * Sends a file as it grows (or standard input, to its end) into Predict and prints, for each token, how many bits it would
 * have taken to say it after what came before: a line that the model did not expect stands out. With FILE it goes on until
 * it is killed, like tail -f. */
#define _POSIX_C_SOURCE 200809L
#include "mete.h"

#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum {
  CALL_BYTES_MAX = 960, /* input of one call: no token is shorter than a byte, so it fits the default of 1,024 positions */
  LOOK_MS = 200,        /* how often a file is looked at for more */
  CANDIDATES = 100
};

typedef struct tail {
  mete_client *client;
  mete_call *call;
  const char *model;
  int input;
  bool follows, at_end;
  size_t sent; /* bytes of the call */
  mete_candidate expected[CANDIDATES];
  size_t expected_count; /* after the latest token; 0 before the first */
} tail;

/* Prints a token and its surprise. A token that was not among the candidates is rarer than the last of them. */
static void show(tail *t, const mete_prediction *prediction) {
  const char *sign = " ";
  double logprob = 0;
  if (t->expected_count > 0) {
    sign = ">";
    logprob = t->expected[t->expected_count - 1].logprob;
    for (size_t i = 0; i < t->expected_count; i++) {
      if (t->expected[i].id != prediction->id) continue;
      logprob = t->expected[i].logprob;
      sign = " ";
    }
    double bits = -logprob / log(2);
    printf("%6llu  token %6llu  %s%6.2f bits  ", (unsigned long long)prediction->position, (unsigned long long)prediction->id,
           sign, bits);
    for (double bar = 0; bar < bits && bar < 40; bar++) (void)putchar('#');
    (void)putchar('\n');
  }
  t->expected_count = prediction->count < CANDIDATES ? prediction->count : CANDIDATES;
  for (size_t i = 0; i < t->expected_count; i++) t->expected[i] = prediction->candidates[i];
}

/* Prints what has come, or (`to_the_end`) all that will; false when the call failed. */
static bool show_all(tail *t, bool to_the_end) {
  mete_prediction prediction;
  mete_result result;
  while ((result = mete_next_prediction(t->call, to_the_end ? -1 : 0, &prediction)) == METE_DONE) show(t, &prediction);
  (void)fflush(stdout);
  const mete_end *end = mete_call_end(t->call);
  if (result == METE_BLOCKED || (end && end->status == METE_STATUS_OK)) return true;
  fprintf(stderr, "tail_predict: %s: %s\n", end ? end->detail.data : mete_result_name(result), end ? end->text.data : "");
  return false;
}

static bool begin(tail *t) {
  const mete_options options = {.model = t->model};
  const mete_predict_params params = {.top_k = CANDIDATES};
  t->sent = t->expected_count = 0;
  return mete_predict(t->client, &options, &params, NULL, 0, &t->call) == METE_DONE;
}

/* Ends the call, prints the rest of it and its price. */
static bool finish(tail *t) {
  mete_half_close(t->call);
  bool good = show_all(t, true);
  const mete_bill *bill = mete_call_bill(t->call);
  if (bill)
    fprintf(stderr, "%llu tokens, %llu multiply-accumulates\n", (unsigned long long)bill->tokens_in,
            (unsigned long long)bill->macs_total);
  mete_call_free(t->call);
  t->call = NULL;
  return good;
}

/* Reads a piece of the input and sends it; waits for one if there is none. */
static bool feed(tail *t) {
  char bytes[256];
  struct pollfd fds[2] = {{.fd = t->input, .events = POLLIN}, {.fd = mete_fd(t->client), .events = mete_wants(t->client)}};
  int wait = mete_timeout(t->client);
  if (poll(fds, 2, wait >= 0 && wait < LOOK_MS ? wait : LOOK_MS) < 0) return false;
  mete_step(t->client);
  if (fds[0].revents == 0) return true;
  size_t room = CALL_BYTES_MAX - t->sent < sizeof bytes ? CALL_BYTES_MAX - t->sent : sizeof bytes;
  ssize_t count = read(t->input, bytes, room);
  if (count < 0) return false;
  t->at_end = count == 0 && !t->follows;
  /* A file at its end is always readable: look again in a while. */
  if (count == 0 && t->follows) mete_wait(t->client, LOOK_MS);
  if (count == 0) return true;
  t->sent += (size_t)count;
  return mete_send_bytes(t->call, bytes, (size_t)count, -1) == METE_DONE;
}

static bool run(tail *t) {
  bool good = begin(t);
  while (good && !t->at_end) {
    good = feed(t) && show_all(t, false);
    if (good && t->sent >= CALL_BYTES_MAX) good = finish(t) && begin(t);
  }
  if (t->call && good) good = finish(t);
  mete_call_free(t->call);
  return good;
}

int main(int count, char **words) {
  tail t = {.input = STDIN_FILENO};
  if (count < 3 || count > 4) {
    fprintf(stderr, "usage: tail_predict unix:PATH|tcp:HOST:PORT MODEL [FILE]\n");
    return 2;
  }
  t.model = words[2];
  if (count > 3) t.follows = (t.input = open(words[3], O_RDONLY | O_CLOEXEC)) >= 0;
  if (t.input < 0 || mete_client_new(words[1], NULL, &t.client) != METE_DONE) {
    fprintf(stderr, "tail_predict: %s\n", t.input < 0 ? "cannot open the file" : "not an address");
    return 2;
  }
  bool good = run(&t);
  mete_client_free(t.client);
  if (t.follows) close(t.input);
  return good ? 0 : 1;
}
