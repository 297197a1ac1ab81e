// Float arithmetic that every target shares to the bit: exact powers of two and final roundings.

#ifndef CTQ_NUMERICS_H
#define CTQ_NUMERICS_H

#include "../include/ctq_kernels.h"

#include <string.h>

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
static inline float ctq_exp2i(int32_t exponent) {
  return ctq_float_of((uint32_t)(exponent + 127) << 23);
}

/// The factor 2^-exponent that brings a magnitude into [1, 2), as a product of two normal floats
/// (one alone cannot reach 2^149, which the smallest subnormal needs).
typedef struct ctq_power_of_two {
  float first;
  float second;
  int32_t exponent;
} ctq_power_of_two;

/// `magnitude` holds the bits of a positive finite float.
static inline ctq_power_of_two ctq_scale_to_unit(uint32_t magnitude) {
  int32_t exponent = magnitude >= 1u << 23 ? (int32_t)(magnitude >> 23) - 127
                                           : -118 - (int32_t)__builtin_clz(magnitude);
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

#endif
