#include "CKernels.h"
#include "half.h"

enum { super_elements = 256, q4_k_bytes = 144, q5_k_bytes = 176, q6_k_bytes = 210 };

typedef struct {
  float scale, minimum;
} group_scale;

// Scale and minimum of group g: the first four of each lie in the low six bits of bytes g and g + 4; the
// others have their low nibbles in bytes 8 to 11 and their upper two bits on top of the first ones.
static inline group_scale group_of(const uint8_t *block, int g) {
  const float d = half_to_float(load_16(block));
  const float e = half_to_float(load_16(block + 2));
  const uint8_t *packed = block + 4;
  int scale, minimum;
  if (g < 4) {
    scale = packed[g] & 63;
    minimum = packed[g + 4] & 63;
  } else {
    scale = (packed[g + 4] & 15) | (packed[g - 4] >> 6) << 4;
    minimum = packed[g + 4] >> 4 | (packed[g] >> 6) << 4;
  }
  return (group_scale){d * (float)scale, e * (float)minimum};
}

void ck_decode_q4_k(const uint8_t *source, float *restrict target, size_t count) {
  for (size_t block = 0; block < count / super_elements; block++) {
    const uint8_t *quants = source + 16;
    for (int g = 0; g < 8; g += 2) {
      const group_scale low = group_of(source, g), high = group_of(source, g + 1);
      for (int j = 0; j < 32; j++) target[j] = low.scale * (float)(quants[j] & 15) - low.minimum;
      for (int j = 0; j < 32; j++)
        target[j + 32] = high.scale * (float)(quants[j] >> 4) - high.minimum;
      quants += 32;
      target += 64;
    }
    source += q4_k_bytes;
  }
}

void ck_decode_q5_k(const uint8_t *source, float *restrict target, size_t count) {
  for (size_t block = 0; block < count / super_elements; block++) {
    const uint8_t *bits = source + 16;
    const uint8_t *quants = source + 48;
    for (int g = 0; g < 8; g += 2) {
      const group_scale low = group_of(source, g), high = group_of(source, g + 1);
      for (int j = 0; j < 32; j++) {
        const int quant = (quants[j] & 15) | (bits[j] >> g & 1) << 4;
        target[j] = low.scale * (float)quant - low.minimum;
      }
      for (int j = 0; j < 32; j++) {
        const int quant = quants[j] >> 4 | (bits[j] >> (g + 1) & 1) << 4;
        target[j + 32] = high.scale * (float)quant - high.minimum;
      }
      quants += 32;
      target += 64;
    }
    source += q5_k_bytes;
  }
}

void ck_decode_q6_k(const uint8_t *source, float *restrict target, size_t count) {
  for (size_t block = 0; block < count / super_elements; block++) {
    const float d = half_to_float(load_16(source + 208));
    for (int half = 0; half < 2; half++) {
      const uint8_t *nibbles = source + 64 * half;
      const uint8_t *pairs = source + 128 + 32 * half;
      const int8_t *scales = (const int8_t *)source + 192 + 8 * half;
      for (int part = 0; part < 4; part++) {
        const uint8_t *own = nibbles + part % 2 * 32;
        for (int j = 0; j < 32; j++) {
          const int low = part < 2 ? own[j] & 15 : own[j] >> 4;
          const int quant = (low | (pairs[j] >> 2 * part & 3) << 4) - 32;
          target[j] = d * (float)scales[2 * part + j / 16] * (float)quant;
        }
        target += 32;
      }
    }
    source += q6_k_bytes;
  }
}

// The six bits of group g's scale or minimum, put together by arithmetic: the last four of each have
// their upper two bits on top of the first four.
static int six_bits_reference(const uint8_t *packed, int g, int isMinimum) {
  const int first = packed[g % 4 + 4 * isMinimum];
  if (g < 4) return first % 64;
  const int nibbles = packed[8 + g % 4];
  return (isMinimum ? nibbles / 16 : nibbles % 16) + first / 64 * 16;
}

// Element i of a Q4_K or Q5_K block whose quant is `quant`.
static float element_reference(const uint8_t *block, size_t i, int quant) {
  const int g = (int)(i / 32);
  const float scale = half_to_float_reference(load_16(block))
                      * (float)six_bits_reference(block + 4, g, 0);
  const float minimum = half_to_float_reference(load_16(block + 2))
                        * (float)six_bits_reference(block + 4, g, 1);
  return scale * (float)quant - minimum;
}

static int nibble_reference(const uint8_t *quants, size_t i) {
  const int pair = quants[i / 64 * 32 + i % 32];
  return i % 64 < 32 ? pair % 16 : pair / 16;
}

void ck_decode_q4_k_reference(const uint8_t *source, float *restrict target, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const uint8_t *block = source + i / 256 * q4_k_bytes;
    target[i] = element_reference(block, i % 256, nibble_reference(block + 16, i % 256));
  }
}

void ck_decode_q5_k_reference(const uint8_t *source, float *restrict target, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const uint8_t *block = source + i / 256 * q5_k_bytes;
    const int high = block[16 + i % 32] >> i % 256 / 32 & 1;
    const int quant = nibble_reference(block + 48, i % 256) + 16 * high;
    target[i] = element_reference(block, i % 256, quant);
  }
}

void ck_decode_q6_k_reference(const uint8_t *source, float *restrict target, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const uint8_t *block = source + i / 256 * q6_k_bytes;
    const size_t half = i % 256 / 128, place = i % 128;
    const int pair = block[64 * half + place % 64];
    const int low = place < 64 ? pair % 16 : pair / 16;
    const int high = block[128 + 32 * half + place % 32] >> place / 32 * 2 & 3;
    const int byte = block[192 + i % 256 / 16];
    const float scale = half_to_float_reference(load_16(block + 208))
                        * (float)(byte < 128 ? byte : byte - 256);
    target[i] = scale * (float)(low + 16 * high - 32);
  }
}
