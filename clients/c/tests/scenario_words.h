/* Steps of the scenarios as scenarios_as_lines.py writes them: a verb, then `key=word`. */
#ifndef SCENARIO_WORDS_H
#define SCENARIO_WORDS_H

#include "../mete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 96 };

typedef struct step {
  const char *verb;
  struct {
    const char *key, *word;
    bool used;
  } words[WORDS_MAX];
  size_t count;
} step;

static const char *scenario = "";
static unsigned failures, checks;

#define CHECK(claim) check((claim), #claim, __LINE__)

static bool check(bool good, const char *claim, int line) {
  checks++;
  if (good) return true;
  failures++;
  printf("%s:%d: %s\n", scenario, line, claim);
  return false;
}

/* Memory, or the end of the program: a test has nothing better to do. */
static void *memory(void *old, size_t bytes) {
  void *new = realloc(old, bytes ? bytes : 1);
  if (!new) {
    printf("no memory for %zu bytes\n", bytes);
    exit(2);
  }
  return new;
}

/* Cuts a line into a step, whose parts point into the line. */
static step read_step(char *line) {
  step s = {.verb = strtok(line, " \n")};
  for (char *word; (word = strtok(NULL, " \n")); s.count++) {
    char *equals = strchr(word, '=');
    if (!equals || s.count == WORDS_MAX) {
      printf("%s: cannot read %s\n", scenario, word);
      exit(2);
    }
    *equals = 0;
    s.words[s.count].key = word;
    s.words[s.count].word = equals + 1;
  }
  return s;
}

/* The `number`th word of a key, NULL if there is none. */
static const char *nth(step *s, const char *key, size_t number) {
  for (size_t i = 0; i < s->count; i++) {
    if (strcmp(s->words[i].key, key) != 0 || number-- > 0) continue;
    s->words[i].used = true;
    return s->words[i].word;
  }
  return NULL;
}

static const char *word(step *s, const char *key) { return nth(s, key, 0); }

static const char *word_or(step *s, const char *key, const char *otherwise) {
  const char *found = nth(s, key, 0);
  return found ? found : otherwise;
}

static uint64_t number(step *s, const char *key, uint64_t otherwise) {
  const char *found = word(s, key);
  return found ? strtoull(found, NULL, 10) : otherwise;
}

/* Nothing may be passed over in silence. */
static void check_all_used(const step *s) {
  for (size_t i = 0; i < s->count; i++) {
    if (!CHECK(s->words[i].used)) printf("%s: %s: nobody has asked for %s\n", scenario, s->verb, s->words[i].key);
  }
}

typedef struct bytes {
  uint8_t *data;
  size_t length;
} bytes;

/* Bytes from hex, with a NUL after them; free `data`. */
static bytes from_hex(const char *hex) {
  bytes b = {memory(NULL, strlen(hex) / 2 + 1), strlen(hex) / 2};
  for (size_t i = 0; i < b.length; i++) {
    const char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};
    b.data[i] = (uint8_t)strtoul(digits, NULL, 16);
  }
  b.data[b.length] = 0;
  return b;
}

/* Whether a text is what the hex says. */
static bool is_hex(mete_text text, const char *hex) {
  bytes wanted = from_hex(hex);
  bool same = text.length == wanted.length && (text.length == 0 || memcmp(text.data, wanted.data, text.length) == 0);
  free(wanted.data);
  return same;
}

#endif
