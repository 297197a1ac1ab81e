// Scans of codes of 1 and 2 bits with lookup tables, in 32 lanes of a byte.
//
// A code is a sum of what its bits stand for. A table of 16 entries answers for four coordinates, a nibble of a
// plane, at once. So a byte shuffle makes 32 lookups. Two answers of at most 127 are added before they are widened.
// Each column has its own tables, so the columns of a column group are separated first.

#ifndef CTQ_SCAN_SCAN_LUT_H
#define CTQ_SCAN_SCAN_LUT_H

#include "../common/bytes32.h"
#include "column_groups.h"

#pragma STDC FP_CONTRACT OFF

// A round of column groups, whose sums fit 16 bits: 257 sums of two answers of at most 127 do.
enum { CTQ_LUT_GROUPS_PER_ROUND = 32 };

/// The four columns of a plane of 32 rows, given as words. Byte 16h + 4j + i of a column belongs to row 8j + 4h + i.
CTQ_INLINE void ctq_columns(const u8x32 words[4], u8x32 columns[4]) {
  u8x32 v[4];
  // First, four rows of a column side by side. Then their words from all four vectors.
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++)
    v[j] = __builtin_shufflevector(words[j], words[j], 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15, 16, 20, 24,
                                   28, 17, 21, 25, 29, 18, 22, 26, 30, 19, 23, 27, 31);
  u32x8 low01 = CTQ_ZIP_WORDS(v[0], v[1], 0), high01 = CTQ_ZIP_WORDS(v[0], v[1], 2);
  u32x8 low23 = CTQ_ZIP_WORDS(v[2], v[3], 0), high23 = CTQ_ZIP_WORDS(v[2], v[3], 2);
  columns[0] = CTQ_ZIP_LONGS(low01, low23, 0);
  columns[1] = CTQ_ZIP_LONGS(low01, low23, 2);
  columns[2] = CTQ_ZIP_LONGS(high01, high23, 0);
  columns[3] = CTQ_ZIP_LONGS(high01, high23, 2);
}

/// Sums of 16 bits: `both` of bytes 2i plus 256 times bytes 2i + 1, `odd` of bytes 2i + 1.
typedef struct ctq_short_sums {
  u16x16 both, odd;
} ctq_short_sums;

/// Adds sums of 16 bits to 32 totals and brings them from the order of `ctq_columns` to that of the rows.
CTQ_INLINE void ctq_flush(ctq_short_sums sums, u32x8 totals[4]) {
  u16x16 even = sums.both - (sums.odd << 8), none = {0};
  u8x32 low = CTQ_ZIP_PAIRS_LOW(even, sums.odd), high = CTQ_ZIP_PAIRS_HIGH(even, sums.odd);
  totals[0] += (u32x8)CTQ_ZIP_PAIRS_LOW(low, none);
  totals[1] += (u32x8)CTQ_ZIP_PAIRS_HIGH(low, none);
  totals[2] += (u32x8)CTQ_ZIP_PAIRS_LOW(high, none);
  totals[3] += (u32x8)CTQ_ZIP_PAIRS_HIGH(high, none);
}

/// Adds the answers for one plane of a column group. The counts are constants of each copy.
CTQ_INLINE void ctq_lut_plane(const uint8_t *plane, const uint8_t *tables, size_t table_bytes, size_t query_count,
                              ctq_short_sums *shorts) {
  u8x32 words[4], columns[4];
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++) words[j] = ctq_load_32(plane + 32 * j);
  ctq_columns(words, columns);
#pragma clang loop unroll(full)
  for (uint32_t t = 0; t < CTQ_GROUP_COLUMNS; t++) {
    const u8x32 low = ctq_mask(columns[t], 0x0f);
    const u8x32 high = ctq_mask(ctq_shift_right(columns[t], 4), 0x0f);
#pragma clang loop unroll(full)
    for (size_t q = 0; q < query_count; q++) {
      const uint8_t *table = tables + q * table_bytes + 16 * t;
      u16x16 v = (u16x16)(ctq_look_up(ctq_load_table(table), low) +
                          ctq_look_up(ctq_load_table(table + CTQ_GROUP_PLANE_BYTES / 2), high));
      shorts[q].both += v;
      shorts[q].odd += v >> 8;
    }
  }
}

/// One block for `query_count` queries.
CTQ_INLINE void ctq_scan_lut_block(const ctq_blocks *blocks, size_t block, uint32_t bits, const uint8_t *tables,
                                   size_t query_count, float *sums, size_t sum_stride) {
  const uint8_t *planes[2] = {ctq_signs(blocks, block), bits > 1 ? ctq_lower_bits(blocks, block) : 0};
  const size_t groups = ctq_column_groups(blocks->columns), table_bytes = groups * CTQ_GROUP_PLANE_BYTES * bits;
  uint8_t scratch[CTQ_GROUP_PLANE_BYTES];
  u32x8 totals[CTQ_SCAN_LUT_QUERIES][4] = {0};
  for (size_t first = 0; first < groups; first += CTQ_LUT_GROUPS_PER_ROUND / bits) {
    const size_t round = CTQ_LUT_GROUPS_PER_ROUND / bits, end = groups - first < round ? groups : first + round;
    ctq_short_sums shorts[CTQ_SCAN_LUT_QUERIES] = {0};
    for (size_t g = first; g < end; g++)
#pragma clang loop unroll(full)
      for (uint32_t p = 0; p < bits; p++)
        ctq_lut_plane(ctq_group_planes(planes[p], blocks->columns, 1, g, scratch),
                      tables + CTQ_GROUP_PLANE_BYTES * (bits * g + p), table_bytes, query_count, shorts);
#pragma clang loop unroll(full)
    for (size_t q = 0; q < query_count; q++) ctq_flush(shorts[q], totals[q]);
  }
#pragma clang loop unroll(full)
  for (size_t q = 0; q < query_count; q++)
    for (size_t part = 0; part < 4; part++)
      ctq_store_sums(totals[q][part], sums + q * sum_stride + 32 * block + 8 * part);
}

static void scan_lut(const ctq_blocks *blocks, uint32_t bits, const uint8_t *tables, size_t query_count, float *sums,
                     size_t sum_stride) {
#define SCAN_LUT(bits, queries) \
  for (size_t b = 0; b < blocks->count; b++) ctq_scan_lut_block(blocks, b, bits, tables, queries, sums, sum_stride)
#define FOR_QUERIES(bits)             \
  switch (query_count) {              \
    case 1: SCAN_LUT(bits, 1); break; \
    case 2: SCAN_LUT(bits, 2); break; \
    case 3: SCAN_LUT(bits, 3); break; \
    default: SCAN_LUT(bits, 4);       \
  }
  if (bits == 1) {
    FOR_QUERIES(1)
  } else {
    FOR_QUERIES(2)
  }
#undef FOR_QUERIES
#undef SCAN_LUT
}

#endif
