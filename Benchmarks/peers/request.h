/* A request of lines.py: flat JSON of strings, numbers, lists of numbers and lists of lists of them. */
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

typedef struct request {
  char work[16];
  uint64_t tokens, times;
  lists inputs, arrivals; /* prompts or texts; prompts that come later */
  list at_ms;             /* when they come */
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

static inline bool request_read(const char *line, request *to) {
  *to = (request){.tokens = number_of(line, "tokens"), .times = number_of(line, "times")};
  const char *work = value_of(line, "work"), *prompts = value_of(line, "prompts"), *at_ms = value_of(line, "at_ms");
  if (!work || *work != '"') return false;
  size_t length = strcspn(work + 1, "\"");
  if (length >= sizeof to->work) return false;
  memcpy(to->work, work + 1, length);
  return read_lists(prompts ? prompts : value_of(line, "texts"), &to->inputs) && to->inputs.count &&
         read_lists(value_of(line, "arrivals"), &to->arrivals) && (!at_ms || read_list(at_ms, &to->at_ms)) &&
         to->at_ms.count == to->arrivals.count;
}

static inline void request_free(request *one) {
  for (size_t i = 0; i < one->inputs.count; i++) free(one->inputs.items[i].items);
  for (size_t i = 0; i < one->arrivals.count; i++) free(one->arrivals.items[i].items);
  free(one->inputs.items);
  free(one->arrivals.items);
  free(one->at_ms.items);
}

#endif
