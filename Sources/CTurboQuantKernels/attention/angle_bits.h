// Codes and radii out of transposed words of 16 rows.

#ifndef CTQ_ATTENTION_ANGLE_BITS_H
#define CTQ_ATTENTION_ANGLE_BITS_H

#include "../bytes/float16.h"
#include "../common/lanes.h"
#include "ctq_attention.h"

#pragma STDC FP_CONTRACT OFF

/// Up to 32 bits of each row from bit `place` on, with other bits above them.
CTQ_INLINE u32x16 ctq_row_bits(const uint32_t *words, size_t place, uint32_t bits) {
  typedef uint32_t u32x16_unaligned __attribute__((vector_size(64), aligned(4)));
  const u32x16_unaligned *word = (const u32x16_unaligned *)words + place / 32;
  const uint32_t shift = place % 32;
  u32x16 found = word[0] >> shift;
  if (shift + bits > 32) found |= word[1] << (32 - shift);
  return found;
}

/// The radii of a block.
CTQ_INLINE f32x16 ctq_radii(const ctq_angles *angles, const uint32_t *words, size_t block) {
  const u32x16 bits = ctq_row_bits(words, 8 * (size_t)angles->radii_offset + 16 * block, 16);
  return ctq_widened(__builtin_convertvector(bits & 0xffff, u16x16));
}

#endif
