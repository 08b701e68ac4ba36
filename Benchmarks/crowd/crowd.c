/* One part of a crowd of clients: some connections that all behave in one way, until they are told to stop (SIGTERM).
 *
 * Usage: crowd ADDRESS good|cancel|stall|victim CONNECTIONS SECONDS      prints one line of JSON at its end
 *
 *   good    generates the same text again and again and compares every answer with the first
 *   cancel  cancels every generation after its first token, and waits for the bill
 *   stall   opens an echo and a generation, sends as much as credit allows, and never reads again
 *   victim  as good; whoever started it kills it with -9
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mete.h"

enum { TOKENS = 24, ANSWER_MAX = 1024, CONNECTIONS_MAX = 4096 };

typedef struct {
  mete_client *client;
  mete_call *call, *echo;
  char answer[ANSWER_MAX];
  size_t length;
  bool cancelled;
} member;

static struct {
  long calls, bills, wrong, failed, tokens;
  char expected[ANSWER_MAX];
  size_t length;
} sums;

static volatile sig_atomic_t is_over;

static void stop(int signal) {
  (void)signal;
  is_over = 1;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void need(bool truth, const char *what) {
  if (truth) return;
  fprintf(stderr, "crowd: %s\n", what);
  exit(1);
}

static mete_call *generate(mete_client *client) {
  mete_generate_params params = {.max_tokens = TOKENS, .ignore_eos = true};
  mete_piece piece = mete_piece_text("hello there");
  mete_call *call;
  need(mete_generate(client, NULL, &params, &piece, 1, &call) == METE_DONE, "no call");
  return call;
}

static void begin(member *who) {
  who->call = generate(who->client);
  who->length = 0;
  who->cancelled = false;
}

/* Judges a call that is over, and makes the next one. */
static void conclude(member *who) {
  const mete_end *end = mete_call_end(who->call);
  sums.calls++;
  if (mete_call_bill(who->call)) sums.bills++;
  if (!end || (end->status != METE_STATUS_OK && !(who->cancelled && end->status == METE_STATUS_CANCELLED))) {
    sums.failed++;
    if (end) fprintf(stderr, "crowd: %.*s: %.*s\n", (int)end->detail.length, end->detail.data, (int)end->text.length, end->text.data);
  } else if (!who->cancelled) {
    if (!sums.length) memcpy(sums.expected, who->answer, sums.length = who->length);
    if (who->length != sums.length || memcmp(who->answer, sums.expected, sums.length) != 0) sums.wrong++;
  }
  mete_call_free(who->call);
  begin(who);
}

static void read_all(member *who, bool cancels) {
  mete_token token;
  mete_result result;
  while ((result = mete_next_token(who->call, 0, &token)) == METE_DONE) {
    sums.tokens++;
    if (who->length + token.text.length <= ANSWER_MAX) memcpy(who->answer + who->length, token.text.data, token.text.length);
    who->length += token.text.length;
    if (cancels && !who->cancelled) mete_cancel(who->call), who->cancelled = true;
  }
  if (result == METE_OVER) conclude(who);
}

/* Sends what the server takes, for a while, and takes no answer: both windows fill. */
static void block(member *members, int count) {
  static const char filler[1000];
  for (int i = 0; i < count; i++) {
    begin(&members[i]);
    need(mete_call_open(members[i].client, "Reflect.Echo", NULL, NULL, 0, &members[i].echo) == METE_DONE, "no echo");
  }
  for (double end = now() + 3; now() < end; poll(NULL, 0, 10)) {
    for (int i = 0; i < count; i++) {
      mete_step(members[i].client);
      while (mete_send_bytes(members[i].echo, filler, sizeof filler, 0) == METE_DONE) continue;
    }
  }
}

static void wait_for_all(member *members, struct pollfd *polls, int count) {
  int timeout = 200;
  for (int i = 0; i < count; i++) {
    int due = mete_timeout(members[i].client);
    if (due >= 0 && due < timeout) timeout = due;
    polls[i] = (struct pollfd){.fd = mete_fd(members[i].client), .events = mete_wants(members[i].client)};
  }
  poll(polls, (nfds_t)count, timeout);
}

int main(int count, char **arguments) {
  static member members[CONNECTIONS_MAX];
  static struct pollfd polls[CONNECTIONS_MAX];
  need(count == 5, "usage: crowd ADDRESS good|cancel|stall|victim CONNECTIONS SECONDS");
  const char *role = arguments[2];
  int width = atoi(arguments[3]);
  need(width >= 1 && width <= CONNECTIONS_MAX, "CONNECTIONS is 1 to 4096");
  signal(SIGTERM, stop);
  bool stalls = strcmp(role, "stall") == 0, cancels = strcmp(role, "cancel") == 0;
  for (int i = 0; i < width; i++) {
    need(mete_client_new(arguments[1], NULL, &members[i].client) == METE_DONE, "the address is wrong");
    need(mete_connect(members[i].client, 30000) == METE_DONE, "no connection");
    if (!stalls) begin(&members[i]);
  }
  if (stalls) block(members, width);
  double end = now() + atof(arguments[4]);
  while (!is_over && now() < end) {
    if (stalls) {
      poll(NULL, 0, 200);
      continue;
    }
    wait_for_all(members, polls, width);
    for (int i = 0; i < width; i++) {
      mete_step(members[i].client);
      read_all(&members[i], cancels);
    }
  }
  printf("{\"role\": \"%s\", \"connections\": %d, \"calls\": %ld, \"bills\": %ld, \"wrong\": %ld, \"failed\": %ld, \"tokens\": %ld}\n",
         role, width, sums.calls, sums.bills, sums.wrong, sums.failed, sums.tokens);
  fflush(stdout);
  _Exit(0); /* as a process that has no time to say goodbye */
}
