// Scans of codes of 3 and 4 bits with products of bytes, in 32 lanes of a byte.
//
// Nibbles of a code become bytes of a centroid. The four bytes of a word belong to one row, so one multiplication
// serves four coordinates. The bit fields of a code are at different positions of their nibbles. Exchanging masked
// bits between planes takes three operations for two results and gathers whole codes without a shift. Nibbles come
// out rotated left by k mod 4, and a lookup table for each rotation undoes that at no cost.

#ifndef CTQ_SCAN_SCAN_I8_H
#define CTQ_SCAN_SCAN_I8_H

#include "../common/bytes32.h"
#include "column_groups.h"

#pragma STDC FP_CONTRACT OFF

/// The codes of eight rows, from byte `at` of each plane of a column group on. codes[k] has the nibbles of coordinates
/// k and k + 4, each rotated left by k. Without a field of one bit, its position holds another coordinate's sign.
CTQ_INLINE void ctq_code_pairs(const uint8_t *signs, const uint8_t *twos, const uint8_t *ones, int at, u8x32 codes[4]) {
  u8x32 even = ctq_load_32(signs + at), odd = even;
  if (ones) ctq_exchange(even, ctq_load_32(ones + at), 0x55, &even, &odd);
  // An exchange gives two codes: 0 and 2, or 1 and 3.
  ctq_exchange(even, ctq_load_32(twos + at), 0x33, &codes[0], &codes[2]);
  ctq_exchange(odd, ctq_load_32(twos + CTQ_GROUP_PLANE_BYTES + at), 0x66, &codes[1], &codes[3]);
}

// The centroids of a column group take 1 KiB, and a round of column groups stays in the first-level cache.
enum { CTQ_I8_GROUPS_PER_ROUND = 12, CTQ_TILE_BYTES = 1024 };

/// The planes of a column group of 3 or 4 bits: signs, the field of two bits, and the field of one bit, which is null
/// for 3 bits.
typedef struct ctq_code_planes {
  const uint8_t *signs, *twos, *ones;
} ctq_code_planes;

CTQ_INLINE ctq_code_planes ctq_code_planes_of(const ctq_blocks *blocks, size_t block, uint32_t bits, size_t group,
                                              uint8_t scratch[4][CTQ_GROUP_PLANE_BYTES]) {
  const uint8_t *lower_bits =
      ctq_group_planes(ctq_lower_bits(blocks, block), blocks->columns, bits - 1, group, scratch[1]);
  return (ctq_code_planes){ctq_group_planes(ctq_signs(blocks, block), blocks->columns, 1, group, scratch[0]),
                           lower_bits, bits == 3 ? 0 : lower_bits + 2 * CTQ_GROUP_PLANE_BYTES};
}

/// Adds the products of a column group with one query to 32 sums.
CTQ_INLINE void ctq_dot_group(ctq_code_planes group, const u8x32 centroids[4], const int8_t *query, u32x8 sums[4]) {
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++) {
    u8x32 codes[4];
    ctq_code_pairs(group.signs, group.twos, group.ones, 32 * j, codes);
#pragma clang loop unroll(full)
    for (int k = 0; k < 4; k++)
      sums[j] = ctq_dot_8(sums[j], ctq_look_up(centroids[k], ctq_mask(codes[k], 0x0f)),
                          ctq_look_up(centroids[k], ctq_mask(ctq_shift_right(codes[k], 4), 0x0f)),
                          ctq_splat_4(query + 8 * k), ctq_splat_4(query + 8 * k + 4));
  }
}

/// The centroids of a column group: of coordinates k in 128 bytes from 256k on, then of coordinates k + 4.
CTQ_INLINE void ctq_fill_tile(ctq_code_planes group, const u8x32 centroids[4], uint8_t *tile) {
  for (int j = 0; j < 4; j++) {
    u8x32 codes[4];
    ctq_code_pairs(group.signs, group.twos, group.ones, 32 * j, codes);
#pragma clang loop unroll(full)
    for (int k = 0; k < 4; k++) {
      u8x32_unaligned *found = (u8x32_unaligned *)(tile + 256 * k + 32 * j);
      found[0] = ctq_look_up(centroids[k], ctq_mask(codes[k], 0x0f));
      found[4] = ctq_look_up(centroids[k], ctq_mask(ctq_shift_right(codes[k], 4), 0x0f));
    }
  }
}

/// Adds the products of `steps` times 256 tile bytes with some queries to 32 sums each.
CTQ_INLINE void ctq_dot_tile(const uint8_t *tile, size_t steps, const int8_t *query, size_t stride, size_t query_count,
                             u32x8 sums[][4]) {
  u32x8 totals[2][4];
  memcpy(totals, sums, query_count * sizeof *totals);
  for (size_t step = 0; step < steps; step++) {
#pragma clang loop unroll(full)
    for (size_t q = 0; q < query_count; q++) {
      u8x32 low = ctq_splat_4(query + q * stride + 8 * step);
      u8x32 high = ctq_splat_4(query + q * stride + 8 * step + 4);
#pragma clang loop unroll(full)
      for (int j = 0; j < 4; j++)
        totals[q][j] = ctq_dot_8(totals[q][j], ctq_load_32(tile + 256 * step + 32 * j),
                                 ctq_load_32(tile + 256 * step + 128 + 32 * j), low, high);
    }
  }
  memcpy(sums, totals, query_count * sizeof *totals);
}

/// The products of a round of column groups with all queries.
CTQ_INLINE void ctq_dot_round(const uint8_t *tile, size_t groups, const int8_t *queries, size_t stride,
                              size_t query_count, u32x8 (*totals)[4]) {
  size_t q = 0;
  for (; q + 2 <= query_count; q += 2) ctq_dot_tile(tile, 4 * groups, queries + q * stride, stride, 2, totals + q);
  if (q < query_count) ctq_dot_tile(tile, 4 * groups, queries + q * stride, stride, 1, totals + q);
}

CTQ_INLINE void ctq_scan_i8_block(const ctq_blocks *blocks, size_t block, uint32_t bits, const u8x32 centroids[4],
                                  const int8_t *queries, size_t query_count, float *sums, size_t sum_stride) {
  const size_t groups = ctq_column_groups(blocks->columns), stride = 32 * groups;
  _Alignas(64) uint8_t tile[CTQ_I8_GROUPS_PER_ROUND * CTQ_TILE_BYTES];
  uint8_t scratch[4][CTQ_GROUP_PLANE_BYTES];
  u32x8 totals[CTQ_SCAN_QUERIES][4];
  memset(totals, 0, query_count * sizeof *totals);
  size_t waiting = 0;
  for (size_t g = 0; g < groups; g++) {
    const ctq_code_planes group = ctq_code_planes_of(blocks, block, bits, g, scratch);
    if (query_count == 1) {
      ctq_dot_group(group, centroids, queries + 32 * g, totals[0]);
      continue;
    }
    ctq_fill_tile(group, centroids, tile + CTQ_TILE_BYTES * waiting++);
    if (waiting < CTQ_I8_GROUPS_PER_ROUND && g + 1 < groups) continue;
    ctq_dot_round(tile, waiting, queries + 32 * (g + 1 - waiting), stride, query_count, totals);
    waiting = 0;
  }
  for (size_t q = 0; q < query_count; q++)
    for (size_t part = 0; part < 4; part++)
      ctq_store_sums(totals[q][part], sums + q * sum_stride + 32 * block + 8 * part);
}

static void scan_i8(const ctq_blocks *blocks, uint32_t bits, const uint8_t *centroids, const int8_t *queries,
                    size_t query_count, float *sums, size_t sum_stride) {
  // One table per rotation of the nibbles.
  u8x32 table[4];
  for (uint32_t k = 0; k < 4; k++) {
    uint8_t entries[16];
    for (uint32_t nibble = 0; nibble < 16; nibble++) entries[nibble] = centroids[ctq_code_of_nibble(nibble, k, bits)];
    table[k] = ctq_load_table(entries);
  }
#define SCAN_I8(bits, queries_there)         \
  for (size_t b = 0; b < blocks->count; b++) \
  ctq_scan_i8_block(blocks, b, bits, table, queries, queries_there, sums, sum_stride)
  if (bits == 3 && query_count == 1) SCAN_I8(3, 1);
  else if (bits == 3) SCAN_I8(3, query_count);
  else if (query_count == 1) SCAN_I8(4, 1);
  else SCAN_I8(4, query_count);
#undef SCAN_I8
}

#endif
