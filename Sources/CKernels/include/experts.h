#ifndef CKERNELS_EXPERTS_H
#define CKERNELS_EXPERTS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rows.h"
#include "tiles.h"

// A feed-forward layer whose neurons lie in experts of equal size, of which every row runs some. Letters: R rows, E experts,
// S neurons of an expert, a multiple of 16. What is given is, bit for bit, what the whole layer gives with the neurons of all
// other experts set to 0: sums run over the same inputs in the same order, and what is left out would have added 0. So whoever
// runs a step may take either way, row by row, and no answer shows which.

/// What of a unit of inputs is not 0: with experts of 16 neurons one half of 32 inputs may be.
enum ck_part { ck_all_of_it, ck_first_half, ck_second_half };
enum { ck_parts = 3, ck_panel_rows = 32 };

/// Rows of a panel of ck_panel_rows rows that have a unit, or one half of it, ascending.
struct ck_listed {
  uint8_t count, rows[ck_panel_rows];
};

/// Which experts run for which rows, in both directions; all of it follows from `masks`.
struct ck_chosen {
  size_t rows, experts, size;
  /// Pairs of row and expert that run.
  size_t pairs;
  /// Whether what stands between the products is for a layer that is computed whole, and reads all neurons.
  bool reads_all;
  /// (R, E): 1 where an expert runs, 0 elsewhere.
  uint8_t *masks;
  /// (R, ck_words): the same for every 16 neurons, a bit each.
  uint64_t *bits;
  /// (E + 1), (pairs): the rows of expert e are rows_of[row_starts[e] ..< row_starts[e + 1]], ascending.
  uint32_t *row_starts, *rows_of;
  /// (P, U, ck_parts): the rows of each panel that have a part of a unit of ck_unit(format) inputs.
  struct ck_listed *listed;
};

/// Inputs that a product with experts skips or takes together: 32 in formats that scale by groups, 16 in the others.
size_t ck_unit(enum ck_format format);

/// Units of all neurons: U.
size_t ck_units(const struct ck_chosen *chosen, enum ck_format format);

/// Words of a row's bits.
size_t ck_words(const struct ck_chosen *chosen);

/// Of bits of 16 neurons each, the first of every unit of `tiles` of them, 1 or 2, that has any.
static inline uint64_t ck_units_of(uint64_t bits, size_t tiles) {
  return tiles == 1 ? bits : (bits | bits >> 1) & 0x5555555555555555;
}

/// Lists that `listed` has room for, for so many rows.
size_t ck_lists(size_t rows, size_t experts, size_t size);

/// Sets masks: an expert runs if its prediction, of either sign, is at least τ of the row times the row's largest; τ of 0 or
/// less is all, and so is a row of zeros, or one in which something is not a number.
///
/// predictions: (R, E), `stride` floats from row to row; thresholds: (R).
void ck_choose(const struct ck_kernels *set, struct ck_chosen *chosen, const float *predictions, size_t stride,
               const float *thresholds);

/// Makes bits and counts pairs from the masks, for a layer that nothing is decided of: whoever computes it whole needs no lists.
void ck_mark_chosen(struct ck_chosen *chosen);

/// Makes the lists from masks and bits, for a product from experts in `format`.
void ck_list_chosen(struct ck_chosen *chosen, enum ck_format format);

/// Into experts: tiles begin ..< end of a product, each for the rows of its expert. An expert has the same number of tiles one
/// after the other: S / 16, or S / 8 where gates and ups take turns. Other outputs are left as they are.
void ck_multiply_into_experts(const struct ck_kernels *set, const struct ck_product *product,
                              const struct ck_chosen *chosen, size_t begin, size_t end);

/// Between them, for rows begin ..< end: the activation of the neurons of experts that run, and 0 for the rest of what a
/// product from experts reads: of a row's units or, in formats with one scale a row or for a layer that reads all, of the whole row.
/// With bytes, these too.
///
/// x: (R, E · S), or twice as wide for ck_silu_gate; out: (R, E · S), x itself for the others.
void ck_activate_experts(const struct ck_kernels *set, const struct ck_quantized *bytes, enum ck_activation kind,
                         const struct ck_chosen *chosen, enum ck_format format, float *out, float *x, size_t begin,
                         size_t end);

/// From experts: tiles begin ..< end of a product whose inputs are neurons, each row by its own units; all rows and outputs
/// are written. Inputs outside the units are not read.
void ck_multiply_from_experts(const struct ck_kernels *set, const struct ck_product *product,
                              const struct ck_chosen *chosen, size_t begin, size_t end);
#endif
