// Rows of angles in whole blocks of 16 coordinates, four levels, whose parts stay in registers.
//
// There is a copy for each pair of widths that a standard rate has: that of the first level and that of the others.

#ifndef CTQ_ATTENTION_ANGLE_BLOCKS_H
#define CTQ_ATTENTION_ANGLE_BLOCKS_H

#include "angle_bits.h"

#pragma STDC FP_CONTRACT OFF

/// The products of 16 rows with a few queries.
typedef void ctq_angle_blocks(const ctq_angles *angles, const uint32_t *words, const float *tables, size_t query_count,
                              f32x16 *products);

/// Parts of a few queries: what is left of the same pair of coordinates after level 1.
CTQ_INLINE void ctq_look_up_pair(const ctq_angle_level *level, uint32_t width, u32x16 code, const float *tables,
                                 size_t table_count, size_t query_count, f32x16 *parts) {
  if (width <= CTQ_ANGLE_TABLE_BITS) {
#pragma clang loop unroll(full)
    for (size_t q = 0; q < query_count; q++) parts[q] = ctq_look_up_floats(tables + q * table_count, width, code);
    return;
  }
  const f32x16 cosine = ctq_look_up_floats(level->cosines, width, code),
               sine = ctq_look_up_floats(level->sines, width, code);
#pragma clang loop unroll(full)
  for (size_t q = 0; q < query_count; q++)
    parts[q] = tables[q * table_count] * cosine + tables[q * table_count + 1] * sine;
}

/// Joins the second parts to the first.
CTQ_INLINE void ctq_join(const ctq_angle_level *level, uint32_t width, u32x16 code, size_t query_count, f32x16 *first,
                         const f32x16 *second) {
  const f32x16 cosine = ctq_look_up_floats(level->cosines, width, code),
               sine = ctq_look_up_floats(level->sines, width, code);
#pragma clang loop unroll(full)
  for (size_t q = 0; q < query_count; q++) first[q] = first[q] * cosine + second[q] * sine;
}

/// What is left of four coordinates after level 2. The pairs' codes are shifted out of `codes`.
CTQ_INLINE void ctq_join_pairs(const ctq_angles *angles, uint32_t width1, uint32_t width2, u32x16 *codes, u32x16 code2,
                               const float *tables, size_t query_count, f32x16 *joined) {
  const ctq_angle_level *levels = angles->levels;
  const size_t table_count = ctq_angle_table_count(angles), pair_count = ctq_angle_pair_count(width1);
  f32x16 second[CTQ_ANGLE_QUERIES];
  ctq_look_up_pair(levels, width1, *codes, tables, table_count, query_count, joined);
  *codes >>= width1;
  ctq_look_up_pair(levels, width1, *codes, tables + pair_count, table_count, query_count, second);
  *codes >>= width1;
  ctq_join(&levels[1], width2, code2, query_count, joined, second);
}

/// The codes of `count` angles of a level in a block, with other bits above them.
CTQ_INLINE u32x16 ctq_block_codes(const ctq_angle_level *level, uint32_t bits, const uint32_t *words, size_t first,
                                  uint32_t count) {
  return ctq_row_bits(words, 8 * (size_t)level->byte_offset + first * bits, count * bits);
}

/// The widths and the number of queries are constants of each copy.
CTQ_INLINE void ctq_angle_blocks_copy(const ctq_angles *angles, const uint32_t *words, uint32_t width1, uint32_t width2,
                                      const float *tables, size_t query_count, f32x16 *products) {
  const ctq_angle_level *levels = angles->levels;
  const size_t pair_count = ctq_angle_pair_count(width1);
  f32x16 sums[CTQ_ANGLE_QUERIES];
#pragma clang loop unroll(full)
  for (size_t q = 0; q < query_count; q++) sums[q] = ctq_splat(0);
  for (size_t block = 0; block < angles->dimension / 16; block++) {
    u32x16 codes2 = ctq_block_codes(&levels[1], width2, words, 4 * block, 4),
           codes3 = ctq_block_codes(&levels[2], width2, words, 2 * block, 2);
    const u32x16 code4 = ctq_block_codes(&levels[3], width2, words, block, 1);
    f32x16 halves[2][CTQ_ANGLE_QUERIES];
#pragma clang loop unroll(full)
    for (size_t half = 0; half < 2; half++) {
      u32x16 codes1 = ctq_block_codes(&levels[0], width1, words, 8 * block + 4 * half, 4);
      f32x16 quarter[CTQ_ANGLE_QUERIES];
      ctq_join_pairs(angles, width1, width2, &codes1, codes2, tables, query_count, halves[half]);
      codes2 >>= width2;
      ctq_join_pairs(angles, width1, width2, &codes1, codes2, tables + 2 * pair_count, query_count, quarter);
      codes2 >>= width2;
      ctq_join(&levels[2], width2, codes3, query_count, halves[half], quarter);
      codes3 >>= width2;
      tables += 4 * pair_count;
    }
    ctq_join(&levels[3], width2, code4, query_count, halves[0], halves[1]);
    const f32x16 radii = ctq_radii(angles, words, block);
#pragma clang loop unroll(full)
    for (size_t q = 0; q < query_count; q++) sums[q] += halves[0][q] * radii;
  }
#pragma clang loop unroll(full)
  for (size_t q = 0; q < query_count; q++) products[q] = sums[q];
}

#define ANGLE_BLOCKS(width1, width2)                                                                          \
  static void ctq_angle_blocks_##width1(const ctq_angles *angles, const uint32_t *words, const float *tables, \
                                        size_t query_count, f32x16 *products) {                               \
    const size_t table_count = ctq_angle_table_count(angles);                                                 \
    if (query_count == 4) return ctq_angle_blocks_copy(angles, words, width1, width2, tables, 4, products);   \
    if (query_count >= 2) ctq_angle_blocks_copy(angles, words, width1, width2, tables, 2, products);          \
    if (query_count == 2) return;                                                                             \
    const size_t last = query_count - 1;                                                                      \
    ctq_angle_blocks_copy(angles, words, width1, width2, tables + last * table_count, 1, products + last);    \
  }
ANGLE_BLOCKS(3, 1)
ANGLE_BLOCKS(4, 2)
ANGLE_BLOCKS(5, 3)
ANGLE_BLOCKS(6, 4)
ANGLE_BLOCKS(7, 5)
ANGLE_BLOCKS(8, 6)
#undef ANGLE_BLOCKS

/// The copy for whole blocks of 16 coordinates with the widths of a standard rate, or null.
static ctq_angle_blocks *ctq_angle_blocks_for(const ctq_angles *angles) {
  if (angles->level_count != 4 || angles->dimension % 16) return NULL;
  const ctq_angle_level *levels = angles->levels;
  const uint32_t first = levels[0].bits, other = levels[1].bits;
  if (levels[2].bits != other || levels[3].bits != other || first != other + 2) return NULL;
  static ctq_angle_blocks *const copies[] = {ctq_angle_blocks_3, ctq_angle_blocks_4, ctq_angle_blocks_5,
                                             ctq_angle_blocks_6, ctq_angle_blocks_7, ctq_angle_blocks_8};
  return copies[other - 1];
}

#endif
