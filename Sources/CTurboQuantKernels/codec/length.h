// The length of a vector in 16 lanes, with its entries scaled by an exact power of two.

#ifndef CTQ_CODEC_LENGTH_H
#define CTQ_CODEC_LENGTH_H

#include "../common/lanes.h"

#pragma STDC FP_CONTRACT OFF

static float sum_of_squares(const float *x, size_t count) {
  f32x16 sum = {0};
  for (size_t i = 0; i < count; i += 16) {
    f32x16 v = ctq_load_some(x + i, count - i);
    sum += v * v;
  }
  return ctq_tree_sum(sum);
}

/// Up to 16 floats of `scale_and_square`.
CTQ_INLINE f32x16 scale_some(const float *x, size_t count, ctq_power_of_two power, int needs_second, float *scaled) {
  f32x16 v = ctq_load_some(x, count) * power.first;
  if (needs_second) v *= power.second;
  ctq_store_some(scaled, v, count);
  return v * v;
}

/// scaled <- x * 2^-e; returns the sum of its squares. `needs_second` is a constant.
CTQ_INLINE float scale_and_square(const float *x, size_t count, ctq_power_of_two power, int needs_second,
                                  float *scaled) {
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
  for (; i + 16 <= count; i += 16) largest = __builtin_elementwise_max(largest, (u32x16)ctq_load(x + i) & magnitude);
  if (i < count) largest = __builtin_elementwise_max(largest, (u32x16)ctq_load_some(x + i, count - i) & magnitude);
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
  float sum =
      power.second == 1 ? scale_and_square(x, count, power, 0, scaled) : scale_and_square(x, count, power, 1, scaled);
  return ctq_length_of(sum, power.exponent);
}

#endif
