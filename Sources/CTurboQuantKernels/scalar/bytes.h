// Conversions of float16, number by number: what bytes/float16.h computes. Checksums go by a table.

#ifndef CTQ_SCALAR_BYTES_H
#define CTQ_SCALAR_BYTES_H

#include "../bytes/crc32c_table.h"
#include "../common/numerics.h"

#pragma STDC FP_CONTRACT OFF

static float widened(uint16_t float16) {
  uint32_t sign = (uint32_t)(float16 & 0x8000) << 16;
  uint32_t exponent = float16 >> 10 & 0x1f, fraction = float16 & 0x3ff;
  uint32_t magnitude;
  if (exponent == 0x1f) {
    // Quieting a signalling NaN is what hardware conversions do.
    magnitude = CTQ_INFINITY_BITS | fraction << 13 | (fraction ? 0x400000u : 0);
  } else if (exponent > 0) {
    magnitude = (exponent + 112) << 23 | fraction << 13;
  } else {
    magnitude = ctq_bits_of((float)fraction * 0x1p-24f);
  }
  return ctq_float_of(sign | magnitude);
}

static void widen(const uint16_t *float16s, size_t count, float *floats) {
  for (size_t i = 0; i < count; i++) floats[i] = widened(float16s[i]);
}

static void narrow(const float *floats, size_t count, uint16_t *float16s) {
  for (size_t i = 0; i < count; i++) float16s[i] = ctq_float16_of(floats[i]);
}

#endif
