// What a feed-forward layer takes on one core, whole and by the experts that rows pick, for every weight format. Built and run
// by Benchmarks/kernels.py; each line is a JSON object with seconds.
//
// The layer is MiniLM's: 384 wide, 96 experts of 16 neurons with ReLU. Rows pick their experts by chance, each with the same
// probability, which is the hardest case: neighbours share nothing; or all rows pick those of the first, which is the most that
// stepping rows together that share experts could come to. Where it takes too many of them, the engine computes all and masks
// those of others. The layer whole, by experts and masked are timed in turns by the thread's own clock, and the best of several
// runs counts.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "CKernels.h"

enum { runs = 15, width = 384, experts = 96, size = 16, neurons = experts * size };

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *room(size_t bytes) {
  void *start = aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (!start) exit(1);
  memset(start, 0, bytes);
  return start;
}

// The same numbers on every machine.
static uint64_t state = 1;
static double chance(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (double)(state >> 40) / (double)(1 << 24);
}

static float *numbers(size_t count) {
  float *x = room(4 * count);
  for (size_t i = 0; i < count; i++) x[i] = (float)(chance() - 0.5);
  return x;
}

static uint8_t *pack(enum ck_format format, size_t outputs, size_t inputs) {
  float *weights = numbers(outputs * inputs);
  uint8_t *tiles = room(ck_tiles(outputs) * ck_tile_bytes(format, inputs));
  ck_pack(format, weights, inputs, outputs, inputs, tiles, 0, ck_tiles(outputs));
  free(weights);
  return tiles;
}

static struct ck_quantized bytes_of(enum ck_format format, size_t rows, size_t inputs) {
  const size_t groups = format == ck_int8 ? 1 : (inputs + 31) / 32;
  return (struct ck_quantized){room(rows * ck_quantized_width(inputs)), room(4 * rows * groups), room(4 * rows * groups),
                               room(4 * rows * groups), groups};
}

static void release(struct ck_quantized q) { free(q.q), free(q.scale), free(q.start), free(q.offset); }

// Sets so many of a row's experts, each as likely as the others.
static void pick(uint8_t *mask, size_t count) {
  for (size_t left = experts, e = 0; e < experts; e++, left--) {
    mask[e] = chance() * (double)left < (double)count;
    count -= mask[e];
  }
}

static const double shares[] = {0.1, 0.2, 0.4, 0.6, 0.8, 1};
static const char *const names[] = {"f32", "bf16", "int8", "int8_group", "int4_group"};

static void measure(const struct ck_kernels *set, enum ck_format format, size_t rows, double share, bool alike) {
  const int whole_bytes = format >= ck_int8;
  float *x = numbers(rows * width), *hidden = room(4 * rows * neurons), *y = room(4 * rows * width);
  uint8_t *up = pack(format, neurons, width), *down = pack(format, width, neurons);
  struct ck_quantized in = bytes_of(format, rows, width), between = bytes_of(format, rows, neurons);
  if (whole_bytes) ck_quantize(set, &in, x, width, width, 0, rows);
  struct ck_chosen chosen = {.rows = rows, .experts = experts, .size = size, .masks = room(rows * experts),
                             .row_starts = room(4 * (experts + 1)), .rows_of = room(4 * rows * experts),
                             .bits = room(16 * rows),
                             .listed = room(sizeof(struct ck_listed) * ck_lists(rows, experts, size))};
  for (size_t r = 0; r < rows; r++) {
    if (alike && r > 0) {
      memcpy(chosen.masks + r * experts, chosen.masks, experts);
    } else {
      pick(chosen.masks + r * experts, (size_t)(share * experts + 0.5));
    }
  }
  const struct ck_product into = {{format, neurons, width, up}, rows, x, width, in, NULL, ck_store, hidden, neurons};
  const struct ck_product from = {{format, width, neurons, down}, rows, hidden, neurons, between, NULL, ck_store, y, width};
  const struct ck_quantized *bytes = whole_bytes ? &between : NULL;
  double whole = 1e9, masked = 1e9, parts[4] = {1e9, 1e9, 1e9, 1e9};
  for (int run = 0; run < runs; run++) {
    const int times = 1 + 2000 / (int)rows;
    double took[4] = {0}, all = 0, all_masked = 0;
    for (int t = 0; t < times; t++) {
      double at[7] = {seconds()};
      ck_multiply(set, &into, 0, ck_tiles(neurons));
      for (size_t r = 0; r < rows; r++) ck_relu(set, hidden + r * neurons, neurons);
      if (bytes) ck_quantize(set, bytes, hidden, neurons, neurons, 0, rows);
      ck_multiply(set, &from, 0, ck_tiles(width));
      at[1] = seconds();
      ck_mark_chosen(&chosen);
      ck_list_chosen(&chosen, format);
      at[2] = seconds();
      ck_multiply_into_experts(set, &into, &chosen, 0, ck_tiles(neurons));
      at[3] = seconds();
      ck_activate_experts(set, bytes, ck_rectify, &chosen, format, hidden, hidden, 0, rows);
      at[4] = seconds();
      ck_multiply_from_experts(set, &from, &chosen, 0, ck_tiles(width));
      at[5] = seconds();
      ck_mark_chosen(&chosen);
      ck_multiply(set, &into, 0, ck_tiles(neurons));
      chosen.reads_all = true;
      ck_activate_experts(set, bytes, ck_rectify, &chosen, format, hidden, hidden, 0, rows);
      ck_multiply(set, &from, 0, ck_tiles(width));
      at[6] = seconds();
      all_masked += at[6] - at[5];
      all += at[1] - at[0];
      for (int i = 0; i < 4; i++) took[i] += at[i + 2] - at[i + 1];
    }
    if (all / times < whole) whole = all / times;
    if (all_masked / times < masked) masked = all_masked / times;
    for (int i = 0; i < 4; i++)
      if (took[i] / times < parts[i]) parts[i] = took[i] / times;
  }
  printf("{\"format\": \"%s\", \"rows\": %zu, \"share\": %g, \"alike\": %s, \"whole\": %.6g, \"masked\": %.6g, \"lists\": %.6g, \"into\": %.6g, "
         "\"between\": %.6g, \"from\": %.6g}\n",
         names[format], rows, share, alike ? "true" : "false", whole, masked, parts[0], parts[1], parts[2], parts[3]);
  free(x), free(hidden), free(y), free(up), free(down), release(in), release(between);
  free(chosen.masks), free(chosen.row_starts), free(chosen.rows_of), free(chosen.bits), free(chosen.listed);
}

int main(int count, char **names_of_sets) {
  const struct ck_kernels *set = NULL;
  for (size_t i = 0; i < ck_kernels_count() && !set; i++)
    if (ck_kernels_run_here(ck_kernels_at(i)) && (count < 2 || !strcmp(ck_kernels_name(ck_kernels_at(i)), names_of_sets[1])))
      set = ck_kernels_at(i);
  if (!set) return 1;
  printf("{\"kernels\": \"%s\"}\n", ck_kernels_name(set));
  for (enum ck_format format = ck_f32; format <= ck_int4_group; format++)
    for (size_t rows = 16; rows <= 256; rows *= 16)
      for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        measure(set, format, rows, shares[i], false);
        if (shares[i] < 0.5) measure(set, format, rows, shares[i], true);
      }
  return 0;
}
