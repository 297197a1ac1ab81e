// Conversions of float16, sixteen at a time. A target with instructions for them defines CTQ_OWN_FLOAT16 and
// `ctq_widened`.

#ifndef CTQ_BYTES_FLOAT16_H
#define CTQ_BYTES_FLOAT16_H

#include "../common/lanes.h"
#include "ctq_bytes.h"

/// Sixteen float16s as floats, exactly.
CTQ_INLINE f32x16 ctq_widened(u16x16 float16s);

#ifndef CTQ_OWN_FLOAT16

CTQ_INLINE f32x16 ctq_widened(u16x16 float16s) {
  const u32x16 h = __builtin_convertvector(float16s, u32x16);
  const u32x16 magnitude = (h & 0x7fff) << 13, sign = (h & 0x8000) << 16;
  // The exponent bias is 15 instead of 127. The product is exact, even for a subnormal float16.
  const u32x16 finite = (u32x16)((f32x16)magnitude * 0x1p112f);
  // Quieting a signalling NaN is what hardware conversions do.
  const u32x16 quiet = (u32x16)((h & 0x3ff) != 0) & 0x400000;
  const u32x16 special = magnitude | CTQ_INFINITY_BITS | quiet;
  const u32x16 is_special = (u32x16)((h & 0x7c00) == 0x7c00);
  return (f32x16)(sign | (special & is_special) | (finite & ~is_special));
}

#endif

/// The first `count` float16s as floats, then zeros.
CTQ_INLINE f32x16 ctq_load_float16s(const uint16_t *float16s, size_t count) {
  u16x16 v = {0};
  memcpy(&v, float16s, (count < 16 ? count : 16) * sizeof *float16s);
  return ctq_widened(v);
}

static void widen(const uint16_t *float16s, size_t count, float *floats) {
  for (size_t i = 0; i < count; i += 16)
    ctq_store_some(floats + i, ctq_load_float16s(float16s + i, count - i), count - i);
}

/// Lanes of `a` where the lane of `which` is all ones, of `b` where it is zero.
CTQ_INLINE u32x16 ctq_chosen(i32x16 which, u32x16 a, u32x16 b) { return (a & (u32x16)which) | (b & ~(u32x16)which); }

/// `ctq_float16_of` of all lanes.
CTQ_INLINE u16x16 ctq_narrowed(f32x16 floats) {
  const u32x16 bits = (u32x16)floats, sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  const u32x16 subnormal = (u32x16)((f32x16)magnitude + 0.5f) - (u32x16)ctq_splat(0.5f);
  const u32x16 normal = (magnitude + 0xfff + (magnitude >> 13 & 1) - CTQ_FLOAT16_EXPONENTS) >> 13;
  const u32x16 finite = ctq_chosen((i32x16)(magnitude < CTQ_FLOAT16_NORMAL), subnormal, normal);
  const u32x16 largest = (u32x16){0} + CTQ_LARGEST_FLOAT16;
  const u32x16 float16 = ctq_chosen((i32x16)(magnitude >= CTQ_FLOAT16_OVERFLOW), largest, finite);
  return __builtin_convertvector(sign | float16, u16x16);
}

static void narrow(const float *floats, size_t count, uint16_t *float16s) {
  for (size_t i = 0; i < count; i += 16) {
    const size_t some = count - i < 16 ? count - i : 16;
    const u16x16 v = ctq_narrowed(ctq_load_some(floats + i, some));
    memcpy(float16s + i, &v, some * sizeof *float16s);
  }
}

#endif
