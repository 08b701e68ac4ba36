#include "experts.h"

#include <string.h>

#include "sets/table.h"

size_t ck_unit(enum ck_format format) {
  return format == ck_int8_group || format == ck_int4_group ? ck_group_inputs : ck_tile_outputs;
}

void ck_choose(const struct ck_kernels *set, struct ck_chosen *chosen, const float *predictions, size_t stride,
               const float *thresholds) {
  set->choose(chosen, predictions, stride, thresholds);
}

size_t ck_list_chosen(struct ck_chosen *chosen, enum ck_format format) {
  const size_t rows = chosen->rows, experts = chosen->experts, unit = ck_unit(format);
  // Counts first, then where each expert's rows begin, then the rows.
  memset(chosen->row_starts, 0, (experts + 1) * sizeof *chosen->row_starts);
  for (size_t r = 0; r < rows; r++)
    for (size_t e = 0; e < experts; e++) chosen->row_starts[e + 1] += chosen->masks[r * experts + e] != 0;
  for (size_t e = 0; e < experts; e++) chosen->row_starts[e + 1] += chosen->row_starts[e];
  size_t units = 0;
  for (size_t r = 0; r < rows; r++) {
    const uint8_t *mask = chosen->masks + r * experts;
    // The next unit that is not listed: experts that share one list it once.
    size_t next = 0;
    chosen->unit_starts[r] = (uint32_t)units;
    for (size_t e = 0; e < experts; e++) {
      if (!mask[e]) continue;
      chosen->rows_of[chosen->row_starts[e]++] = (uint32_t)r;
      const size_t first = e * chosen->size / unit, end = ((e + 1) * chosen->size + unit - 1) / unit;
      for (size_t u = first > next ? first : next; u < end; u++) chosen->units_of[units++] = (uint32_t)u;
      next = end;
    }
  }
  chosen->unit_starts[rows] = (uint32_t)units;
  // Filling moved every start to its end, which is the next one's start.
  for (size_t e = experts; e > 0; e--) chosen->row_starts[e] = chosen->row_starts[e - 1];
  chosen->row_starts[0] = 0;
  return chosen->row_starts[experts];
}

void ck_list_all_units(struct ck_chosen *chosen, enum ck_format format) {
  const size_t units = (chosen->experts * chosen->size + ck_unit(format) - 1) / ck_unit(format);
  for (size_t r = 0; r <= chosen->rows; r++) chosen->unit_starts[r] = (uint32_t)(r * units);
  for (size_t i = 0; i < chosen->rows * units; i++) chosen->units_of[i] = (uint32_t)(i % units);
}

void ck_multiply_into_experts(const struct ck_kernels *set, const struct ck_product *product,
                              const struct ck_chosen *chosen, size_t begin, size_t end) {
  set->multiply_into_experts(product, chosen, begin, end);
}

void ck_multiply_from_experts(const struct ck_kernels *set, const struct ck_product *product,
                              const struct ck_chosen *chosen, size_t begin, size_t end) {
  set->multiply_from_experts(product, chosen, begin, end);
}

void ck_activate_experts(const struct ck_kernels *set, const struct ck_quantized *bytes, enum ck_activation kind,
                         const struct ck_chosen *chosen, enum ck_format format, float *out, float *x, size_t begin,
                         size_t end) {
  set->activate_experts(bytes, kind, chosen, format, out, x, begin, end);
}
