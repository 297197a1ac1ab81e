// Half floats, sixteen at a time. A target with instructions of its own for them defines CTQ_OWN_HALVES and
// gives ctq_widened itself.

#ifndef CTQ_HALVES_H
#define CTQ_HALVES_H

#include "vectors.h"

typedef uint16_t u16x16 __attribute__((vector_size(32)));

/// Sixteen halves as floats, exactly.
CTQ_INLINE f32x16 ctq_widened(u16x16 halves);

#ifndef CTQ_OWN_HALVES

CTQ_INLINE f32x16 ctq_widened(u16x16 halves) {
  const u32x16 h = __builtin_convertvector(halves, u32x16);
  const u32x16 magnitude = (h & 0x7fff) << 13, sign = (h & 0x8000) << 16;
  // Exponents count from 15 rather than 127; the product is exact, also where a half is subnormal.
  const u32x16 finite = (u32x16)((f32x16)magnitude * 0x1p112f);
  // Quieting a signalling NaN is what hardware conversions do.
  const u32x16 quiet = (u32x16)((h & 0x3ff) != 0) & 0x400000;
  const u32x16 special = magnitude | CTQ_INFINITY_BITS | quiet;
  const u32x16 is_special = (u32x16)((h & 0x7c00) == 0x7c00);
  return (f32x16)(sign | (special & is_special) | (finite & ~is_special));
}

#endif

/// The first `count` halves as floats, and zeros beyond them.
CTQ_INLINE f32x16 ctq_load_halves(const uint16_t *halves, size_t count) {
  u16x16 v = {0};
  memcpy(&v, halves, (count < 16 ? count : 16) * sizeof *halves);
  return ctq_widened(v);
}

static void widen(const uint16_t *halves, size_t count, float *floats) {
  for (size_t i = 0; i < count; i += 16)
    ctq_store_some(floats + i, ctq_load_halves(halves + i, count - i), count - i);
}

/// Lanes of `a` where those of `which` are all ones, of `b` where they are zeros.
CTQ_INLINE u32x16 ctq_chosen(i32x16 which, u32x16 a, u32x16 b) {
  return (a & (u32x16)which) | (b & ~(u32x16)which);
}

/// Sixteen times `ctq_half_of`.
CTQ_INLINE u16x16 ctq_narrowed(f32x16 floats) {
  const u32x16 bits = (u32x16)floats, sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  const u32x16 subnormal = (u32x16)((f32x16)magnitude + 0.5f) - (u32x16)ctq_splat(0.5f);
  const u32x16 normal = (magnitude + 0xfff + (magnitude >> 13 & 1) - CTQ_HALF_EXPONENTS) >> 13;
  const u32x16 finite = ctq_chosen((i32x16)(magnitude < CTQ_NORMAL_HALVES), subnormal, normal);
  const u32x16 largest = (u32x16){0} + CTQ_LARGEST_HALF;
  const u32x16 half = ctq_chosen((i32x16)(magnitude >= CTQ_BEYOND_HALVES), largest, finite);
  return __builtin_convertvector(sign | half, u16x16);
}

static void narrow(const float *floats, size_t count, uint16_t *halves) {
  for (size_t i = 0; i < count; i += 16) {
    const size_t some = count - i < 16 ? count - i : 16;
    const u16x16 v = ctq_narrowed(ctq_load_some(floats + i, some));
    memcpy(halves + i, &v, some * sizeof *halves);
  }
}

#endif
