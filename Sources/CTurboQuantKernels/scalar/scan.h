// Scans, row by row and coordinate by coordinate: what the headers in scan/ compute.

#ifndef CTQ_SCALAR_SCAN_H
#define CTQ_SCALAR_SCAN_H

#include "../scan/similarity.h"
#include "ctq_codec.h"

#pragma STDC FP_CONTRACT OFF

/// The code of coordinate i of row `row` of all blocks.
static uint32_t code_of(const ctq_blocks *blocks, uint32_t bits, size_t row, size_t i) {
  const uint8_t *signs = ctq_signs(blocks, row / 32);
  const uint32_t c = (uint32_t)(i / 8), r = (uint32_t)(row % 32), nibble = i % 8 / 4 * 4, k = i % 4;
  uint32_t code = (uint32_t)(signs[ctq_byte_offset(blocks->columns, 1, 0, c, r)] >> (nibble + k) & 1) << (bits - 1);
  uint32_t shift = 0, plane = 0;
  for (uint32_t width = 4; width > 0; width /= 2) {
    if (!((bits - 1) & width)) continue;
    const uint8_t *lower_bits = ctq_lower_bits(blocks, row / 32);
    const uint8_t byte = lower_bits[ctq_byte_offset(blocks->columns, bits - 1, plane + k % width, c, r)];
    for (uint32_t j = 0; j < width; j++)
      code |= (uint32_t)(byte >> (nibble + (width == 4 ? j : (k + width + j) % 4)) & 1) << (shift + j);
    shift += width;
    plane += width;
  }
  return code;
}

/// Column c of row `row` of all blocks: of the signs, or for p = 1 of the lower bits, which have one plane.
static uint32_t column_of(const ctq_blocks *blocks, uint32_t p, size_t row, size_t c) {
  const uint8_t *plane = p ? ctq_lower_bits(blocks, row / 32) : ctq_signs(blocks, row / 32);
  return plane[ctq_byte_offset(blocks->columns, 1, 0, (uint32_t)c, (uint32_t)(row % 32))];
}

static void fill_lookup_tables(const float *u, size_t columns, const float *factors, uint32_t planes, uint8_t *tables) {
  for (size_t c = 0; c < columns; c++)
    for (uint32_t half = 0; half < 2 * planes; half++) {
      const float *values = u + 8 * c + half % 2 * 4;
      const uint32_t plane = half / 2;
      uint8_t *table =
          tables + 16 * ((c / CTQ_GROUP_COLUMNS * 2 * planes + half) * CTQ_GROUP_COLUMNS + c % CTQ_GROUP_COLUMNS);
      float offset = 0;
      for (uint32_t k = 0; k < 4; k++) offset += __builtin_fabsf(values[k]);
      for (uint32_t entry = 0; entry < 16; entry++) {
        float sum = offset;
        for (uint32_t k = 0; k < 4; k++) sum += entry >> (k + plane) % 4 & 1 ? values[k] : -values[k];
        table[entry] = (uint8_t)(int32_t)(sum * factors[plane] + 0.5f);
      }
    }
}

/// The number of column groups of a block, including a narrower last one.
static size_t column_groups_of(const ctq_blocks *blocks) {
  return ((size_t)blocks->columns + CTQ_GROUP_COLUMNS - 1) / CTQ_GROUP_COLUMNS;
}

static void scan_lut(const ctq_blocks *blocks, uint32_t bits, const uint8_t *tables, size_t query_count, float *sums,
                     size_t sum_stride) {
  const size_t table_bytes = column_groups_of(blocks) * CTQ_GROUP_PLANE_BYTES * bits;
  for (size_t row = 0; row < 32 * blocks->count; row++) {
    uint32_t totals[CTQ_SCAN_LUT_QUERIES] = {0};
    for (size_t c = 0; c < blocks->columns; c++)
      for (uint32_t half = 0; half < 2 * bits; half++) {
        const size_t table = (c / CTQ_GROUP_COLUMNS * 2 * bits + half) * CTQ_GROUP_COLUMNS + c % CTQ_GROUP_COLUMNS;
        const size_t entry = 16 * table + (column_of(blocks, half / 2, row, c) >> half % 2 * 4 & 15);
        for (size_t q = 0; q < query_count; q++) totals[q] += tables[q * table_bytes + entry];
      }
    for (size_t q = 0; q < query_count; q++) sums[q * sum_stride + row] = (float)totals[q];
  }
}

/// The position of the weight of coordinate i of query q.
static size_t weight_offset(const ctq_blocks *blocks, size_t q, size_t i) {
  return 32 * (q * column_groups_of(blocks) + i / 32) + 8 * (i % 4) + 4 * (i / 4 % 2) + i / 8 % 4;
}

static void scan_i8(const ctq_blocks *blocks, uint32_t bits, const uint8_t *centroids, const int8_t *queries,
                    size_t query_count, float *sums, size_t sum_stride) {
  for (size_t row = 0; row < 32 * blocks->count; row++) {
    int64_t totals[CTQ_SCAN_QUERIES] = {0};
    for (size_t i = 0; i < 8 * (size_t)blocks->columns; i++) {
      const int32_t centroid = centroids[code_of(blocks, bits, row, i)];
      for (size_t q = 0; q < query_count; q++) totals[q] += centroid * queries[weight_offset(blocks, q, i)];
    }
    for (size_t q = 0; q < query_count; q++) sums[q * sum_stride + row] = (float)totals[q];
  }
}

static void scan_i16(const ctq_blocks *blocks, const uint16_t *magnitudes, const int16_t *queries, size_t query_count,
                     float *sums, size_t sum_stride) {
  for (size_t row = 0; row < 32 * blocks->count; row++) {
    double totals[CTQ_SCAN_QUERIES] = {0};  // whole numbers below 2^53: exact
    for (size_t i = 0; i < 8 * (size_t)blocks->columns; i++) {
      const int32_t centroid = ctq_signed_magnitude(magnitudes, 8, code_of(blocks, 8, row, i));
      for (size_t q = 0; q < query_count; q++) totals[q] += centroid * queries[weight_offset(blocks, q, i)];
    }
    for (size_t q = 0; q < query_count; q++) sums[q * sum_stride + row] = (float)totals[q];
  }
}

static void similarities(const ctq_similarity_terms *terms, size_t count, float *similarities) {
  for (size_t i = 0; i < count; i++) similarities[i] = ctq_similarity(terms, i);
}

static size_t select_rows(const ctq_similarity_terms *terms, size_t count, const uint32_t *allowed, float threshold,
                          float *similarities, uint32_t *rows) {
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    const float similarity = ctq_similarity(terms, i);
    if (!(similarity >= threshold) || (allowed && !(allowed[i / 32] >> i % 32 & 1))) continue;
    similarities[found] = similarity;
    rows[found++] = (uint32_t)i;
  }
  return found;
}

#endif
