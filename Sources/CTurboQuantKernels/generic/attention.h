// Attention in 16 generic lanes, for any target: products with plain rows, exponentials, largest scores, and
// weights as whole numbers for products with codes. Before it is included, CTQ_HADAMARD_VECTORS says how many
// vectors fit the registers.

#include "float16.h"

#pragma STDC FP_CONTRACT OFF

// MARK: Plain rows

// Products are not held to the bit, so fused wherever the target can; a row is read once for up to four
// queries. Rows are of floats of 32 or 16 bits, a constant of each copy.

/// Elements i ... of a row, of which `count` are left; and element i of rows as a place.
CTQ_INLINE f32x16 ctq_load_row(const void *row, uint32_t bits, size_t i, size_t count) {
  return bits == 16 ? ctq_load_float16s((const uint16_t *)row + i, count)
                    : ctq_load_some((const float *)row + i, count);
}
CTQ_INLINE const void *ctq_row_address(const void *rows, uint32_t bits, size_t i) {
  return (const uint8_t *)rows + i * (bits / 8);
}

/// Asks for what stands two pages of memory after a row that is the first to begin in its page: to translate
/// the address of a page takes about as long as to compute with one, and processors that read ahead stop
/// where a page ends.
CTQ_INLINE void ctq_prefetch_page(const void *row, uint32_t bits, size_t width) {
  enum { PAGE = 4096 };
  if ((uintptr_t)row % PAGE < width * (bits / 8))
    __builtin_prefetch((const void *)((uintptr_t)row + 2 * PAGE), 0, 2);
}

CTQ_INLINE void ctq_row_products(const void *rows, uint32_t bits, size_t width, size_t row_count,
                                 const float *queries, size_t query_count, float *sums, size_t sum_stride) {
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
      for (size_t q = 0; q < query_count; q++)
        sum[q] += row * ctq_load_some(queries + q * width + i, width - i);
    }
#pragma clang loop unroll(full)
    for (size_t q = 0; q < query_count; q++) sums[q * sum_stride + r] = ctq_tree_sum(sum[q]);
  }
}

CTQ_INLINE void ctq_all_row_products(const void *rows, uint32_t bits, size_t width, size_t row_count,
                                     const float *queries, size_t query_count, float *sums,
                                     size_t sum_stride) {
  for (size_t q = 0; q < query_count; q += 4) {
#define ROW_PRODUCTS(count)                                                                         \
  ctq_row_products(rows, bits, width, row_count, queries + q * width, count, sums + q * sum_stride, \
                   sum_stride)
    switch (query_count - q) {
      case 1: ROW_PRODUCTS(1); break;
      case 2: ROW_PRODUCTS(2); break;
      case 3: ROW_PRODUCTS(3); break;
      default: ROW_PRODUCTS(4);
    }
#undef ROW_PRODUCTS
  }
}

static void row_products(const void *rows, uint32_t bits, size_t width, size_t row_count,
                         const float *queries, size_t query_count, float *sums, size_t sum_stride) {
  if (bits == 16)
    ctq_all_row_products(rows, 16, width, row_count, queries, query_count, sums, sum_stride);
  else
    ctq_all_row_products(rows, 32, width, row_count, queries, query_count, sums, sum_stride);
}

// Vectors of a row and queries whose sums stay in registers, and rows that stay in the first-level cache.
enum {
  CTQ_COMBINED_VECTORS = 8,
  CTQ_COMBINED_QUERIES = CTQ_HADAMARD_VECTORS >= 16 ? 2 : 1,
  CTQ_COMBINED_ROWS = 32,
};

/// `vectors` times 16 elements of some rows, the last vector of `last` elements.
CTQ_INLINE void ctq_combine_rows(const void *rows, uint32_t bits, size_t width, size_t row_count,
                                 const float *weights, size_t weight_stride, size_t query_count,
                                 size_t vectors, size_t last, float *sums) {
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
CTQ_INLINE void ctq_combine_tile(const void *rows, uint32_t bits, size_t width, size_t row_count,
                                 const float *weights, size_t weight_stride, size_t query_count,
                                 float *sums) {
  const size_t step = 16 * CTQ_COMBINED_VECTORS;
  size_t i = 0;
#define COMBINE(vectors, last)                                                                   \
  ctq_combine_rows(ctq_row_address(rows, bits, i), bits, width, row_count, weights, weight_stride, \
                   query_count, vectors, last, sums + i)
  for (; i + step <= width; i += step) COMBINE(CTQ_COMBINED_VECTORS, 16);
  for (; i + 64 <= width; i += 64) COMBINE(4, 16);
  for (; i + 16 <= width; i += 16) COMBINE(1, 16);
  if (i < width) COMBINE(1, width - i);
#undef COMBINE
}

CTQ_INLINE void ctq_combine_all_rows(const void *rows, uint32_t bits, size_t width, size_t row_count,
                                     const float *weights, size_t weight_stride, size_t query_count,
                                     float *sums) {
  for (size_t r = 0; r < row_count; r += CTQ_COMBINED_ROWS) {
    const size_t some = row_count - r < CTQ_COMBINED_ROWS ? row_count - r : CTQ_COMBINED_ROWS;
    size_t q = 0;
#define COMBINE_TILE(count)                                                 \
  ctq_combine_tile(ctq_row_address(rows, bits, r * width), bits, width, some, \
                   weights + q * weight_stride + r, weight_stride, count, sums + q * width)
    for (; q + CTQ_COMBINED_QUERIES <= query_count; q += CTQ_COMBINED_QUERIES)
      COMBINE_TILE(CTQ_COMBINED_QUERIES);
    for (; q < query_count; q++) COMBINE_TILE(1);
#undef COMBINE_TILE
  }
}

static void combine_rows(const void *rows, uint32_t bits, size_t width, size_t row_count,
                         const float *weights, size_t weight_stride, size_t query_count, float *sums) {
  if (bits == 16)
    ctq_combine_all_rows(rows, 16, width, row_count, weights, weight_stride, query_count, sums);
  else
    ctq_combine_all_rows(rows, 32, width, row_count, weights, weight_stride, query_count, sums);
}

// MARK: Softmax

/// Brings what follows codes that will be read next nearer: when their products are done, so that memory is busy while
/// the caller works on the sums.
CTQ_INLINE void ctq_prefetch_scales(const uint8_t *scales) {
#pragma clang loop unroll(full)
  for (size_t byte = 0; byte < CTQ_BYTES_BEYOND; byte += 64) __builtin_prefetch(scales + byte, 0, 2);
}

// The operations on a vector wait for one another, longer than each takes; so several vectors take turns.
enum { CTQ_IN_TURN = CTQ_HADAMARD_VECTORS >= 16 ? 4 : 1 };

/// Makes a copy of a statement for each v below a constant.
#define CTQ_FOR_EACH(v, count) _Pragma("clang loop unroll(full)") for (size_t v = 0; v < (count); v++)

/// Sixteen times `ctq_exponential` of every vector, operation by operation; the count is a constant.
CTQ_INLINE void ctq_exponentials(f32x16 *x, size_t count) {
  const f32x16 magic = ctq_splat(CTQ_ROUNDING_SHIFT);
  i32x16 is_small[CTQ_IN_TURN];
  f32x16 shifted[CTQ_IN_TURN], r[CTQ_IN_TURN], sum[CTQ_IN_TURN];
  CTQ_FOR_EACH(v, count) {
    is_small[v] = x[v] < ctq_splat(CTQ_SMALLEST_EXPONENT);
    // A lane that becomes zero must not make an exponent of its own.
    x[v] = (f32x16)((i32x16)x[v] & ~is_small[v]);
    shifted[v] = x[v] * CTQ_LOG2_E + magic;
  }
  CTQ_FOR_EACH(v, count) {
    const f32x16 n = shifted[v] - magic;
    r[v] = (x[v] - n * CTQ_LN2_HIGH) - n * CTQ_LN2_LOW;
    sum[v] = ctq_splat(CTQ_EXPONENTIAL_TERM(7));
  }
#pragma clang loop unroll(full)
  for (int k = 6; k >= 0; k--) CTQ_FOR_EACH(v, count) sum[v] = sum[v] * r[v] + CTQ_EXPONENTIAL_TERM(k);
  CTQ_FOR_EACH(v, count) {
    const i32x16 scaled = (i32x16)sum[v] + (i32x16)((u32x16)shifted[v] << 23);
    x[v] = (f32x16)(scaled & ~is_small[v]);
  }
}

static float exponentials(const float *x, size_t count, float shift, float *y) {
  f32x16 sum = {0}, e[CTQ_IN_TURN];
  size_t i = 0;
  for (; i + 16 * CTQ_IN_TURN <= count; i += 16 * CTQ_IN_TURN) {
    CTQ_FOR_EACH(v, CTQ_IN_TURN) e[v] = ctq_load(x + i + 16 * v) - shift;
    ctq_exponentials(e, CTQ_IN_TURN);
    CTQ_FOR_EACH(v, CTQ_IN_TURN) {
      ctq_store(y + i + 16 * v, e[v]);
      sum += e[v];
    }
  }
  for (; i < count; i += 16) {
    e[0] = ctq_load_some(x + i, count - i) - shift;
    ctq_exponentials(e, 1);
    ctq_store_some(y + i, e[0], count - i);
    // Lanes beyond the end hold exp(-shift), which is nobody's.
    sum += count - i < 16 ? ctq_load_some(y + i, count - i) : e[0];
  }
  return ctq_tree_sum(sum);
}

/// Of each lane the larger number.
CTQ_INLINE f32x16 ctq_larger(f32x16 a, f32x16 b) {
  i32x16 is_larger = a > b;
  return (f32x16)(((i32x16)a & is_larger) | ((i32x16)b & ~is_larger));
}

CTQ_INLINE float ctq_largest_lane(f32x16 v) {
#define LARGER_OF_HALVES(...) v = ctq_larger(__builtin_shufflevector(v, v, __VA_ARGS__), v)
  LARGER_OF_HALVES(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  LARGER_OF_HALVES(4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3);
  LARGER_OF_HALVES(2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1);
  LARGER_OF_HALVES(1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0);
#undef LARGER_OF_HALVES
  return v[0];
}

static float largest(const float *x, size_t count) {
  if (count < 16) {
    float found = -__builtin_inff();
    for (size_t i = 0; i < count; i++) found = x[i] > found ? x[i] : found;
    return found;
  }
  f32x16 found = ctq_splat(-__builtin_inff());
  for (size_t i = 0; i + 16 <= count; i += 16) found = ctq_larger(ctq_load(x + i), found);
  // The last sixteen again cover what is left.
  return ctq_largest_lane(ctq_larger(ctq_load(x + count - 16), found));
}

typedef int8_t i8x16 __attribute__((vector_size(16)));
typedef int8_t i8x16_unaligned __attribute__((vector_size(16), aligned(1)));

/// The largest magnitude of weights[i] * scales[i].
CTQ_INLINE float ctq_largest_product(const float *weights, const float *scales, size_t count) {
  f32x16 widest = {0};
  for (size_t i = 0; i < count; i += 16) {
    f32x16 x = ctq_load(weights + i) * ctq_load(scales + i);
    widest = ctq_larger((f32x16)((i32x16)x & 0x7fffffff), widest);
  }
  return ctq_largest_lane(widest);
}

/// Sixteen of the products times `inverse`, rounded.
CTQ_INLINE i32x16 ctq_whole_products(const float *weights, const float *scales, float inverse) {
  const f32x16 magic = ctq_splat(CTQ_ROUNDING_SHIFT);
  return (i32x16)(ctq_load(weights) * ctq_load(scales) * inverse + magic) - (i32x16)magic;
}

static float whole_weights(const float *weights, const float *scales, size_t count, int16_t *whole) {
  typedef int16_t i16x16 __attribute__((vector_size(32)));
  typedef int16_t i16x16_unaligned __attribute__((vector_size(32), aligned(2)));
  const float largest = ctq_largest_product(weights, scales, count);
  const float inverse = ctq_whole_inverse(largest, CTQ_WHOLE_LARGEST);
  for (size_t i = 0; i < count; i += 16)
    *(i16x16_unaligned *)(whole + i) =
        __builtin_convertvector(ctq_whole_products(weights + i, scales + i, inverse), i16x16);
  return largest / CTQ_WHOLE_LARGEST;
}

static ctq_split split_weights(const float *weights, const float *scales, size_t count, int8_t *high,
                               int8_t *low) {
  const float largest = ctq_largest_product(weights, scales, count);
  const float inverse = ctq_whole_inverse(largest, CTQ_SPLIT_LARGEST);
  i32x16 high_sums = {0}, low_sums = {0};
  for (size_t i = 0; i < count; i += 16) {
    i32x16 n = ctq_whole_products(weights + i, scales + i, inverse);
    i32x16 upper = (n + CTQ_SPLIT_BASE / 2) >> CTQ_SPLIT_BITS, lower = n - (upper << CTQ_SPLIT_BITS);
    high_sums += upper;
    low_sums += lower;
    *(i8x16_unaligned *)(high + i) = __builtin_convertvector(upper, i8x16);
    *(i8x16_unaligned *)(low + i) = __builtin_convertvector(lower, i8x16);
  }
  ctq_split split = {largest / CTQ_SPLIT_LARGEST, 0, 0};
  for (int i = 0; i < 16; i++) {
    split.high_sum += high_sums[i];
    split.low_sum += low_sums[i];
  }
  return split;
}
