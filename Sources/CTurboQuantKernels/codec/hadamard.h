// The randomized Hadamard rotation, in 16 lanes. Include once per target, inside its `#pragma clang attribute
// push(...)`.
//
// One Hadamard matrix of n = 2^k floats, with V = CTQ_HADAMARD_VECTORS (4 or 16), the number of vectors that the
// target's registers hold:
//
//   pass 1   n/16V groups of V vectors, each loaded once: signs and scale, 4 levels inside the
//            vectors, up to log2 V levels between them
//   pass 2+  the remaining levels, two at a time, on vectors 16V, 64V, ... floats apart
//
// Inside a vector, level h pairs lane l with lane l ^ h: shuffle(x) + (+-1) * x, one shuffle and one fused
// multiply-add. The product by +-1 is exact, so the fused result is the rounded a + b or a - b of the scalar target.
// Every level touches each element once, and the levels have the same order on all targets. So all targets return the
// same bits.

#ifndef CTQ_CODEC_HADAMARD_H
#define CTQ_CODEC_HADAMARD_H

#include "../common/lanes.h"

/// Lanes whose bit is set in 16 sign bits become -scale, the others +scale.
CTQ_INLINE f32x16 ctq_signed_scale(const uint8_t *signs, float scale) {
  u32x16 is_negative = ctq_lanes_of(ctq_load_bits(signs, 16));
  return (f32x16)((u32x16)ctq_splat(scale) ^ (is_negative & 0x80000000u));
}

CTQ_INLINE f32x16 ctq_lane_levels(f32x16 x) {
  // Fused and separate products by +-1 round alike, so each target takes what it has.
#pragma clang fp contract(fast)
  const f32x16 one = {1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1};
  const f32x16 two = {1, 1, -1, -1, 1, 1, -1, -1, 1, 1, -1, -1, 1, 1, -1, -1};
  const f32x16 four = {1, 1, 1, 1, -1, -1, -1, -1, 1, 1, 1, 1, -1, -1, -1, -1};
  const f32x16 eight = {1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1, -1};
#define CTQ_SWAP(...) __builtin_shufflevector(x, x, __VA_ARGS__)
  x = CTQ_SWAP(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14) + x * one;
  x = CTQ_SWAP(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13) + x * two;
  x = CTQ_SWAP(4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11) + x * four;
  x = CTQ_SWAP(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7) + x * eight;
#undef CTQ_SWAP
  return x;
}

/// The levels between vectors. `registers`, their number, is a power of two and a constant.
CTQ_INLINE void ctq_register_levels(f32x16 *v, int registers) {
#pragma clang loop unroll(full)
  for (int half = 1; half < registers; half *= 2)
#pragma clang loop unroll(full)
    for (int i = 0; i < registers; i++)
      if (!(i & half)) {
        f32x16 a = v[i], b = v[i + half];
        v[i] = a + b;
        v[i + half] = a - b;
      }
}

CTQ_INLINE void ctq_contiguous_levels(float *x, int registers, const uint8_t *signs, float scale) {
  f32x16 v[16];
#pragma clang loop unroll(full)
  for (int i = 0; i < registers; i++) {
    v[i] = ctq_load(x + 16 * i);
    if (signs) v[i] *= ctq_signed_scale(signs + 2 * i, scale);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < registers; i++) v[i] = ctq_lane_levels(v[i]);
  ctq_register_levels(v, registers);
#pragma clang loop unroll(full)
  for (int i = 0; i < registers; i++) ctq_store(x + 16 * i, v[i]);
}

/// The levels between `registers` segments of `stride` floats.
CTQ_INLINE void ctq_strided_levels(float *x, size_t stride, int registers) {
  for (size_t i = 0; i < stride; i += 16) {
    f32x16 v[8];
#pragma clang loop unroll(full)
    for (int k = 0; k < registers; k++) v[k] = ctq_load(x + i + (size_t)k * stride);
    ctq_register_levels(v, registers);
#pragma clang loop unroll(full)
    for (int k = 0; k < registers; k++) ctq_store(x + i + (size_t)k * stride, v[k]);
  }
}

/// x <- H x for n = 2^k >= 64; with `signs`, x <- H * scale * S x.
static void ctq_hadamard(float *x, size_t n, const uint8_t *signs, float scale) {
  const size_t group = 16 * CTQ_HADAMARD_VECTORS;
  if (n == 64 && group > 64) return ctq_contiguous_levels(x, 4, signs, scale);
  if (n == 128 && group > 128) return ctq_contiguous_levels(x, 8, signs, scale);
  for (size_t i = 0; i < n; i += group)
    ctq_contiguous_levels(x + i, CTQ_HADAMARD_VECTORS, signs ? signs + i / 8 : 0, scale);
  size_t stride = group;
  for (; 4 * stride <= n; stride *= 4)
    for (size_t block = 0; block < n; block += 4 * stride) ctq_strided_levels(x + block, stride, 4);
  if (2 * stride == n) ctq_strided_levels(x, stride, 2);
}

static void ctq_apply_signs(float *x, size_t n, const uint8_t *signs, float scale) {
  for (size_t i = 0; i < n; i += 16) ctq_store(x + i, ctq_load(x + i) * ctq_signed_scale(signs + i / 8, scale));
}

/// Applies a Givens step to one pair of segments. `inverse` moves the sign from the input to the output.
CTQ_INLINE void ctq_givens(const ctq_step *step, const uint8_t *signs, float *x, int inverse) {
#pragma STDC FP_CONTRACT OFF
  float *y = x + step->offset;
  size_t i = 0;
  for (; i + 16 <= step->count; i += 16) {
    f32x16 sign = ctq_signed_scale(signs + i / 8, 1);
    f32x16 a = ctq_load(x + i), b = ctq_load(y + i);
    if (!inverse) b *= sign;
    f32x16 p = step->cosine * a + step->sine * b, q = step->sine * a - step->cosine * b;
    ctq_store(x + i, p);
    ctq_store(y + i, inverse ? q * sign : q);
  }
  for (; i < step->count; i++) {
    float sign = signs[i / 8] >> (i % 8) & 1 ? -1 : 1;
    float a = x[i], b = inverse ? y[i] : y[i] * sign;
    float p = step->cosine * a + step->sine * b, q = step->sine * a - step->cosine * b;
    x[i] = p;
    y[i] = inverse ? q * sign : q;
  }
}

static void rotate(const ctq_hadamard_rotation *rotation, float *x) {
  for (size_t s = 0; s < rotation->step_count; s++) {
    const ctq_step *step = &rotation->steps[s];
    const uint8_t *signs = rotation->signs + step->signs;
    if (step->kind == CTQ_STEP_HADAMARD) ctq_hadamard(x + step->offset, step->count, signs, step->scale);
    else ctq_givens(step, signs, x, 0);
  }
}

static void rotate_transposed(const ctq_hadamard_rotation *rotation, float *x) {
  for (size_t s = rotation->step_count; s-- > 0;) {
    const ctq_step *step = &rotation->steps[s];
    const uint8_t *signs = rotation->signs + step->signs;
    if (step->kind == CTQ_STEP_HADAMARD) {
      ctq_hadamard(x + step->offset, step->count, 0, 1);
      ctq_apply_signs(x + step->offset, step->count, signs, step->scale);
    } else {
      ctq_givens(step, signs, x, 1);
    }
  }
}

#endif
