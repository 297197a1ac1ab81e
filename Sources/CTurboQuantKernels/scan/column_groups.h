// Reading the column groups of index blocks (`ctq_blocks`), for all vector targets.

#ifndef CTQ_SCAN_COLUMN_GROUPS_H
#define CTQ_SCAN_COLUMN_GROUPS_H

#include "ctq_codec.h"
#include "ctq_scan.h"

#include <string.h>

/// The number of column groups of a block, including a narrower last one.
static inline size_t ctq_column_groups(uint32_t columns) {
  return ((size_t)columns + CTQ_GROUP_COLUMNS - 1) / CTQ_GROUP_COLUMNS;
}

/// The planes of a column group, one word of four bytes per row. Returns where they are; for a narrower last group,
/// widens them with zeros into `scratch`. `bytes` are a block's signs or lower bits, of `planes` planes.
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

/// The code whose nibble, rotated left by k, is `nibble`. From the low bit: sign, field of one bit, field of two bits.
static inline uint32_t ctq_code_of_nibble(uint32_t nibble, uint32_t k, uint32_t bits) {
  nibble = (nibble | nibble << 4) >> k & 15;
  uint32_t sign = nibble & 1, one = nibble >> 1 & 1, two = nibble >> 2;
  return bits == 3 ? sign << 2 | two : sign << 3 | one << 2 | two;
}

// Column groups whose products of 8-bit codes, 128 of at most 2^12 in magnitude each, fit 32 bits.
enum { CTQ_I16_GROUPS_PER_ROUND = 4 };

/// The centroids of 8-bit codes whose upper nibble is rotated left by k, in tables[k].
static inline void ctq_fill_tables_i16(const uint16_t *magnitudes, int16_t tables[4][256]) {
  for (uint32_t k = 0; k < 4; k++)
    for (uint32_t i = 0; i < 256; i++)
      tables[k][i] = ctq_signed_magnitude(magnitudes, 8, ctq_code_of_nibble(i >> 4, k, 4) << 4 | (i & 15));
}

#endif
