// Attention, element by element: what the headers in attention/ compute.

#ifndef CTQ_SCALAR_ATTENTION_H
#define CTQ_SCALAR_ATTENTION_H

#include "../common/numerics.h"
#include "bytes.h"
#include "codec.h"
#include "ctq_attention.h"
#include "lanes.h"

#pragma STDC FP_CONTRACT OFF

// MARK: Rows of floats

/// Element i of rows of floats of `bits` bits.
static float read_element(const void *rows, uint32_t bits, size_t i) {
  return bits == 16 ? widened(((const uint16_t *)rows)[i]) : ((const float *)rows)[i];
}

static void row_products(const void *rows, uint32_t bits, size_t width, size_t row_count, const float *queries,
                         size_t query_count, float *sums, size_t sum_stride) {
  for (size_t q = 0; q < query_count; q++)
    for (size_t r = 0; r < row_count; r++) {
      float lanes[LANES] = {0};
      for (size_t i = 0; i < width; i++)
        lanes[i % LANES] += read_element(rows, bits, r * width + i) * queries[q * width + i];
      sums[q * sum_stride + r] = tree_sum(lanes);
    }
}

static void combine_rows(const void *rows, uint32_t bits, size_t width, size_t row_count, const float *weights,
                         size_t weight_stride, size_t query_count, float *sums) {
  for (size_t q = 0; q < query_count; q++)
    for (size_t r = 0; r < row_count; r++)
      for (size_t i = 0; i < width; i++)
        sums[q * width + i] += weights[q * weight_stride + r] * read_element(rows, bits, r * width + i);
}

// MARK: Rows of codes

static void attend_i8(const uint8_t *codes, uint32_t bits, size_t rows16_count, size_t quad_count,
                      const uint8_t *centroids, const int8_t *weights, size_t query_count, const uint8_t *next,
                      float *sums, size_t sum_stride) {
  (void)next;
  for (size_t q = 0; q < query_count; q++)
    for (size_t row = 0; row < 16 * rows16_count; row++) {
      int64_t sum = 0;
      for (size_t i = 0; i < 4 * quad_count; i++)
        sum += centroids[ctq_quad_code(codes, bits, quad_count, row, i)] * weights[q * 4 * quad_count + i];
      sums[q * sum_stride + row] = (float)sum;
    }
}

static void attend_i16(const uint8_t *codes, uint32_t bits, size_t rows16_count, size_t quad_count,
                       const uint16_t *magnitudes, const int16_t *weights, size_t query_count, const uint8_t *next,
                       float *sums, size_t sum_stride) {
  (void)next;
  const size_t count = 4 * quad_count, round = 4 * CTQ_ATTEND_I16_QUADS;
  for (size_t q = 0; q < query_count; q++, weights += count)
    for (size_t row = 0; row < 16 * rows16_count; row++) {
      float total = 0;
      for (size_t first = 0; first < count; first += round) {
        int32_t sum = 0;
        for (size_t i = first; i < count && i < first + round; i++)
          sum += weights[i] * ctq_signed_magnitude(magnitudes, bits, ctq_quad_code(codes, bits, quad_count, row, i));
        total += (float)sum;
      }
      sums[q * sum_stride + row] = total;
    }
}

// MARK: Rows of angles

static void angle_tables(const ctq_angles *angles, const float *query, float *tables) {
  const ctq_angle_level *level = &angles->levels[0];
  const size_t entries = ctq_angle_entries(level->bits);
  if (level->bits > CTQ_ANGLE_TABLE_BITS) {
    memcpy(tables, query, angles->dimension * sizeof *query);
    return;
  }
  for (size_t i = 0; i < level->count; i++)
    for (size_t c = 0; c < entries; c++)
      *tables++ = query[2 * i] * level->cosines[c] + query[2 * i + 1] * level->sines[c];
  if (angles->dimension % 2) *tables = query[angles->dimension - 1];
}

/// What is left of a row and a query after level 1.
static void first_parts(const ctq_angles *angles, const uint8_t *row, const float *tables, float *parts) {
  const ctq_angle_level *level = &angles->levels[0];
  const int has_tables = level->bits <= CTQ_ANGLE_TABLE_BITS;
  for (size_t i = 0; i < level->count; i++, tables += ctq_angle_pair_count(level->bits)) {
    const uint32_t code = read_code(row + level->byte_offset, level->bits, i);
    parts[i] = has_tables ? tables[code] : tables[0] * level->cosines[code] + tables[1] * level->sines[code];
  }
  if (angles->dimension % 2) parts[level->count] = *tables;
}

static float angle_product(const ctq_angles *angles, const uint8_t *row, float *parts) {
  size_t left = ((size_t)angles->dimension + 1) / 2;
  for (uint32_t l = 1; l < angles->level_count; l++) {
    const ctq_angle_level *level = &angles->levels[l];
    for (size_t i = 0; i < level->count; i++) {
      const int is_last = i + 1 == level->count;
      const uint32_t code = read_code(row + level->byte_offset, level->bits, i);
      parts[i] = parts[2 * i] * (is_last ? level->last_cosines : level->cosines)[code] +
                 parts[2 * i + 1] * (is_last ? level->last_sines : level->sines)[code];
    }
    if (left % 2) parts[left / 2] = parts[left - 1];
    left = (left + 1) / 2;
  }
  float sum = 0;
  for (size_t block = 0; block < left; block++) {
    uint16_t radius;
    memcpy(&radius, row + angles->radii_offset + 2 * block, sizeof radius);
    sum += parts[block] * widened(radius);
  }
  return sum;
}

static void angle_products(const ctq_angles *angles, const uint8_t *rows, size_t stride, size_t row_count,
                           size_t byte_count, const float *tables, size_t query_count, const uint8_t *next, float *work,
                           float *sums, size_t sum_stride) {
  (void)byte_count, (void)next;
  for (size_t q = 0; q < query_count; q++, tables += ctq_angle_table_count(angles))
    for (size_t r = 0; r < row_count; r++) {
      first_parts(angles, rows + r * stride, tables, work);
      sums[q * sum_stride + r] = angle_product(angles, rows + r * stride, work);
    }
}

// MARK: Softmax

static float exponentials(const float *x, size_t count, float shift, float *y) {
  float lanes[LANES] = {0};
  for (size_t i = 0; i < count; i++) {
    y[i] = ctq_exponential(x[i] - shift);
    lanes[i % LANES] += y[i];
  }
  return tree_sum(lanes);
}

static float largest(const float *x, size_t count) {
  float found = -__builtin_inff();
  for (size_t i = 0; i < count; i++) found = x[i] > found ? x[i] : found;
  return found;
}

// MARK: Weights as whole numbers

static float largest_product(const float *weights, const float *scales, size_t count) {
  float largest = 0;
  for (size_t i = 0; i < count; i++) {
    float magnitude = __builtin_fabsf(weights[i] * scales[i]);
    largest = magnitude > largest ? magnitude : largest;
  }
  return largest;
}

static int32_t whole_product(float weight, float scale, float inverse) {
  const float shifted = weight * scale * inverse + CTQ_ROUNDING_SHIFT;
  return (int32_t)(shifted - CTQ_ROUNDING_SHIFT);
}

static float whole_weights(const float *weights, const float *scales, size_t count, int16_t *whole) {
  const float largest = largest_product(weights, scales, count);
  const float inverse = ctq_whole_inverse(largest, CTQ_WHOLE_LARGEST);
  for (size_t i = 0; i < count; i++) whole[i] = (int16_t)whole_product(weights[i], scales[i], inverse);
  return largest / CTQ_WHOLE_LARGEST;
}

static ctq_split split_weights(const float *weights, const float *scales, size_t count, int8_t *high, int8_t *low) {
  const float largest = largest_product(weights, scales, count);
  const float inverse = ctq_whole_inverse(largest, CTQ_SPLIT_LARGEST);
  ctq_split split = {largest / CTQ_SPLIT_LARGEST, 0, 0};
  for (size_t i = 0; i < count; i++) {
    const int32_t n = whole_product(weights[i], scales[i], inverse);
    int32_t upper = (n + CTQ_SPLIT_BASE / 2) >> CTQ_SPLIT_BITS;
    high[i] = (int8_t)upper;
    low[i] = (int8_t)(n - upper * CTQ_SPLIT_BASE);
    split.high_sum += high[i];
    split.low_sum += low[i];
  }
  return split;
}

#endif
