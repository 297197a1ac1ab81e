// Attention over rows of floats in 16 lanes: products with queries, and weighted sums.
//
// Rows are float32 or float16. The target defines CTQ_HADAMARD_VECTORS, the number of vectors of 16 floats that its
// registers hold, before it includes this file. Results are not the same to the bit on all targets.

#ifndef CTQ_ATTENTION_ROWS_H
#define CTQ_ATTENTION_ROWS_H

#include "../bytes/float16.h"
#include "../common/lanes.h"

#pragma STDC FP_CONTRACT OFF

// Results need not be the same to the bit, so products and sums are fused where the target can. A row is read once for
// up to four queries. The width of floats is a constant of each copy.

/// The next up to 16 elements of a row from element i on, of which `count` are left.
CTQ_INLINE f32x16 ctq_load_row(const void *row, uint32_t bits, size_t i, size_t count) {
  return bits == 16 ? ctq_load_float16s((const uint16_t *)row + i, count)
                    : ctq_load_some((const float *)row + i, count);
}
CTQ_INLINE const void *ctq_row_address(const void *rows, uint32_t bits, size_t i) {
  return (const uint8_t *)rows + i * (bits / 8);
}

/// Prefetches two pages ahead, once per page: for the first row that begins in its page. Translating the address of a
/// page takes about as long as computing with one, and hardware prefetching stops at the end of a page.
CTQ_INLINE void ctq_prefetch_page(const void *row, uint32_t bits, size_t width) {
  enum { PAGE = 4096 };
  if ((uintptr_t)row % PAGE < width * (bits / 8)) __builtin_prefetch((const void *)((uintptr_t)row + 2 * PAGE), 0, 2);
}

CTQ_INLINE void ctq_row_products(const void *rows, uint32_t bits, size_t width, size_t row_count, const float *queries,
                                 size_t query_count, float *sums, size_t sum_stride) {
#pragma clang fp contract(fast)
  for (size_t r = 0; r < row_count; r++, rows = ctq_row_address(rows, bits, width)) {
    ctq_prefetch_page(rows, bits, width);
    f32x16 sum[4] = {{0}};
    size_t i = 0;
    for (; i + 16 <= width; i += 16) {
      const f32x16 row = ctq_load_row(rows, bits, i, 16);
#pragma clang loop unroll(full)
      for (size_t q = 0; q < query_count; q++) sum[q] += row * ctq_load(queries + q * width + i);
    }
    if (i < width) {
      const f32x16 row = ctq_load_row(rows, bits, i, width - i);
#pragma clang loop unroll(full)
      for (size_t q = 0; q < query_count; q++) sum[q] += row * ctq_load_some(queries + q * width + i, width - i);
    }
#pragma clang loop unroll(full)
    for (size_t q = 0; q < query_count; q++) sums[q * sum_stride + r] = ctq_tree_sum(sum[q]);
  }
}

CTQ_INLINE void ctq_all_row_products(const void *rows, uint32_t bits, size_t width, size_t row_count,
                                     const float *queries, size_t query_count, float *sums, size_t sum_stride) {
  for (size_t q = 0; q < query_count; q += 4) {
#define ROW_PRODUCTS(count) \
  ctq_row_products(rows, bits, width, row_count, queries + q * width, count, sums + q * sum_stride, sum_stride)
    switch (query_count - q) {
      case 1: ROW_PRODUCTS(1); break;
      case 2: ROW_PRODUCTS(2); break;
      case 3: ROW_PRODUCTS(3); break;
      default: ROW_PRODUCTS(4);
    }
#undef ROW_PRODUCTS
  }
}

static void row_products(const void *rows, uint32_t bits, size_t width, size_t row_count, const float *queries,
                         size_t query_count, float *sums, size_t sum_stride) {
  if (bits == 16) ctq_all_row_products(rows, 16, width, row_count, queries, query_count, sums, sum_stride);
  else ctq_all_row_products(rows, 32, width, row_count, queries, query_count, sums, sum_stride);
}

// The vectors of a row and the queries whose sums stay in registers, and the rows that stay in the first-level cache.
enum {
  CTQ_COMBINED_VECTORS = 8,
  CTQ_COMBINED_QUERIES = CTQ_HADAMARD_VECTORS >= 16 ? 2 : 1,
  CTQ_COMBINED_ROWS = 32,
};

/// `vectors` times 16 elements of some rows. The last vector has `last` elements.
CTQ_INLINE void ctq_combine_rows(const void *rows, uint32_t bits, size_t width, size_t row_count, const float *weights,
                                 size_t weight_stride, size_t query_count, size_t vectors, size_t last, float *sums) {
#pragma clang fp contract(fast)
  f32x16 sum[CTQ_COMBINED_QUERIES][CTQ_COMBINED_VECTORS];
#pragma clang loop unroll(full)
  for (size_t q = 0; q < query_count; q++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++)
      sum[q][v] = ctq_load_some(sums + q * width + 16 * v, v + 1 < vectors ? 16 : last);
  for (size_t r = 0; r < row_count; r++, rows = ctq_row_address(rows, bits, width)) {
    ctq_prefetch_page(rows, bits, width);
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) {
      const f32x16 row = ctq_load_row(rows, bits, 16 * v, v + 1 < vectors ? 16 : last);
#pragma clang loop unroll(full)
      for (size_t q = 0; q < query_count; q++) sum[q][v] += row * weights[q * weight_stride + r];
    }
  }
#pragma clang loop unroll(full)
  for (size_t q = 0; q < query_count; q++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++)
      ctq_store_some(sums + q * width + 16 * v, sum[q][v], v + 1 < vectors ? 16 : last);
}

/// All elements of some rows for a few queries.
CTQ_INLINE void ctq_combine_tile(const void *rows, uint32_t bits, size_t width, size_t row_count, const float *weights,
                                 size_t weight_stride, size_t query_count, float *sums) {
  const size_t step = 16 * CTQ_COMBINED_VECTORS;
  size_t i = 0;
#define COMBINE(vectors, last)                                                                                  \
  ctq_combine_rows(ctq_row_address(rows, bits, i), bits, width, row_count, weights, weight_stride, query_count, \
                   vectors, last, sums + i)
  for (; i + step <= width; i += step) COMBINE(CTQ_COMBINED_VECTORS, 16);
  for (; i + 64 <= width; i += 64) COMBINE(4, 16);
  for (; i + 16 <= width; i += 16) COMBINE(1, 16);
  if (i < width) COMBINE(1, width - i);
#undef COMBINE
}

CTQ_INLINE void ctq_combine_all_rows(const void *rows, uint32_t bits, size_t width, size_t row_count,
                                     const float *weights, size_t weight_stride, size_t query_count, float *sums) {
  for (size_t r = 0; r < row_count; r += CTQ_COMBINED_ROWS) {
    const size_t some = row_count - r < CTQ_COMBINED_ROWS ? row_count - r : CTQ_COMBINED_ROWS;
    size_t q = 0;
#define COMBINE_TILE(count)                                                                                   \
  ctq_combine_tile(ctq_row_address(rows, bits, width *r), bits, width, some, weights + q * weight_stride + r, \
                   weight_stride, count, sums + q * width)
    for (; q + CTQ_COMBINED_QUERIES <= query_count; q += CTQ_COMBINED_QUERIES) COMBINE_TILE(CTQ_COMBINED_QUERIES);
    for (; q < query_count; q++) COMBINE_TILE(1);
#undef COMBINE_TILE
  }
}

static void combine_rows(const void *rows, uint32_t bits, size_t width, size_t row_count, const float *weights,
                         size_t weight_stride, size_t query_count, float *sums) {
  if (bits == 16) ctq_combine_all_rows(rows, 16, width, row_count, weights, weight_stride, query_count, sums);
  else ctq_combine_all_rows(rows, 32, width, row_count, weights, weight_stride, query_count, sums);
}

#endif
