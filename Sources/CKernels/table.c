#include "sets/table.h"

static const struct ck_kernels *const tables[] = {
#if defined(__x86_64__)
    &ck_set_avx512vnni, &ck_set_avx512, &ck_set_avx2,
#endif
    &ck_set_portable,
};

size_t ck_kernels_count(void) { return sizeof tables / sizeof *tables; }

const struct ck_kernels *ck_kernels_at(size_t index) { return tables[index]; }

const char *ck_kernels_name(const struct ck_kernels *kernels) { return kernels->name; }

bool ck_kernels_run_here(const struct ck_kernels *kernels) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
                      && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  if (kernels == &ck_set_avx2) return avx2;
  if (kernels == &ck_set_avx512) return avx512;
  if (kernels == &ck_set_avx512vnni) return avx512 && __builtin_cpu_supports("avx512vnni");
#endif
  return kernels == &ck_set_portable;
}
