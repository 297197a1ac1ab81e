// Scans with products of bytes, 3 and 4 bits, on AVX-512. For avx512.c alone.
//
// Tables repeat themselves, so the bits of an index above a code need not be masked away.

#ifndef CTQ_X86_SCAN_I8_512_H
#define CTQ_X86_SCAN_I8_512_H

#include "rows16.h"

#pragma STDC FP_CONTRACT OFF

/// The codes of 16 rows. codes[k] has the nibbles of coordinates k and k + 4, each rotated left by k. `lower_bits` has
/// `bits` - 1 planes. Without a field of one bit, its position holds another coordinate's sign.
CTQ_INLINE void code_pairs(const uint8_t *signs, const uint8_t *lower_bits, uint32_t bits, __m512i codes[4]) {
  __m512i even = _mm512_loadu_si512(signs), odd = even;
  if (bits == 4) {
    __m512i ones = _mm512_loadu_si512(lower_bits + 2 * CTQ_GROUP_PLANE_BYTES);
    odd = merged(ones, even, 0x55);
    even = merged(even, ones, 0x55);
  }
  const __m512i first = _mm512_loadu_si512(lower_bits), second = _mm512_loadu_si512(lower_bits + CTQ_GROUP_PLANE_BYTES);
  codes[0] = merged(even, first, 0x33);
  codes[2] = merged(first, even, 0x33);
  codes[1] = merged(odd, second, 0x66);
  codes[3] = merged(second, odd, 0x66);
}

/// Adds the products of a column group of one block to two sums per 16 rows.
CTQ_INLINE void dot_group(block_planes s, uint32_t bits, const __m512i centroids[4], const int8_t *query,
                          __m512i sums[2][2]) {
  __m512i codes[2][4];
  code_pairs(s.signs, s.lower_bits, bits, codes[0]);
  code_pairs(s.signs + 64, s.lower_bits + 64, bits, codes[1]);
#pragma clang loop unroll(full)
  for (int k = 0; k < 4; k++) {
    const __m512i low = splat_4(query + 8 * k), high = splat_4(query + 8 * k + 4);
#pragma clang loop unroll(full)
    for (int i = 0; i < 2; i++) {
      sums[i][0] = _mm512_dpbusd_epi32(sums[i][0], _mm512_permutexvar_epi8(codes[i][k], centroids[k]), low);
      sums[i][1] = _mm512_dpbusd_epi32(sums[i][1],
                                       _mm512_permutexvar_epi8(_mm512_srli_epi16(codes[i][k], 4), centroids[k]), high);
    }
  }
}

CTQ_INLINE void scan_i8_block(const ctq_blocks *blocks, size_t block, uint32_t bits, const __m512i centroids[4],
                              const int8_t *query, float *sums) {
  uint8_t scratch[4][CTQ_GROUP_PLANE_BYTES];
  __m512i totals[2][2];
  for (int i = 0; i < 4; i++) totals[i / 2][i % 2] = _mm512_setzero_si512();
  for (size_t g = 0; g < ctq_column_groups(blocks->columns); g++)
    dot_group(block_planes_of(blocks, block, bits - 1, g, scratch), bits, centroids, query + 32 * g, totals);
  for (int i = 0; i < 2; i++) leave_sums(_mm512_add_epi32(totals[i][0], totals[i][1]), sums + 32 * block + 16 * i);
}

/// Prefetches the same bytes of the next block. 16 rows are every other line, which no hardware prefetches. A few
/// queries wait for memory, and the second-level cache can have more requests outstanding. Many queries do not wait.
CTQ_INLINE void prefetch_words(const uint8_t *words, size_t query_count) {
  if (query_count < 8) {
    _mm_prefetch((const char *)words, _MM_HINT_T1);
  } else {
    _mm_prefetch((const char *)words, _MM_HINT_T0);
  }
}

/// The sums of the 16 rows from 16 * `part` on of a block. `query_count` is a constant of each copy.
CTQ_INLINE void scan_i8_rows16(const ctq_blocks *blocks, size_t block, size_t part, uint32_t bits,
                               const __m512i centroids[4], const int8_t *queries, size_t query_count, float *sums,
                               size_t sum_stride) {
  const size_t groups = ctq_column_groups(blocks->columns), stride = 32 * groups;
  uint8_t scratch[4][CTQ_GROUP_PLANE_BYTES];
  __m512i totals[CTQ_SCAN_QUERIES];
#pragma clang loop unroll(full)
  for (size_t q = 0; q < query_count; q++) totals[q] = _mm512_setzero_si512();
  for (size_t g = 0; g < groups; g++) {
    const block_planes s = block_planes_of(blocks, block, bits - 1, g, scratch);
    const uint8_t *signs = s.signs + 64 * part, *lower_bits = s.lower_bits + 64 * part;
    __m512i codes[4];
    code_pairs(signs, lower_bits, bits, codes);
    prefetch_words(signs + blocks->sign_stride, query_count);
#pragma clang loop unroll(full)
    for (uint32_t p = 0; p < bits - 1; p++)
      prefetch_words(lower_bits + CTQ_GROUP_PLANE_BYTES * p + blocks->lower_bits_stride, query_count);
    const int8_t *weights = queries + 32 * g;
#pragma clang loop unroll(full)
    for (int k = 0; k < 4; k++) {
      const __m512i low = _mm512_permutexvar_epi8(codes[k], centroids[k]);
      const __m512i high = _mm512_permutexvar_epi8(_mm512_srli_epi16(codes[k], 4), centroids[k]);
#pragma clang loop unroll(full)
      for (size_t q = 0; q < query_count; q++) {
        totals[q] = _mm512_dpbusd_epi32(totals[q], low, splat_4(weights + q * stride + 8 * k));
        totals[q] = _mm512_dpbusd_epi32(totals[q], high, splat_4(weights + q * stride + 8 * k + 4));
      }
    }
  }
  sums += 32 * block + 16 * part;
#pragma clang loop unroll(full)
  for (size_t q = 0; q < query_count; q++) leave_sums(totals[q], sums + q * sum_stride);
}

/// The sums of all blocks for the largest number of queries that has a copy. Returns that number.
CTQ_INLINE size_t scan_i8_blocks(const ctq_blocks *blocks, uint32_t bits, const __m512i centroids[4],
                                 const int8_t *queries, size_t query_count, float *sums, size_t sum_stride) {
#define TRY_QUERIES(served)                                                                     \
  if (query_count >= served) {                                                                  \
    for (size_t i = 0; i < 2 * blocks->count; i++)                                              \
      scan_i8_rows16(blocks, i / 2, i % 2, bits, centroids, queries, served, sums, sum_stride); \
    return served;                                                                              \
  }
  TRY_QUERIES(16)
  TRY_QUERIES(8)
  TRY_QUERIES(4)
  TRY_QUERIES(2)
#undef TRY_QUERIES
  for (size_t b = 0; b < blocks->count; b++) scan_i8_block(blocks, b, bits, centroids, queries, sums);
  return 1;
}

static void scan_i8(const ctq_blocks *blocks, uint32_t bits, const uint8_t *centroids, const int8_t *queries,
                    size_t query_count, float *sums, size_t sum_stride) {
  // One table per rotation of the nibbles.
  __m512i tables[4];
  for (uint32_t k = 0; k < 4; k++) {
    uint8_t entries[64];
    for (uint32_t i = 0; i < 64; i++) entries[i] = centroids[ctq_code_of_nibble(i % 16, k, bits)];
    tables[k] = _mm512_loadu_si512(entries);
  }
  const size_t stride = 32 * ctq_column_groups(blocks->columns);
  for (size_t q = 0; q < query_count;) {
    const int8_t *query = queries + q * stride;
    float *query_sums = sums + q * sum_stride;
    q += bits == 3 ? scan_i8_blocks(blocks, 3, tables, query, query_count - q, query_sums, sum_stride)
                   : scan_i8_blocks(blocks, 4, tables, query, query_count - q, query_sums, sum_stride);
  }
}

#endif
