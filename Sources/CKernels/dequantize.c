#include "CKernels.h"
#include "half.h"

enum { block_elements = 32 };

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
