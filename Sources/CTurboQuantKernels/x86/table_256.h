// Tables of 256 values of 16 bits on AVX-512. For avx512.c alone.

#ifndef CTQ_X86_TABLE_256_H
#define CTQ_X86_TABLE_256_H

#include <string.h>

/// The lower and the upper bytes of 256 values.
typedef struct table_i16 {
  __m512i low[4], high[4];
} table_i16;

static table_i16 load_table_i16(const int16_t *values) {
  table_i16 t;
  for (int i = 0; i < 4; i++) {
    uint8_t bytes[2][64];
    for (int j = 0; j < 64; j++) {
      bytes[0][j] = (uint8_t)values[64 * i + j];
      bytes[1][j] = (uint8_t)((uint16_t)values[64 * i + j] >> 8);
    }
    t.low[i] = _mm512_loadu_si512(bytes[0]);
    t.high[i] = _mm512_loadu_si512(bytes[1]);
  }
  return t;
}

CTQ_INLINE __m512i look_up_256(const __m512i entries[4], __m512i index) {
  return _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), _mm512_permutex2var_epi8(entries[0], index, entries[1]),
                                _mm512_permutex2var_epi8(entries[2], index, entries[3]));
}

#endif
