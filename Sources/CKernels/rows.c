#include "rows.h"

#include <math.h>

#include "sets/table.h"

void ck_rms_norm(const struct ck_kernels *set, float *y, const float *x, const float *gain, size_t rows, size_t width,
                 float epsilon) {
  set->rms_norm(y, x, gain, rows, width, epsilon);
}

void ck_add_rms_norm(const struct ck_kernels *set, float *y, float *x, const float *residual, const float *gain,
                     size_t rows, size_t width, float epsilon) {
  set->add_rms_norm(y, x, residual, gain, rows, width, epsilon);
}

void ck_layer_norm(const struct ck_kernels *set, float *y, const float *x, const float *gain, const float *bias,
                   size_t rows, size_t width, float epsilon) {
  set->layer_norm(y, x, gain, bias, rows, width, epsilon);
}

void ck_add_layer_norm(const struct ck_kernels *set, float *y, float *x, const float *residual, const float *gain,
                       const float *bias, size_t rows, size_t width, float epsilon) {
  set->add_layer_norm(y, x, residual, gain, bias, rows, width, epsilon);
}

void ck_add(const struct ck_kernels *set, float *x, const float *y, size_t count) { set->add(x, y, count); }

void ck_add_bias(const struct ck_kernels *set, float *x, const float *bias, size_t rows, size_t width) {
  set->add_bias(x, bias, rows, width);
}

void ck_silu_multiply(const struct ck_kernels *set, float *gate, const float *up, size_t count) {
  set->silu_multiply(gate, up, count);
}

void ck_silu_pairs(const struct ck_kernels *set, float *y, const float *x, size_t pairs) { set->silu_pairs(y, x, pairs); }

void ck_gelu_erf(const struct ck_kernels *set, float *x, size_t count) { set->gelu_erf(x, count); }

void ck_gelu_tanh(const struct ck_kernels *set, float *x, size_t count) { set->gelu_tanh(x, count); }

void ck_relu(const struct ck_kernels *set, float *x, size_t count) { set->relu(x, count); }

void ck_tanh(const struct ck_kernels *set, float *x, size_t count) { set->tanh(x, count); }

void ck_means(const struct ck_kernels *set, float *y, const float *x, size_t stride, size_t rows, size_t columns) {
  set->means(y, x, stride, rows, columns);
}

void ck_rope_turns(float *cosines, float *sines, const int32_t *positions, const float *frequency, size_t rows,
                   size_t half) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t w = 0; w < half; w++) {
      const float angle = (float)positions[r] * frequency[w];
      cosines[r * half + w] = cosf(angle);
      sines[r * half + w] = sinf(angle);
    }
  }
}

void ck_rope(const struct ck_kernels *set, float *x, size_t stride, const float *cosines, const float *sines,
             size_t rows, size_t heads, size_t width) {
  set->rope(x, stride, cosines, sines, rows, heads, width);
}

size_t ck_argmax(const struct ck_kernels *set, const float *values, size_t count) {
  return set->argmax(values, count);
}

double ck_log_sum_exp(const struct ck_kernels *set, const float *values, size_t count) {
  return set->log_sum_exp(values, count);
}
