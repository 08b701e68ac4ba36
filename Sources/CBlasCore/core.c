// As OpenBLAS is loaded it looks at the processor's model number, and for one that came after it takes the kernels of
// 2004, a third of the speed. What the processor can do says better which are right.
#include "blas_core.h"

#include <stdlib.h>
#include <string.h>

extern char *openblas_get_corename(void);
// How the library itself takes up a table of kernels and lays it down; in no header of its, so they may be missing.
extern void gotoblas_dynamic_init(void) __attribute__((weak));
extern void gotoblas_dynamic_quit(void) __attribute__((weak));

static const char *variable = "OPENBLAS_CORETYPE";

const char *blas_core(void) { return openblas_get_corename(); }

static const char *offered(void) {
  __builtin_cpu_init();
  int wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512cd");
  if (wide)
    return "SkylakeX";
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? "Haswell" : NULL;
}

// Before main, while nobody multiplies. Whoever has named a core for OpenBLAS is obeyed.
__attribute__((constructor)) static void correct(void) {
  const char *core = offered();
  int is_fallback = !strcmp(blas_core(), "Prescott") || !strcmp(blas_core(), "Unknown");
  if (!core || !is_fallback || getenv(variable) || !gotoblas_dynamic_init || !gotoblas_dynamic_quit)
    return;
  setenv(variable, core, 1);
  gotoblas_dynamic_quit();
  gotoblas_dynamic_init();
  unsetenv(variable);
}
