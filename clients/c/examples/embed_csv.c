/* Embeds a column of a CSV file: embed_csv ADDRESS MODEL COLUMN VECTORS < FILE.csv
 *
 * The first row names the columns. VECTORS gets one vector a row: float32 in this machine's byte order, nothing between. A
 * bar shows how far it is, and the bill what it cost. Quoted fields may hold commas, quotes ("") and line ends. */
#define _POSIX_C_SOURCE 200809L
#include "mete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIELD_BYTES_MAX = 16384, BAR = 40 };

/* All texts one after the other, each with a NUL behind it. */
typedef struct column {
  char *texts;
  size_t used, room, count;
} column;

static bool keep(column *c, const char *text, size_t length) {
  if (c->room - c->used < length + 1) {
    size_t room = 2 * c->room + length + 1;
    char *grown = realloc(c->texts, room);
    if (!grown) return false;
    c->texts = grown;
    c->room = room;
  }
  memcpy(c->texts + c->used, text, length);
  c->texts[c->used + length] = 0;
  c->used += length + 1;
  c->count++;
  return true;
}

/* Reads one field; what ended it: a comma, a line end or EOF. A field over FIELD_BYTES_MAX is cut. */
static int read_field(FILE *from, char *to, size_t *length) {
  bool quoted = false;
  *length = 0;
  for (int c; (c = getc(from)) != EOF;) {
    if (c == '"') {
      int next = quoted ? getc(from) : 0;
      if (!quoted || next != '"') {
        if (quoted && next != EOF) (void)ungetc(next, from);
        quoted = !quoted;
        continue;
      }
    }
    if (!quoted && (c == ',' || c == '\n')) return c;
    if (c == '\r' && !quoted) continue;
    if (*length < FIELD_BYTES_MAX) to[(*length)++] = (char)c;
  }
  return EOF;
}

/* Gathers the named column; false if the header does not have it. */
static bool read_column(FILE *from, const char *name, column *into) {
  static char field[FIELD_BYTES_MAX];
  size_t length, wanted = SIZE_MAX, at = 0;
  int end;
  do {
    end = read_field(from, field, &length);
    if (length == strlen(name) && memcmp(field, name, length) == 0) wanted = at;
    at++;
  } while (end == ',');
  if (wanted == SIZE_MAX) return false;
  for (at = 0; end != EOF; at = end == ',' ? at + 1 : 0) {
    end = read_field(from, field, &length);
    bool nothing = end != ',' && at == 0 && length == 0; /* an empty line, or the end of the file */
    if (at == wanted && !nothing && !keep(into, field, length)) return false;
  }
  return true;
}

static void show_progress(size_t done, size_t all) {
  static const char full[BAR + 1] = "########################################";
  int filled = all ? (int)(done * BAR / all) : BAR;
  if (isatty(STDERR_FILENO) || done == all) fprintf(stderr, "\r[%-*.*s] %zu of %zu", BAR, filled, full, done, all);
}

/* Reads one vector and writes it. */
static mete_result take_vector(mete_call *call, FILE *to, size_t *done, size_t *width, size_t all) {
  mete_vector vector;
  mete_result result = mete_next_vector(call, -1, &vector);
  if (result != METE_DONE) return result;
  *width = vector.count;
  show_progress(++*done, all);
  return fwrite(vector.values, sizeof *vector.values, vector.count, to) == vector.count ? METE_DONE : METE_WRONG;
}

/* Sends texts as credit allows, and reads vectors when they wait or it does not. */
static bool embed(mete_client *client, const char *model, const column *c, FILE *to) {
  const mete_options options = {.model = model};
  const mete_embed_params params = {.truncate = true};
  const char *text = c->texts;
  size_t done = 0, width = 0;
  mete_call *call;
  mete_result result = mete_embed(client, &options, &params, NULL, 0, &call);
  if (result != METE_DONE) return false;
  for (size_t i = 0; i < c->count && result == METE_DONE; i++, text += strlen(text) + 1) {
    /* Bytes, not text: a wrong character in a file costs that character, not the call. */
    while ((result = mete_send_bytes(call, text, strlen(text), -1)) == METE_BLOCKED)
      if (take_vector(call, to, &done, &width, c->count) != METE_DONE) break;
  }
  mete_half_close(call);
  while (take_vector(call, to, &done, &width, c->count) == METE_DONE) continue;
  (void)mete_finish(call, -1);
  const mete_end *end = mete_call_end(call);
  const mete_bill *bill = mete_call_bill(call);
  bool good = end->status == METE_STATUS_OK && done == c->count;
  if (!good) fprintf(stderr, "\nembed_csv: %s: %s\n", end->detail.data, end->text.data);
  if (good && bill)
    fprintf(stderr, "\n%zu vectors of %zu, %llu tokens, %llu millionths of %s\n", done, width, (unsigned long long)bill->tokens_in,
            (unsigned long long)bill->cost_micro, bill->currency.data);
  mete_call_free(call);
  return good;
}

int main(int count, char **words) {
  column texts = {0};
  mete_client *client = NULL;
  if (count != 5) {
    fprintf(stderr, "usage: embed_csv unix:PATH|tcp:HOST:PORT MODEL COLUMN VECTORS < FILE.csv\n");
    return 2;
  }
  bool good = read_column(stdin, words[3], &texts);
  if (!good) fprintf(stderr, "embed_csv: there is no column %s\n", words[3]);
  FILE *to = good ? fopen(words[4], "wb") : NULL;
  good = good && to && mete_client_new(words[1], NULL, &client) == METE_DONE && embed(client, words[2], &texts, to);
  if (to && fclose(to) != 0) good = false;
  mete_client_free(client);
  free(texts.texts);
  return good ? 0 : 1;
}
