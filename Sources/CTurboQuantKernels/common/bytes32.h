// Thirty-two lanes of a byte, for scans and for attention.
//
// The target defines, after it includes this file,
//
//   ctq_look_up(table, index)    bytes `index` (each below 16) of a table of 16 bytes. Both halves of `table` hold
//                                the table.
//   ctq_dot_8(sums, a, b, p, q)  adds to each of eight sums the products of four bytes of `a` (at most 127) with
//                                four signed bytes of `p` (at most 64 in magnitude), and those of `b` with `q`.

#ifndef CTQ_COMMON_BYTES32_H
#define CTQ_COMMON_BYTES32_H

#include "lanes.h"

#pragma STDC FP_CONTRACT OFF

CTQ_INLINE u8x32 ctq_look_up(u8x32 table, u8x32 index);
CTQ_INLINE u32x8 ctq_dot_8(u32x8 sums, u8x32 a, u8x32 b, u8x32 p, u8x32 q);

/// The body of a product of 32 bytes for targets with registers of 16 bytes: `dot` of both halves of every operand.
#define CTQ_DOT_IN_TWO_REGISTERS(operand, total, dot)                                          \
  operand first[2], second[2], by[2], with[2];                                                 \
  total totals[2];                                                                             \
  memcpy(first, &a, sizeof first);                                                             \
  memcpy(second, &b, sizeof second);                                                           \
  memcpy(by, &p, sizeof by);                                                                   \
  memcpy(with, &q, sizeof with);                                                               \
  memcpy(totals, &sums, sizeof totals);                                                        \
  for (int h = 0; h < 2; h++) totals[h] = dot(totals[h], first[h], second[h], by[h], with[h]); \
  memcpy(&sums, totals, sizeof sums);                                                          \
  return sums

CTQ_INLINE u8x32 ctq_load_32(const uint8_t *p) { return *(const u8x32_unaligned *)p; }

/// Sixteen bytes, twice.
CTQ_INLINE u8x32 ctq_load_table(const uint8_t *p) {
  u8x16_unaligned t = *(const u8x16_unaligned *)p;
  return __builtin_shufflevector(t, t, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7, 8,
                                 9, 10, 11, 12, 13, 14, 15);
}

// The caller masks away bits that cross into another byte.
CTQ_INLINE u8x32 ctq_shift_left(u8x32 v, int n) { return (u8x32)((u16x16)v << n); }

CTQ_INLINE u8x32 ctq_shift_right(u8x32 v, int n) { return (u8x32)((u16x16)v >> n); }

CTQ_INLINE u8x32 ctq_mask(u8x32 v, uint8_t mask) { return v & ((u8x32){0} + mask); }

/// a_in_b <- `b` with the masked bits of `a`; b_in_a <- `a` with the masked bits of `b`.
CTQ_INLINE void ctq_exchange(u8x32 a, u8x32 b, uint8_t mask, u8x32 *a_in_b, u8x32 *b_in_a) {
  u8x32 difference = ctq_mask(a ^ b, mask);
  *a_in_b = b ^ difference;
  *b_in_a = a ^ difference;
}

/// Pairs of bytes of a and b, alternating: pairs 0 to 3 of each half of the vectors, and pairs 4 to 7.
#define CTQ_ZIP_PAIRS_LOW(a, b) \
  (u8x32) __builtin_shufflevector((u16x16)(a), (u16x16)(b), 0, 16, 1, 17, 2, 18, 3, 19, 8, 24, 9, 25, 10, 26, 11, 27)
#define CTQ_ZIP_PAIRS_HIGH(a, b) \
  (u8x32) __builtin_shufflevector((u16x16)(a), (u16x16)(b), 4, 20, 5, 21, 6, 22, 7, 23, 12, 28, 13, 29, 14, 30, 15, 31)

/// The same for words, and for pairs of words.
#define CTQ_ZIP_WORDS(a, b, first)                                                                               \
  __builtin_shufflevector((u32x8)(a), (u32x8)(b), first, first + 8, first + 1, first + 9, first + 4, first + 12, \
                          first + 5, first + 13)
#define CTQ_ZIP_LONGS(a, b, first)                                                                                \
  (u8x32) __builtin_shufflevector(a, b, first, first + 1, first + 8, first + 9, first + 4, first + 5, first + 12, \
                                  first + 13)

CTQ_INLINE void ctq_store_sums(u32x8 totals, float *sums) {
  *(f32x8_unaligned *)sums = __builtin_convertvector((i32x8)totals, f32x8);
}

CTQ_INLINE u8x32 ctq_splat_4(const int8_t *query) {
  uint32_t word;
  memcpy(&word, query, 4);
  return (u8x32)((u32x8){0} + word);
}

#endif
