// Rows of angles of any shape, level by level: blocks of any length, and a last one that is shorter.

#ifndef CTQ_ATTENTION_ANGLE_LEVELS_H
#define CTQ_ATTENTION_ANGLE_LEVELS_H

#include "angle_bits.h"

#pragma STDC FP_CONTRACT OFF

/// The cosines or sines of codes. The width is not a constant here.
CTQ_INLINE f32x16 ctq_look_up_any(const float *entries, uint32_t bits, u32x16 code) {
  switch (bits) {
    case 1:
    case 2: return ctq_look_up_floats(entries, 2, code);
    case 3: return ctq_look_up_floats(entries, 3, code);
    case 4: return ctq_look_up_floats(entries, 4, code);
    case 5: return ctq_look_up_floats(entries, 5, code);
    case 6: return ctq_look_up_floats(entries, 6, code);
    case 7: return ctq_look_up_floats(entries, 7, code);
    default: return ctq_look_up_floats(entries, 8, code);
  }
}

/// What is left of a query after level 1, a vector of 16 rows each.
static void ctq_first_parts(const ctq_angles *angles, const uint32_t *words, const float *tables, float *parts) {
  const ctq_angle_level *level = angles->levels;
  const size_t pair_count = ctq_angle_pair_count(level->bits);
  for (size_t i = 0; i < level->count; i++, tables += pair_count) {
    const u32x16 code = ctq_row_bits(words, 8 * (size_t)level->byte_offset + i * level->bits, level->bits);
    const f32x16 part = level->bits <= CTQ_ANGLE_TABLE_BITS
                            ? ctq_look_up_any(tables, level->bits, code)
                            : tables[0] * ctq_look_up_any(level->cosines, level->bits, code) +
                                  tables[1] * ctq_look_up_any(level->sines, level->bits, code);
    ctq_store(parts + 16 * i, part);
  }
  if (angles->dimension % 2) ctq_store(parts + 16 * (size_t)level->count, ctq_splat(*tables));
}

/// Joins the parts of a level, of which there are `part_count`.
static void ctq_join_parts(const ctq_angle_level *level, const uint32_t *words, size_t part_count, float *parts) {
  for (size_t i = 0; i < level->count; i++) {
    const int is_last = i + 1 == level->count;
    const u32x16 code = ctq_row_bits(words, 8 * (size_t)level->byte_offset + i * level->bits, level->bits);
    const f32x16 cosine = ctq_look_up_any(is_last ? level->last_cosines : level->cosines, level->bits, code),
                 sine = ctq_look_up_any(is_last ? level->last_sines : level->sines, level->bits, code);
    ctq_store(parts + 16 * i, ctq_load(parts + 32 * i) * cosine + ctq_load(parts + 32 * i + 16) * sine);
  }
  if (part_count % 2) ctq_store(parts + part_count / 2 * 16, ctq_load(parts + (part_count - 1) * 16));
}

/// The products of 16 rows with a few queries.
static void ctq_angle_levels(const ctq_angles *angles, const uint32_t *words, const float *tables, size_t query_count,
                             float *parts, f32x16 *products) {
  for (size_t q = 0; q < query_count; q++, tables += ctq_angle_table_count(angles)) {
    ctq_first_parts(angles, words, tables, parts);
    size_t part_count = ((size_t)angles->dimension + 1) / 2;
    for (uint32_t l = 1; l < angles->level_count; l++, part_count = (part_count + 1) / 2)
      ctq_join_parts(angles->levels + l, words, part_count, parts);
    f32x16 sum = {0};
    for (size_t block = 0; block < part_count; block++)
      sum += ctq_load(parts + 16 * block) * ctq_radii(angles, words, block);
    products[q] = sum;
  }
}

#endif
