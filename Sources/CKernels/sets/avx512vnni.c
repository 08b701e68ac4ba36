#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c"))), apply_to = function)
#define SET avx512vnni
// Rows whose sums fit the registers.
#define SET_ROWS 12
#define SET_HAS_FMA 1
#define SET_AVX512 1
#define SET_VNNI 1
#include "set.inc"
#pragma clang attribute pop
#endif
