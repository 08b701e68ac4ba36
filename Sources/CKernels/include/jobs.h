#ifndef CKERNELS_JOBS_H
#define CKERNELS_JOBS_H
#include "attention.h"
#include "experts.h"
#include "pool.h"
#include "rows.h"
#include "tiles.h"

// Kernels run by all workers of a pool. Each splits its work in a fixed way: products by tiles, the rest by rows. What is too
// small to be worth waking anyone is done by the caller alone; the bits are the same.

/// Who computes, with what.
struct ck_crew {
  struct ck_pool *pool;
  const struct ck_kernels *set;
};

/// ck_multiply over all tiles.
void ck_run_multiply(struct ck_crew crew, const struct ck_product *product);

/// ck_quantize over all rows.
void ck_run_quantize(struct ck_crew crew, const struct ck_quantized *out, const float *x, size_t stride, size_t inputs,
                     size_t rows);

// The next three write bytes too where `bytes` is not null, row by row while a row is still in the cache: what the product after
// them would do in a pass of its own.

/// y = rms_norm(x); with a residual, x += residual before.
void ck_run_rms_norm(struct ck_crew crew, const struct ck_quantized *bytes, float *y, float *x, const float *residual, const float *gain, size_t rows,
                     size_t width, float epsilon);

/// y = layer_norm(x); with a residual, x += residual before. bias may be null.
void ck_run_layer_norm(struct ck_crew crew, const struct ck_quantized *bytes, float *y, float *x, const float *residual, const float *gain,
                       const float *bias, size_t rows, size_t width, float epsilon);

/// An activation of rows × width numbers in place; `ck_silu_gate` takes tiles in pairs (gate, up) and leaves rows × width / 2
/// numbers, silu(gate) · up, row after row without gaps in `out`; the others have out = x.
void ck_run_activation(struct ck_crew crew, const struct ck_quantized *bytes, enum ck_activation kind, float *out, float *x, size_t rows, size_t width);

/// The means of the rows of texts: text t has the rows starts[t] up to ends[t] of x, at least one. y: (texts, width); x: (…, width).
void ck_run_means(struct ck_crew crew, float *y, const float *x, const size_t *starts, const size_t *ends, size_t texts, size_t width);

/// ck_multiply_into_experts over all tiles, cut so that every worker has as many pairs of row and expert.
void ck_run_into_experts(struct ck_crew crew, const struct ck_product *product, const struct ck_chosen *chosen);

/// ck_activate_experts over all rows.
void ck_run_expert_activation(struct ck_crew crew, const struct ck_quantized *bytes, enum ck_activation kind, const struct ck_chosen *chosen,
                              enum ck_format format, float *out, float *x);

/// ck_multiply_from_experts over all tiles.
void ck_run_from_experts(struct ck_crew crew, const struct ck_product *product, const struct ck_chosen *chosen);

/// Turns the heads of every row, as ck_rope.
void ck_run_rope(struct ck_crew crew, float *x, size_t stride, const float *cosines, const float *sines, size_t rows,
                 size_t heads, size_t width);

/// Attention tasks that write to different places, dealt out in turn.
void ck_run_attend(struct ck_crew crew, const struct ck_attend *tasks, size_t count);

/// Stores rows of different texts or sequences, dealt out in turn.
void ck_run_store(struct ck_crew crew, const struct ck_store *tasks, size_t count);

/// ck_pack, or ck_pack_blocks if block_bytes is not 0, by all workers.
void ck_run_pack(struct ck_crew crew, enum ck_format format, size_t block_bytes, const void *weights, size_t outputs,
                 size_t inputs, uint8_t *tiles);
#endif
