// Lengths, dense rotations and signs in 16 generic lanes. Each target gives, before it includes this
// inside its `#pragma clang attribute push(...)`,
//
//   ctq_bits_of_lanes   one bit from each lane that is all ones or zeros
//
// The scalar target specifies all of it; the same bits come back, except from products with a query.

#include "vectors.h"

#pragma STDC FP_CONTRACT OFF

// MARK: Length

static float sum_of_squares(const float *x, size_t count) {
  f32x16 sum = {0};
  for (size_t i = 0; i < count; i += 16) {
    f32x16 v = ctq_load_some(x + i, count - i);
    sum += v * v;
  }
  return ctq_tree_sum(sum);
}

/// The next up to 16 floats of `scale_and_square`.
CTQ_INLINE f32x16 scale_some(const float *x, size_t count, ctq_power_of_two power,
                              int needs_second, float *scaled) {
  f32x16 v = ctq_load_some(x, count) * power.first;
  if (needs_second) v *= power.second;
  ctq_store_some(scaled, v, count);
  return v * v;
}

/// scaled <- x * 2^-e; returns the sum of its squares. `needs_second` is a constant.
CTQ_INLINE float scale_and_square(const float *x, size_t count, ctq_power_of_two power,
                                  int needs_second, float *scaled) {
  f32x16 sum = {0};
  size_t i = 0;
  for (; i + 16 <= count; i += 16) sum += scale_some(x + i, 16, power, needs_second, scaled + i);
  if (i < count) sum += scale_some(x + i, count - i, power, needs_second, scaled + i);
  return ctq_tree_sum(sum);
}

/// The bits of the largest magnitude.
CTQ_INLINE uint32_t largest_magnitude(const float *x, size_t count) {
  const uint32_t magnitude = 0x7fffffffu;
  u32x16 largest = {0};
  size_t i = 0;
  for (; i + 16 <= count; i += 16)
    largest = __builtin_elementwise_max(largest, (u32x16)ctq_load(x + i) & magnitude);
  if (i < count)
    largest = __builtin_elementwise_max(
        largest, (u32x16)ctq_load_some(x + i, count - i) & magnitude);
  return __builtin_reduce_max(largest);
}

static ctq_length normalize(const float *x, size_t count, float *scaled) {
  uint32_t largest = largest_magnitude(x, count);
  if (largest == 0) {
    memset(scaled, 0, count * sizeof *scaled);
    return (ctq_length){0, 0, CTQ_NORM_OK};
  }
  if (largest >= CTQ_INFINITY_BITS) return (ctq_length){0, 0, CTQ_NORM_NOT_FINITE};

  ctq_power_of_two power = ctq_scale_to_unit(largest);
  float sum = power.second == 1 ? scale_and_square(x, count, power, 0, scaled)
                                : scale_and_square(x, count, power, 1, scaled);
  return ctq_length_of(sum, power.exponent);
}

// MARK: Dense rotation

/// `vectors` times 16 rows of y <- M x, the last vector of `last` rows. Both are constants where a
/// loop runs many times, so that sums stay in registers.
CTQ_INLINE void multiply_rows(const float *columns, size_t row_count, size_t column_count,
                              const float *x, float *y, size_t vectors, size_t last) {
  f32x16 sum[4] = {{0}};
  for (size_t j = 0; j < column_count; j++, columns += row_count) {
#pragma clang loop unroll(full)
    for (size_t k = 0; k + 1 < vectors; k++) sum[k] += ctq_load(columns + 16 * k) * x[j];
    sum[vectors - 1] += ctq_load_some(columns + 16 * (vectors - 1), last) * x[j];
  }
#pragma clang loop unroll(full)
  for (size_t k = 0; k + 1 < vectors; k++) ctq_store(y + 16 * k, sum[k]);
  ctq_store_some(y + 16 * (vectors - 1), sum[vectors - 1], last);
}

static void multiply(const float *columns, size_t row_count, size_t column_count, const float *x,
                     float *y) {
  size_t i = 0;
#define MULTIPLY_ROWS(vectors, last) \
  multiply_rows(columns + i, row_count, column_count, x, y + i, vectors, last)
  for (; i + 64 <= row_count; i += 64) MULTIPLY_ROWS(4, 16);
  size_t left = row_count - i;
  if (left > 48) MULTIPLY_ROWS(4, left - 48);
  else if (left > 32) MULTIPLY_ROWS(3, left - 32);
  else if (left > 16) MULTIPLY_ROWS(2, left - 16);
  else if (left > 0) MULTIPLY_ROWS(1, left);
#undef MULTIPLY_ROWS
}

static void multiply_transposed(const float *columns, size_t row_count, size_t column_count,
                                const float *y, float *x) {
  for (size_t j = 0; j < column_count; j++) {
    const float *column = columns + j * row_count;
    f32x16 sum = {0};
    size_t i = 0;
    for (; i + 16 <= row_count; i += 16) sum += ctq_load(column + i) * ctq_load(y + i);
    if (i < row_count)
      sum += ctq_load_some(column + i, row_count - i) * ctq_load_some(y + i, row_count - i);
    x[j] = ctq_tree_sum(sum);
  }
}

// MARK: Signs

static void pack_signs(const float *x, size_t count, uint8_t *bits) {
  for (size_t i = 0; i < count; i += 16) {
    size_t left = count - i;
    uint32_t mask = ctq_bits_of_lanes((i32x16)(ctq_load_some(x + i, left) >= 0));
    if (left < 16) mask &= (1u << left) - 1;
    bits[i / 8] = (uint8_t)mask;
    if (left > 8) bits[i / 8 + 1] = (uint8_t)(mask >> 8);
  }
}

static void sign_products(const uint8_t *bits, size_t stride, size_t row_count, const float *query,
                          size_t count, float *sums) {
  for (size_t row = 0; row < row_count; row++, bits += stride) {
    f32x16 sum = {0}, other = {0};
    for (size_t i = 0; i < count; i += 16) {
      u32x16 is_negative = ~ctq_lanes_of(ctq_load_bits(bits + i / 8, count - i));
      u32x16 q = (u32x16)ctq_load_some(query + i, count - i);
      f32x16 next = sum + (f32x16)(q ^ (is_negative & 0x80000000u));
      sum = other;
      other = next;
    }
    sums[row] = ctq_tree_sum(sum + other);
  }
}
