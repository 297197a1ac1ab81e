// Centroids of 16 bits for codes of 5 to 8 bits, in 32 lanes of a byte, for scans and for attention.
//
// Centroids are symmetric, so only magnitudes are stored, 128 for 8 bits. Their lower and upper bytes are looked up
// separately and joined to words of 16 bits, which multiplication adds in pairs.
//
// The target defines, after it includes this file,
//
//   ctq_arrange_64(table)         brings a table of 64 bytes into the form that its lookups need
//   ctq_look_up_64(table, index)  bytes `index` (each below 64) of such a table
//   ctq_dot_16(sums, a, b, p, q)  adds to each of eight sums the products of two numbers of `a` with two of `p`,
//                                 each less than 2^12 in magnitude, and those of `b` with `q`

#ifndef CTQ_COMMON_MAGNITUDES_H
#define CTQ_COMMON_MAGNITUDES_H

#include "../scan/column_groups.h"
#include "bytes32.h"

#pragma STDC FP_CONTRACT OFF

CTQ_INLINE void ctq_arrange_64(uint8_t table[64]);
CTQ_INLINE u8x32 ctq_look_up_64(const uint8_t table[64], u8x32 index);
CTQ_INLINE u32x8 ctq_dot_16(u32x8 sums, u16x16 a, u16x16 b, u16x16 p, u16x16 q);

/// Tables of magnitudes of 12 bits. `lower` has the lower bytes of the first 64 and of the next 64. `upper` has the
/// upper bytes of both, as nibbles. `few` has the lower and the upper bytes of the first 32. `indices` gives, for a
/// code's upper nibble rotated left by k, the index of the magnitude if the lower nibble is zero: three bits. For a
/// negative centroid, bit 7 is set and all other bits are inverted.
typedef struct ctq_tables_i16 {
  _Alignas(32) uint8_t lower[2][64], upper[64], few[2][32], indices[4][16];
} ctq_tables_i16;

static ctq_tables_i16 ctq_load_tables_i16(const uint16_t *magnitudes) {
  ctq_tables_i16 tables;
  for (uint32_t i = 0; i < 64; i++) {
    tables.lower[0][i] = (uint8_t)magnitudes[i];
    tables.lower[1][i] = (uint8_t)magnitudes[64 + i];
    tables.upper[i] = (uint8_t)(magnitudes[i] >> 8 | magnitudes[64 + i] >> 8 << 4);
  }
  for (uint32_t i = 0; i < 32; i++) {
    tables.few[0][i] = (uint8_t)magnitudes[i];
    tables.few[1][i] = (uint8_t)(magnitudes[i] >> 8);
  }
  ctq_arrange_64(tables.lower[0]);
  ctq_arrange_64(tables.lower[1]);
  ctq_arrange_64(tables.upper);
  for (uint32_t k = 0; k < 4; k++)
    for (uint32_t i = 0; i < 16; i++) {
      const uint32_t nibble = ctq_code_of_nibble(i, k, 4), bits = nibble << 4 & 0x70;
      tables.indices[k][i] = (uint8_t)(nibble & 8 ? bits : bits ^ 0xff);
    }
  return tables;
}

/// Bytes of a and b, alternating: the first eight of each half of the vectors, and the last eight.
#define CTQ_ZIP_BYTES_LOW(a, b)                                                                                      \
  (u16x16) __builtin_shufflevector(a, b, 0, 32, 1, 33, 2, 34, 3, 35, 4, 36, 5, 37, 6, 38, 7, 39, 16, 48, 17, 49, 18, \
                                   50, 19, 51, 20, 52, 21, 53, 22, 54, 23, 55)
#define CTQ_ZIP_BYTES_HIGH(a, b)                                                                                       \
  (u16x16) __builtin_shufflevector(a, b, 8, 40, 9, 41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47, 24, 56, 25, 57, \
                                   26, 58, 27, 59, 28, 60, 29, 61, 30, 62, 31, 63)

/// Bytes of `a` where those of `which` are 255, of `b` where they are 0.
CTQ_INLINE u8x32 ctq_choose(u8x32 which, u8x32 a, u8x32 b) { return (a & which) | (b & ~which); }

/// Stores magnitudes, or their negatives where `negative` has all bits set.
CTQ_INLINE void ctq_store_16(u16x16 magnitudes, u16x16 negative, int16_t *values) {
  *(u8x32_unaligned *)values = (u8x32)((magnitudes ^ negative) - negative);
}

/// Bytes of a table of 16 entries for codes of 5 bits, of 32 entries for codes of 6.
CTQ_INLINE u8x32 ctq_few_bytes(const uint8_t table[32], u8x32 index, uint32_t bits) {
  const u8x32 within = ctq_mask(index, 0x0f), first = ctq_look_up(ctq_load_table(table), within);
  if (bits == 5) return first;
  const u8x32 is_second = (u8x32)(ctq_mask(index, 0x10) > 0);
  return ctq_choose(is_second, ctq_look_up(ctq_load_table(table + 16), within), first);
}

/// The lower and upper bytes of the magnitudes of 32 indices. `bits`, the width of the codes, is a constant.
CTQ_INLINE void ctq_magnitude_bytes(const ctq_tables_i16 *tables, u8x32 index, uint32_t bits, u8x32 *lower,
                                    u8x32 *upper) {
  if (bits <= 6) {
    *lower = ctq_few_bytes(tables->few[0], index, bits);
    *upper = ctq_few_bytes(tables->few[1], index, bits);
    return;
  }
  const u8x32 within = ctq_mask(index, 0x3f);
  *lower = ctq_look_up_64(tables->lower[0], within);
  *upper = ctq_look_up_64(tables->upper, within);
  if (bits == 8) {
    const u8x32 above = (u8x32)(index + index > 127);
    *lower = ctq_choose(above, ctq_look_up_64(tables->lower[1], within), *lower);
    *upper = ctq_choose(above, ctq_shift_right(*upper, 4), *upper);
  }
  *upper = ctq_mask(*upper, 0x0f);
}

/// The centroids of 32 indices, in the order of CTQ_ZIP_BYTES_LOW and then CTQ_ZIP_BYTES_HIGH.
CTQ_INLINE void ctq_centroids_i16(const ctq_tables_i16 *tables, u8x32 index, uint32_t bits, int16_t values[32]) {
  u8x32 lower, upper, negative = (u8x32)(index > 127);
  ctq_magnitude_bytes(tables, index, bits, &lower, &upper);
  ctq_store_16(CTQ_ZIP_BYTES_LOW(lower, upper), CTQ_ZIP_BYTES_LOW(negative, negative), values);
  ctq_store_16(CTQ_ZIP_BYTES_HIGH(lower, upper), CTQ_ZIP_BYTES_HIGH(negative, negative), values + 16);
}

/// Four weights, four times.
CTQ_INLINE u16x16 ctq_splat_8(const int16_t *query) {
  uint64_t four;
  memcpy(&four, query, sizeof four);
  return (u16x16)((u64x4){0} + four);
}

CTQ_INLINE u16x16 ctq_load_16(const int16_t *p) { return (u16x16)ctq_load_32((const uint8_t *)p); }

/// The sums of eight rows. Each row has one sum for columns 0 and 1 and one for columns 2 and 3.
CTQ_INLINE u32x8 ctq_row_sums_i16(const u32x8 sums[2]) {
  return __builtin_shufflevector(sums[0], sums[1], 0, 2, 8, 10, 4, 6, 12, 14) +
         __builtin_shufflevector(sums[0], sums[1], 1, 3, 9, 11, 5, 7, 13, 15);
}

/// Adds the products of words with the weights of one query to sums of rows. `steps` is even; a step has the words of
/// four columns of `eights` times eight rows. `eights` is a constant.
CTQ_INLINE void ctq_dot_words(const int16_t *tile, size_t steps, size_t eights, const int16_t *query, u32x8 sums[][2]) {
  for (size_t step = 0; step < steps; step += 2, tile += 64 * eights) {
    const u16x16 low = ctq_splat_8(query + 4 * step), high = ctq_splat_8(query + 4 * step + 4);
#pragma clang loop unroll(full)
    for (size_t i = 0; i < 2 * eights; i++)
      sums[i / 2][i % 2] = ctq_dot_16(sums[i / 2][i % 2], ctq_load_16(tile + 16 * i),
                                      ctq_load_16(tile + 32 * eights + 16 * i), low, high);
  }
}

#endif
