// Exponentials and the largest score in 16 lanes.
//
// The target defines CTQ_HADAMARD_VECTORS, the number of vectors of 16 floats that its registers hold, before it
// includes this file.

#ifndef CTQ_ATTENTION_SOFTMAX_H
#define CTQ_ATTENTION_SOFTMAX_H

#include "../common/lanes.h"

#pragma STDC FP_CONTRACT OFF

// Each operation on a vector waits for the one before, longer than it takes. So several vectors are interleaved.
enum { CTQ_IN_TURN = CTQ_HADAMARD_VECTORS >= 16 ? 4 : 1 };

/// Makes one copy of a statement for each v below a constant.
#define CTQ_FOR_EACH(v, count) _Pragma("clang loop unroll(full)") for (size_t v = 0; v < (count); v++)

/// `ctq_exponential` of all lanes of every vector, operation by operation. The count is a constant.
CTQ_INLINE void ctq_exponentials(f32x16 *x, size_t count) {
  const f32x16 magic = ctq_splat(CTQ_ROUNDING_SHIFT);
  i32x16 is_small[CTQ_IN_TURN];
  f32x16 shifted[CTQ_IN_TURN], r[CTQ_IN_TURN], sum[CTQ_IN_TURN];
  CTQ_FOR_EACH(v, count) {
    is_small[v] = x[v] < ctq_splat(CTQ_SMALLEST_EXPONENT);
    // A lane that becomes zero must not produce an exponent.
    x[v] = (f32x16)((i32x16)x[v] & ~is_small[v]);
    shifted[v] = x[v] * CTQ_LOG2_E + magic;
  }
  CTQ_FOR_EACH(v, count) {
    const f32x16 n = shifted[v] - magic;
    r[v] = (x[v] - n * CTQ_LN2_HIGH) - n * CTQ_LN2_LOW;
    sum[v] = ctq_splat(CTQ_EXPONENTIAL_TERM(7));
  }
#pragma clang loop unroll(full)
  for (int k = 6; k >= 0; k--)
    CTQ_FOR_EACH(v, count) sum[v] = sum[v] * r[v] + CTQ_EXPONENTIAL_TERM(k);
  CTQ_FOR_EACH(v, count) {
    const i32x16 scaled = (i32x16)sum[v] + (i32x16)((u32x16)shifted[v] << 23);
    x[v] = (f32x16)(scaled & ~is_small[v]);
  }
}

static float exponentials(const float *x, size_t count, float shift, float *y) {
  f32x16 sum = {0}, e[CTQ_IN_TURN];
  size_t i = 0;
  for (; i + 16 * CTQ_IN_TURN <= count; i += 16 * CTQ_IN_TURN) {
    CTQ_FOR_EACH(v, CTQ_IN_TURN) e[v] = ctq_load(x + i + 16 * v) - shift;
    ctq_exponentials(e, CTQ_IN_TURN);
    CTQ_FOR_EACH(v, CTQ_IN_TURN) {
      ctq_store(y + i + 16 * v, e[v]);
      sum += e[v];
    }
  }
  for (; i < count; i += 16) {
    e[0] = ctq_load_some(x + i, count - i) - shift;
    ctq_exponentials(e, 1);
    ctq_store_some(y + i, e[0], count - i);
    // Lanes beyond the end hold exp(-shift) and must not be added.
    sum += count - i < 16 ? ctq_load_some(y + i, count - i) : e[0];
  }
  return ctq_tree_sum(sum);
}

/// The larger number of each lane.
CTQ_INLINE f32x16 ctq_larger(f32x16 a, f32x16 b) {
  i32x16 is_larger = a > b;
  return (f32x16)(((i32x16)a & is_larger) | ((i32x16)b & ~is_larger));
}

CTQ_INLINE float ctq_largest_lane(f32x16 v) {
#define LARGER_OF_HALVES(...) v = ctq_larger(__builtin_shufflevector(v, v, __VA_ARGS__), v)
  LARGER_OF_HALVES(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  LARGER_OF_HALVES(4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3);
  LARGER_OF_HALVES(2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1);
  LARGER_OF_HALVES(1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0);
#undef LARGER_OF_HALVES
  return v[0];
}

static float largest(const float *x, size_t count) {
  if (count < 16) {
    float found = -__builtin_inff();
    for (size_t i = 0; i < count; i++) found = x[i] > found ? x[i] : found;
    return found;
  }
  f32x16 found = ctq_splat(-__builtin_inff());
  for (size_t i = 0; i + 16 <= count; i += 16) found = ctq_larger(ctq_load(x + i), found);
  // The last sixteen overlap the ones before and cover what is left.
  return ctq_largest_lane(ctq_larger(ctq_load(x + count - 16), found));
}

#endif
