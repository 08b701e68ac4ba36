#ifndef CKERNELS_HALF_H
#define CKERNELS_HALF_H
#include <math.h>
#include <stdint.h>
#include <string.h>

// Loads at any alignment, and binary16 to float32 twice: fast, and as the standard words it.

static inline uint16_t load_16(const uint8_t *source) {
  uint16_t bits;
  memcpy(&bits, source, sizeof bits);
  return bits;
}

static inline uint32_t load_32(const uint8_t *source) {
  uint32_t bits;
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

static inline float half_to_float_reference(uint16_t half) {
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

#endif
