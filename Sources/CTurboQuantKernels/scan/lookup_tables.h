// The lookup tables of a query for scans of 1 and 2 bits, one table of sixteen entries at a time.

#ifndef CTQ_SCAN_LOOKUP_TABLES_H
#define CTQ_SCAN_LOOKUP_TABLES_H

#include "../common/lanes.h"
#include "ctq_scan.h"

#pragma STDC FP_CONTRACT OFF

/// Vector k has 1 in lane n if bit k of n is set, and -1 otherwise.
static const f32x16 ctq_bits_of_entries[4] = {
    {-1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1},
    {-1, -1, 1, 1, -1, -1, 1, 1, -1, -1, 1, 1, -1, -1, 1, 1},
    {-1, -1, -1, -1, 1, 1, 1, 1, -1, -1, -1, -1, 1, 1, 1, 1},
    {-1, -1, -1, -1, -1, -1, -1, -1, 1, 1, 1, 1, 1, 1, 1, 1},
};

/// The table of four coordinates. Coordinate k is bit k + `plane`, modulo 4.
CTQ_INLINE void ctq_fill_lookup_table(const float values[4], uint32_t plane, float factor, uint8_t *table) {
  float half = 0;
  for (uint32_t k = 0; k < 4; k++) half += __builtin_fabsf(values[k]);
  f32x16 sums = ctq_splat(half);
#pragma clang loop unroll(full)
  for (uint32_t k = 0; k < 4; k++) sums += ctq_bits_of_entries[(k + plane) % 4] * values[k];
  const i32x16 rounded = __builtin_convertvector(sums * factor + 0.5f, i32x16);
  const u8x16 bytes = __builtin_convertvector(rounded, u8x16);
  memcpy(table, &bytes, sizeof bytes);
}

static void fill_lookup_tables(const float *u, size_t columns, const float *factors, uint32_t planes, uint8_t *tables) {
  for (size_t c = 0; c < columns; c++, u += 8) {
    uint8_t *group = tables + CTQ_GROUP_PLANE_BYTES * planes * (c / CTQ_GROUP_COLUMNS) + 16 * (c % CTQ_GROUP_COLUMNS);
    for (uint32_t p = 0; p < planes; p++)
      for (size_t half = 0; half < 2; half++)
        ctq_fill_lookup_table(u + 4 * half, p, factors[p],
                              group + CTQ_GROUP_PLANE_BYTES * p + CTQ_GROUP_PLANE_BYTES / 2 * half);
  }
}

#endif
