// Weights of attention as whole numbers, in 16 lanes: two planes of 8 bits, or 16 bits.

#ifndef CTQ_ATTENTION_WEIGHTS_H
#define CTQ_ATTENTION_WEIGHTS_H

#include "softmax.h"

#pragma STDC FP_CONTRACT OFF

/// The largest magnitude of weights[i] * scales[i].
CTQ_INLINE float ctq_largest_product(const float *weights, const float *scales, size_t count) {
  f32x16 widest = {0};
  for (size_t i = 0; i < count; i += 16) {
    f32x16 x = ctq_load(weights + i) * ctq_load(scales + i);
    widest = ctq_larger((f32x16)((i32x16)x & 0x7fffffff), widest);
  }
  return ctq_largest_lane(widest);
}

/// Sixteen products times `inverse`, rounded.
CTQ_INLINE i32x16 ctq_whole_products(const float *weights, const float *scales, float inverse) {
  const f32x16 magic = ctq_splat(CTQ_ROUNDING_SHIFT);
  return (i32x16)(ctq_load(weights) * ctq_load(scales) * inverse + magic) - (i32x16)magic;
}

static float whole_weights(const float *weights, const float *scales, size_t count, int16_t *whole) {
  const float largest = ctq_largest_product(weights, scales, count);
  const float inverse = ctq_whole_inverse(largest, CTQ_WHOLE_LARGEST);
  for (size_t i = 0; i < count; i += 16)
    *(i16x16_unaligned *)(whole + i) =
        __builtin_convertvector(ctq_whole_products(weights + i, scales + i, inverse), i16x16);
  return largest / CTQ_WHOLE_LARGEST;
}

static ctq_split split_weights(const float *weights, const float *scales, size_t count, int8_t *high, int8_t *low) {
  const float largest = ctq_largest_product(weights, scales, count);
  const float inverse = ctq_whole_inverse(largest, CTQ_SPLIT_LARGEST);
  i32x16 high_sums = {0}, low_sums = {0};
  for (size_t i = 0; i < count; i += 16) {
    i32x16 n = ctq_whole_products(weights + i, scales + i, inverse);
    i32x16 upper = (n + CTQ_SPLIT_BASE / 2) >> CTQ_SPLIT_BITS, lower = n - (upper << CTQ_SPLIT_BITS);
    high_sums += upper;
    low_sums += lower;
    *(i8x16_unaligned *)(high + i) = __builtin_convertvector(upper, i8x16);
    *(i8x16_unaligned *)(low + i) = __builtin_convertvector(lower, i8x16);
  }
  ctq_split split = {largest / CTQ_SPLIT_LARGEST, 0, 0};
  for (int i = 0; i < 16; i++) {
    split.high_sum += high_sums[i];
    split.low_sum += low_sums[i];
  }
  return split;
}

#endif
