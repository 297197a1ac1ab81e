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

/// Lanes of `a` where those of `which` are all ones, of `b` where they are zeros.
CTQ_INLINE ctq_u16 ctq_chosen(ctq_i16 which, ctq_u16 a, ctq_u16 b) {
  return (a & (ctq_u16)which) | (b & ~(ctq_u16)which);
}

/// Sixteen times `ctq_half_of`.
CTQ_INLINE ctq_half16 ctq_narrowed(ctq_f16 floats) {
  const ctq_u16 bits = (ctq_u16)floats, sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  const ctq_u16 subnormal = (ctq_u16)((ctq_f16)magnitude + 0.5f) - (ctq_u16)ctq_splat(0.5f);
  const ctq_u16 normal = (magnitude + 0xfff + (magnitude >> 13 & 1) - CTQ_HALF_EXPONENTS) >> 13;
  const ctq_u16 finite = ctq_chosen((ctq_i16)(magnitude < CTQ_NORMAL_HALVES), subnormal, normal);
  const ctq_u16 largest = (ctq_u16){0} + CTQ_LARGEST_HALF;
  const ctq_u16 half = ctq_chosen((ctq_i16)(magnitude >= CTQ_BEYOND_HALVES), largest, finite);
  return __builtin_convertvector(sign | half, ctq_half16);
}

static void narrow(const float *floats, size_t count, uint16_t *halves) {
  for (size_t i = 0; i < count; i += 16) {
    const size_t some = count - i < 16 ? count - i : 16;
    const ctq_half16 v = ctq_narrowed(ctq_load_some(floats + i, some));
    memcpy(halves + i, &v, some * sizeof *halves);
  }
}

#endif
