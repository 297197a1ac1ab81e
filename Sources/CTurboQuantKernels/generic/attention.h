// The exponentials of a softmax in 16 generic lanes, for any target.

#include "vectors.h"

#pragma STDC FP_CONTRACT OFF

/// Sixteen times `ctq_exponential`, operation by operation.
CTQ_INLINE ctq_f16 ctq_exponentials(ctq_f16 t) {
  const ctq_f16 magic = ctq_splat(CTQ_ROUNDING_SHIFT);
  ctq_i16 is_small = t < ctq_splat(CTQ_SMALLEST_EXPONENT);
  // A lane that becomes zero must not make an exponent of its own.
  t = (ctq_f16)((ctq_i16)t & ~is_small);
  ctq_f16 shifted = t * CTQ_LOG2_E + magic;
  ctq_f16 n = shifted - magic;
  ctq_f16 r = (t - n * CTQ_LN2_HIGH) - n * CTQ_LN2_LOW;
  ctq_f16 sum = ctq_splat(CTQ_EXPONENTIAL_TERM(7));
#pragma clang loop unroll(full)
  for (int k = 6; k >= 0; k--) sum = sum * r + CTQ_EXPONENTIAL_TERM(k);
  ctq_i16 scaled = (ctq_i16)sum + ((ctq_i16)((ctq_u16)shifted << 23));
  return (ctq_f16)(scaled & ~is_small);
}

static float exponentials(const float *x, size_t count, float shift, float *y) {
  ctq_f16 sum = {0};
  for (size_t i = 0; i < count; i += 16) {
    ctq_f16 e = ctq_exponentials(ctq_load_some(x + i, count - i) - shift);
    ctq_store_some(y + i, e, count - i);
    // Lanes beyond the end hold exp(-shift), which is nobody's.
    sum += count - i < 16 ? ctq_load_some(y + i, count - i) : e;
  }
  return ctq_tree_sum(sum);
}
