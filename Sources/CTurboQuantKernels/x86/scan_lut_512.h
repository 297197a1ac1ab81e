// Scans with lookup tables, 1 and 2 bits, on AVX-512. For avx512.c alone.
//
// A lookup among 64 entries answers for all four columns of a column group at once: two bits of its index are the
// column's. Four answers are neighbours and belong to one row, so one instruction adds them to the row's sum.

#ifndef CTQ_X86_SCAN_LUT_512_H
#define CTQ_X86_SCAN_LUT_512_H

#include "rows16.h"

#pragma STDC FP_CONTRACT OFF

// Lookups are as fast as memory. Prefetching goes two pages ahead, because hardware prefetching stops at the end of a
// page, and into the second-level cache, because the first-level cache can have too few requests outstanding for that
// distance.
enum { LUT_PREFETCH_BYTES = 8192 };

/// Indices into 64 entries: the low nibbles of `bytes`, with the number of the column above each.
CTQ_INLINE __m512i column_nibbles(__m512i bytes) { return merged(bytes, _mm512_set1_epi32(0x30201000), 0x0f); }

/// Adds the answers for one plane of a column group, for `rows16_count` times 16 rows. The counts are constants of each
/// copy.
CTQ_INLINE void lut_plane(const uint8_t *const words[4], size_t rows16_count, const uint8_t *tables, size_t table_bytes,
                          size_t query_count, __m512i sums[CTQ_SCAN_LUT_QUERIES][4]) {
  __m512i low[4], high[4];
#pragma clang loop unroll(full)
  for (size_t i = 0; i < rows16_count; i++) {
    const __m512i bytes = _mm512_loadu_si512(words[i]);
    low[i] = column_nibbles(bytes);
    high[i] = column_nibbles(_mm512_srli_epi16(bytes, 4));
  }
#pragma clang loop unroll(full)
  for (size_t q = 0; q < query_count; q++) {
    const __m512i first = _mm512_loadu_si512(tables + q * table_bytes);
    const __m512i second = _mm512_loadu_si512(tables + q * table_bytes + 64);
#pragma clang loop unroll(full)
    for (size_t i = 0; i < rows16_count; i++) {
      // Two answers of at most 127 fit a byte.
      const __m512i both =
          _mm512_add_epi8(_mm512_permutexvar_epi8(low[i], first), _mm512_permutexvar_epi8(high[i], second));
      sums[q][i] = _mm512_dpbusd_epi32(sums[q][i], both, _mm512_set1_epi8(1));
    }
  }
}

/// Where the planes of up to two blocks begin: signs, then lower bits.
typedef struct planes {
  const uint8_t *of[2][2];
} planes;

CTQ_INLINE planes planes_of(const ctq_blocks *blocks, size_t block, size_t count, uint32_t bits) {
  planes p = {{{0}}};
#pragma clang loop unroll(full)
  for (size_t b = 0; b < count; b++) {
    p.of[0][b] = ctq_signs(blocks, block + b);
    if (bits > 1) p.of[1][b] = ctq_lower_bits(blocks, block + b);
  }
  return p;
}

/// Adds the answers for all planes of column group `group`, which may be the narrower last one.
CTQ_INLINE void lut_group(const planes *planes, uint32_t columns, int is_whole, size_t group, size_t count,
                          uint32_t bits, const uint8_t *tables, size_t table_bytes, size_t query_count,
                          __m512i sums[CTQ_SCAN_LUT_QUERIES][4]) {
#pragma clang loop unroll(full)
  for (uint32_t p = 0; p < bits; p++) {
    uint8_t scratch[2][CTQ_GROUP_PLANE_BYTES];
    const uint8_t *words[4];
#pragma clang loop unroll(full)
    for (size_t i = 0; i < 2 * count; i++) {
      const uint8_t *plane = planes->of[p][i / 2];
      plane =
          is_whole ? plane + CTQ_GROUP_PLANE_BYTES * group : ctq_group_planes(plane, columns, 1, group, scratch[i / 2]);
      words[i] = plane + 64 * (i % 2);
      if (is_whole) _mm_prefetch((const char *)words[i] + LUT_PREFETCH_BYTES, _MM_HINT_T1);
    }
    lut_plane(words, 2 * count, tables + CTQ_GROUP_PLANE_BYTES * (bits * group + p), table_bytes, query_count, sums);
  }
}

/// The sums of `count` blocks from `block` on.
CTQ_INLINE void scan_lut_blocks(const ctq_blocks *blocks, size_t block, size_t count, uint32_t bits,
                                const uint8_t *tables, size_t query_count, float *sums, size_t sum_stride) {
  const size_t groups = ctq_column_groups(blocks->columns), whole = blocks->columns / CTQ_GROUP_COLUMNS;
  const size_t table_bytes = groups * CTQ_GROUP_PLANE_BYTES * bits, rows16_count = 2 * count;
  const planes planes = planes_of(blocks, block, count, bits);
  __m512i totals[CTQ_SCAN_LUT_QUERIES][4];
#pragma clang loop unroll(full)
  for (size_t i = 0; i < rows16_count * query_count; i++)
    totals[i / rows16_count][i % rows16_count] = _mm512_setzero_si512();
#define LUT_GROUP(group, is_whole) \
  lut_group(&planes, blocks->columns, is_whole, group, count, bits, tables, table_bytes, query_count, totals)
  for (size_t g = 0; g < whole; g++) LUT_GROUP(g, 1);
  if (whole < groups) LUT_GROUP(whole, 0);
#undef LUT_GROUP
  sums += 32 * block;
#pragma clang loop unroll(full)
  for (size_t i = 0; i < rows16_count * query_count; i++)
    leave_sums(totals[i / rows16_count][i % rows16_count],
               sums + i / rows16_count * sum_stride + 16 * (i % rows16_count));
}

/// The sums of 64 rows at a time for one query, of 32 rows for more: what the registers hold.
CTQ_INLINE void scan_lut_all(const ctq_blocks *blocks, uint32_t bits, const uint8_t *tables, size_t query_count,
                             float *sums, size_t sum_stride) {
  size_t b = 0;
  if (query_count == 1)
    for (; b + 2 <= blocks->count; b += 2) scan_lut_blocks(blocks, b, 2, bits, tables, 1, sums, sum_stride);
  for (; b < blocks->count; b++) scan_lut_blocks(blocks, b, 1, bits, tables, query_count, sums, sum_stride);
}

static void scan_lut(const ctq_blocks *blocks, uint32_t bits, const uint8_t *tables, size_t query_count, float *sums,
                     size_t sum_stride) {
#define FOR_QUERIES(bits)                                                    \
  switch (query_count) {                                                     \
    case 1: return scan_lut_all(blocks, bits, tables, 1, sums, sum_stride);  \
    case 2: return scan_lut_all(blocks, bits, tables, 2, sums, sum_stride);  \
    case 3: return scan_lut_all(blocks, bits, tables, 3, sums, sum_stride);  \
    default: return scan_lut_all(blocks, bits, tables, 4, sums, sum_stride); \
  }
  if (bits == 1) {
    FOR_QUERIES(1)
  } else {
    FOR_QUERIES(2)
  }
#undef FOR_QUERIES
}

#endif
