/* The scenarios that all clients share, against a live daemon:
 *   METE_ADDRESS=… METE_OTHER_ADDRESS=… METE_CONTROL=… ./scenarios < lines of scenarios_as_lines.py
 * clients/conformance/scenarios/README.md says what the steps mean; `daemon.py run` there gives the environment. */
#define _POSIX_C_SOURCE 200809L
#include "scenario_typed.h"

enum { LINE_BYTES_MAX = 1 << 20 };

static void do_client(step *s) {
  mete_settings settings = {.connect_ms = 30000, .attempts_max = (uint32_t)number(s, "attempts", 0)};
  settings.limits.stream_credit = number(s, "limit:stream_credit", 0);
  settings.limits.connection_credit = number(s, "limit:connection_credit", 0);
  if (settings.attempts_max) {
    settings.retry_base_ms = 50;
    settings.retry_max_ms = 500;
  }
  must(clients_count < CLIENTS_MAX, "too many clients");
  const char *address = getenv(strcmp(word_or(s, "over", "same"), "other") == 0 ? "METE_OTHER_ADDRESS" : "METE_ADDRESS");
  (void)snprintf(clients[clients_count].name, sizeof clients->name, "%s", word(s, "name"));
  clients[clients_count].attempts = settings.attempts_max ? settings.attempts_max : METE_ATTEMPTS_MAX;
  must(mete_client_new(address, &settings, &clients[clients_count].client) == METE_DONE, "no client");
  must(mete_connect(clients[clients_count++].client, PATIENCE_MS) == METE_DONE, "cannot connect");
}

static void do_close(step *s) {
  const size_t place = client_place(word(s, "name"));
  (void)mete_client_close(clients[place].client, 1000);
  mete_client_free(clients[place].client);
  clients[place] = clients[--clients_count];
}

static void do_control(step *s) { control(word(s, "name")); }

static void do_open(step *s) {
  must(calls_count < CALLS_MAX, "too many calls");
  begin(s, &calls[calls_count], false);
  calls_count++;
}

static void do_send(step *s) {
  outcome *o = call_named(word(s, "call"));
  const char *other = word(s, "numbers_of");
  if (other) {
    const outcome *from = call_named(other);
    CHECK(mete_send_tokens(o->call, from->numbers, from->numbers_count, PATIENCE_MS) == METE_DONE);
    return;
  }
  bytes message = from_hex(word(s, "message"));
  CHECK(mete_send_value(o->call, message.data, message.length, PATIENCE_MS) == METE_DONE);
  free(message.data);
}

static void do_unsendable(step *s) {
  bytes message = from_hex(word(s, "message"));
  mete_result result = mete_send_value(call_named(word(s, "call"))->call, message.data, message.length, PATIENCE_MS);
  CHECK(result == METE_TOO_LARGE || result == METE_OVER);
  free(message.data);
}

static void do_feed(step *s) {
  outcome *o = call_named(word(s, "call"));
  bytes message = from_hex(word(s, "message"));
  o->feed = message.data;
  o->feed_length = message.length;
  o->feed_left = number(s, "times", 1);
  pump();
}

static void do_feeding(step *s) { CHECK(call_named(word(s, "name"))->feed_left > 0); }
static void do_half_close(step *s) { mete_half_close(call_named(word(s, "name"))->call); }
static void do_cancel(step *s) { mete_cancel(call_named(word(s, "name"))->call); }

static void do_read(step *s) {
  outcome *o = call_named(word(s, "call"));
  o->shape = word(s, "like");
  const size_t listed = number(s, "messages", 0), count = number(s, "count", listed);
  for (size_t i = 0; i < count; i++) {
    mete_item item;
    if (!CHECK(take(o, PATIENCE_MS, &item))) return;
    const char *hex = nth(s, "message", i);
    if (hex) CHECK(is_hex((mete_text){(const char *)item.message, item.length}, hex));
  }
  CHECK(o->alike);
}

static void do_finish(step *s) {
  outcome *o = call_named(word(s, "call"));
  o->shape = word(s, "like");
  exhaust(o);
  check_outcome(s, o, find_call);
}

static void do_ask(step *s) {
  outcome o;
  begin_whole(s, &o);
  exhaust(&o);
  check_outcome(s, &o, find_call);
  forget(&o);
}

static void do_parallel(step *s) {
  const size_t times = number(s, "times", 1);
  const char *some = word(s, "some");
  outcome *all = memory(NULL, times * sizeof *all);
  size_t over = 0, refused = 0;
  for (size_t i = 0; i < times; i++) begin_whole(s, &all[i]);
  for (const int64_t end = now_ms() + PATIENCE_MS; over < times && now_ms() < end;) {
    over = 0;
    for (size_t i = 0; i < times; i++) {
      mete_item item;
      while (!all[i].over && take(&all[i], 0, &item)) continue;
      over += all[i].over;
    }
    if (over < times) mete_wait(all[0].client, 20);
  }
  for (size_t i = 0; i < times; i++) {
    const mete_end *end = mete_call_end(all[i].call);
    if (some && end && mete_text_is(end->detail, some)) {
      refused++;
      CHECK(mete_call_attempts(all[i].call) == 1 && mete_call_bill(all[i].call) && mete_call_bill(all[i].call)->macs_total == 0);
    } else {
      check_outcome(s, &all[i], find_call);
    }
    forget(&all[i]);
  }
  CHECK(refused < times && (refused > 0) == (some != NULL));
  free(all);
}

static const struct {
  const char *name;
  void (*run)(step *s);
} verbs[] = {
    {"client", do_client},   {"close", do_close},       {"control", do_control},   {"open", do_open},       {"send", do_send},
    {"feed", do_feed},       {"feeding", do_feeding},   {"unsendable", do_unsendable}, {"half_close", do_half_close}, {"cancel", do_cancel},
    {"read", do_read},       {"finish", do_finish},     {"ask", do_ask},           {"parallel", do_parallel}, {"ask_bill", do_ask_bill},
    {"ping", do_ping},       {"health", do_health},     {"models", do_models},     {"reflect", do_reflect}, {"tokens", do_tokens},
    {"vectors", do_vectors},
};

static void play(char *line) {
  step s = read_step(line);
  size_t verb = 0, last = sizeof verbs / sizeof *verbs;
  while (verb < last && s.verb && strcmp(verbs[verb].name, s.verb) != 0) verb++;
  must(s.verb && verb < last, "a step that this program does not know");
  verbs[verb].run(&s);
  check_all_used(&s);
}

static void set_up(const char *daemon) {
  char words[64], line[] = "client name=main";
  (void)snprintf(words, sizeof words, "with %s", daemon);
  control(words);
  play(line);
  (void)alarm(PATIENCE_MS / 1000); /* No scenario takes so long unless it hangs. */
}

static void tear_down(void) {
  for (size_t i = 0; i < calls_count; i++) forget(&calls[i]);
  for (size_t i = 0; i < clients_count; i++) mete_client_free(clients[i].client);
  calls_count = clients_count = ids_count = 0;
}

int main(void) {
  static char line[LINE_BYTES_MAX], name[64], daemon[32];
  unsigned count = 0;
  must(getenv("METE_ADDRESS") && getenv("METE_OTHER_ADDRESS") && getenv("METE_CONTROL"), "the environment of daemon.py run is missing");
  while (fgets(line, sizeof line, stdin)) {
    const unsigned before = failures;
    must(strchr(line, '\n') && sscanf(line, "scenario %63s %31s", name, daemon) == 2, "a scenario was expected");
    scenario = name;
    count++;
    set_up(daemon);
    while (fgets(line, sizeof line, stdin) && strcmp(line, "end\n") != 0) {
      must(strchr(line, '\n') != NULL, "a line is too long");
      if (failures == before) play(line);
    }
    tear_down();
    if (failures > before) printf("%s: failed\n", scenario);
  }
  printf("%u scenarios, %u checks, %u failed\n", count, checks, failures);
  return failures || count == 0 ? 1 : 0;
}
