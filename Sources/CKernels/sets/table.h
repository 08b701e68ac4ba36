// What a table holds; only the sets and the dispatchers (table.c, rows.c, attention.c) look inside.
#pragma once
#include "attention.h"
#include "experts.h"
#include "kernels.h"
#include "tiles.h"

struct ck_kernels {
  const char *name;
  void (*quantize)(const struct ck_quantized *out, const float *x, size_t stride, size_t inputs, size_t begin, size_t end);
  void (*multiply)(const struct ck_product *product, size_t begin, size_t end);

  // experts.h
  void (*choose)(struct ck_chosen *, const float *, size_t, const float *);
  void (*activate_experts)(const struct ck_quantized *, enum ck_activation, const struct ck_chosen *, enum ck_format, float *,
                           float *, size_t, size_t);
  void (*multiply_into_experts)(const struct ck_product *, const struct ck_chosen *, size_t, size_t);
  void (*multiply_from_experts)(const struct ck_product *, const struct ck_chosen *, size_t, size_t);

  // rows.h
  void (*rms_norm)(float *, const float *, const float *, size_t, size_t, float);
  void (*add_rms_norm)(float *, float *, const float *, const float *, size_t, size_t, float);
  void (*layer_norm)(float *, const float *, const float *, const float *, size_t, size_t, float);
  void (*add_layer_norm)(float *, float *, const float *, const float *, const float *, size_t, size_t, float);
  void (*add)(float *, const float *, size_t);
  void (*add_bias)(float *, const float *, size_t, size_t);
  void (*silu_multiply)(float *, const float *, size_t);
  void (*silu_pairs)(float *y, const float *x, size_t pairs);
  void (*gelu_erf)(float *, size_t);
  void (*gelu_tanh)(float *, size_t);
  void (*relu)(float *, size_t);
  void (*tanh)(float *, size_t);
  void (*means)(float *, const float *, size_t, size_t, size_t);
  void (*rope)(float *, size_t, const float *, const float *, size_t, size_t, size_t);
  size_t (*argmax)(const float *, size_t);
  double (*log_sum_exp)(const float *, size_t);

  // attention.h
  void (*store_keys_values)(const struct ck_store *);
  void (*attend)(const struct ck_attend *);
};

extern const struct ck_kernels ck_set_portable;
#if defined(__x86_64__)
extern const struct ck_kernels ck_set_avx2, ck_set_avx512, ck_set_avx512vnni;
#endif
