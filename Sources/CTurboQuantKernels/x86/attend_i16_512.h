// Attention over codes of 5 to 8 bits in quads, on AVX-512. For avx512.c alone.
//
// The generic kernel would use half a register.

#ifndef CTQ_X86_ATTEND_I16_512_H
#define CTQ_X86_ATTEND_I16_512_H

#include "attend_i8_512.h"
#include "table_256.h"

// The most queries for which a quad in registers is used.
enum { ATTEND_I16_QUERIES = 8 };

/// The centroids of all codes. Tables of fewer than 256 entries repeat themselves.
static table_i16 load_code_table_i16(const uint16_t *magnitudes, uint32_t bits) {
  int16_t values[256];
  const size_t count = (size_t)1 << bits, half = count / 2;
  for (size_t i = 0; i < half; i++) {
    values[half + i] = (int16_t)magnitudes[i];
    values[half - 1 - i] = (int16_t)-magnitudes[i];
  }
  for (size_t i = count; i < 256; i++) values[i] = values[i - count];
  return load_table_i16(values);
}

/// Bytes of a table, looked up by codes of `bits` bits.
CTQ_INLINE __m512i table_i16_bytes(const __m512i entries[4], __m512i code, uint32_t bits) {
  if (bits == 8) return look_up_256(entries, code);
  if (bits == 7) return _mm512_permutex2var_epi8(entries[0], code, entries[1]);
  return _mm512_permutexvar_epi8(code, entries[0]);
}

/// The sums of 16 rows over all quads. The width and the number of queries are constants of each copy.
CTQ_INLINE void attend_i16_rows16(const uint8_t *codes, uint32_t bits, size_t quad_count, const table_i16 *table,
                                  const int16_t *weights, size_t query_count, const uint8_t *next, float *sums,
                                  size_t sum_stride) {
  const size_t step_quads = ctq_quads_per_step(bits), step_count = quad_count / step_quads,
               round = CTQ_ATTEND_I16_QUADS / step_quads;
  // The first sums of a query are those of rows 4i and 4i + 1, the second those of rows 4i + 2 and 4i + 3. A row has
  // two sums, one per pair of columns.
  const __m512i order = _mm512_setr_epi32(0, 2, 16, 18, 4, 6, 20, 22, 8, 10, 24, 26, 12, 14, 28, 30);
  for (size_t first = 0; first < step_count; first += round) {
    const size_t end = step_count - first < round ? step_count : first + round;
    __m512i totals[ATTEND_I16_QUERIES][2];
#pragma clang loop unroll(full)
    for (size_t q = 0; q < query_count; q++) totals[q][0] = totals[q][1] = _mm512_setzero_si512();
    for (size_t step = first; step < end; step++) {
#pragma clang loop unroll(full)
      for (size_t line = 0; line < step_quads * bits / 8; line++, next += 64)
        _mm_prefetch((const char *)next, _MM_HINT_T1);
#pragma clang loop unroll(full)
      for (size_t g = 0; g < step_quads; g++) {
        const __m512i code = quad_codes(codes, bits, step_count, step, (int)g);
        const __m512i low = table_i16_bytes(table->low, code, bits), high = table_i16_bytes(table->high, code, bits);
        const __m512i values[2] = {_mm512_unpacklo_epi8(low, high), _mm512_unpackhi_epi8(low, high)};
#pragma clang loop unroll(full)
        for (size_t q = 0; q < query_count; q++) {
          int64_t four;
          memcpy(&four, weights + 4 * (q * quad_count + step * step_quads + g), sizeof four);
          totals[q][0] = _mm512_dpwssd_epi32(totals[q][0], values[0], _mm512_set1_epi64(four));
          totals[q][1] = _mm512_dpwssd_epi32(totals[q][1], values[1], _mm512_set1_epi64(four));
        }
      }
    }
#pragma clang loop unroll(full)
    for (size_t q = 0; q < query_count; q++) {
      __m512i pairs[2];
      for (int i = 0; i < 2; i++) pairs[i] = _mm512_add_epi32(totals[q][i], _mm512_srli_epi64(totals[q][i], 32));
      const __m512 total = _mm512_cvtepi32_ps(_mm512_permutex2var_epi32(pairs[0], order, pairs[1]));
      float *target = sums + q * sum_stride;
      _mm512_storeu_ps(target, first ? _mm512_add_ps(_mm512_loadu_ps(target), total) : total);
    }
  }
}

static void attend_i16(const uint8_t *codes, uint32_t bits, size_t rows16_count, size_t quad_count,
                       const uint16_t *magnitudes, const int16_t *weights, size_t query_count, const uint8_t *next,
                       float *sums, size_t sum_stride) {
  const table_i16 table = load_code_table_i16(magnitudes, bits);
  const size_t rows16_bytes = quad_count * 8 * bits;
  for (size_t q = 0; q < query_count;) {
    const size_t left = query_count - q, some = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    const int16_t *query_weights = weights + q * 4 * quad_count;
    float *query_sums = sums + q * sum_stride;
#define ATTEND_I16(bits, count)                                                                                        \
  for (size_t g = 0; g < rows16_count; g++)                                                                            \
  attend_i16_rows16(codes + g * rows16_bytes, bits, quad_count, &table, query_weights, count, next + g * rows16_bytes, \
                    query_sums + 16 * g, sum_stride)
#define FOR_QUERIES(bits)               \
  switch (some) {                       \
    case 1: ATTEND_I16(bits, 1); break; \
    case 2: ATTEND_I16(bits, 2); break; \
    case 4: ATTEND_I16(bits, 4); break; \
    default: ATTEND_I16(bits, 8);       \
  }                                     \
  break
    switch (bits) {
      case 5: FOR_QUERIES(5);
      case 6: FOR_QUERIES(6);
      case 7: FOR_QUERIES(7);
      default: FOR_QUERIES(8);
    }
#undef FOR_QUERIES
#undef ATTEND_I16
    q += some;
  }
  ctq_prefetch_scales(next + rows16_count * rows16_bytes);
}

#endif
