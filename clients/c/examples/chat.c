/* Chat in the terminal: chat ADDRESS [MODEL]
 *
 * Every line is one message; the answer streams, and its bill follows. Ctrl-C stops an answer, which is billed as far as
 * it came; Ctrl-D ends the chat. Calls are single messages: the model does not remember the ones before. */
#define _POSIX_C_SOURCE 200809L
#include "mete.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES_MAX = 8192, LOOK_MS = 100 };

static volatile sig_atomic_t interrupted;

static void interrupt(int number) {
  (void)number;
  interrupted = 1;
}

static void show_bill(const mete_call *call) {
  const mete_end *end = mete_call_end(call);
  const mete_bill *bill = mete_call_bill(call);
  if (end->status != METE_STATUS_OK) printf("\n[%s (%s): %s]", mete_status_name(end->status), end->detail.data, end->text.data);
  if (!bill) return;
  printf("\n[%llu tokens in, %llu out, %.1f million multiply-accumulates, %.2f s, %llu millionths of %s]\n",
         (unsigned long long)bill->tokens_in, (unsigned long long)bill->tokens_out, (double)bill->macs_total / 1e6,
         (double)bill->total_us / 1e6, (unsigned long long)bill->cost_micro, bill->currency.data);
}

/* One message and its answer; false if the call could not be made. */
static bool answer(mete_client *client, const char *model, const char *line, size_t length) {
  const mete_options options = {.model = model};
  const mete_generate_params params = {.chat = true, .max_tokens = 256};
  const mete_piece message = {METE_PIECE_TEXT, line, length};
  mete_call *call;
  mete_token token;
  mete_result result = mete_generate(client, &options, &params, &message, 1, &call);
  if (result != METE_DONE) {
    fprintf(stderr, "chat: %s\n", mete_result_name(result));
    return false;
  }
  interrupted = 0;
  /* Waiting in short steps, so that Ctrl-C is seen soon; a cancelled call still says its END and its bill. */
  while ((result = mete_next_token(call, LOOK_MS, &token)) == METE_DONE || result == METE_BLOCKED) {
    if (interrupted) mete_cancel(call);
    if (result == METE_BLOCKED) continue;
    (void)fwrite(token.text.data, 1, token.text.length, stdout);
    (void)fflush(stdout);
  }
  (void)mete_finish(call, -1);
  show_bill(call);
  bool good = mete_call_end(call)->status == METE_STATUS_OK || mete_call_end(call)->status == METE_STATUS_CANCELLED;
  mete_call_free(call);
  return good;
}

int main(int count, char **words) {
  const struct sigaction action = {.sa_handler = interrupt};
  char line[LINE_BYTES_MAX];
  mete_client *client = NULL;
  if (count < 2 || count > 3) {
    fprintf(stderr, "usage: chat unix:PATH|tcp:HOST:PORT [MODEL]\n");
    return 2;
  }
  mete_result result = mete_client_new(words[1], NULL, &client);
  if (result == METE_DONE) result = mete_connect(client, -1);
  if (result != METE_DONE) {
    fprintf(stderr, "chat: %s: %s\n", words[1], client ? mete_trouble(client)->text.data : mete_result_name(result));
    mete_client_free(client);
    return 1;
  }
  bool good = true, at_terminal = isatty(STDIN_FILENO) == 1;
  if (at_terminal) (void)sigaction(SIGINT, &action, NULL);
  for (;;) {
    if (at_terminal) printf("> ");
    (void)fflush(stdout);
    if (!fgets(line, sizeof line, stdin)) {
      if (!at_terminal || !interrupted || feof(stdin)) break;
      interrupted = 0;
      clearerr(stdin);
      continue;
    }
    size_t length = strcspn(line, "\n");
    if (length > 0) good = answer(client, count > 2 ? words[2] : NULL, line, length) && good;
  }
  (void)mete_client_close(client, 1000);
  mete_client_free(client);
  return good ? 0 : 1;
}
