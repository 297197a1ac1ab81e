// The scalar target: the readable reference that specifies every kernel, and the fallback.
//
// Whatever feeds stored bytes uses only + - * / and square root on IEEE types, is never contracted
// into fused operations, and sums in 16 lanes: element i belongs to lane i mod 16, lanes are added
// in order of i and then folded by a fixed tree. That order is what wide registers do naturally,
// so every target can return the same bits.

#include "../generic/bytes.h"
#include "../generic/codebook.h"
#include "../generic/numerics.h"
#include "../targets.h"

#include <string.h>

#pragma STDC FP_CONTRACT OFF

enum { LANES = 16 };

static float tree_sum(float lanes[LANES]) {
  for (size_t half = LANES / 2; half > 0; half /= 2)
    for (size_t i = 0; i < half; i++) lanes[i] += lanes[i + half];
  return lanes[0];
}

static float sum_of_squares(const float *x, size_t count) {
  float lanes[LANES] = {0};
  for (size_t i = 0; i < count; i++) lanes[i % LANES] += x[i] * x[i];
  return tree_sum(lanes);
}

// MARK: float16

static float widened(uint16_t float16) {
  uint32_t sign = (uint32_t)(float16 & 0x8000) << 16;
  uint32_t exponent = float16 >> 10 & 0x1f, fraction = float16 & 0x3ff;
  uint32_t magnitude;
  if (exponent == 0x1f) {
    // Quieting a signalling NaN is what hardware conversions do.
    magnitude = CTQ_INFINITY_BITS | fraction << 13 | (fraction ? 0x400000u : 0);
  } else if (exponent > 0) {
    magnitude = (exponent + 112) << 23 | fraction << 13;
  } else {
    magnitude = ctq_bits_of((float)fraction * 0x1p-24f);
  }
  return ctq_float_of(sign | magnitude);
}

static void widen(const uint16_t *float16s, size_t count, float *floats) {
  for (size_t i = 0; i < count; i++) floats[i] = widened(float16s[i]);
}

static void narrow(const float *floats, size_t count, uint16_t *float16s) {
  for (size_t i = 0; i < count; i++) float16s[i] = ctq_float16_of(floats[i]);
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

// The 2 x 2 matrix is its own inverse; the sign, applied first above, is taken off last.
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

static void multiply(const float *columns, size_t row_count, size_t column_count, const float *x,
                     float *y) {
  for (size_t i = 0; i < row_count; i++) y[i] = 0;
  for (size_t j = 0; j < column_count; j++)
    for (size_t i = 0; i < row_count; i++) y[i] += columns[j * row_count + i] * x[j];
}

static void multiply_transposed(const float *columns, size_t row_count, size_t column_count,
                                const float *y, float *x) {
  for (size_t j = 0; j < column_count; j++) {
    float lanes[LANES] = {0};
    for (size_t i = 0; i < row_count; i++) lanes[i % LANES] += columns[j * row_count + i] * y[i];
    x[j] = tree_sum(lanes);
  }
}

// MARK: Codes

// Code i takes bits i*b ..< (i+1)*b of the row, the least significant bit of each byte first.
static void write_code(uint8_t *codes, uint32_t bits, size_t i, uint32_t index) {
  size_t position = i * bits;
  for (uint32_t k = 0; k < bits; k++, position++)
    codes[position / 8] |= (uint8_t)((index >> k & 1) << (position % 8));
}

static uint32_t read_code(const uint8_t *codes, uint32_t bits, size_t i) {
  size_t position = i * bits;
  uint32_t index = 0;
  for (uint32_t k = 0; k < bits; k++, position++)
    index |= (uint32_t)(codes[position / 8] >> (position % 8) & 1) << k;
  return index;
}

static float quantize(const ctq_codebook *codebook, const float *y, size_t count, float scale,
                      uint8_t *codes, float *residual) {
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

static void dequantize(const ctq_codebook *codebook, const uint8_t *codes, size_t count,
                       float *y) {
  for (size_t i = 0; i < count; i++) y[i] = codebook->centroids[read_code(codes, codebook->bits, i)];
}

static void code_products(const ctq_codebook *codebook, const uint8_t *codes, size_t stride,
                          size_t row_count, const float *query, size_t count, float *sums) {
  for (size_t row = 0; row < row_count; row++, codes += stride) {
    float lanes[LANES] = {0};
    for (size_t i = 0; i < count; i++)
      lanes[i % LANES] += codebook->centroids[read_code(codes, codebook->bits, i)] * query[i];
    sums[row] = tree_sum(lanes);
  }
}

static void combine_codes(const ctq_codebook *codebook, const uint8_t *codes, size_t stride,
                          size_t row_count, const float *weights, size_t count, float *sums) {
  for (size_t row = 0; row < row_count; row++, codes += stride)
    for (size_t i = 0; i < count; i++)
      sums[i] += weights[row] * codebook->centroids[read_code(codes, codebook->bits, i)];
}

// MARK: Attention

/// Element i of rows of floats of so many bits.
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

static void combine_rows(const void *rows, uint32_t bits, size_t width, size_t row_count,
                         const float *weights, size_t weight_stride, size_t query_count, float *sums) {
  for (size_t q = 0; q < query_count; q++)
    for (size_t r = 0; r < row_count; r++)
      for (size_t i = 0; i < width; i++)
        sums[q * width + i] += weights[q * weight_stride + r] * read_element(rows, bits, r * width + i);
}

static void attend_i8(const uint8_t *codes, uint32_t bits, size_t rows16_count, size_t quad_count,
                      const uint8_t *centroids, const int8_t *weights, size_t query_count,
                      const uint8_t *next, float *sums, size_t sum_stride) {
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
                           const uint16_t *magnitudes, const int16_t *weights, size_t query_count,
                           const uint8_t *next, float *sums, size_t sum_stride) {
  (void)next;
  const size_t count = 4 * quad_count, round = 4 * CTQ_ATTEND_I16_QUADS;
  for (size_t q = 0; q < query_count; q++, weights += count)
    for (size_t row = 0; row < 16 * rows16_count; row++) {
      float total = 0;
      for (size_t first = 0; first < count; first += round) {
        int32_t sum = 0;
        for (size_t i = first; i < count && i < first + round; i++)
          sum += weights[i] *
                 ctq_signed_magnitude(magnitudes, bits, ctq_quad_code(codes, bits, quad_count, row, i));
        total += (float)sum;
      }
      sums[q * sum_stride + row] = total;
    }
}

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

static ctq_split split_weights(const float *weights, const float *scales, size_t count, int8_t *high,
                               int8_t *low) {
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

// MARK: Signs

static void pack_signs(const float *x, size_t count, uint8_t *bits) {
  memset(bits, 0, (count + 7) / 8);
  for (size_t i = 0; i < count; i++) bits[i / 8] |= (uint8_t)((x[i] >= 0) << (i % 8));
}

static void sign_products(const uint8_t *bits, size_t stride, size_t row_count, const float *query,
                          size_t count, float *sums) {
  for (size_t row = 0; row < row_count; row++, bits += stride) {
    float lanes[LANES] = {0};
    for (size_t i = 0; i < count; i++)
      lanes[i % LANES] += bits[i / 8] >> (i % 8) & 1 ? query[i] : -query[i];
    sums[row] = tree_sum(lanes);
  }
}

#include "scan.h"

CTQ_KERNEL_TABLE(scalar);
