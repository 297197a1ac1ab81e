// Products of queries with packed rows of angles, in 16 lanes: a lane is a row.
//
// The rows are transposed word by word, so that a vector holds the same bits of 16 rows. A code is then a shift away,
// and its cosine and sine are lookups that serve a few queries. The target defines, before it includes this file,
//
//   ctq_look_up_floats(entries, width, index)
//
// the entries of a table for indices of `width` bits, a constant, with other bits above them. Tables have
// `ctq_angle_entries(width)` floats.

#ifndef CTQ_ATTENTION_ANGLES_H
#define CTQ_ATTENTION_ANGLES_H

#include "angle_blocks.h"
#include "angle_levels.h"
#include "prefetch.h"

#pragma STDC FP_CONTRACT OFF

static void angle_tables(const ctq_angles *angles, const float *query, float *tables) {
  const ctq_angle_level *level = angles->levels;
  const size_t entries = ctq_angle_entries(level->bits);
  if (level->bits > CTQ_ANGLE_TABLE_BITS) {
    memcpy(tables, query, angles->dimension * sizeof *query);
    return;
  }
  for (size_t i = 0; i < level->count; i++, tables += entries)
    for (size_t c = 0; c < entries; c += 16)
      ctq_store(tables + c,
                query[2 * i] * ctq_load(level->cosines + c) + query[2 * i + 1] * ctq_load(level->sines + c));
  if (angles->dimension % 2) *tables = query[angles->dimension - 1];
}

/// Four words of rows k, k + 4, k + 8 and k + 12.
CTQ_INLINE u32x16 ctq_load_words(const uint8_t *rows, size_t stride, size_t k) {
  u32x4 four[4];
#pragma clang loop unroll(full)
  for (size_t i = 0; i < 4; i++) memcpy(four + i, rows + (k + 4 * i) * stride, sizeof *four);
  u32x16 v;
  memcpy(&v, four, sizeof v);
  return v;
}

// Pairs of words from the same four rows of two vectors, and pairs of pairs.
#define CTQ_WORDS(a, b, i, j)                                                                                     \
  __builtin_shufflevector(a, b, i, 16 + i, j, 16 + j, 4 + i, 20 + i, 4 + j, 20 + j, 8 + i, 24 + i, 8 + j, 24 + j, \
                          12 + i, 28 + i, 12 + j, 28 + j)
#define CTQ_WORD_PAIRS(a, b, i)                                                                                       \
  __builtin_shufflevector(a, b, i, i + 1, 16 + i, 17 + i, 4 + i, 5 + i, 20 + i, 21 + i, 8 + i, 9 + i, 24 + i, 25 + i, \
                          12 + i, 13 + i, 28 + i, 29 + i)

/// Transposes `count` words of 16 rows, a multiple of four: word w of row r becomes words[16 * w + r].
CTQ_INLINE void ctq_transpose_words(const uint8_t *rows, size_t stride, size_t count, uint32_t *words) {
  for (size_t w = 0; w < count; w += 4, rows += 16, words += 64) {
    u32x16 v[4];
#pragma clang loop unroll(full)
    for (size_t k = 0; k < 4; k++) v[k] = ctq_load_words(rows, stride, k);
    const u32x16 first[2] = {CTQ_WORDS(v[0], v[1], 0, 1), CTQ_WORDS(v[2], v[3], 0, 1)};
    const u32x16 second[2] = {CTQ_WORDS(v[0], v[1], 2, 3), CTQ_WORDS(v[2], v[3], 2, 3)};
    v[0] = CTQ_WORD_PAIRS(first[0], first[1], 0);
    v[1] = CTQ_WORD_PAIRS(first[0], first[1], 2);
    v[2] = CTQ_WORD_PAIRS(second[0], second[1], 0);
    v[3] = CTQ_WORD_PAIRS(second[0], second[1], 2);
    memcpy(words, v, sizeof v);
  }
}

#undef CTQ_WORDS
#undef CTQ_WORD_PAIRS

/// Copies up to 16 rows to where whole vectors can be read; the last one stands for those that do not exist.
static void ctq_copy_rows(const uint8_t *rows, size_t stride, size_t row_count, size_t row_bytes, uint8_t *copies,
                          size_t copy_bytes) {
  memset(copies, 0, 16 * copy_bytes);
  for (size_t r = 0; r < 16; r++)
    memcpy(copies + r * copy_bytes, rows + (r < row_count ? r : row_count - 1) * stride, row_bytes);
}

/// The products of all rows with `some` queries, at most CTQ_ANGLE_QUERIES.
static void ctq_angle_products(const ctq_angles *angles, const uint8_t *rows, size_t stride, size_t row_count,
                               size_t byte_count, const float *tables, size_t some, const uint8_t *next, float *work,
                               float *sums, size_t sum_stride) {
  const size_t row_bytes = ctq_angle_row_bytes(angles), read_bytes = (row_bytes + 15) / 16 * 16;
  uint32_t *words = (uint32_t *)work;
  uint8_t *copies = (uint8_t *)(work + 4 * read_bytes);
  float *parts = work + 8 * read_bytes;
  ctq_angle_blocks *const blocks = ctq_angle_blocks_for(angles);
  for (size_t r = 0; r < row_count; r += 16, rows += 16 * stride, next += 16 * stride) {
    const size_t rows_left = row_count - r < 16 ? row_count - r : 16;
    if (rows_left < 16 || (r + 15) * stride + read_bytes > byte_count) {
      ctq_copy_rows(rows, stride, rows_left, row_bytes, copies, read_bytes);
      ctq_transpose_words(copies, read_bytes, read_bytes / 4, words);
    } else {
      ctq_transpose_words(rows, stride, read_bytes / 4, words);
    }
    for (size_t byte = 0; byte < 16 * stride; byte += 64) __builtin_prefetch(next + byte, 0, 2);
    f32x16 products[CTQ_ANGLE_QUERIES];
    if (blocks) blocks(angles, words, tables, some, products);
    else ctq_angle_levels(angles, words, tables, some, parts, products);
    for (size_t q = 0; q < some; q++) ctq_store_some(sums + q * sum_stride + r, products[q], rows_left);
  }
}

static void angle_products(const ctq_angles *angles, const uint8_t *rows, size_t stride, size_t row_count,
                           size_t byte_count, const float *tables, size_t query_count, const uint8_t *next, float *work,
                           float *sums, size_t sum_stride) {
  const size_t table_count = ctq_angle_table_count(angles);
  size_t some;
  for (size_t q = 0; q < query_count; q += some) {
    some = query_count - q < CTQ_ANGLE_QUERIES ? query_count - q : CTQ_ANGLE_QUERIES;
    ctq_angle_products(angles, rows, stride, row_count, byte_count, tables + q * table_count, some, next, work,
                       sums + q * sum_stride, sum_stride);
  }
  ctq_prefetch_scales(next + row_count * stride);
}

#endif
