// The AVX-512 target: F, BW, VL, DQ, VBMI and VNNI (Ice Lake, Zen 4 and later).
//
// Codes, scans and attention over codes are its own; the headers beside this file have them. Rotations, lengths and
// signs are the generic ones, whose vectors are these registers.
//
// Sums that feed stored bytes multiply and add separately, in one register of 16 lanes, which is the order of the
// scalar target. Products with a query use fused multiply-adds in four registers.

#include "../common/numerics.h"
#include "../targets.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF

#define FEATURES "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni,fma,sse4.2"
#pragma clang attribute push(__attribute__((target(FEATURES))), apply_to = function)

#define CTQ_OWN_TAILS
#include "../common/lanes.h"

/// The lanes of a vector of which `count` elements are left.
static inline __mmask16 lanes_left(size_t count) {
  return count >= 16 ? (__mmask16)0xffff : (__mmask16)((1u << count) - 1);
}

static inline __mmask64 bytes_left(size_t count) { return count >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << count) - 1; }

CTQ_INLINE f32x16 ctq_load_some(const float *p, size_t count) { return _mm512_maskz_loadu_ps(lanes_left(count), p); }

CTQ_INLINE void ctq_store_some(float *p, f32x16 v, size_t count) { _mm512_mask_storeu_ps(p, lanes_left(count), v); }

CTQ_INLINE uint32_t ctq_bits_of_lanes(i32x16 lanes) { return _mm512_movepi32_mask((__m512i)lanes); }

#define CTQ_OWN_FLOAT16
#include "../bytes/float16.h"

CTQ_INLINE f32x16 ctq_widened(u16x16 float16s) { return _mm512_cvtph_ps((__m256i)float16s); }

#define CTQ_HADAMARD_VECTORS 16
#include "../codec/dense.h"
#include "../codec/hadamard.h"
#include "../codec/length.h"
#include "../codec/signs.h"
#include "codec_512.h"

#include "../attention/rows.h"
#include "../attention/softmax.h"
#include "../attention/weights.h"

CTQ_INLINE void ctq_keep(uint32_t bits, uint32_t first, uint32_t *rows) {
  // Done even if no bit is set, because a branch would often be mispredicted. The numbers are compressed in a register
  // and stored whole, because compressing to memory is microcode on Zen 4.
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i numbers = _mm512_add_epi32(lanes, _mm512_set1_epi32((int)first));
  _mm512_storeu_si512(rows, _mm512_maskz_compress_epi32((__mmask16)bits, numbers));
}

#define CTQ_OWN_KEEP
#include "../scan/lookup_tables.h"
#include "../scan/similarities.h"
#include "scan_i16_512.h"
#include "scan_i8_512.h"
#include "scan_lut_512.h"

#include "attend_i16_512.h"
#include "attend_i8_512.h"

/// One lookup for every 32 entries; each further bit of the index chooses between two of them.
CTQ_INLINE f32x16 ctq_look_up_floats(const float *entries, uint32_t width, u32x16 index) {
  const __m512i i = (__m512i)index;
  if (width <= 4) return _mm512_permutexvar_ps(i, _mm512_loadu_ps(entries));
  __m512 found[8];
#pragma clang loop unroll(full)
  for (size_t k = 0; k < ((size_t)1 << width) / 32; k++)
    found[k] = _mm512_permutex2var_ps(_mm512_loadu_ps(entries + 32 * k), i, _mm512_loadu_ps(entries + 32 * k + 16));
#pragma clang loop unroll(full)
  for (uint32_t bit = 5; bit < width; bit++) {
    const __mmask16 is_set = _mm512_test_epi32_mask(i, _mm512_set1_epi32(1 << bit));
#pragma clang loop unroll(full)
    for (int k = 0; k < 1 << (width - bit - 1); k++)
      found[k] = _mm512_mask_blend_ps(is_set, found[2 * k], found[2 * k + 1]);
  }
  return found[0];
}

#include "../attention/angles.h"

static inline uint32_t crc_word(uint32_t crc, uint64_t word) { return (uint32_t)_mm_crc32_u64(crc, word); }
static inline uint32_t crc_byte(uint32_t crc, uint8_t byte) { return _mm_crc32_u8(crc, byte); }

#include "../bytes/crc32c.h"

#pragma clang attribute pop

static int is_available(void) {
  // This also checks, through xgetbv, that the system saves the registers.
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni") &&
         __builtin_cpu_supports("fma") && __builtin_cpu_supports("sse4.2");
}

CTQ_DEFINE_TARGET(avx512, FEATURES)

#endif
