#ifndef CKERNELS_ENGINE_H
#define CKERNELS_ENGINE_H
#include <stddef.h>
#include <stdint.h>

// The plain twins of the row kernels, in ten lines each: what tests compare those of rows.h and attention.h with.
// What a transformer layer does between its matrix products. Every function works on whole rows,
// allocates nothing, and sums in an order that does not depend on the number of rows.
// Letters: R rows, D width, H query heads, G key/value heads, W head width, T positions, P page size.

/// y[r][d] = x[r][d] / sqrt(mean(x[r]²) + epsilon) · gain[d]. x, y: (R, D); may be the same memory.
void ck_rms_norm_f32(float *y, const float *x, const float *gain, size_t rows, size_t width,
                     float epsilon);

/// y[r] = (x[r] − mean) / sqrt(variance + epsilon) · gain + bias. x, y: (R, D); may be the same.
void ck_layer_norm_f32(float *y, const float *x, const float *gain, const float *bias, size_t rows,
                       size_t width, float epsilon);

/// x[i] += y[i].
void ck_add_f32(float *x, const float *y, size_t count);

/// x[r][d] += bias[d]. x: (R, D).
void ck_add_bias_f32(float *x, const float *bias, size_t rows, size_t width);

/// gate[i] = silu(gate[i]) · up[i].
void ck_silu_multiply_f32(float *gate, const float *up, size_t count);

/// x[i] = x[i] · Φ(x[i]), with the error function.
void ck_gelu_erf_f32(float *x, size_t count);

/// GELU by its tanh approximation.
void ck_gelu_tanh_f32(float *x, size_t count);

/// x[i] = max(x[i], 0).
void ck_relu_f32(float *x, size_t count);

/// Rotates every head of every row: the pair (w, w + W/2) by position[r] · frequency[w]. x: (R, heads · W); frequency: (W/2).
void ck_rope_f32(float *x, const int32_t *position, const float *frequency, size_t rows,
                 size_t heads, size_t width);

/// One row's attention over positions 0 ..< T of its paged keys and values.
///
/// Position t lies in page pages[t / P] at slot t % P; a page holds P rows of G · W floats, and
/// page p begins at p · stride floats. query, out: (H, W); scores: scratch of T floats.
void ck_attention_f32(float *out, const float *query, const float *keys, const float *values,
                      const int32_t *pages, size_t positions, size_t page_size, size_t stride,
                      size_t heads, size_t groups, size_t width, float scale, float *scores);
#endif
