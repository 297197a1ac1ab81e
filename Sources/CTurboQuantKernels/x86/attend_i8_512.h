// Attention over codes of 1 to 4 bits in quads, on AVX-512. For avx512.c alone.
//
// The generic kernel would use half a register. Here a quad is one register. Tables repeat themselves, so the bits of
// an index above a code need not be masked away.

#ifndef CTQ_X86_ATTEND_I8_512_H
#define CTQ_X86_ATTEND_I8_512_H

#include "../attention/prefetch.h"
#include "rows16.h"

// The most queries for which a quad in a register is used.
enum { ATTEND_I8_QUERIES = 8 };

/// The codes of quad g of a step, from the vectors of all bit fields. Other bits may be above them. `g` and the width
/// are constants.
CTQ_INLINE __m512i quad_codes(const uint8_t *codes, uint32_t bits, size_t step_count, size_t step, int g) {
  __m512i code = _mm512_setzero_si512();
  int shift = 0;
#pragma clang loop unroll(full)
  for (int width = 8; width > 0; width /= 2) {
    if (!((int)bits & width)) continue;
    const int each = 8 / width, below = width * (g % each);
    const size_t vectors = ctq_quads_per_step(bits) / (size_t)each;
    __m512i v = _mm512_loadu_si512(codes + 64 * (vectors * step + (size_t)(g / each)));
    v = shift > below ? _mm512_slli_epi16(v, (unsigned)(shift - below))
                      : _mm512_srli_epi16(v, (unsigned)(below - shift));
    code = shift == 0 ? v : merged(code, v, (1 << shift) - 1);
    codes += 64 * vectors * step_count;
    shift += width;
  }
  return code;
}

/// The sums of 16 rows over all quads. The width and the number of queries are constants of each copy.
CTQ_INLINE void attend_i8_rows16(const uint8_t *codes, uint32_t bits, size_t step_count, __m512i table,
                                 const int8_t *weights, size_t stride, size_t query_count, const uint8_t *next,
                                 float *sums, size_t sum_stride) {
  const int step_quads = (int)ctq_quads_per_step(bits);
  // Two alternating sums per query, so that neither waits for the other.
  __m512i totals[ATTEND_I8_QUERIES][2];
#pragma clang loop unroll(full)
  for (size_t q = 0; q < query_count; q++) totals[q][0] = totals[q][1] = _mm512_setzero_si512();
  for (size_t step = 0; step < step_count; step++) {
#pragma clang loop unroll(full)
    for (size_t line = 0; line < (size_t)(step_quads * (int)bits) / 8; line++, next += 64)
      _mm_prefetch((const char *)next, _MM_HINT_T1);
#pragma clang loop unroll(full)
    for (int g = 0; g < step_quads; g++, weights += 4) {
      const __m512i centroids = _mm512_permutexvar_epi8(quad_codes(codes, bits, step_count, step, g), table);
#pragma clang loop unroll(full)
      for (size_t q = 0; q < query_count; q++)
        totals[q][g % 2] = _mm512_dpbusd_epi32(totals[q][g % 2], centroids, splat_4(weights + q * stride));
    }
  }
#pragma clang loop unroll(full)
  for (size_t q = 0; q < query_count; q++)
    _mm512_storeu_ps(sums + q * sum_stride, _mm512_cvtepi32_ps(_mm512_add_epi32(totals[q][0], totals[q][1])));
}

CTQ_INLINE void attend_i8_all(const uint8_t *codes, uint32_t bits, size_t rows16_count, size_t quad_count,
                              __m512i table, const int8_t *weights, size_t query_count, const uint8_t *next,
                              float *sums, size_t sum_stride) {
  const size_t step_count = quad_count / ctq_quads_per_step(bits), rows16_bytes = quad_count * 8 * bits;
  for (size_t g = 0; g < rows16_count; g++, codes += rows16_bytes, next += rows16_bytes)
    attend_i8_rows16(codes, bits, step_count, table, weights, 4 * quad_count, query_count, next, sums + 16 * g,
                     sum_stride);
  ctq_prefetch_scales(next);
}

static void attend_i8(const uint8_t *codes, uint32_t bits, size_t rows16_count, size_t quad_count,
                      const uint8_t *centroids, const int8_t *weights, size_t query_count, const uint8_t *next,
                      float *sums, size_t sum_stride) {
  // The centroids repeat, so that the bits of an index above a code do not matter.
  const __m512i numbers = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  const __m512i table = _mm512_shuffle_epi8(_mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)centroids)),
                                            _mm512_and_si512(numbers, _mm512_set1_epi8((char)((1 << bits) - 1))));
  for (size_t q = 0; q < query_count; q += ATTEND_I8_QUERIES) {
#define ATTEND_I8(bits, count)                                                                           \
  attend_i8_all(codes, bits, rows16_count, quad_count, table, weights + q * 4 * quad_count, count, next, \
                sums + q * sum_stride, sum_stride)
#define FOR_QUERIES(bits)              \
  switch (query_count - q) {           \
    case 1: ATTEND_I8(bits, 1); break; \
    case 2: ATTEND_I8(bits, 2); break; \
    case 3: ATTEND_I8(bits, 3); break; \
    case 4: ATTEND_I8(bits, 4); break; \
    case 5: ATTEND_I8(bits, 5); break; \
    case 6: ATTEND_I8(bits, 6); break; \
    case 7: ATTEND_I8(bits, 7); break; \
    default: ATTEND_I8(bits, 8);       \
  }                                    \
  break
    switch (bits) {
      case 1: FOR_QUERIES(1);
      case 2: FOR_QUERIES(2);
      case 3: FOR_QUERIES(3);
      default: FOR_QUERIES(4);
    }
#undef FOR_QUERIES
#undef ATTEND_I8
  }
}

#endif
