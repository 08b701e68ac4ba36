#include "tiles.h"

#include "sets/table.h"

size_t ck_tiles(size_t outputs) { return (outputs + ck_tile_outputs - 1) / ck_tile_outputs; }

static size_t groups_of(size_t inputs) { return (inputs + ck_group_inputs - 1) / ck_group_inputs; }

size_t ck_quantized_width(size_t inputs) { return groups_of(inputs) * ck_group_inputs; }

size_t ck_tile_bytes(enum ck_format format, size_t inputs) {
  switch (format) {
    case ck_f32: return inputs * 64;
    case ck_bf16: return (inputs + 1) / 2 * 64;
    case ck_int8: return 64 + (inputs + 3) / 4 * 64;
    case ck_int8_group: return (groups_of(inputs) + 1) / 2 * 64 + groups_of(inputs) * 512;
    case ck_int4_group: return groups_of(inputs) * 320;
  }
  return 0;
}

void ck_quantize(const struct ck_kernels *set, const struct ck_quantized *out, const float *x, size_t stride,
                 size_t inputs, size_t begin, size_t end) {
  set->quantize(out, x, stride, inputs, begin, end);
}

void ck_multiply(const struct ck_kernels *set, const struct ck_product *product, size_t begin, size_t end) {
  set->multiply(product, begin, end);
}
