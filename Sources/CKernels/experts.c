#include "experts.h"

#include <string.h>

#include "sets/table.h"

size_t ck_unit(enum ck_format format) {
  return format == ck_int8_group || format == ck_int4_group ? ck_group_inputs : ck_tile_outputs;
}

size_t ck_units(const struct ck_chosen *chosen, enum ck_format format) {
  return (chosen->experts * chosen->size + ck_unit(format) - 1) / ck_unit(format);
}

size_t ck_words(const struct ck_chosen *chosen) {
  return (chosen->experts * chosen->size / ck_tile_outputs + 63) / 64;
}

size_t ck_lists(size_t rows, size_t experts, size_t size) {
  const size_t panels = (rows + ck_panel_rows - 1) / ck_panel_rows;
  return panels * (experts * size / ck_tile_outputs) * ck_parts;
}

void ck_choose(const struct ck_kernels *set, struct ck_chosen *chosen, const float *predictions, size_t stride,
               const float *thresholds) {
  set->choose(chosen, predictions, stride, thresholds);
}

// A row's mask as bits of 16 neurons. Eight bytes of 0 or 1 become eight bits by one multiplication.
static void set_bits(const struct ck_chosen *chosen, const uint8_t *mask, uint64_t *bits, size_t words) {
  const size_t each = chosen->size / ck_tile_outputs;
  memset(bits, 0, words * sizeof *bits);
  size_t e = 0;
  if (each == 1) {
    for (; e + 8 <= chosen->experts; e += 8) {
      uint64_t eight;
      memcpy(&eight, mask + e, sizeof eight);
      bits[e / 64] |= (eight * 0x0102040810204080 >> 56) << e % 64;
    }
  }
  for (; e < chosen->experts; e++)
    for (size_t t = e * each; mask[e] && t < (e + 1) * each; t++) bits[t / 64] |= (uint64_t)1 << t % 64;
}

static void list_row(struct ck_listed *list, size_t row) { list->rows[list->count++] = (uint8_t)row; }

// Of every panel and unit the rows that have it, or one half of it.
static void list_units(struct ck_chosen *chosen, size_t tiles, size_t units) {
  const size_t words = ck_words(chosen);
  struct ck_listed *panel = chosen->listed;
  for (size_t first = 0; first < chosen->rows; first += ck_panel_rows, panel += units * ck_parts) {
    for (size_t i = 0; i < units * ck_parts; i++) panel[i].count = 0;
    const size_t end = first + ck_panel_rows < chosen->rows ? first + ck_panel_rows : chosen->rows;
    for (size_t r = first; r < end; r++) {
      for (size_t w = 0; w < words; w++) {
        const uint64_t bits = chosen->bits[r * words + w];
        for (uint64_t left = ck_units_of(bits, tiles); left; left &= left - 1) {
          const size_t t = (size_t)__builtin_ctzll(left);
          static const uint8_t parts[] = {0, ck_first_half, ck_second_half, ck_all_of_it};
          const enum ck_part part = tiles == 1 ? ck_all_of_it : parts[bits >> t & 3];
          list_row(&panel[(w * 64 + t) / tiles * ck_parts + part], r - first);
        }
      }
    }
  }
}

void ck_mark_chosen(struct ck_chosen *chosen) {
  const size_t words = ck_words(chosen);
  size_t tiles = 0;
  for (size_t r = 0; r < chosen->rows; r++) {
    uint64_t *bits = chosen->bits + r * words;
    set_bits(chosen, chosen->masks + r * chosen->experts, bits, words);
    for (size_t w = 0; w < words; w++) tiles += (size_t)__builtin_popcountll(bits[w]);
  }
  chosen->pairs = tiles / (chosen->size / ck_tile_outputs);
  chosen->reads_all = false;
}

void ck_list_chosen(struct ck_chosen *chosen, enum ck_format format) {
  const size_t rows = chosen->rows, experts = chosen->experts, words = ck_words(chosen);
  const size_t each = chosen->size / ck_tile_outputs;
  // Counts first, then where each expert's rows begin, then the rows.
  memset(chosen->row_starts, 0, (experts + 1) * sizeof *chosen->row_starts);
  for (size_t r = 0; r < rows; r++) {
    const uint8_t *mask = chosen->masks + r * experts;
    for (size_t e = 0; e < experts; e++) chosen->row_starts[e + 1] += mask[e];
  }
  for (size_t e = 0; e < experts; e++) chosen->row_starts[e + 1] += chosen->row_starts[e];
  for (size_t r = 0; r < rows; r++) {
    if (each == 1) {
      for (size_t w = 0; w < words; w++)
        for (uint64_t left = chosen->bits[r * words + w]; left; left &= left - 1)
          chosen->rows_of[chosen->row_starts[w * 64 + (size_t)__builtin_ctzll(left)]++] = (uint32_t)r;
    } else {
      for (size_t e = 0; e < experts; e++)
        if (chosen->masks[r * experts + e]) chosen->rows_of[chosen->row_starts[e]++] = (uint32_t)r;
    }
  }
  // Filling moved every start to its end, which is the next one's start.
  memmove(chosen->row_starts + 1, chosen->row_starts, experts * sizeof *chosen->row_starts);
  chosen->row_starts[0] = 0;
  list_units(chosen, ck_unit(format) / ck_tile_outputs, ck_units(chosen, format));
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
