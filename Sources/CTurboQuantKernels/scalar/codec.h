// The codec, element by element: what the headers in codec/ compute.

#ifndef CTQ_SCALAR_CODEC_H
#define CTQ_SCALAR_CODEC_H

#include <string.h>
#include "../codec/codebook.h"
#include "../common/numerics.h"
#include "lanes.h"

#pragma STDC FP_CONTRACT OFF

static float sum_of_squares(const float *x, size_t count) {
  float lanes[LANES] = {0};
  for (size_t i = 0; i < count; i++) lanes[i % LANES] += x[i] * x[i];
  return tree_sum(lanes);
}

// MARK: Length

static uint32_t largest_magnitude(const float *x, size_t count) {
  uint32_t largest = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t magnitude = ctq_bits_of(x[i]) & 0x7fffffffu;
    if (magnitude > largest) largest = magnitude;
  }
  return largest;
}

static ctq_length normalize(const float *x, size_t count, float *scaled) {
  const uint32_t largest = largest_magnitude(x, count);
  if (largest == 0) {
    memset(scaled, 0, count * sizeof *scaled);
    return (ctq_length){0, 0, CTQ_NORM_OK};
  }
  if (largest >= CTQ_INFINITY_BITS) return (ctq_length){0, 0, CTQ_NORM_NOT_FINITE};

  ctq_power_of_two power = ctq_scale_to_unit(largest);
  for (size_t i = 0; i < count; i++) scaled[i] = x[i] * power.first * power.second;
  return ctq_length_of(sum_of_squares(scaled, count), power.exponent);
}

// MARK: Rotation

static int is_negative(const uint8_t *signs, size_t i) { return signs[i / 8] >> (i % 8) & 1; }

static void apply_signs(float *x, size_t count, const uint8_t *signs, float scale) {
  for (size_t i = 0; i < count; i++) x[i] *= is_negative(signs, i) ? -scale : scale;
}

static void hadamard(float *x, size_t count) {
  for (size_t half = 1; half < count; half *= 2)
    for (size_t block = 0; block < count; block += 2 * half)
      for (size_t i = block; i < block + half; i++) {
        float a = x[i], b = x[i + half];
        x[i] = a + b;
        x[i + half] = a - b;
      }
}

static void givens(const ctq_step *step, const uint8_t *signs, float *a, float *b) {
  for (size_t i = 0; i < step->count; i++) {
    float p = a[i], q = is_negative(signs, i) ? -b[i] : b[i];
    a[i] = step->cosine * p + step->sine * q;
    b[i] = step->sine * p - step->cosine * q;
  }
}

// The 2 x 2 matrix is its own inverse. The sign was applied first, so it is removed last.
static void inverse_givens(const ctq_step *step, const uint8_t *signs, float *a, float *b) {
  for (size_t i = 0; i < step->count; i++) {
    float p = a[i], q = b[i], r = step->sine * p - step->cosine * q;
    a[i] = step->cosine * p + step->sine * q;
    b[i] = is_negative(signs, i) ? -r : r;
  }
}

static void rotate(const ctq_hadamard_rotation *rotation, float *x) {
  for (size_t s = 0; s < rotation->step_count; s++) {
    const ctq_step *step = &rotation->steps[s];
    const uint8_t *signs = rotation->signs + step->signs;
    if (step->kind == CTQ_STEP_HADAMARD) {
      apply_signs(x + step->offset, step->count, signs, step->scale);
      hadamard(x + step->offset, step->count);
    } else {
      givens(step, signs, x, x + step->offset);
    }
  }
}

static void rotate_transposed(const ctq_hadamard_rotation *rotation, float *x) {
  for (size_t s = rotation->step_count; s-- > 0;) {
    const ctq_step *step = &rotation->steps[s];
    const uint8_t *signs = rotation->signs + step->signs;
    if (step->kind == CTQ_STEP_HADAMARD) {
      hadamard(x + step->offset, step->count);
      apply_signs(x + step->offset, step->count, signs, step->scale);
    } else {
      inverse_givens(step, signs, x, x + step->offset);
    }
  }
}

static void multiply(const float *columns, size_t row_count, size_t column_count, const float *x, float *y) {
  for (size_t i = 0; i < row_count; i++) y[i] = 0;
  for (size_t j = 0; j < column_count; j++)
    for (size_t i = 0; i < row_count; i++) y[i] += columns[j * row_count + i] * x[j];
}

static void multiply_transposed(const float *columns, size_t row_count, size_t column_count, const float *y, float *x) {
  for (size_t j = 0; j < column_count; j++) {
    float lanes[LANES] = {0};
    for (size_t i = 0; i < row_count; i++) lanes[i % LANES] += columns[j * row_count + i] * y[i];
    x[j] = tree_sum(lanes);
  }
}

// MARK: Codes

// Code i takes bits i*b ..< (i+1)*b of the row; the least significant bit of each byte comes first.
static void write_code(uint8_t *codes, uint32_t bits, size_t i, uint32_t index) {
  size_t position = i * bits;
  for (uint32_t k = 0; k < bits; k++, position++) codes[position / 8] |= (uint8_t)((index >> k & 1) << (position % 8));
}

static uint32_t read_code(const uint8_t *codes, uint32_t bits, size_t i) {
  size_t position = i * bits;
  uint32_t index = 0;
  for (uint32_t k = 0; k < bits; k++, position++) index |= (uint32_t)(codes[position / 8] >> (position % 8) & 1) << k;
  return index;
}

static float quantize(const ctq_codebook *codebook, const float *y, size_t count, float scale, uint8_t *codes,
                      float *residual) {
  memset(codes, 0, (count * codebook->bits + 7) / 8);
  float lanes[LANES] = {0};
  for (size_t i = 0; i < count; i++) {
    float u = y[i] * scale;
    uint32_t index = ctq_index_by_search(codebook, u);
    float centroid = codebook->centroids[index];
    write_code(codes, codebook->bits, i, index);
    lanes[i % LANES] += u * centroid;
    if (residual) residual[i] = u - centroid;
  }
  return tree_sum(lanes);
}

static void dequantize(const ctq_codebook *codebook, const uint8_t *codes, size_t count, float *y) {
  for (size_t i = 0; i < count; i++) y[i] = codebook->centroids[read_code(codes, codebook->bits, i)];
}

static void code_products(const ctq_codebook *codebook, const uint8_t *codes, size_t stride, size_t row_count,
                          const float *query, size_t count, float *sums) {
  for (size_t row = 0; row < row_count; row++, codes += stride) {
    float lanes[LANES] = {0};
    for (size_t i = 0; i < count; i++)
      lanes[i % LANES] += codebook->centroids[read_code(codes, codebook->bits, i)] * query[i];
    sums[row] = tree_sum(lanes);
  }
}

static void combine_codes(const ctq_codebook *codebook, const uint8_t *codes, size_t stride, size_t row_count,
                          const float *weights, size_t count, float *sums) {
  for (size_t row = 0; row < row_count; row++, codes += stride)
    for (size_t i = 0; i < count; i++)
      sums[i] += weights[row] * codebook->centroids[read_code(codes, codebook->bits, i)];
}

// MARK: Signs

static void pack_signs(const float *x, size_t count, uint8_t *bits) {
  memset(bits, 0, (count + 7) / 8);
  for (size_t i = 0; i < count; i++) bits[i / 8] |= (uint8_t)((x[i] >= 0) << (i % 8));
}

static void sign_products(const uint8_t *bits, size_t stride, size_t row_count, const float *query, size_t count,
                          float *sums) {
  for (size_t row = 0; row < row_count; row++, bits += stride) {
    float lanes[LANES] = {0};
    for (size_t i = 0; i < count; i++) lanes[i % LANES] += bits[i / 8] >> (i % 8) & 1 ? query[i] : -query[i];
    sums[row] = tree_sum(lanes);
  }
}

#endif
