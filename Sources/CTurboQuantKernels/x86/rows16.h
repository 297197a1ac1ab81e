// Sixteen rows of a column group in one register, and the sums of 16 rows. For avx512.c alone.
//
// A column group's plane of 16 rows is one register on AVX-512. The generic scans would use half of it.

#ifndef CTQ_X86_ROWS16_H
#define CTQ_X86_ROWS16_H

#include "../scan/column_groups.h"

#pragma STDC FP_CONTRACT OFF

/// The planes of a column group, 32 rows each.
typedef struct block_planes {
  const uint8_t *signs, *lower_bits;
} block_planes;

/// The planes of column group `group`, of which `planes` are lower bits. A narrow group is widened into `scratch`.
CTQ_INLINE block_planes block_planes_of(const ctq_blocks *blocks, size_t block, uint32_t planes, size_t group,
                                        uint8_t scratch[4][CTQ_GROUP_PLANE_BYTES]) {
  return (block_planes){ctq_group_planes(ctq_signs(blocks, block), blocks->columns, 1, group, scratch[0]),
                        ctq_group_planes(ctq_lower_bits(blocks, block), blocks->columns, planes, group, scratch[1])};
}

/// Stores 16 sums as floats.
CTQ_INLINE void leave_sums(__m512i totals, float *sums) { _mm512_storeu_ps(sums, _mm512_cvtepi32_ps(totals)); }

/// The bits of `a` that `mask` has, and the other bits of `b`.
CTQ_INLINE __m512i merged(__m512i a, __m512i b, int mask) {
  return _mm512_ternarylogic_epi32(_mm512_set1_epi8((char)mask), a, b, 0xca);
}

CTQ_INLINE __m512i splat_4(const int8_t *weights) {
  int32_t four;
  memcpy(&four, weights, sizeof four);
  return _mm512_set1_epi32(four);
}

#endif
