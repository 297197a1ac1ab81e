// Scans of codes of 8 bits with products of 16-bit numbers, in 32 lanes of a byte.
//
// The upper nibble of a code is gathered from its planes as in scan_i8.h, the lower one is stored as it is. A lookup
// turns the upper nibble into the sign and into the part of the magnitude's index that depends on it.

#ifndef CTQ_SCAN_SCAN_I16_H
#define CTQ_SCAN_SCAN_I16_H

#include "../common/magnitudes.h"
#include "scan_i8.h"

#pragma STDC FP_CONTRACT OFF

// A column group has eight steps. A step has 128 centroids, four columns of 32 rows, and four weights per query. A
// round of column groups, 8 KiB of centroids, stays in the first-level cache.
enum { CTQ_I16_STEPS = 8, CTQ_I16_STEP = CTQ_GROUP_PLANE_BYTES, CTQ_I16_GROUP = CTQ_I16_STEPS * CTQ_I16_STEP };

// How many column groups ahead are prefetched. Computing the centroids of one takes longer than reading it. But while
// the queries use a round, nothing else would be read.
enum { CTQ_I16_PREFETCH_GROUPS = 2 };

/// The indices of magnitudes of eight rows, from byte `at` of each plane of a column group on. Bit 7 is set for a
/// negative centroid. Coordinates k and k + 4 are in indices[2k] and indices[2k + 1].
CTQ_INLINE void ctq_magnitude_indices(const uint8_t *signs, const uint8_t *lower_bits, int at,
                                      const ctq_tables_i16 *tables, u8x32 indices[CTQ_I16_STEPS]) {
  const uint8_t *twos = lower_bits + 4 * CTQ_GROUP_PLANE_BYTES, *ones = twos + 2 * CTQ_GROUP_PLANE_BYTES;
  u8x32 codes[4];
  ctq_code_pairs(signs, twos, ones, at, codes);
#pragma clang loop unroll(full)
  for (int k = 0; k < 4; k++) {
    const u8x32 lower = ctq_load_32(lower_bits + CTQ_GROUP_PLANE_BYTES * k + at);
    const u8x32 table = ctq_load_table(tables->indices[k]);
    indices[2 * k] = ctq_look_up(table, ctq_mask(codes[k], 0x0f)) ^ ctq_mask(lower, 0x0f);
    indices[2 * k + 1] =
        ctq_look_up(table, ctq_mask(ctq_shift_right(codes[k], 4), 0x0f)) ^ ctq_mask(ctq_shift_right(lower, 4), 0x0f);
  }
}

/// The centroids of a column group, step after step.
CTQ_INLINE void ctq_fill_tile_i16(const uint8_t *signs, const uint8_t *lower_bits, const ctq_tables_i16 *tables,
                                  int16_t *tile) {
  for (int at = 0; at < CTQ_GROUP_PLANE_BYTES; at += 32) {
    u8x32 indices[CTQ_I16_STEPS];
    ctq_magnitude_indices(signs, lower_bits, at, tables, indices);
#pragma clang loop unroll(full)
    for (int step = 0; step < CTQ_I16_STEPS; step++)
      ctq_centroids_i16(tables, indices[step], 8, tile + CTQ_I16_STEP * step + at);
  }
}

/// Prefetches the planes of a column group; they need not exist.
CTQ_INLINE void ctq_prefetch_group_i16(const uint8_t *signs, const uint8_t *lower_bits) {
#pragma clang loop unroll(full)
  for (size_t byte = 0; byte < CTQ_GROUP_PLANE_BYTES; byte += 64) __builtin_prefetch(signs + byte);
#pragma clang loop unroll(full)
  for (size_t byte = 0; byte < 7 * CTQ_GROUP_PLANE_BYTES; byte += 64) __builtin_prefetch(lower_bits + byte);
}

/// Adds the products of some steps with one query to 32 totals.
CTQ_INLINE void ctq_dot_tile_i16(const int16_t *tile, size_t steps, const int16_t *query, double totals[32]) {
  u32x8 sums[4][2] = {0};
  ctq_dot_words(tile, steps, 4, query, sums);
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++)
    *(f64x8_unaligned *)(totals + 8 * j) += __builtin_convertvector((i32x8)ctq_row_sums_i16(sums[j]), f64x8_unaligned);
}

CTQ_INLINE void ctq_scan_i16_block(const ctq_blocks *blocks, size_t block, const ctq_tables_i16 *tables,
                                   const int16_t *queries, size_t query_count, float *sums, size_t sum_stride) {
  const size_t groups = ctq_column_groups(blocks->columns);
  _Alignas(64) int16_t tile[CTQ_I16_GROUPS_PER_ROUND * CTQ_I16_GROUP];
  uint8_t scratch[8][CTQ_GROUP_PLANE_BYTES];
  double totals[CTQ_SCAN_QUERIES][32];
  memset(totals, 0, query_count * sizeof *totals);
  const uint8_t *signs = ctq_signs(blocks, block), *lower_bits = ctq_lower_bits(blocks, block);
  size_t waiting = 0;
  for (size_t g = 0; g < groups; g++) {
    const size_t next = CTQ_GROUP_PLANE_BYTES * (g + CTQ_I16_PREFETCH_GROUPS);
    ctq_prefetch_group_i16(signs + next, lower_bits + 7 * next);
    ctq_fill_tile_i16(ctq_group_planes(signs, blocks->columns, 1, g, scratch[0]),
                      ctq_group_planes(lower_bits, blocks->columns, 7, g, scratch[1]), tables,
                      tile + CTQ_I16_GROUP * waiting++);
    if (waiting < CTQ_I16_GROUPS_PER_ROUND && g + 1 < groups) continue;
    const int16_t *weights = queries + 32 * (g + 1 - waiting);
    for (size_t q = 0; q < query_count; q++)
      ctq_dot_tile_i16(tile, CTQ_I16_STEPS * waiting, weights + 32 * groups * q, totals[q]);
    waiting = 0;
  }
  for (size_t q = 0; q < query_count; q++)
    for (size_t r = 0; r < 32; r++) sums[q * sum_stride + 32 * block + r] = (float)totals[q][r];
}

static void scan_i16(const ctq_blocks *blocks, const uint16_t *magnitudes, const int16_t *queries, size_t query_count,
                     float *sums, size_t sum_stride) {
  const ctq_tables_i16 tables = ctq_load_tables_i16(magnitudes);
  for (size_t b = 0; b < blocks->count; b++)
    ctq_scan_i16_block(blocks, b, &tables, queries, query_count, sums, sum_stride);
}

#endif
