#include <math.h>
#include <string.h>

#include "CKernels.h"

static void put_half(uint8_t *p, float value) {
  const _Float16 half = (_Float16)value;
  memcpy(p, &half, sizeof half);
}

static float get_half(const uint8_t *p) {
  float value;
  ck_decode_f16(p, &value, 1);
  return value;
}

static float get_float(const uint8_t *p) {
  float value;
  memcpy(&value, p, sizeof value);
  return value;
}

static uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

// The upper half of a float, rounded to nearest even; what is not a number stays so.
static uint16_t bf16_of(float value) {
  const uint32_t bits = bits_of(value);
  if (isnan(value)) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

static uint8_t clamp(float value, float least, float most) {
  const float whole = rintf(value);
  return (uint8_t)(whole < least ? least : whole > most ? most : whole);
}

// Where the scale of an output's group lies.
static uint8_t *scale_of(enum ck_format format, uint8_t *tile, size_t o, size_t g) {
  return tile + (format == ck_int4_group ? g * 320 : g / 2 * 1088 + g % 2 * 32) + o * 2;
}

// Where weight (o, k) of a tile lies; for int4_group its nibble is the high one if k % 32 ≥ 16.
static size_t place(enum ck_format format, size_t o, size_t k) {
  const size_t g = k / 32, i = k % 32;
  switch (format) {
    case ck_f32: return (k * 16 + o) * 4;
    case ck_bf16: return (k / 2 * 32 + o * 2 + k % 2) * 2;
    case ck_int8: return 64 + k / 4 * 64 + o * 4 + k % 4;
    case ck_int8_group: return g / 2 * 1088 + 64 + k % 64 / 4 * 64 + o * 4 + k % 4;
    case ck_int4_group: return g * 320 + 64 + i % 16 / 4 * 64 + o * 4 + i % 4;
  }
  return 0;
}

static float peak_of(const float *x, size_t count) {
  float peak = 0;
  for (size_t i = 0; i < count; i++) peak = fmaxf(peak, fabsf(x[i]));
  return peak;
}

static void pack_int8(uint8_t *tile, size_t o, const float *x, size_t inputs) {
  const float scale = peak_of(x, inputs) / 127;
  memcpy(tile + o * 4, &scale, sizeof scale);
  for (size_t k = 0; k < inputs; k++)
    tile[place(ck_int8, o, k)] = scale > 0 ? clamp(x[k] / scale + 128, 1, 255) : 128;
}

static void pack_int8_group(uint8_t *tile, size_t o, const float *x, size_t inputs) {
  for (size_t start = 0; start < inputs; start += 32) {
    const size_t count = inputs - start < 32 ? inputs - start : 32;
    uint8_t *half = scale_of(ck_int8_group, tile, o, start / 32);
    put_half(half, peak_of(x + start, count) / 127);
    const float scale = get_half(half);
    for (size_t k = start; k < start + count; k++)
      tile[place(ck_int8_group, o, k)] = scale > 0 ? clamp(x[k] / scale + 128, 0, 255) : 128;
  }
}

static void put_nibble(uint8_t *tile, size_t o, size_t k, uint8_t nibble) {
  uint8_t *byte = tile + place(ck_int4_group, o, k);
  *byte = k % 32 < 16 ? (uint8_t)((*byte & 0xF0) | nibble) : (uint8_t)((*byte & 0x0F) | nibble << 4);
}

static void pack_int4_group(uint8_t *tile, size_t o, const float *x, size_t inputs) {
  for (size_t start = 0; start < inputs; start += 32) {
    const size_t count = inputs - start < 32 ? inputs - start : 32;
    float least = x[start], most = x[start];
    for (size_t k = start; k < start + count; k++) {
      least = fminf(least, x[k]);
      most = fmaxf(most, x[k]);
    }
    uint8_t *halves = scale_of(ck_int4_group, tile, o, start / 32);
    put_half(halves, (most - least) / 15);
    put_half(halves + 32, least);
    const float scale = get_half(halves), minimum = get_half(halves + 32);
    for (size_t k = start; k < start + count; k++)
      put_nibble(tile, o, k, scale > 0 ? clamp((x[k] - minimum) / scale, 0, 15) : 0);
  }
}

// What every weight is before it is packed: it multiplies to 0, so inputs and outputs beyond the matrix do.
static void clear(enum ck_format format, size_t inputs, uint8_t *tile) {
  const size_t bytes = ck_tile_bytes(format, inputs);
  memset(tile, 0, bytes);
  if (format == ck_int8) memset(tile + 64, 128, bytes - 64);
  if (format == ck_int8_group)
    for (size_t g = 0; g < ck_quantized_width(inputs) / 32; g++) memset(tile + place(format, 0, g * 32), 128, 512);
}

void ck_pack(enum ck_format format, const float *weights, size_t stride, size_t outputs, size_t inputs, uint8_t *tiles,
             size_t begin, size_t end) {
  const size_t bytes = ck_tile_bytes(format, inputs);
  for (size_t t = begin; t < end; t++) {
    uint8_t *tile = tiles + t * bytes;
    clear(format, inputs, tile);
    for (size_t o = 0; o < 16 && t * 16 + o < outputs; o++) {
      const float *x = weights + (t * 16 + o) * stride;
      switch (format) {
        case ck_f32:
          for (size_t k = 0; k < inputs; k++) memcpy(tile + place(format, o, k), x + k, 4);
          break;
        case ck_bf16:
          for (size_t k = 0; k < inputs; k++) {
            const uint16_t half = bf16_of(x[k]);
            memcpy(tile + place(format, o, k), &half, 2);
          }
          break;
        case ck_int8: pack_int8(tile, o, x, inputs); break;
        case ck_int8_group: pack_int8_group(tile, o, x, inputs); break;
        case ck_int4_group: pack_int4_group(tile, o, x, inputs); break;
      }
    }
  }
}

static void pack_q8_0(uint8_t *tile, size_t o, size_t g, const uint8_t *block) {
  memcpy(scale_of(ck_int8_group, tile, o, g), block, 2);
  for (size_t i = 0; i < 32; i++) tile[place(ck_int8_group, o, g * 32 + i)] = (uint8_t)(block[2 + i] ^ 0x80);
}

// Q4_0's weight is d · (q − 8), so its minimum is −8 d, which is exact in binary16 unless d is beyond 8,191.
static void pack_q4(uint8_t *tile, size_t o, size_t g, const uint8_t *block, size_t block_bytes) {
  uint8_t *halves = scale_of(ck_int4_group, tile, o, g);
  memcpy(halves, block, 2);
  if (block_bytes == 20) {
    memcpy(halves + 32, block + 2, 2);
  } else {
    put_half(halves + 32, -8 * get_half(block));
  }
  const uint8_t *pairs = block + block_bytes - 16;
  for (size_t i = 0; i < 16; i++) tile[place(ck_int4_group, o, g * 32 + i)] = pairs[i];
}

void ck_pack_blocks(size_t block_bytes, const uint8_t *blocks, size_t outputs, size_t inputs, uint8_t *tiles,
                    size_t begin, size_t end) {
  const enum ck_format format = block_bytes == 34 ? ck_int8_group : ck_int4_group;
  const size_t bytes = ck_tile_bytes(format, inputs), groups = inputs / 32;
  for (size_t t = begin; t < end; t++) {
    uint8_t *tile = tiles + t * bytes;
    clear(format, inputs, tile);
    for (size_t o = 0; o < 16 && t * 16 + o < outputs; o++) {
      for (size_t g = 0; g < groups; g++) {
        const uint8_t *block = blocks + ((t * 16 + o) * groups + g) * block_bytes;
        if (format == ck_int8_group) {
          pack_q8_0(tile, o, g, block);
        } else {
          pack_q4(tile, o, g, block, block_bytes);
        }
      }
    }
  }
}

void ck_unpack_row(const struct ck_matrix *matrix, size_t output, float *row) {
  const size_t inputs = matrix->inputs, o = output % 16;
  uint8_t *tile = (uint8_t *)matrix->tiles + output / 16 * ck_tile_bytes(matrix->format, inputs);
  for (size_t k = 0; k < inputs; k++) {
    const uint8_t *at = tile + place(matrix->format, o, k);
    switch (matrix->format) {
      case ck_f32: row[k] = get_float(at); break;
      case ck_bf16: ck_decode_bf16(at, row + k, 1); break;
      case ck_int8: row[k] = get_float(tile + o * 4) * (float)(*at - 128); break;
      case ck_int8_group: row[k] = get_half(scale_of(matrix->format, tile, o, k / 32)) * (float)(*at - 128); break;
      case ck_int4_group: {
        const uint8_t *halves = scale_of(matrix->format, tile, o, k / 32);
        row[k] = get_half(halves) * (float)(k % 32 < 16 ? *at & 15 : *at >> 4) + get_half(halves + 32);
        break;
      }
    }
  }
}

static float activation(const struct ck_product *p, size_t row, size_t k) {
  if (p->matrix.format == ck_f32 || p->matrix.format == ck_bf16) return p->x[row * p->x_stride + k];
  const size_t group = p->quantized.groups == 1 ? 0 : k / 32;
  return p->quantized.scale[row * p->quantized.groups + group]
         * (float)p->quantized.q[row * ck_quantized_width(p->matrix.inputs) + k];
}

void ck_multiply_reference(const struct ck_product *p) {
  float weights[p->matrix.inputs];
  for (size_t o = 0; o < p->matrix.outputs; o++) {
    ck_unpack_row(&p->matrix, o, weights);
    for (size_t r = 0; r < p->rows; r++) {
      double sum = p->bias ? p->bias[o] : 0;
      for (size_t k = 0; k < p->matrix.inputs; k++) sum += (double)weights[k] * activation(p, r, k);
      float *y = p->y + r * p->y_stride + o;
      *y = (float)(p->epilogue == ck_accumulate ? *y + sum : sum);
    }
  }
}
