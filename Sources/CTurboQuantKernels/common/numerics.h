// Float arithmetic that every target shares to the bit: exact powers of two and final roundings.

#ifndef CTQ_COMMON_NUMERICS_H
#define CTQ_COMMON_NUMERICS_H

#include "ctq_codec.h"

#include <string.h>

// A fused operation would round once where other targets round twice.
#pragma STDC FP_CONTRACT OFF

#define CTQ_INFINITY_BITS 0x7f800000u

static inline uint32_t ctq_bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static inline float ctq_float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/// 2^exponent for -126 <= exponent <= 127.
static inline float ctq_exp2i(int32_t exponent) { return ctq_float_of((uint32_t)(exponent + 127) << 23); }

/// The factor 2^-exponent that brings a magnitude into [1, 2), as a product of two normal floats
/// (one alone cannot reach 2^149, which the smallest subnormal needs).
typedef struct ctq_power_of_two {
  float first;
  float second;
  int32_t exponent;
} ctq_power_of_two;

/// `magnitude` holds the bits of a positive finite float.
static inline ctq_power_of_two ctq_scale_to_unit(uint32_t magnitude) {
  int32_t exponent =
      magnitude >= 1u << 23 ? (int32_t)(magnitude >> 23) - 127 : -118 - (int32_t)__builtin_clz(magnitude);
  int32_t first = exponent == 127 ? -126 : -exponent > 127 ? 127 : -exponent;
  return (ctq_power_of_two){ctq_exp2i(first), ctq_exp2i(-exponent - first), exponent};
}

/// The length of a vector whose entries were multiplied by 2^-exponent before they were squared.
static inline ctq_length ctq_length_of(float sum_of_squares, int32_t exponent) {
#pragma STDC FP_CONTRACT OFF
  float scaled = __builtin_elementwise_sqrt(sum_of_squares);
  // The first half of the exponent is exact, so that a subnormal norm is rounded only once.
  int32_t half = exponent / 2;
  float norm = scaled * ctq_exp2i(half) * ctq_exp2i(exponent - half);
  int32_t status = ctq_bits_of(norm) >= CTQ_INFINITY_BITS ? CTQ_NORM_OVERFLOW : CTQ_NORM_OK;
  return (ctq_length){norm, 1.0f / scaled, status};
}

// MARK: Exponential

// e^t = 2^n e^r with n the whole number nearest to t log2(e) and |r| <= ln(2)/2. e^r is the Taylor series to r^7; the
// remainder is below 6e-9. ln 2 is split into two parts, so that n times the first is exact. Adding 1.5 * 2^23 rounds
// and leaves n in the low bits.
#define CTQ_ROUNDING_SHIFT 12582912.0f
#define CTQ_LOG2_E 1.44269504f
#define CTQ_LN2_HIGH 0.693359375f
#define CTQ_LN2_LOW -2.12194440e-4f
#define CTQ_SMALLEST_EXPONENT -87.0f
#define CTQ_EXPONENTIAL_TERM(k) \
  ((k) == 7   ? 1.0f / 5040     \
   : (k) == 6 ? 1.0f / 720      \
   : (k) == 5 ? 1.0f / 120      \
   : (k) == 4 ? 1.0f / 24       \
   : (k) == 3 ? 1.0f / 6        \
   : (k) == 2 ? 0.5f            \
              : 1.0f)

/// e^t for t <= 0, within 3 ulp; 0 below -87.
static inline float ctq_exponential(float t) {
  if (t < CTQ_SMALLEST_EXPONENT) return 0;
  float shifted = t * CTQ_LOG2_E + CTQ_ROUNDING_SHIFT, n = shifted - CTQ_ROUNDING_SHIFT;
  float r = (t - n * CTQ_LN2_HIGH) - n * CTQ_LN2_LOW;
  float sum = CTQ_EXPONENTIAL_TERM(7);
  for (int k = 6; k >= 0; k--) sum = sum * r + CTQ_EXPONENTIAL_TERM(k);
  return ctq_float_of(ctq_bits_of(sum) + (ctq_bits_of(shifted) << 23));
}

// MARK: Weights as whole numbers

enum {
  // Two planes: a number of at most 2^13 is 2^7 * high + low, both at most 64.
  CTQ_SPLIT_BITS = 7,
  CTQ_SPLIT_BASE = 1 << CTQ_SPLIT_BITS,
  CTQ_SPLIT_LARGEST = 64 << CTQ_SPLIT_BITS,
  // One plane.
  CTQ_WHOLE_LARGEST = 4095,
};

/// The factor that turns `magnitude` into the whole number `whole`; 0 if it would overflow.
static inline float ctq_whole_inverse(float magnitude, float whole) {
  return magnitude >= 0x1p-100f ? whole / magnitude : 0;
}

#endif
