#ifndef CKERNELS_KERNELS_H
#define CKERNELS_KERNELS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The hot path's kernels, compiled once per instruction set from the same sources (sets/*.c), and chosen from a
// table at start. Every kernel works on whole rows, allocates nothing, and sums in an order that depends on
// nothing but the shape of one row: never on how many rows there are, nor on who else is in the batch.

/// One instruction set's kernels. See tiles.h, rows.h and attention.h for what each computes.
struct ck_kernels;

/// How many tables this program was built with; the best comes first, the portable one last.
size_t ck_kernels_count(void);

/// Table number `index`.
const struct ck_kernels *ck_kernels_at(size_t index);

/// Its name, in lower case: what METE_KERNELS may say.
const char *ck_kernels_name(const struct ck_kernels *kernels);

/// Whether this machine has the instructions.
bool ck_kernels_run_here(const struct ck_kernels *kernels);
#endif
