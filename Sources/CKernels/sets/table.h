// What a table holds; only the sets and table.c look inside.
#pragma once
#include "kernels.h"
#include "tiles.h"

struct ck_kernels {
  const char *name;
  void (*quantize)(const struct ck_quantized *out, const float *x, size_t stride, size_t inputs, size_t begin, size_t end);
  void (*multiply)(const struct ck_product *product, size_t begin, size_t end);
};

extern const struct ck_kernels ck_set_portable;
#if defined(__x86_64__)
extern const struct ck_kernels ck_set_avx2, ck_set_avx512, ck_set_avx512vnni;
#endif
