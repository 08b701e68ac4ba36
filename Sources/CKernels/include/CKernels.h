#ifndef CKERNELS_H
#define CKERNELS_H
#include <stddef.h>
#include <stdint.h>

#include "attention.h"
#include "engine.h"
#include "experts.h"
#include "files.h"
#include "jobs.h"
#include "kernels.h"
#include "learning.h"
#include "pool.h"
#include "quants.h"
#include "rows.h"
#include "tiles.h"

/// Decoding of stored weights to float32. Every function reads `source` at any alignment, little-endian,
/// and writes `count` floats to `target`. For the block formats `count` is a multiple of 32.
/// The `_reference` twin of each says in plain C what the fast one must give, bit for bit.

/// IEEE binary16: 2 bytes per element. Subnormals, infinities and NaN payloads are kept.
void ck_decode_f16(const uint8_t *source, float *restrict target, size_t count);
void ck_decode_f16_reference(const uint8_t *source, float *restrict target, size_t count);

/// bfloat16: 2 bytes per element, the upper half of a float32.
void ck_decode_bf16(const uint8_t *source, float *restrict target, size_t count);
void ck_decode_bf16_reference(const uint8_t *source, float *restrict target, size_t count);

/// Q8_0: blocks of 34 bytes for 32 elements: binary16 scale d, 32 signed bytes q. d·q.
void ck_decode_q8_0(const uint8_t *source, float *restrict target, size_t count);
void ck_decode_q8_0_reference(const uint8_t *source, float *restrict target, size_t count);

/// Q4_0: blocks of 18 bytes for 32 elements: binary16 scale d, 16 bytes of two nibbles q; the low nibble
/// of byte j is element j, the high one is element j + 16. d·(q − 8).
void ck_decode_q4_0(const uint8_t *source, float *restrict target, size_t count);
void ck_decode_q4_0_reference(const uint8_t *source, float *restrict target, size_t count);

/// Q4_1: blocks of 20 bytes for 32 elements: binary16 scale d and minimum m, nibbles as in Q4_0. d·q + m.
void ck_decode_q4_1(const uint8_t *source, float *restrict target, size_t count);
void ck_decode_q4_1_reference(const uint8_t *source, float *restrict target, size_t count);

#endif
