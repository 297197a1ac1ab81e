// Half floats, sixteen at a time. A target with instructions of its own for them defines CTQ_OWN_HALVES and
// gives ctq_widened itself.

#ifndef CTQ_HALVES_H
#define CTQ_HALVES_H

#include "vectors.h"

typedef uint16_t ctq_half16 __attribute__((vector_size(32)));

/// Sixteen halves as floats, exactly.
CTQ_INLINE ctq_f16 ctq_widened(ctq_half16 halves);

#ifndef CTQ_OWN_HALVES

CTQ_INLINE ctq_f16 ctq_widened(ctq_half16 halves) {
  const ctq_u16 h = __builtin_convertvector(halves, ctq_u16);
  const ctq_u16 magnitude = (h & 0x7fff) << 13, sign = (h & 0x8000) << 16;
  // Exponents count from 15 rather than 127; the product is exact, also where a half is subnormal.
  const ctq_u16 finite = (ctq_u16)((ctq_f16)magnitude * 0x1p112f);
  // Quieting a signalling NaN is what hardware conversions do.
  const ctq_u16 quiet = (ctq_u16)((h & 0x3ff) != 0) & 0x400000;
  const ctq_u16 special = magnitude | CTQ_INFINITY_BITS | quiet;
  const ctq_u16 is_special = (ctq_u16)((h & 0x7c00) == 0x7c00);
  return (ctq_f16)(sign | (special & is_special) | (finite & ~is_special));
}

#endif

/// The first `count` halves as floats, and zeros beyond them.
CTQ_INLINE ctq_f16 ctq_load_halves(const uint16_t *halves, size_t count) {
  ctq_half16 v = {0};
  memcpy(&v, halves, (count < 16 ? count : 16) * sizeof *halves);
  return ctq_widened(v);
}

static void widen(const uint16_t *halves, size_t count, float *floats) {
  for (size_t i = 0; i < count; i += 16)
    ctq_store_some(floats + i, ctq_load_halves(halves + i, count - i), count - i);
}

#endif
