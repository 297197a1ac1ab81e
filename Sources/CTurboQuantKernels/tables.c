// Lookup tables of a query for scans of one and two bits. Every target shares this: it is short beside the
// scan, and plain float arithmetic in a fixed order makes the same tables everywhere.

#include "ctq_kernels.h"

#pragma STDC FP_CONTRACT OFF

typedef float lanes16 __attribute__((vector_size(64)));
typedef int32_t ints16 __attribute__((vector_size(64)));
typedef uint8_t bytes16 __attribute__((vector_size(16)));

/// -1 or 1 in lane `entry` as bit k of it says.
static const lanes16 bits_of_entries[4] = {
    {-1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1},
    {-1, -1, 1, 1, -1, -1, 1, 1, -1, -1, 1, 1, -1, -1, 1, 1},
    {-1, -1, -1, -1, 1, 1, 1, 1, -1, -1, -1, -1, 1, 1, 1, 1},
    {-1, -1, -1, -1, -1, -1, -1, -1, 1, 1, 1, 1, 1, 1, 1, 1},
};

/// The table of four coordinates, whose bits stand `plane` places further.
static void fill_table(const float own[4], uint32_t plane, float factor, uint8_t *table) {
  float half = 0;
  for (uint32_t k = 0; k < 4; k++) half += __builtin_fabsf(own[k]);
  lanes16 sums = (lanes16){0} + half;
  for (uint32_t k = 0; k < 4; k++) sums += bits_of_entries[(k + plane) % 4] * own[k];
  const bytes16 bytes = __builtin_convertvector(__builtin_convertvector(sums * factor + 0.5f, ints16), bytes16);
  __builtin_memcpy(table, &bytes, sizeof bytes);
}

void ctq_fill_tables(const float *u, size_t columns, const float *factors, uint32_t planes, uint8_t *tables) {
  for (size_t c = 0; c < columns; c++, u += 8)
    for (uint32_t half = 0; half < 2 * planes; half++) {
      const size_t kind = c / CTQ_UNIT_COLUMNS * 2 * planes + half;
      fill_table(u + half % 2 * 4, half / 2, factors[half / 2],
                 tables + 16 * (kind * CTQ_UNIT_COLUMNS + c % CTQ_UNIT_COLUMNS));
    }
}
