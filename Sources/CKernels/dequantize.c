#include "CKernels.h"

#include <math.h>
#include <string.h>

enum { block_elements = 32 };

static inline uint16_t load_16(const uint8_t *source) {
  uint16_t bits;
  memcpy(&bits, source, sizeof bits);
  return bits;
}

static inline float float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

// All three cases are computed and one is selected, so that loops over it vectorise.
static inline float half_to_float(uint16_t half) {
  const uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
  const uint32_t magnitude = half & 0x7FFFu;
  const uint32_t shifted = magnitude << 13;
  const uint32_t normal = shifted + ((127u - 15u) << 23);
  const uint32_t special = shifted + ((255u - 31u) << 23);
  const uint32_t subnormal = bits_of((float)(int32_t)magnitude * 0x1p-24f);
  const uint32_t finite = magnitude < 0x0400u ? subnormal : normal;
  return float_of(sign | (magnitude >= 0x7C00u ? special : finite));
}

static float half_to_float_reference(uint16_t half) {
  const int exponent = (half >> 10) & 31;
  const int fraction = half & 1023;
  float value;
  if (exponent == 31)
    value = fraction ? float_of(0x7F800000u | (uint32_t)fraction << 13) : INFINITY;
  else if (exponent == 0)
    value = ldexpf((float)fraction, -24);
  else
    value = ldexpf((float)(1024 + fraction), exponent - 25);
  return float_of(bits_of(value) | (half & 0x8000u ? 0x80000000u : 0u));
}

void ck_decode_f16(const uint8_t *source, float *restrict target, size_t count) {
  for (size_t i = 0; i < count; i++) target[i] = half_to_float(load_16(source + 2 * i));
}

void ck_decode_f16_reference(const uint8_t *source, float *restrict target, size_t count) {
  for (size_t i = 0; i < count; i++) target[i] = half_to_float_reference(load_16(source + 2 * i));
}

void ck_decode_bf16(const uint8_t *source, float *restrict target, size_t count) {
  for (size_t i = 0; i < count; i++) target[i] = float_of((uint32_t)load_16(source + 2 * i) << 16);
}

void ck_decode_bf16_reference(const uint8_t *source, float *restrict target, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint8_t bytes[4] = {0, 0, source[2 * i], source[2 * i + 1]};
    memcpy(&target[i], bytes, sizeof bytes);
  }
}

void ck_decode_q8_0(const uint8_t *source, float *restrict target, size_t count) {
  for (size_t block = 0; block < count / block_elements; block++) {
    const float scale = half_to_float(load_16(source));
    const int8_t *quants = (const int8_t *)source + 2;
    for (int j = 0; j < block_elements; j++) target[j] = scale * (float)quants[j];
    source += 34;
    target += block_elements;
  }
}

void ck_decode_q8_0_reference(const uint8_t *source, float *restrict target, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const uint8_t *block = source + i / 32 * 34;
    const int quant = block[2 + i % 32];
    target[i] = half_to_float_reference(load_16(block)) * (float)(quant < 128 ? quant : quant - 256);
  }
}

void ck_decode_q4_0(const uint8_t *source, float *restrict target, size_t count) {
  for (size_t block = 0; block < count / block_elements; block++) {
    const float scale = half_to_float(load_16(source));
    const uint8_t *quants = source + 2;
    for (int j = 0; j < 16; j++) target[j] = scale * (float)((int)(quants[j] & 15) - 8);
    for (int j = 0; j < 16; j++) target[j + 16] = scale * (float)((int)(quants[j] >> 4) - 8);
    source += 18;
    target += block_elements;
  }
}

void ck_decode_q4_0_reference(const uint8_t *source, float *restrict target, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const uint8_t *block = source + i / 32 * 18;
    const int pair = block[2 + i % 16];
    const int quant = i % 32 < 16 ? pair % 16 : pair / 16;
    target[i] = half_to_float_reference(load_16(block)) * (float)(quant - 8);
  }
}

void ck_decode_q4_1(const uint8_t *source, float *restrict target, size_t count) {
  for (size_t block = 0; block < count / block_elements; block++) {
    const float scale = half_to_float(load_16(source));
    const float minimum = half_to_float(load_16(source + 2));
    const uint8_t *quants = source + 4;
    for (int j = 0; j < 16; j++) target[j] = scale * (float)(quants[j] & 15) + minimum;
    for (int j = 0; j < 16; j++) target[j + 16] = scale * (float)(quants[j] >> 4) + minimum;
    source += 20;
    target += block_elements;
  }
}

void ck_decode_q4_1_reference(const uint8_t *source, float *restrict target, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const uint8_t *block = source + i / 32 * 20;
    const int pair = block[4 + i % 16];
    const float quant = (float)(i % 32 < 16 ? pair % 16 : pair / 16);
    target[i] = half_to_float_reference(load_16(block)) * quant
                + half_to_float_reference(load_16(block + 2));
  }
}
