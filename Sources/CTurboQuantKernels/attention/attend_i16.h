// Attention over codes of 5 to 8 bits in quads, in 32 lanes of a byte.
//
// Half a quad, eight rows, becomes words of 16 bits. The words of a round of quads stay in the first-level cache and
// serve all queries.

#ifndef CTQ_ATTENTION_ATTEND_I16_H
#define CTQ_ATTENTION_ATTEND_I16_H

#include "../common/magnitudes.h"
#include "attend_i8.h"

#pragma STDC FP_CONTRACT OFF

// The number of centroids of a quad.
enum { CTQ_QUAD_VALUES = 64 };

/// The centroids of a step, quad after quad. The halves of a quad are each in the order of `ctq_centroids_i16`.
CTQ_INLINE void ctq_fill_quads_i16(const uint8_t *codes, uint32_t bits, size_t step_count, size_t step,
                                   const ctq_tables_i16 *tables, int16_t *tile) {
#pragma clang loop unroll(full)
  for (int g = 0; g < (int)ctq_quads_per_step(bits); g++)
#pragma clang loop unroll(full)
    for (int half = 0; half < 2; half++, tile += 32) {
      // First the code becomes one of 8 bits. Then it becomes the index of a magnitude, with bit 7 set for a negative
      // centroid.
      u8x32 index = ctq_quad_codes(codes, bits, step_count, step, g, half);
      index += (uint8_t)(128 - (1u << (bits - 1)));
      index ^= ctq_mask(~(u8x32)(index > 127), 0x7f);
      ctq_centroids_i16(tables, index ^ ((u8x32){0} + 0x80), bits, tile);
    }
}

/// Adds to 16 sums the products of a round of quads with one query.
CTQ_INLINE void ctq_dot_quads_i16(const int16_t *tile, size_t quads, const int16_t *weights, float *sums) {
  u32x8 totals[2][2] = {0};
  ctq_dot_words(tile, quads, 2, weights, totals);
#pragma clang loop unroll(full)
  for (int half = 0; half < 2; half++) {
    f32x8_unaligned *target = (f32x8_unaligned *)(sums + 8 * half);
    *target += __builtin_convertvector((i32x8)ctq_row_sums_i16(totals[half]), f32x8);
  }
}

CTQ_INLINE void ctq_attend_i16_rows16(const uint8_t *codes, uint32_t bits, size_t quad_count,
                                      const ctq_tables_i16 *tables, const int16_t *weights, size_t query_count,
                                      const uint8_t *next, float *sums, size_t sum_stride) {
  const size_t step_quads = ctq_quads_per_step(bits), step_count = quad_count / step_quads;
  _Alignas(64) int16_t tile[CTQ_ATTEND_I16_QUADS * CTQ_QUAD_VALUES];
  for (size_t q = 0; q < query_count; q++) memset(sums + q * sum_stride, 0, 16 * sizeof *sums);
  for (size_t first = 0; first < quad_count; first += CTQ_ATTEND_I16_QUADS) {
    const size_t quads = quad_count - first < CTQ_ATTEND_I16_QUADS ? quad_count - first : CTQ_ATTEND_I16_QUADS;
    for (size_t g = 0; g < quads; g += step_quads) {
      for (size_t line = 0; line < step_quads * bits / 8; line++, next += 64) __builtin_prefetch(next, 0, 2);
      ctq_fill_quads_i16(codes, bits, step_count, (first + g) / step_quads, tables, tile + CTQ_QUAD_VALUES * g);
    }
    for (size_t q = 0; q < query_count; q++)
      ctq_dot_quads_i16(tile, quads, weights + 4 * (q * quad_count + first), sums + q * sum_stride);
  }
}

static void attend_i16(const uint8_t *codes, uint32_t bits, size_t rows16_count, size_t quad_count,
                       const uint16_t *magnitudes, const int16_t *weights, size_t query_count, const uint8_t *next,
                       float *sums, size_t sum_stride) {
  uint16_t all[128] = {0};
  memcpy(all, magnitudes, sizeof *all << (bits - 1));
  const ctq_tables_i16 tables = ctq_load_tables_i16(all);
  const size_t rows16_bytes = quad_count * 8 * bits;
  for (size_t g = 0; g < rows16_count; g++, codes += rows16_bytes, next += rows16_bytes, sums += 16) {
#define ATTEND_I16(bits) \
  ctq_attend_i16_rows16(codes, bits, quad_count, &tables, weights, query_count, next, sums, sum_stride)
    switch (bits) {
      case 5: ATTEND_I16(5); break;
      case 6: ATTEND_I16(6); break;
      case 7: ATTEND_I16(7); break;
      default: ATTEND_I16(8);
    }
#undef ATTEND_I16
  }
  ctq_prefetch_scales(next);
}

#endif
