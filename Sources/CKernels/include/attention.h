#ifndef CKERNELS_ATTENTION_H
#define CKERNELS_ATTENTION_H
#include "kernels.h"

// Attention over paged keys and values. Letters: R rows, G key/value heads ("groups"), W head width, S query heads that
// share one group.
//
// A page holds 16 positions of one layer, one lane each: for every group in turn the keys as a tile (W, 16), the position
// last, and the values as (16, W). So page p's keys of group g begin at keys + p · page_stride + g · W · 16, and the scores
// of 16 positions are W multiply-adds of a vector, with no sums across lanes.
//
// Or as bytes, a quarter of the memory: each position's key and value of a group has a scale of its own, the largest
// magnitude / 127. A group then takes 16 scales (float32) followed by the same tile of signed bytes, 16 + W · 4 floats.

/// Positions of a page: the lanes of a tile.
enum { ck_page_positions = 16 };

/// How keys and values lie in pages.
enum ck_stored { ck_stored_float32 = 0, ck_stored_int8 = 1 };

/// Floats of a page's keys, and of its values: the least page stride.
static inline size_t ck_page_floats(size_t groups, size_t width) { return groups * width * ck_page_positions; }

/// The same for bytes with their scales.
static inline size_t ck_page_floats_int8(size_t groups, size_t width) {
  return groups * (ck_page_positions + width * ck_page_positions / 4);
}

/// Rows of one sequence to be stored at positions `position` ..< `position` + `rows`.
struct ck_store {
  /// Where page 0 of this layer begins, and the floats from one page to the next.
  float *keys, *values;
  size_t page_stride;
  /// The sequence's pages: position t lies in pages[t / 16]. Null: in page t / 16, one after the other.
  const int32_t *pages;
  size_t position;
  /// (R, G · W) each; row r begins at r · row_stride floats.
  const float *key_rows, *value_rows;
  size_t row_stride, rows, groups, width;
  enum ck_stored stored;
};

/// Stores keys and values into pages; other positions of these pages keep what they hold. An encoder stores a whole text
/// into ⌈T / 16⌉ pages of scratch, with null for the pages.
void ck_store_keys_values(const struct ck_kernels *set, const struct ck_store *store);

/// What one run of rows of one sequence asks of one group's keys and values.
struct ck_attend {
  /// Row r, query head h: out + r · out_stride + h · W, query + r · query_stride + h · W. They must not overlap.
  float *out;
  size_t out_stride;
  const float *query;
  size_t query_stride;
  /// As in ck_store.
  const float *keys, *values;
  size_t page_stride;
  const int32_t *pages;
  size_t rows;
  /// Positions that row 0 sees, at least 1. Row r sees seen + r if causal (language models), `seen` if not (encoders).
  size_t seen;
  bool causal;
  /// The group, whose query heads are group · S ..< (group + 1) · S, and S.
  size_t group, sharing;
  size_t width;
  /// What scores are multiplied by: 1 / sqrt(W) in most models.
  float scale;
  enum ck_stored stored;
};

/// Softmax attention of rows × sharing queries, in one pass over the positions (Milakov and Gimelshein,
/// arXiv:1805.02867): scores, running maximum and running sum in blocks of 128 positions counted from position 0, merged in
/// order. What a row gets is the same bit for bit however rows are cut into calls; positions that it does not see are never
/// read into it, whatever memory holds there. Needs no scratch.
void ck_attend(const struct ck_kernels *set, const struct ck_attend *attend);
#endif
