// How fast one core attends and computes activations, for every instruction set that this machine runs.
//
//   clang -O3 -ffp-contract=off -ISources/CKernels/include -ISources/CKernels/sets Sources/CKernels/*.c
//     Sources/CKernels/sets/*.c Benchmarks/kernels/attention.c -lm -lpthread -o /tmp/attention && /tmp/attention
//
// Each line is the best of seven runs by the thread's own clock, so that neighbours on the machine matter little.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "CKernels.h"

enum { runs = 7, count = 32 * 1536 };

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *numbers(size_t number) {
  float *x = aligned_alloc(64, (number * sizeof *x + 63) / 64 * 64);
  for (size_t i = 0; i < number; i++) x[i] = (float)(i * 2654435761u % 1009) / 1009 - 0.5f;
  return x;
}

struct shape {
  const char *name;
  size_t rows, seen, groups, sharing, width;
  bool causal, packs;
};

static const struct shape shapes[] = {
    {"SmolLM2 decode, 512 positions", 1, 512, 3, 3, 64, true, false},
    {"SmolLM2 decode, 4096 positions", 1, 4096, 3, 3, 64, true, false},
    {"SmolLM2 prefill, 128 rows to 512", 128, 385, 3, 3, 64, true, false},
    {"MiniLM, 8 tokens, with packing", 8, 8, 12, 1, 32, false, true},
    {"MiniLM, 32 tokens, with packing", 32, 32, 12, 1, 32, false, true},
    {"MiniLM, 128 tokens, with packing", 128, 128, 12, 1, 32, false, true},
};

static void measure_attention(const struct ck_kernels *set, const struct shape *s, enum ck_stored stored) {
  const size_t positions = s->causal ? s->seen + s->rows - 1 : s->seen, heads = s->groups * s->sharing;
  const size_t page = stored == ck_stored_int8 ? ck_page_floats_int8(s->groups, s->width)
                                               : ck_page_floats(s->groups, s->width);
  float *keys = numbers((positions + 15) / 16 * page), *values = numbers((positions + 15) / 16 * page);
  float *stored_rows = numbers(positions * s->groups * s->width);
  float *query = numbers(s->rows * heads * s->width), *out = numbers(s->rows * heads * s->width);
  const struct ck_store store = {keys, values, page, NULL, 0, stored_rows, stored_rows, s->groups * s->width,
                                 positions, s->groups, s->width, stored};
  ck_store_keys_values(set, &store);
  double macs = 0;
  for (size_t r = 0; r < s->rows; r++) macs += 2.0 * (double)(heads * s->width * (s->causal ? s->seen + r : s->seen));
  const int times = (int)(1e8 / macs) + 1;
  double best = 1e9;
  for (int run = 0; run < runs; run++) {
    const double start = seconds();
    for (int i = 0; i < times; i++) {
      if (s->packs) ck_store_keys_values(set, &store);
      for (size_t g = 0; g < s->groups; g++) {
        const struct ck_attend attend = {out, heads * s->width, query, heads * s->width, keys, values, page, NULL,
                                         s->rows, s->seen, s->causal, g, s->sharing, s->width, 0.125f, stored};
        ck_attend(set, &attend);
      }
    }
    const double time = (seconds() - start) / times;
    if (time < best) best = time;
  }
  printf("%-11s %-34s %-8s %8.1f µs %6.1f GFLOP/s\n", ck_kernels_name(set), s->name,
         stored == ck_stored_int8 ? "int8" : "float32", best * 1e6, 2 * macs / best * 1e-9);
  free(keys), free(values), free(stored_rows), free(query), free(out);
}

static void silu(const struct ck_kernels *set, float *x, const float *y) { ck_silu_multiply(set, x, y, count); }
static void gelu(const struct ck_kernels *set, float *x, const float *y) { (void)y, ck_gelu_erf(set, x, count); }
static void norm(const struct ck_kernels *set, float *x, const float *y) {
  ck_add_layer_norm(set, x, x, y, y, y, count / 384, 384, 1e-5f);
}
static void sum(const struct ck_kernels *set, float *x, const float *y) {
  x[0] = (float)ck_log_sum_exp(set, y, count);
}

static void measure_rows(const struct ck_kernels *set, const char *name,
                         void (*f)(const struct ck_kernels *, float *, const float *)) {
  float *x = numbers(count), *y = numbers(count);
  double best = 1e9;
  for (int run = 0; run < 5 * runs; run++) {
    const double start = seconds();
    f(set, x, y);
    const double time = seconds() - start;
    if (time < best) best = time;
  }
  printf("%-11s %-43s %8.1f µs %6.1f numbers/ns\n", ck_kernels_name(set), name, best * 1e6, count / best * 1e-9);
  free(x), free(y);
}

int main(void) {
  for (size_t k = 0; k < ck_kernels_count(); k++) {
    const struct ck_kernels *set = ck_kernels_at(k);
    if (!ck_kernels_run_here(set)) continue;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
      for (int stored = 0; stored < 2; stored++) measure_attention(set, shapes + i, (enum ck_stored)stored);
    measure_rows(set, "silu · up", silu);
    measure_rows(set, "gelu by erf", gelu);
    measure_rows(set, "add and layer norm, width 384", norm);
    measure_rows(set, "log Σ exp", sum);
  }
}
