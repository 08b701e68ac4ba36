// What a table holds; only the sets and table.c look inside.
#pragma once
#include "kernels.h"

struct ck_kernels {
  const char *name;
};

extern const struct ck_kernels ck_set_portable;
#if defined(__x86_64__)
extern const struct ck_kernels ck_set_avx2, ck_set_avx512, ck_set_avx512vnni;
#endif
