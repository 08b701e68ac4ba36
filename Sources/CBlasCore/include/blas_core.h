// Whose kernels OpenBLAS multiplies with; linking this corrects a choice that is far behind the processor.
#pragma once

/// The core as OpenBLAS names it, such as "SkylakeX"; a string that stays.
const char *blas_core(void);
