// Lookup tables of a query for scans of one and two bits. Every target shares this: it is short beside the
// scan, and plain float arithmetic in a fixed order makes the same tables everywhere.

#include "ctq_kernels.h"

#pragma STDC FP_CONTRACT OFF

void ctq_fill_tables(const float *u, size_t columns, const uint8_t *coordinates, const float *factors,
                     size_t kinds, size_t each, const float *halves, float inverse, uint8_t *tables) {
  for (size_t c = 0; c < columns; c++, u += 8)
    for (size_t t = 0; t < kinds; t++) {
      float values[16];
      const float half = *halves++;
      for (size_t i = 0; i < 16; i++) values[i] = half;
      for (size_t k = 0; k < each; k++) {
        const float *factor = factors + 16 * (t * each + k), own = u[coordinates[t * each + k]];
        for (size_t i = 0; i < 16; i++) values[i] += factor[i] * own;
      }
      uint8_t *table =
          tables + 16 * ((c / CTQ_UNIT_COLUMNS * kinds + t) * CTQ_UNIT_COLUMNS + c % CTQ_UNIT_COLUMNS);
      for (size_t i = 0; i < 16; i++) {
        float value = values[i] * inverse + 0.5f;
        value = value > 0 ? value : 0;
        table[i] = (uint8_t)(int32_t)(value < 127.5f ? value : 127.5f);
      }
    }
}
