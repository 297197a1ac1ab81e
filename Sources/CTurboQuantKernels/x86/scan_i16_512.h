// Scans with products of 16-bit numbers, 8 bits, on AVX-512. For avx512.c alone.

#ifndef CTQ_X86_SCAN_I16_512_H
#define CTQ_X86_SCAN_I16_512_H

#include "scan_i8_512.h"
#include "table_256.h"

#pragma STDC FP_CONTRACT OFF

/// The centroids of 16 rows, in the order of weights, as two registers of words each: rows 4i and 4i + 1, then rows 4i
/// + 2 and 4i + 3.
CTQ_INLINE void centroids_i16(const uint8_t *signs, const uint8_t *lower_bits, const table_i16 tables[4],
                              __m512i values[8][2]) {
  __m512i codes[4];
  code_pairs(signs, lower_bits + 4 * CTQ_GROUP_PLANE_BYTES, 4, codes);
#pragma clang loop unroll(full)
  for (int k = 0; k < 4; k++) {
    const __m512i lower = _mm512_loadu_si512(lower_bits + CTQ_GROUP_PLANE_BYTES * k);
    const __m512i index[2] = {merged(lower, _mm512_slli_epi16(codes[k], 4), 0x0f),
                              merged(_mm512_srli_epi16(lower, 4), codes[k], 0x0f)};
#pragma clang loop unroll(full)
    for (int h = 0; h < 2; h++) {
      const __m512i low = look_up_256(tables[k].low, index[h]), high = look_up_256(tables[k].high, index[h]);
      values[2 * k + h][0] = _mm512_unpacklo_epi8(low, high);
      values[2 * k + h][1] = _mm512_unpackhi_epi8(low, high);
    }
  }
}

/// Adds the products of a column group with one query. Pairs of columns have separate sums.
CTQ_INLINE void dot_group_i16(const __m512i values[8][2], const int16_t *query, __m512i sums[2]) {
#pragma clang loop unroll(full)
  for (int k = 0; k < 8; k++) {
    int64_t four;
    memcpy(&four, query + 4 * k, sizeof four);
    sums[0] = _mm512_dpwssd_epi32(sums[0], values[k][0], _mm512_set1_epi64(four));
    sums[1] = _mm512_dpwssd_epi32(sums[1], values[k][1], _mm512_set1_epi64(four));
  }
}

/// Adds the sums of both pairs of columns, for eight rows.
CTQ_INLINE __m512d joined(__m512i sums) {
  return _mm512_cvtepi32_pd(_mm512_cvtepi64_epi32(_mm512_add_epi32(sums, _mm512_srli_epi64(sums, 32))));
}

// How many column groups ahead are prefetched. No hardware prefetches every other line.
enum { I16_PREFETCH_GROUPS = 4 };

/// Prefetches 16 rows of the planes of a column group; they need not exist.
CTQ_INLINE void prefetch_group_i16(const uint8_t *signs, const uint8_t *lower_bits) {
  _mm_prefetch((const char *)signs, _MM_HINT_T0);
#pragma clang loop unroll(full)
  for (size_t p = 0; p < 7; p++) _mm_prefetch((const char *)lower_bits + CTQ_GROUP_PLANE_BYTES * p, _MM_HINT_T0);
}

/// The sums of 16 rows of a block.
static void scan_i16_rows16(const ctq_blocks *blocks, size_t block, size_t part, const table_i16 tables[4],
                            const int16_t *queries, size_t query_count, float *sums, size_t sum_stride) {
  const size_t groups = ctq_column_groups(blocks->columns);
  uint8_t scratch[8][CTQ_GROUP_PLANE_BYTES];
  __m512d totals[CTQ_SCAN_QUERIES][2];
  __m512i round[CTQ_SCAN_QUERIES][2];
  memset(totals, 0, sizeof totals);
  memset(round, 0, sizeof round);
  for (size_t g = 0; g < groups; g++) {
    __m512i values[8][2];
    const uint8_t *signs = ctq_signs(blocks, block), *lower_bits = ctq_lower_bits(blocks, block);
    const size_t next = CTQ_GROUP_PLANE_BYTES * (g + I16_PREFETCH_GROUPS);
    prefetch_group_i16(signs + next + 64 * part, lower_bits + 7 * next + 64 * part);
    centroids_i16(ctq_group_planes(signs, blocks->columns, 1, g, scratch[0]) + 64 * part,
                  ctq_group_planes(lower_bits, blocks->columns, 7, g, scratch[1]) + 64 * part, tables, values);
    for (size_t q = 0; q < query_count; q++) dot_group_i16(values, queries + 32 * (q * groups + g), round[q]);
    if (g % CTQ_I16_GROUPS_PER_ROUND + 1 < CTQ_I16_GROUPS_PER_ROUND && g + 1 < groups) continue;
    for (size_t q = 0; q < query_count; q++)
      for (int i = 0; i < 2; i++) totals[q][i] = _mm512_add_pd(totals[q][i], joined(round[q][i]));
    memset(round, 0, sizeof round);
  }
  const __m512i order = _mm512_setr_epi32(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
  for (size_t q = 0; q < query_count; q++) {
    __m512 both =
        _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(totals[q][0])), _mm512_cvtpd_ps(totals[q][1]), 1);
    _mm512_storeu_ps(sums + q * sum_stride + 32 * block + 16 * part, _mm512_permutexvar_ps(order, both));
  }
}

static void scan_i16(const ctq_blocks *blocks, const uint16_t *magnitudes, const int16_t *queries, size_t query_count,
                     float *sums, size_t sum_stride) {
  int16_t entries[4][256];
  ctq_fill_tables_i16(magnitudes, entries);
  table_i16 tables[4];
  for (int k = 0; k < 4; k++) tables[k] = load_table_i16(entries[k]);
  for (size_t i = 0; i < 2 * blocks->count; i++)
    scan_i16_rows16(blocks, i / 2, i % 2, tables, queries, query_count, sums, sum_stride);
}

#endif
