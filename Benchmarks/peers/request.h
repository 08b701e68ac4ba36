/* A request of lines.py: flat JSON of strings, numbers, lists of numbers or strings, and lists of lists of numbers. */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct list {
  uint32_t *items;
  size_t count;
} list;

typedef struct lists {
  list *items;
  size_t count;
} lists;

typedef struct text {
  char *bytes; /* UTF-8 */
  size_t length;
} text;

typedef struct texts {
  text *items;
  size_t count;
} texts;

typedef struct request {
  char work[16], model[32], policy[16];
  uint64_t tokens, times, at_once, first_exit;
  double effort, threshold;
  lists inputs, arrivals; /* prompts or texts; prompts that come later */
  list at_ms;             /* when they come */
  texts texts;            /* that are no tokens yet */
} request;

/* What follows a key's colon, or NULL. */
static inline const char *value_of(const char *line, const char *key) {
  char quoted[32] = "\"";
  strcat(strncat(quoted, key, 24), "\":");
  const char *found = strstr(line, quoted);
  return found ? found + strlen(quoted) + strspn(found + strlen(quoted), " ") : NULL;
}

static inline uint64_t number_of(const char *line, const char *key) {
  const char *at = value_of(line, key);
  return at ? strtoull(at, NULL, 10) : 0;
}

/* Reads `[1, 2]`; NULL if it is none, or there is no memory. */
static inline const char *read_list(const char *at, list *to) {
  size_t room = 1;
  if (!at || *at != '[') return NULL;
  for (const char *end = at; *end && *end != ']'; end++) room += *end == ',';
  *to = (list){malloc(room * sizeof *to->items), 0};
  if (!to->items) return NULL;
  for (at++; *at && *at != ']';) {
    char *end;
    to->items[to->count++] = (uint32_t)strtoul(at, &end, 10);
    if (end == at) return NULL;
    at = end + strspn(end, ", ");
  }
  return *at ? at + 1 : NULL;
}

/* Reads `[[1, 2], [3]]`; an absent one is empty. */
static inline bool read_lists(const char *at, lists *to) {
  *to = (lists){NULL, 0};
  if (!at) return true;
  if (*at++ != '[') return false;
  while (at && *at == '[') {
    list *more = realloc(to->items, (to->count + 1) * sizeof *more);
    if (!more) return false;
    to->items = more;
    at = read_list(at, &to->items[to->count]);
    to->count++;
    if (at) at += strspn(at, ", ");
  }
  return at && *at == ']';
}

/* Reads `"word"`, without escapes; false if it is none, or too long. */
static inline bool read_word(const char *at, char *to, size_t room) {
  if (!at || *at != '"') return false;
  size_t length = strcspn(at + 1, "\"");
  if (length >= room) return false;
  memcpy(to, at + 1, length);
  return true;
}

/* Puts a code point as UTF-8. */
static inline char *put_utf8(char *to, uint32_t code) {
  if (code < 0x80) return *to++ = (char)code, to;
  int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  *to++ = (char)((0xFF00 >> (more + 1) & 0xFF) | code >> 6 * more);
  while (more--) *to++ = (char)(0x80 | (code >> 6 * more & 0x3F));
  return to;
}

static inline uint32_t read_hex(const char *at) {
  char digits[5] = "";
  return (uint32_t)strtoul(strncat(digits, at, 4), NULL, 16);
}

/* Reads `"a\n\u00e9"`; NULL if it is none, or there is no memory. No escape is shorter than what it stands for. */
static inline const char *read_text(const char *at, text *to) {
  static const char names[] = "bfnrt", named[] = "\b\f\n\r\t";
  *to = (text){NULL, 0};
  if (*at++ != '"') return NULL;
  const char *end = at;
  while (*end && *end != '"') end += *end == '\\' && end[1] ? 2 : 1;
  char *out = to->bytes = malloc((size_t)(end - at) + 1);
  if (!out || !*end) return NULL;
  while (at < end) {
    if (*at != '\\') {
      *out++ = *at++;
    } else if (at[1] == 'u') {
      uint32_t code = read_hex(at + 2);
      at += 6;
      if (code >> 10 == 0xD800 >> 10 && at[0] == '\\' && at[1] == 'u') {
        code = 0x10000 + ((code & 0x3FF) << 10) + (read_hex(at + 2) & 0x3FF);
        at += 6;
      }
      out = put_utf8(out, code);
    } else {
      const char *name = strchr(names, at[1]);
      *out++ = name ? named[name - names] : at[1];
      at += 2;
    }
  }
  to->length = (size_t)(out - to->bytes);
  return end + 1;
}

/* Reads `["a", "b"]`. */
static inline bool read_texts(const char *at, texts *to) {
  if (*at++ != '[') return false;
  while (at && *at == '"') {
    text *more = realloc(to->items, (to->count + 1) * sizeof *more);
    if (!more) return false;
    to->items = more;
    at = read_text(at, &to->items[to->count]);
    to->count++;
    if (at) at += strspn(at, ", ");
  }
  return at && *at == ']';
}

static inline bool request_read(const char *line, request *to) {
  *to = (request){
    .tokens = number_of(line, "tokens"), .times = number_of(line, "times"), .at_once = number_of(line, "at_once"), .effort = 1};
  const char *policy = value_of(line, "policy"), *threshold = value_of(line, "threshold");
  const char *model = value_of(line, "model"), *effort = value_of(line, "effort");
  const char *prompts = value_of(line, "prompts"), *given = value_of(line, "texts"), *at_ms = value_of(line, "at_ms");
  if (!read_word(value_of(line, "work"), to->work, sizeof to->work)) return false;
  if (model && !read_word(model, to->model, sizeof to->model)) return false;
  if (effort) to->effort = strtod(effort, NULL);
  if (policy && !read_word(policy, to->policy, sizeof to->policy)) return false;
  if (threshold) to->threshold = strtod(threshold, NULL);
  to->first_exit = number_of(line, "first_exit");
  if (given && given[0] == '[' && given[1] == '"') return read_texts(given, &to->texts);
  return read_lists(prompts ? prompts : given, &to->inputs) && to->inputs.count &&
         read_lists(value_of(line, "arrivals"), &to->arrivals) && (!at_ms || read_list(at_ms, &to->at_ms)) &&
         to->at_ms.count == to->arrivals.count;
}

static inline void request_free(request *one) {
  for (size_t i = 0; i < one->inputs.count; i++) free(one->inputs.items[i].items);
  for (size_t i = 0; i < one->arrivals.count; i++) free(one->arrivals.items[i].items);
  for (size_t i = 0; i < one->texts.count; i++) free(one->texts.items[i].bytes);
  free(one->texts.items);
  free(one->inputs.items);
  free(one->arrivals.items);
  free(one->at_ms.items);
}

#endif
