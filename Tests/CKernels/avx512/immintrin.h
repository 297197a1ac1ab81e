// Stands in for the compiler's <immintrin.h> where x86/avx512.c is built for a processor without AVX-512:
// SIMDe's portable intrinsics, and in plain C the few that it lacks. See `run avx512`.

#ifndef CTQ_EMULATED_IMMINTRIN_H
#define CTQ_EMULATED_IMMINTRIN_H

#include <string.h>

#define SIMDE_NO_NATIVE
#define SIMDE_ENABLE_NATIVE_ALIASES
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <simde/x86/avx512.h>
#include <simde/x86/sse4.2.h>
#pragma clang diagnostic pop
// Its loops ask to be vectorized, which no longer helps once they are inlined.
#pragma clang diagnostic ignored "-Wpass-failed"

// Slips of its version 0.7.4: masks lack their native names, this macro takes four arguments, and the
// multishift, given again below, shifts 64 bits by 64.
#define __mmask16 simde__mmask16
#define __mmask64 simde__mmask64
#undef _mm512_madd_epi16
#define _mm512_madd_epi16(a, b) simde_mm512_madd_epi16(a, b)

// What is given below, for later versions have some of it.
#undef _mm256_maskz_loadu_epi16
#undef _mm512_cvtepu8_epi32
#undef _mm512_cvtph_ps
#undef _mm512_cvttps_epi32
#undef _mm512_i32gather_ps
#undef _mm512_mask_storeu_epi8
#undef _mm512_mask_storeu_ps
#undef _mm512_maskz_cvtepi32_epi8
#undef _mm512_maskz_loadu_epi8
#undef _mm512_maskz_loadu_ps
#undef _mm512_multishift_epi64_epi8

// The file asks for instructions that are not there.
#define target(features) target("sse2")

#define EMULATED static inline __attribute__((always_inline))

typedef uint8_t emulated_bytes __attribute__((vector_size(64)));
typedef uint8_t emulated_bytes16 __attribute__((vector_size(16)));
typedef uint16_t emulated_shorts16 __attribute__((vector_size(32)));
typedef int32_t emulated_ints __attribute__((vector_size(64)));

// Lanes whose bit is clear are neither read nor written, as the processor has it: AddressSanitizer sees
// whether a mask keeps within its memory.
#define EMULATED_LOAD(name, result, mask, element, vector)      \
  EMULATED result name(mask k, const void *memory) {            \
    vector v = {0};                                             \
    for (size_t i = 0; i < sizeof v / sizeof(element); i++)     \
      if (k >> i & 1) v[i] = ((const element *)memory)[i];      \
    return (result)v;                                           \
  }
EMULATED_LOAD(_mm512_maskz_loadu_ps, __m512, __mmask16, float, __m512)
EMULATED_LOAD(_mm512_maskz_loadu_epi8, __m512i, __mmask64, uint8_t, emulated_bytes)
EMULATED_LOAD(_mm256_maskz_loadu_epi16, __m256i, __mmask16, uint16_t, emulated_shorts16)

#define EMULATED_STORE(name, mask, argument, element, vector)   \
  EMULATED void name(void *memory, mask k, argument value) {    \
    vector v = (vector)value;                                   \
    for (size_t i = 0; i < sizeof v / sizeof(element); i++)     \
      if (k >> i & 1) ((element *)memory)[i] = v[i];            \
  }
EMULATED_STORE(_mm512_mask_storeu_ps, __mmask16, __m512, float, __m512)
EMULATED_STORE(_mm512_mask_storeu_epi8, __mmask64, __m512i, uint8_t, emulated_bytes)

EMULATED __m512i _mm512_multishift_epi64_epi8(__m512i shifts, __m512i words) {
  emulated_bytes bytes = (emulated_bytes)shifts;
  for (int i = 0; i < 64; i++) {
    uint64_t word = (uint64_t)words[i / 8];
    int shift = bytes[i] & 63;
    bytes[i] = (uint8_t)(word >> shift | word << (-shift & 63));
  }
  return (__m512i)bytes;
}

EMULATED __m512 _mm512_i32gather_ps(__m512i index, const void *memory, int scale) {
  __m512 v;
  for (int i = 0; i < 16; i++)
    memcpy((float *)&v + i, (const char *)memory + (long)((emulated_ints)index)[i] * scale, sizeof(float));
  return v;
}

EMULATED __m512i _mm512_cvttps_epi32(__m512 v) {
  return (__m512i)__builtin_convertvector(v, emulated_ints);
}

EMULATED __m512i _mm512_cvtepu8_epi32(__m128i v) {
  return (__m512i)__builtin_convertvector((emulated_bytes16)v, emulated_ints);
}

EMULATED __m128i _mm512_maskz_cvtepi32_epi8(__mmask16 k, __m512i v) {
  emulated_bytes16 bytes = __builtin_convertvector((emulated_ints)v, emulated_bytes16);
  for (int i = 0; i < 16; i++) bytes[i] = k >> i & 1 ? bytes[i] : 0;
  return (__m128i)bytes;
}

EMULATED __m512 _mm512_cvtph_ps(__m256i v) {
  typedef _Float16 float16s __attribute__((vector_size(32)));
  return __builtin_convertvector((float16s)v, __m512);
}

#endif
