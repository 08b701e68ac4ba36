#include "CKernels.h"
#include "half.h"

// Nibble `nibble` with bit `j` of `high` on top of it.
static inline float five_bits(uint32_t nibble, uint32_t high, int j) {
  return (float)(nibble | (high >> j & 1) << 4);
}

void ck_decode_q5_0(const uint8_t *source, float *restrict target, size_t count) {
  for (size_t block = 0; block < count / 32; block++) {
    const float scale = half_to_float(load_16(source));
    const uint32_t high = load_32(source + 2);
    const uint8_t *quants = source + 6;
    for (int j = 0; j < 16; j++) target[j] = scale * (five_bits(quants[j] & 15, high, j) - 16);
    for (int j = 0; j < 16; j++)
      target[j + 16] = scale * (five_bits(quants[j] >> 4, high, j + 16) - 16);
    source += 22;
    target += 32;
  }
}

void ck_decode_q5_1(const uint8_t *source, float *restrict target, size_t count) {
  for (size_t block = 0; block < count / 32; block++) {
    const float scale = half_to_float(load_16(source));
    const float minimum = half_to_float(load_16(source + 2));
    const uint32_t high = load_32(source + 4);
    const uint8_t *quants = source + 8;
    for (int j = 0; j < 16; j++) target[j] = scale * five_bits(quants[j] & 15, high, j) + minimum;
    for (int j = 0; j < 16; j++)
      target[j + 16] = scale * five_bits(quants[j] >> 4, high, j + 16) + minimum;
    source += 24;
    target += 32;
  }
}

// Element i of a block whose high bits begin at `high` and whose nibbles follow them.
static int five_bits_reference(const uint8_t *high, size_t i) {
  const int pair = high[4 + i % 16];
  const int nibble = i < 16 ? pair % 16 : pair / 16;
  return nibble + (high[i / 8] >> i % 8) % 2 * 16;
}

void ck_decode_q5_0_reference(const uint8_t *source, float *restrict target, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const uint8_t *block = source + i / 32 * 22;
    const int quant = five_bits_reference(block + 2, i % 32);
    target[i] = half_to_float_reference(load_16(block)) * (float)(quant - 16);
  }
}

void ck_decode_q5_1_reference(const uint8_t *source, float *restrict target, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const uint8_t *block = source + i / 32 * 24;
    const int quant = five_bits_reference(block + 4, i % 32);
    target[i] = half_to_float_reference(load_16(block)) * (float)quant
                + half_to_float_reference(load_16(block + 2));
  }
}
