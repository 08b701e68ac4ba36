#ifndef CKERNELS_ROWS_H
#define CKERNELS_ROWS_H
#include "kernels.h"

// What a transformer layer does between its matrix products, and what is asked of logits. `set` is one of the
// tables of kernels.h. Letters: R rows, D width, H heads, W head width.
// ck_*_f32 in engine.h are the plain references of most of these.

/// y[r][d] = x[r][d] / sqrt(mean(x[r]²) + epsilon) · gain[d]. x, y: (R, D); may be the same memory.
void ck_rms_norm(const struct ck_kernels *set, float *y, const float *x, const float *gain, size_t rows, size_t width,
                 float epsilon);

/// x += residual, then y = rms_norm(x). x, y, residual: (R, D); y may be x.
void ck_add_rms_norm(const struct ck_kernels *set, float *y, float *x, const float *residual, const float *gain,
                     size_t rows, size_t width, float epsilon);

/// y[r] = (x[r] − mean) / sqrt(variance + epsilon) · gain + bias. x, y: (R, D); may be the same. bias may be null.
void ck_layer_norm(const struct ck_kernels *set, float *y, const float *x, const float *gain, const float *bias,
                   size_t rows, size_t width, float epsilon);

/// x += residual, then y = layer_norm(x). x, y, residual: (R, D); y may be x, which is the post-norm of BERT.
void ck_add_layer_norm(const struct ck_kernels *set, float *y, float *x, const float *residual, const float *gain,
                       const float *bias, size_t rows, size_t width, float epsilon);

/// x[i] += y[i].
void ck_add(const struct ck_kernels *set, float *x, const float *y, size_t count);

/// x[r][d] += bias[d]. x: (R, D).
void ck_add_bias(const struct ck_kernels *set, float *x, const float *bias, size_t rows, size_t width);

/// gate[i] = silu(gate[i]) · up[i].
void ck_silu_multiply(const struct ck_kernels *set, float *gate, const float *up, size_t count);

/// What stands between the maps of a feed-forward layer: silu(gate) · up over tiles in pairs, GELU exactly or by tanh, max(x, 0).
enum ck_activation { ck_silu_gate, ck_gelu_exact, ck_gelu_by_tanh, ck_rectify };

/// y[i] = silu(x[2i]) · x[2i + 1] for runs of 16 numbers: x has `pairs` pairs of 16 gates and their 16 ups.
void ck_silu_pairs(const struct ck_kernels *set, float *y, const float *x, size_t pairs);

/// x[i] = x[i] · Φ(x[i]), with the error function.
void ck_gelu_erf(const struct ck_kernels *set, float *x, size_t count);

/// GELU by its tanh approximation.
void ck_gelu_tanh(const struct ck_kernels *set, float *x, size_t count);

/// x[i] = max(x[i], 0).
void ck_relu(const struct ck_kernels *set, float *x, size_t count);

/// x[i] = tanh(x[i]): the pooling of BERT's classifiers.
void ck_tanh(const struct ck_kernels *set, float *x, size_t count);

/// y[d] = the mean of x[r · stride + d] over `rows` rows, at least one, summed in double. y: (columns).
void ck_means(const struct ck_kernels *set, float *y, const float *x, size_t stride, size_t rows, size_t columns);

/// The turns of RoPE for the rows of one step, which every layer then shares: the cosine and the sine of
/// positions[r] · frequency[w], rounded to float32 first. cosines, sines: (R, half); frequency: (half), half = W / 2.
void ck_rope_turns(float *cosines, float *sines, const int32_t *positions, const float *frequency, size_t rows,
                   size_t half);

/// Turns `heads` heads of every row in place, each by pairs (w, w + W/2). Row r begins at x + r · stride floats, so that
/// the queries and keys inside one fused row can be turned where they lie. cosines, sines: (R, W / 2).
void ck_rope(const struct ck_kernels *set, float *x, size_t stride, const float *cosines, const float *sines,
             size_t rows, size_t heads, size_t width);

/// The first index of the largest value; NaNs are passed over, and 0 is what nothing or nothing but NaNs gives.
/// At most 2³¹ − 16 values.
size_t ck_argmax(const struct ck_kernels *set, const float *values, size_t count);

/// log Σ exp(values[i]), −∞ for no values.
double ck_log_sum_exp(const struct ck_kernels *set, const float *values, size_t count);
#endif
