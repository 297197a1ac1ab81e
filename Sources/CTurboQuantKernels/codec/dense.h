// Products with a dense matrix in 16 lanes. A matrix is stored column by column.

#ifndef CTQ_CODEC_DENSE_H
#define CTQ_CODEC_DENSE_H

#include "../common/lanes.h"

#pragma STDC FP_CONTRACT OFF

/// `vectors` times 16 rows of y <- M x. The last vector has `last` rows. Both are constants in loops that run many
/// times, so that sums stay in registers.
CTQ_INLINE void multiply_rows(const float *columns, size_t row_count, size_t column_count, const float *x, float *y,
                              size_t vectors, size_t last) {
  f32x16 sum[4] = {{0}};
  for (size_t j = 0; j < column_count; j++, columns += row_count) {
#pragma clang loop unroll(full)
    for (size_t k = 0; k + 1 < vectors; k++) sum[k] += ctq_load(columns + 16 * k) * x[j];
    sum[vectors - 1] += ctq_load_some(columns + 16 * (vectors - 1), last) * x[j];
  }
#pragma clang loop unroll(full)
  for (size_t k = 0; k + 1 < vectors; k++) ctq_store(y + 16 * k, sum[k]);
  ctq_store_some(y + 16 * (vectors - 1), sum[vectors - 1], last);
}

static void multiply(const float *columns, size_t row_count, size_t column_count, const float *x, float *y) {
  size_t i = 0;
#define MULTIPLY_ROWS(vectors, last) multiply_rows(columns + i, row_count, column_count, x, y + i, vectors, last)
  for (; i + 64 <= row_count; i += 64) MULTIPLY_ROWS(4, 16);
  size_t left = row_count - i;
  if (left > 48) MULTIPLY_ROWS(4, left - 48);
  else if (left > 32) MULTIPLY_ROWS(3, left - 32);
  else if (left > 16) MULTIPLY_ROWS(2, left - 16);
  else if (left > 0) MULTIPLY_ROWS(1, left);
#undef MULTIPLY_ROWS
}

static void multiply_transposed(const float *columns, size_t row_count, size_t column_count, const float *y, float *x) {
  for (size_t j = 0; j < column_count; j++) {
    const float *column = columns + j * row_count;
    f32x16 sum = {0};
    size_t i = 0;
    for (; i + 16 <= row_count; i += 16) sum += ctq_load(column + i) * ctq_load(y + i);
    if (i < row_count) sum += ctq_load_some(column + i, row_count - i) * ctq_load_some(y + i, row_count - i);
    x[j] = ctq_tree_sum(sum);
  }
}

#endif
