/* The steps that use a typed call of the client. */
#ifndef SCENARIO_TYPED_H
#define SCENARIO_TYPED_H

#include "scenario_stage.h"

static void do_ask_bill(step *s) {
  mete_client *client = clients[client_place(word_or(s, "client", "main"))].client;
  const uint8_t *id = id_named(word(s, "id"));
  const char *same = word(s, "same_as"), *detail = word(s, "detail");
  const bool eventually = word(s, "eventually");
  const mete_bill *bill = NULL;
  mete_call *call = NULL;
  mete_result result;
  /* The bill of a connection that was closed is there when the daemon has heard of the end. */
  const int64_t until = now_ms() + PATIENCE_MS;
  do {
    mete_call_free(call);
    must(mete_usage_bill(client, NULL, id, &call) == METE_DONE, "cannot ask for a bill");
    result = mete_next_bill(call, PATIENCE_MS, &bill);
  } while (result != METE_DONE && eventually && now_ms() < until);
  if (detail) {
    const mete_end *end = mete_call_end(call);
    CHECK(result == METE_OVER && end && mete_text_is(end->detail, detail) && end->status == (mete_status)number(s, "status", 0));
  } else if (CHECK(result == METE_DONE)) {
    if (same) CHECK(same_bill(bill, mete_call_bill(call_named(same)->call)));
    else check_bill(s, bill, id);
  }
  mete_call_free(call);
}

static void do_ping(step *s) {
  uint64_t answer_ms;
  CHECK(mete_ping(clients[client_place(word_or(s, "client", "main"))].client, PATIENCE_MS, &answer_ms) == METE_DONE);
}

static void do_health(step *s) {
  mete_call *call = NULL;
  mete_text status;
  must(mete_health(clients[0].client, NULL, &call) == METE_DONE, "cannot ask for health");
  if (CHECK(mete_next_health(call, PATIENCE_MS, &status) == METE_DONE)) CHECK(is_hex(status, word(s, "says")));
  mete_call_free(call);
}

static void do_models(step *s) {
  mete_call *call = NULL;
  mete_model model;
  size_t count = 0;
  must(mete_models(clients[0].client, NULL, &call) == METE_DONE, "cannot ask for models");
  for (const char *name; mete_next_model(call, PATIENCE_MS, &model) == METE_DONE; count++) {
    if (CHECK((name = nth(s, "name", count)) != NULL)) CHECK(is_hex(model.name, name));
  }
  CHECK(count == number(s, "names", 0));
  mete_call_free(call);
}

static void do_reflect(step *s) {
  mete_call *call = NULL;
  mete_reflection reflection;
  const char *name;
  must(mete_reflect(clients[0].client, NULL, &call) == METE_DONE, "cannot ask for reflection");
  if (CHECK(mete_next_reflection(call, PATIENCE_MS, &reflection) == METE_DONE)) {
    CHECK(reflection.methods_count == number(s, "methods", 0));
    for (size_t i = 0; (name = nth(s, "method", i)); i++) {
      bool found = false;
      for (size_t j = 0; j < reflection.methods_count; j++) found = found || is_hex(reflection.methods[j], name);
      CHECK(found);
    }
  }
  mete_call_free(call);
}

static void do_tokens(step *s) {
  bytes model = from_hex(word(s, "model")), text = from_hex(word(s, "text"));
  const mete_options options = {.model = (char *)model.data};
  const mete_piece piece = {METE_PIECE_TEXT, text.data, text.length};
  const outcome *wanted = call_named(word(s, "numbers_of"));
  mete_call *call = NULL;
  mete_ids some;
  size_t count = 0;
  must(mete_tokenize(clients[0].client, &options, METE_DEFAULT, &piece, 1, &call) == METE_DONE, "cannot tokenize");
  while (mete_next_ids(call, PATIENCE_MS, &some) == METE_DONE) {
    for (size_t i = 0; i < some.count; i++, count++) CHECK(count < wanted->numbers_count && some.items[i] == wanted->numbers[count]);
  }
  CHECK(count == wanted->numbers_count && count > 0);
  mete_call_free(call);
  free(model.data);
  free(text.data);
}

static void do_vectors(step *s) {
  bytes model = from_hex(word(s, "model")), texts[8] = {{NULL, 0}};
  const mete_options options = {.model = (char *)model.data};
  const size_t count = number(s, "texts", 0), width = number(s, "width", 0);
  mete_piece pieces[8];
  float *vectors = memory(NULL, count * width * sizeof *vectors);
  size_t found = 0, nearest[2] = {0, 0};
  double best = -2;
  mete_call *call = NULL;
  mete_vector vector;
  must(count <= 8, "too many texts");
  for (size_t i = 0; i < count; i++) {
    texts[i] = from_hex(nth(s, "text", i));
    pieces[i] = (mete_piece){METE_PIECE_TEXT, texts[i].data, texts[i].length};
  }
  must(mete_embed(clients[0].client, &options, NULL, pieces, count, &call) == METE_DONE, "cannot embed");
  for (; mete_next_vector(call, PATIENCE_MS, &vector) == METE_DONE; found++) {
    if (!CHECK(vector.count == width && vector.index == found && found < count)) break;
    memcpy(&vectors[found * width], vector.values, width * sizeof *vectors);
  }
  CHECK(found == count && mete_call_bill(call) && mete_call_bill(call)->tokens_out == count);
  for (size_t i = 0; i < found; i++) {
    for (size_t j = 0; j < i; j++) {
      double likeness = 0;
      for (size_t k = 0; k < width; k++) likeness += (double)vectors[i * width + k] * (double)vectors[j * width + k];
      if (likeness <= best) continue;
      best = likeness;
      nearest[0] = j;
      nearest[1] = i;
    }
  }
  char said[32];
  (void)snprintf(said, sizeof said, "%zu,%zu", nearest[0], nearest[1]);
  CHECK(strcmp(said, word(s, "nearest")) == 0);
  mete_call_free(call);
  for (size_t i = 0; i < count; i++) free(texts[i].data);
  free(model.data);
  free(vectors);
}

#endif
