// Scans of index blocks, row by row and coordinate by coordinate: what generic/scan.h computes.

#include "../include/ctq_kernels.h"

#pragma STDC FP_CONTRACT OFF

/// The code of coordinate i of one row of a block.
static uint32_t code_of(const uint8_t *signs, const uint8_t *rest, uint32_t columns, uint32_t bits,
                        size_t row, size_t i) {
  const size_t place = CTQ_PLACE(row), nibble = i % 8 / 4 * 4, k = i % 4;
  uint32_t code = (uint32_t)(signs[i / 8 * 32 + place] >> (nibble + k) & 1) << (bits - 1);
  uint32_t shift = 0;
  for (uint32_t width = 4; width > 0; width /= 2) {
    if (!((bits - 1) & width)) continue;
    const uint8_t byte = rest[(i / 8 * width + k % width) * 32 + place];
    for (uint32_t j = 0; j < width; j++)
      code |= (uint32_t)(byte >> (nibble + (width == 4 ? j : (k + width + j) % 4)) & 1) << (shift + j);
    shift += width;
    rest += (size_t)columns * width * 32;
  }
  return code;
}

static const uint8_t *signs_of(const ctq_blocks *blocks, size_t row) {
  return blocks->signs + row / 32 * blocks->sign_stride;
}

static const uint8_t *rest_of(const ctq_blocks *blocks, size_t row) {
  return blocks->rest + row / 32 * blocks->rest_stride;
}

/// The entry of table t of column c: the bits of its coordinates where they stand in the columns.
static uint32_t entry_of(const ctq_blocks *blocks, uint32_t bits, size_t row, uint32_t c, uint32_t t) {
  uint32_t entry = 0;
  for (uint32_t k = t / 2; k < 4; k += bits) {
    uint32_t code = code_of(signs_of(blocks, row), rest_of(blocks, row), blocks->columns, bits, row % 32,
                            8 * (size_t)c + t % 2 * 4 + k);
    entry |= code >> (bits - 1) << k;
    if (bits == 2) entry |= (code & 1) << (k + 1) % 4;
  }
  return entry;
}

static uint32_t table_sum(const ctq_blocks *blocks, uint32_t bits, const uint8_t *tables, size_t row) {
  uint32_t sum = 0;
  for (uint32_t c = 0; c < blocks->columns; c++)
    for (uint32_t t = 0; t < 2 * bits; t++, tables += 16)
      sum += tables[entry_of(blocks, bits, row, c, t)];
  return sum;
}

static void table_sums(const ctq_blocks *blocks, uint32_t bits, const uint8_t *tables,
                       size_t query_count, float *sums, size_t sum_stride) {
  for (size_t q = 0; q < query_count; q++)
    for (size_t row = 0; row < 32 * blocks->count; row++)
      sums[q * sum_stride + row] =
          (float)table_sum(blocks, bits, tables + q * blocks->columns * 32 * bits, row);
}

static void product_sums(const ctq_blocks *blocks, uint32_t bits, const uint8_t *centroids,
                         const int8_t *queries, size_t query_count, float *sums,
                         size_t sum_stride) {
  const size_t padded = ((size_t)blocks->columns + 3) / 4 * 32;
  for (size_t q = 0; q < query_count; q++)
    for (size_t row = 0; row < 32 * blocks->count; row++) {
      int64_t sum = 0;
      for (size_t i = 0; i < 8 * (size_t)blocks->columns; i++) {
        size_t k = i % 4, h = i / 4 % 2, t = i / 8 % 4;
        uint32_t code = code_of(signs_of(blocks, row), rest_of(blocks, row), blocks->columns, bits,
                                row % 32, i);
        sum += centroids[code] * queries[q * padded + i / 32 * 32 + 8 * k + 4 * h + t];
      }
      sums[q * sum_stride + row] = (float)sum;
    }
}

static void wide_sums(const ctq_blocks *blocks, const int16_t *centroids, const int16_t *queries,
                      size_t query_count, float *sums, size_t sum_stride) {
  for (size_t q = 0; q < query_count; q++)
    for (size_t row = 0; row < 32 * blocks->count; row++) {
      double sum = 0;  // whole numbers below 2^53: exact
      for (size_t i = 0; i < 8 * (size_t)blocks->columns; i++)
        sum += centroids[code_of(signs_of(blocks, row), rest_of(blocks, row), blocks->columns, 8,
                                 row % 32, i)] *
               queries[8 * q * blocks->columns + i];
      sums[q * sum_stride + row] = (float)sum;
    }
}

static void row_keys(const float *sums, const float *norms, const float *alignments,
                     const float *along, size_t count, ctq_key_factors f, float *keys) {
  for (size_t i = 0; i < count; i++) {
    float norm = norms ? norms[i] : 1, product = sums[i] * f.step + f.offset;
    if (alignments) product /= alignments[i];
    float constant = along ? along[i] * f.along_share + f.constant : f.constant;
    keys[i] = norm * (product - norm * f.norm_share) + constant;
  }
}

static size_t select_rows(const float *keys, size_t count, float threshold, uint32_t *rows) {
  size_t found = 0;
  for (size_t i = 0; i < count; i++)
    if (keys[i] >= threshold) rows[found++] = (uint32_t)i;
  return found;
}
