// Column groups of index blocks as every vector target walks them (ctq_blocks in ctq_kernels.h).

#ifndef CTQ_SCAN_COLUMN_GROUPS_H
#define CTQ_SCAN_COLUMN_GROUPS_H

#include "ctq_codec.h"
#include "ctq_scan.h"

#include <string.h>

/// Column groups of a block, the narrower last one included.
static inline size_t ctq_column_groups(uint32_t columns) {
  return ((size_t)columns + CTQ_GROUP_COLUMNS - 1) / CTQ_GROUP_COLUMNS;
}

/// The planes of a column group, a word of four bytes a row: where they lie, or those of a narrower last column group, widened
/// with zeros, in `scratch`. `bytes` is where the block's part of `planes` planes begins.
static inline __attribute__((always_inline)) const uint8_t *ctq_group_planes(const uint8_t *bytes, uint32_t columns,
                                                                             uint32_t planes, size_t group,
                                                                             uint8_t *scratch) {
  const uint32_t width = columns % CTQ_GROUP_COLUMNS;
  bytes += CTQ_GROUP_PLANE_BYTES * (size_t)planes * group;
  if (group < columns / CTQ_GROUP_COLUMNS) return bytes;
#define WIDEN(width)                                                                      \
  for (uint32_t r = 0; r < 32 * planes; r++) {                                            \
    uint32_t word = 0;                                                                    \
    for (uint32_t j = 0; j < width; j++) word |= (uint32_t)bytes[width * r + j] << 8 * j; \
    memcpy(scratch + 4 * r, &word, sizeof word);                                          \
  }
  if (width == 1) {
    WIDEN(1)
  } else if (width == 2) {
    WIDEN(2)
  } else {
    WIDEN(3)
  }
#undef WIDEN
  return scratch;
}

/// The code whose nibble, rotated left by k, is `nibble`: sign, bit field of one bit, bit field of two.
static inline uint32_t ctq_code_of_nibble(uint32_t nibble, uint32_t k, uint32_t bits) {
  nibble = (nibble | nibble << 4) >> k & 15;
  uint32_t sign = nibble & 1, one = nibble >> 1 & 1, two = nibble >> 2;
  return bits == 3 ? sign << 2 | two : sign << 3 | one << 2 | two;
}

// Column groups whose products of 8-bit codes, 128 of at most 2^12 in magnitude each, fit 32 bits.
enum { CTQ_I16_GROUPS_PER_ROUND = 4 };

/// Centroids of 8 bits, of which the magnitudes are given, by the code whose upper nibble is rotated left by k.
static inline void ctq_fill_tables_i16(const uint16_t *magnitudes, int16_t tables[4][256]) {
  for (uint32_t k = 0; k < 4; k++)
    for (uint32_t i = 0; i < 256; i++)
      tables[k][i] = ctq_signed_magnitude(magnitudes, 8, ctq_code_of_nibble(i >> 4, k, 4) << 4 | (i & 15));
}

#endif
