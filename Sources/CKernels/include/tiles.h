#ifndef CKERNELS_TILES_H
#define CKERNELS_TILES_H
#include <stddef.h>
#include <stdint.h>

#include "kernels.h"

// Matrices as tiles of 16 output rows, so that one 16-lane vector holds a column of a tile, and their products with rows of
// activations. Letters: O outputs, K inputs, R rows, T = ceil(O / 16) tiles, G = ceil(K / 32) groups.
//
// A tile's bytes, for each format; inputs beyond K and outputs beyond O are stored as what multiplies to 0:
//   f32         [K][16] float
//   bf16        [ceil(K/2)][16][2] upper halves of floats
//   int8        [16] float scales d, then [ceil(K/4)][16][4] bytes u;                weight = d · (u − 128)
//   int8_group  [ceil(G/2)] × { [2][16] binary16 scales d, [2][8][16][4] bytes u }, a scale for every 32 inputs; the last
//               block is shorter if G is odd. Scales lie beside their bytes so that memory is read in one stream.
//   int4_group  [G] × { [16] binary16 scales d, [16] binary16 minima m, [4][16][4] bytes };  weight = d · nibble + m.
//               Byte [v][o][j] holds input 4v + j of the group in its low nibble and input 16 + 4v + j in its high one.
// Every tile begins at a multiple of 64 bytes.

enum ck_format { ck_f32, ck_bf16, ck_int8, ck_int8_group, ck_int4_group };
enum { ck_tile_outputs = 16, ck_group_inputs = 32 };

/// A packed matrix.
struct ck_matrix {
  enum ck_format format;
  size_t outputs, inputs;
  const uint8_t *tiles;
};

/// Tiles of a matrix.
size_t ck_tiles(size_t outputs);

/// Bytes of one tile.
size_t ck_tile_bytes(enum ck_format format, size_t inputs);

/// Bytes of quantized activations per row: K rounded up to whole groups of 32.
size_t ck_quantized_width(size_t inputs);

/// Activations as signed bytes: x ≈ scale · q, with one scale for a row (groups 1) or for every 32 inputs.
struct ck_quantized {
  /// (R, ck_quantized_width(K)); inputs beyond K are 0.
  int8_t *q;
  /// (R, groups).
  float *scale;
  /// (R, groups): −128 · Σq, where a sum over bytes u = weight + 128 begins.
  int32_t *start;
  /// (R, groups): scale · Σq, which a group's minimum is multiplied with.
  float *offset;
  size_t groups;
};

/// Quantizes rows begin ..< end: largest magnitude to 127, rounding to nearest even.
///
/// x: (R, K) with `stride` floats from row to row.
void ck_quantize(const struct ck_kernels *set, const struct ck_quantized *out, const float *x, size_t stride,
                 size_t inputs, size_t begin, size_t end);

/// What becomes of a product on its way to memory.
enum ck_epilogue {
  /// y = W · x + bias
  ck_store,
  /// y = y + W · x + bias
  ck_accumulate,
};

/// One product: y (R, O) of `rows` rows.
struct ck_product {
  struct ck_matrix matrix;
  size_t rows;
  /// Activations of float formats: (R, K), `x_stride` floats from row to row.
  const float *x;
  size_t x_stride;
  /// Activations of integer formats: one scale a row for int8, one a group for the others.
  struct ck_quantized quantized;
  /// (O), or NULL.
  const float *bias;
  enum ck_epilogue epilogue;
  float *y;
  size_t y_stride;
};

/// Computes tiles begin ..< end of a product: any split of the tiles gives the same bits.
void ck_multiply(const struct ck_kernels *set, const struct ck_product *product, size_t begin, size_t end);

/// The same in plain C, one output after the other, with double sums: what ck_multiply is compared with.
void ck_multiply_reference(const struct ck_product *product);

/// Packs `outputs` rows of `inputs` floats, `stride` floats from row to row, into tiles begin ..< end.
///
/// Integer formats are quantized here: int8 to the largest magnitude of an output, int8_group to that of 32 inputs,
/// int4_group to the range of 32 inputs.
void ck_pack(enum ck_format format, const float *weights, size_t stride, size_t outputs, size_t inputs, uint8_t *tiles,
             size_t begin, size_t end);

/// Packs rows that are stored as GGUF blocks of 32 without changing a weight: Q8_0 to int8_group, Q4_0 and Q4_1 to int4_group.
///
/// `block_bytes` tells which: 34, 18 or 20. `inputs` is a multiple of 32.
void ck_pack_blocks(size_t block_bytes, const uint8_t *blocks, size_t outputs, size_t inputs, uint8_t *tiles,
                    size_t begin, size_t end);

/// Unpacks one output row to `inputs` floats.
void ck_unpack_row(const struct ck_matrix *matrix, size_t output, float *row);
#endif
