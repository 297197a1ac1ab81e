// Sign bits in 16 lanes: packing them, and products of packed signs with a query.
//
// The target defines `ctq_bits_of_lanes` before it includes this file. It returns one bit for each lane that is
// all ones.

#ifndef CTQ_CODEC_SIGNS_H
#define CTQ_CODEC_SIGNS_H

#include "../common/lanes.h"

#pragma STDC FP_CONTRACT OFF

static void pack_signs(const float *x, size_t count, uint8_t *bits) {
  for (size_t i = 0; i < count; i += 16) {
    size_t left = count - i;
    uint32_t mask = ctq_bits_of_lanes((i32x16)(ctq_load_some(x + i, left) >= 0));
    if (left < 16) mask &= (1u << left) - 1;
    bits[i / 8] = (uint8_t)mask;
    if (left > 8) bits[i / 8 + 1] = (uint8_t)(mask >> 8);
  }
}

static void sign_products(const uint8_t *bits, size_t stride, size_t row_count, const float *query, size_t count,
                          float *sums) {
  for (size_t row = 0; row < row_count; row++, bits += stride) {
    f32x16 sum = {0}, other = {0};
    for (size_t i = 0; i < count; i += 16) {
      u32x16 is_negative = ~ctq_lanes_of(ctq_load_bits(bits + i / 8, count - i));
      u32x16 q = (u32x16)ctq_load_some(query + i, count - i);
      f32x16 next = sum + (f32x16)(q ^ (is_negative & 0x80000000u));
      sum = other;
      other = next;
    }
    sums[row] = ctq_tree_sum(sum + other);
  }
}

#endif
