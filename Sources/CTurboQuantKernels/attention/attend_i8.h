// Attention over codes of 1 to 4 bits in quads, in 32 lanes of a byte.
//
// Eight rows are half a vector of a bit field. So a step of quads is unpacked by shifts and masks alone. A lookup turns
// 32 codes into 32 centroids, and each four neighbours are multiplied by the four weights of a quad.

#ifndef CTQ_ATTENTION_ATTEND_I8_H
#define CTQ_ATTENTION_ATTEND_I8_H

#include "../common/bytes32.h"
#include "ctq_attention.h"
#include "prefetch.h"

// The most queries for which a quad in registers is used.
enum { CTQ_ATTEND_I8_QUERIES = 4 };

/// The codes of one half of quad g of a step, from the vectors of all bit fields. `g` and the width are constants.
CTQ_INLINE u8x32 ctq_quad_codes(const uint8_t *codes, uint32_t bits, size_t step_count, size_t step, int g, int half) {
  u8x32 code = {0};
  int shift = 0;
#pragma clang loop unroll(full)
  for (int width = 8; width > 0; width /= 2) {
    if (!((int)bits & width)) continue;
    const int each = 8 / width, below = width * (g % each);
    const size_t vectors = ctq_quads_per_step(bits) / (size_t)each;
    u8x32 v = ctq_load_32(codes + 64 * (vectors * step + (size_t)(g / each)) + 32 * half);
    v = shift > below ? ctq_shift_left(v, shift - below) : ctq_shift_right(v, below - shift);
    code |= ctq_mask(v, (uint8_t)(((1u << width) - 1) << shift));
    codes += 64 * vectors * step_count;
    shift += width;
  }
  return code;
}

/// The sums of 16 rows over all quads. The width and the number of queries are constants of each copy.
CTQ_INLINE void ctq_attend_i8_rows16(const uint8_t *codes, uint32_t bits, size_t step_count, u8x32 centroids,
                                     const int8_t *weights, size_t stride, size_t query_count, const uint8_t *next,
                                     float *sums, size_t sum_stride) {
  const size_t step_quads = ctq_quads_per_step(bits);
  u32x8 totals[CTQ_ATTEND_I8_QUERIES][2] = {0};
  for (size_t step = 0; step < step_count; step++) {
#pragma clang loop unroll(full)
    for (size_t line = 0; line < step_quads * bits / 8; line++, next += 64) __builtin_prefetch(next, 0, 2);
    // Both halves of two quads at a time: sixteen registers hold that and the sums.
#pragma clang loop unroll(full)
    for (int g = 0; g < (int)step_quads; g += 2) {
      u8x32 pairs[2][2];
#pragma clang loop unroll(full)
      for (int i = 0; i < 4; i++)
        pairs[i / 2][i % 2] = ctq_look_up(centroids, ctq_quad_codes(codes, bits, step_count, step, g + i % 2, i / 2));
#pragma clang loop unroll(full)
      for (size_t q = 0; q < query_count; q++) {
        const int8_t *four = weights + q * stride + 4 * (step_quads * step + (size_t)g);
        const u8x32 p = ctq_splat_4(four), r = ctq_splat_4(four + 4);
#pragma clang loop unroll(full)
        for (int h = 0; h < 2; h++) totals[q][h] = ctq_dot_8(totals[q][h], pairs[h][0], pairs[h][1], p, r);
      }
    }
  }
#pragma clang loop unroll(full)
  for (size_t q = 0; q < query_count; q++)
#pragma clang loop unroll(full)
    for (int h = 0; h < 2; h++) ctq_store_sums(totals[q][h], sums + q * sum_stride + 8 * h);
}

CTQ_INLINE void ctq_attend_i8_all(const uint8_t *codes, uint32_t bits, size_t rows16_count, size_t quad_count,
                                  u8x32 centroids, const int8_t *weights, size_t query_count, const uint8_t *next,
                                  float *sums, size_t sum_stride) {
  const size_t step_count = quad_count / ctq_quads_per_step(bits), rows16_bytes = quad_count * 8 * bits;
  for (size_t g = 0; g < rows16_count; g++, codes += rows16_bytes, next += rows16_bytes)
    ctq_attend_i8_rows16(codes, bits, step_count, centroids, weights, 4 * quad_count, query_count, next, sums + 16 * g,
                         sum_stride);
  ctq_prefetch_scales(next);
}

static void attend_i8(const uint8_t *codes, uint32_t bits, size_t rows16_count, size_t quad_count,
                      const uint8_t *centroids, const int8_t *weights, size_t query_count, const uint8_t *next,
                      float *sums, size_t sum_stride) {
  const u8x32 table = ctq_load_table(centroids);
  for (size_t q = 0; q < query_count; q += CTQ_ATTEND_I8_QUERIES) {
    const int8_t *query_weights = weights + q * 4 * quad_count;
    float *query_sums = sums + q * sum_stride;
#define ATTEND_I8(bits, count) \
  ctq_attend_i8_all(codes, bits, rows16_count, quad_count, table, query_weights, count, next, query_sums, sum_stride)
#define FOR_QUERIES(bits)              \
  switch (query_count - q) {           \
    case 1: ATTEND_I8(bits, 1); break; \
    case 2: ATTEND_I8(bits, 2); break; \
    case 3: ATTEND_I8(bits, 3); break; \
    default: ATTEND_I8(bits, 4);       \
  }                                    \
  break
    switch (bits) {
      case 1: FOR_QUERIES(1);
      case 2: FOR_QUERIES(2);
      case 3: FOR_QUERIES(3);
      default: FOR_QUERIES(4);
    }
#undef FOR_QUERIES
#undef ATTEND_I8
  }
}

#endif
