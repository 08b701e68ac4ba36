#ifndef CKERNELS_QUANTS_H
#define CKERNELS_QUANTS_H
#include <stddef.h>
#include <stdint.h>

// Decoding of the five-bit and K formats, on the terms of CKernels.h. For the K formats `count` is a
// multiple of 256.

/// Q5_0: blocks of 22 bytes for 32 elements: binary16 scale d, 32 high bits h, nibbles as in Q4_0; bit j
/// of h is the fifth bit of element j. d·(q − 16).
void ck_decode_q5_0(const uint8_t *source, float *restrict target, size_t count);
void ck_decode_q5_0_reference(const uint8_t *source, float *restrict target, size_t count);

/// Q5_1: blocks of 24 bytes for 32 elements: binary16 scale d and minimum m, then as Q5_0. d·q + m.
void ck_decode_q5_1(const uint8_t *source, float *restrict target, size_t count);
void ck_decode_q5_1_reference(const uint8_t *source, float *restrict target, size_t count);

/// Q4_K: blocks of 144 bytes for 256 elements in 8 groups of 32: binary16 d and e, 12 bytes of eight
/// 6-bit scales s and eight 6-bit minimums m, 128 bytes of nibbles; each 32 bytes hold one group in the
/// low nibbles and the next in the high ones. (d·s)·q − (e·m).
void ck_decode_q4_k(const uint8_t *source, float *restrict target, size_t count);
void ck_decode_q4_k_reference(const uint8_t *source, float *restrict target, size_t count);

/// Q5_K: blocks of 176 bytes: as Q4_K, with 32 bytes of high bits before the nibbles; bit g of byte j is
/// the fifth bit of element j of group g.
void ck_decode_q5_k(const uint8_t *source, float *restrict target, size_t count);
void ck_decode_q5_k_reference(const uint8_t *source, float *restrict target, size_t count);

/// Q6_K: blocks of 210 bytes for 256 elements in 16 groups of 16: 128 bytes of low nibbles, 64 bytes of
/// high pairs of bits, 16 signed scales s, binary16 d. (d·s)·(q − 32). Of each half of 128 elements,
/// elements j and j + 64 share byte j of the half's 64 bytes of nibbles, and elements j, j + 32, j + 64,
/// j + 96 share byte j of its 32 bytes of pairs, lowest first.
void ck_decode_q6_k(const uint8_t *source, float *restrict target, size_t count);
void ck_decode_q6_k_reference(const uint8_t *source, float *restrict target, size_t count);

#endif
