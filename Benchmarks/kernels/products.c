// How fast one core multiplies, for every weight format, beside what the core itself can do. Built and run by
// Benchmarks/kernels.py; each line is a JSON object.
//
// Bounds are measured here too: the fused multiply-add of floats and the byte product on registers alone, and a plain
// read of memory. A figure is the best of several runs by the thread's own clock, so that neighbours matter little.
#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "CKernels.h"

enum { runs = 9, outputs = 1536, inputs = 576 };

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *room(size_t bytes) {
  void *start = aligned_alloc(1 << 21, (bytes + (1 << 21) - 1) >> 21 << 21);
  if (!start) exit(1);
  memset(start, 0, bytes);
  return start;
}

// Twelve sums that do not wait for each other, a number of instructions apart that no compiler may change.
__attribute__((target("avx512f"))) static double peak_floats(void) {
  const size_t times = 1 << 22;
  double best = 1e9;
  for (int run = 0; run < runs; run++) {
    __m512 s[12], a = _mm512_set1_ps(1e-9f), b = _mm512_set1_ps(0.5f);
    for (int i = 0; i < 12; i++) s[i] = _mm512_set1_ps((float)i);
    const double start = seconds();
    for (size_t t = 0; t < times; t++)
      for (int i = 0; i < 12; i++) __asm__ volatile("vfmadd231ps %1, %2, %0" : "+v"(s[i]) : "v"(a), "v"(b));
    const double took = seconds() - start;
    if (took < best) best = took;
  }
  return 2.0 * 16 * 12 * (double)times / best;
}

__attribute__((target("avx512f,avx512vnni"))) static double peak_bytes(void) {
  const size_t times = 1 << 22;
  double best = 1e9;
  for (int run = 0; run < runs; run++) {
    __m512i s[12], a = _mm512_set1_epi32(3), b = _mm512_set1_epi32(5);
    for (int i = 0; i < 12; i++) s[i] = _mm512_set1_epi32(i);
    const double start = seconds();
    for (size_t t = 0; t < times; t++)
      for (int i = 0; i < 12; i++) __asm__ volatile("vpdpbusd %1, %2, %0" : "+v"(s[i]) : "v"(a), "v"(b));
    const double took = seconds() - start;
    if (took < best) best = took;
  }
  return 2.0 * 64 * 12 * (double)times / best;
}

// Four streams through memory that no cache holds, in huge pages if the system gives them.
__attribute__((target("avx512f"))) static double peak_read(const uint8_t *memory, size_t bytes) {
  double best = 1e9;
  __m512i sum = _mm512_setzero_si512();
  for (int run = 0; run < runs; run++) {
    const double start = seconds();
    for (size_t i = 0; i < bytes; i += 256)
      for (int j = 0; j < 4; j++) sum = _mm512_xor_si512(sum, _mm512_load_si512(memory + i + 64 * (size_t)j));
    const double took = seconds() - start;
    if (took < best) best = took;
  }
  if (_mm512_reduce_or_epi32(sum) == 12345) puts("");
  return (double)bytes / best;
}

static const char *const names[] = {"f32", "bf16", "int8", "int8_group", "int4_group"};

static void measure(const struct ck_kernels *set, enum ck_format format, size_t rows, uint8_t *memory, size_t bytes) {
  const size_t tile = ck_tile_bytes(format, inputs), tiles = ck_tiles(outputs), matrix = tile * tiles;
  // From memory: as many matrices as fill it, each read once. From the cache: one, again and again.
  const size_t count = rows == 1 ? bytes / matrix : 1;
  const size_t groups = format == ck_int8 ? 1 : (inputs + 31) / 32, width = ck_quantized_width(inputs);
  float *x = room(4 * rows * inputs), *y = room(4 * rows * outputs);
  for (size_t i = 0; i < rows * inputs; i++) x[i] = (float)(i * 2654435761u % 1009) / 1009 - 0.5f;
  float *weights = room(4 * outputs * inputs);
  for (size_t i = 0; i < outputs * inputs; i++) weights[i] = (float)(i * 2246822519u % 2003) / 2003 - 0.5f;
  ck_pack(format, weights, inputs, outputs, inputs, memory, 0, tiles);
  for (size_t i = 1; i < count; i++) memcpy(memory + i * matrix, memory, matrix);
  struct ck_quantized q = {room(rows * width), room(4 * rows * groups), room(4 * rows * groups),
                           room(4 * rows * groups), groups};
  ck_quantize(set, &q, x, inputs, inputs, 0, rows);
  const int times = rows == 1 ? 1 : 40;
  double best = 1e9;
  for (int run = 0; run < runs; run++) {
    const double start = seconds();
    for (int t = 0; t < times; t++)
      for (size_t i = 0; i < count; i++) {
        const struct ck_product product = {{format, outputs, inputs, memory + i * matrix}, rows, x, inputs, q, NULL,
                                           ck_store, y, outputs};
        ck_multiply(set, &product, 0, tiles);
      }
    const double took = (seconds() - start) / (double)times / (double)count;
    if (took < best) best = took;
  }
  printf("{\"format\": \"%s\", \"rows\": %zu, \"operations\": %.6g, \"bytes\": %.6g}\n", names[format], rows,
         2.0 * (double)(rows * outputs * inputs) / best, (double)matrix / best);
  free(x), free(y), free(weights), free(q.q), free(q.scale), free(q.start), free(q.offset);
}

int main(void) {
  const struct ck_kernels *set = NULL;
  for (size_t i = 0; i < ck_kernels_count() && !set; i++)
    if (ck_kernels_run_here(ck_kernels_at(i))) set = ck_kernels_at(i);
  if (!set || !__builtin_cpu_supports("avx512vnni")) {
    fprintf(stderr, "the bounds are measured with AVX-512 VNNI, which this machine lacks\n");
    return 1;
  }
  const size_t bytes = (size_t)384 << 20;
  uint8_t *memory = room(bytes);
  printf("{\"kernels\": \"%s\", \"floats\": %.6g, \"byte_products\": %.6g, \"read\": %.6g}\n", ck_kernels_name(set),
         peak_floats(), peak_bytes(), peak_read(memory, bytes));
  for (enum ck_format format = ck_f32; format <= ck_int4_group; format++) {
    measure(set, format, 64, memory, bytes);
    measure(set, format, 1, memory, bytes);
  }
  return 0;
}
