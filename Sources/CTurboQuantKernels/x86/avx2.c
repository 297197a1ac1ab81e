// The AVX2 target: AVX2, FMA and F16C (Haswell, Zen and later).
//
// A table of eight floats is one register, and a lookup is one vpermps. Up to 5 bits, quantizing searches the
// boundaries as a tree, whose levels of 1, 2, 4, 8 and 16 entries stay in registers. Above, the lookup grid needs fewer
// gathers than the tree.

#include "../codec/codebook.h"
#include "../targets.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma STDC FP_CONTRACT OFF

#define FEATURES "avx2,fma,f16c,sse4.2"
#pragma clang attribute push(__attribute__((target(FEATURES))), apply_to = function)

#include "../common/lanes.h"

/// Lanes 0 to 7 and lanes 8 to 15 of sixteen.
typedef struct f32x8_pair {
  __m256 low, high;
} f32x8_pair;

CTQ_INLINE f32x8_pair split(f32x16 v) {
  f32x8_pair h;
  memcpy(&h, &v, sizeof h);
  return h;
}

CTQ_INLINE f32x16 join(__m256 low, __m256 high) {
  f32x8_pair h = {low, high};
  f32x16 v;
  memcpy(&v, &h, sizeof v);
  return v;
}

// The widest code whose tables stay in registers, in bits.
enum { WIDEST = 5 };

typedef struct ctq_tables {
  const ctq_codebook *codebook;
  // Up to WIDEST bits: the tree of boundaries, level by level, the fifth level in two registers.
  __m256 levels[6];
  __m256 centroids[4];
} ctq_tables;

CTQ_INLINE ctq_tables ctq_load_tables(const ctq_codebook *codebook, uint32_t b) {
  ctq_tables t = {.codebook = codebook};
  if (b > WIDEST) return t;
  for (int i = 0; i < 4; i++) t.centroids[i] = _mm256_loadu_ps(codebook->centroids + 8 * i);
  float entries[6 * 8] = {0};
  ctq_boundary_tree(codebook, entries, 8);
  for (int i = 0; i < 6; i++) t.levels[i] = _mm256_loadu_ps(entries + 8 * i);
  return t;
}

/// Entry `index` of two registers.
CTQ_INLINE __m256 look_up_16(const __m256 table[2], __m256i index) {
  __m256 bit3 = _mm256_castsi256_ps(_mm256_slli_epi32(index, 28));
  return _mm256_blendv_ps(_mm256_permutevar8x32_ps(table[0], index), _mm256_permutevar8x32_ps(table[1], index), bit3);
}

CTQ_INLINE __m256i search_8(const ctq_tables *t, uint32_t b, __m256 u) {
  __m256i index = _mm256_setzero_si256();
#pragma clang loop unroll(full)
  for (uint32_t level = 0; level < b; level++) {
    __m256 boundary = level < 4 ? _mm256_permutevar8x32_ps(t->levels[level], index) : look_up_16(&t->levels[4], index);
    __m256i above = _mm256_castps_si256(_mm256_cmp_ps(boundary, u, _CMP_LE_OQ));
    index = _mm256_sub_epi32(_mm256_add_epi32(index, index), above);
  }
  return index;
}

CTQ_INLINE __m256i grid_8(const ctq_codebook *codebook, __m256 u) {
  __m256 position =
      _mm256_add_ps(_mm256_mul_ps(u, _mm256_set1_ps(codebook->grid_scale)), _mm256_set1_ps(codebook->grid_offset));
  position = _mm256_max_ps(position, _mm256_setzero_ps());
  position = _mm256_min_ps(position, _mm256_set1_ps((float)codebook->grid_count - 1));
  __m256i cell = _mm256_cvttps_epi32(position);
  __m256i base = _mm256_i32gather_epi32((const int *)codebook->grid_bases, cell, 4);
  __m256 boundary = _mm256_i32gather_ps(codebook->grid_boundaries, cell, 4);
  __m256i above = _mm256_castps_si256(_mm256_cmp_ps(boundary, u, _CMP_LE_OQ));
  return _mm256_sub_epi32(base, above);
}

CTQ_INLINE __m256i gather_search_8(const ctq_codebook *codebook, uint32_t b, __m256 u) {
  __m256i index = _mm256_setzero_si256();
  for (int step = 1 << (b - 1); step > 0; step /= 2) {
    __m256i probe = _mm256_add_epi32(index, _mm256_set1_epi32(step - 1));
    __m256 boundary = _mm256_i32gather_ps(codebook->boundaries, probe, 4);
    __m256i above = _mm256_castps_si256(_mm256_cmp_ps(boundary, u, _CMP_LE_OQ));
    index = _mm256_add_epi32(index, _mm256_and_si256(above, _mm256_set1_epi32(step)));
  }
  return index;
}

CTQ_INLINE __m256i indices_8(const ctq_tables *t, uint32_t b, __m256 u) {
  if (b <= WIDEST) return search_8(t, b, u);
  return t->codebook->grid_count ? grid_8(t->codebook, u) : gather_search_8(t->codebook, b, u);
}

CTQ_INLINE __m256 centroids_8(const ctq_tables *t, uint32_t b, __m256i index) {
  if (b > WIDEST) return _mm256_i32gather_ps(t->codebook->centroids, index, 4);
  if (b < 4) return _mm256_permutevar8x32_ps(t->centroids[0], index);
  __m256 low = look_up_16(&t->centroids[0], index);
  if (b == 4) return low;
  __m256 bit4 = _mm256_castsi256_ps(_mm256_slli_epi32(index, 27));
  return _mm256_blendv_ps(low, look_up_16(&t->centroids[2], index), bit4);
}

CTQ_INLINE i32x16 ctq_indices(const ctq_tables *t, uint32_t b, f32x16 u) {
  f32x8_pair h = split(u);
  return (i32x16)join(_mm256_castsi256_ps(indices_8(t, b, h.low)), _mm256_castsi256_ps(indices_8(t, b, h.high)));
}

CTQ_INLINE f32x16 ctq_centroids(const ctq_tables *t, uint32_t b, i32x16 index) {
  f32x8_pair h = split((f32x16)index);
  return join(centroids_8(t, b, _mm256_castps_si256(h.low)), centroids_8(t, b, _mm256_castps_si256(h.high)));
}

CTQ_INLINE uint32_t ctq_bits_of_lanes(i32x16 lanes) {
  f32x8_pair h = split((f32x16)lanes);
  return (uint32_t)_mm256_movemask_ps(h.low) | (uint32_t)_mm256_movemask_ps(h.high) << 8;
}

#define CTQ_OWN_FLOAT16
#include "../bytes/float16.h"

CTQ_INLINE f32x16 ctq_widened(u16x16 v) {
  __m128i eights[2];
  memcpy(eights, &v, sizeof eights);
  return join(_mm256_cvtph_ps(eights[0]), _mm256_cvtph_ps(eights[1]));
}

// Sixteen registers of eight floats hold four vectors of sixteen and the temporaries of a butterfly.
#define CTQ_HADAMARD_VECTORS 4
#include "../codec/codes.h"
#include "../codec/dense.h"
#include "../codec/hadamard.h"
#include "../codec/length.h"
#include "../codec/signs.h"

#include "../attention/rows.h"
#include "../attention/softmax.h"
#include "../attention/weights.h"

#include "../scan/lookup_tables.h"
#include "../scan/scan_i16.h"
#include "../scan/scan_i8.h"
#include "../scan/scan_lut.h"
#include "../scan/similarities.h"

#include "../attention/attend_i16.h"
#include "../attention/attend_i8.h"

CTQ_INLINE u8x32 ctq_look_up(u8x32 table, u8x32 index) {
  return (u8x32)_mm256_shuffle_epi8((__m256i)table, (__m256i)index);
}

// Two maddubs of at most 2 * 127 * 64 each add up to 32,512: no 16-bit sum saturates or wraps.
CTQ_INLINE u32x8 ctq_dot_8(u32x8 sums, u8x32 a, u8x32 b, u8x32 p, u8x32 q) {
  __m256i pairs =
      _mm256_add_epi16(_mm256_maddubs_epi16((__m256i)a, (__m256i)p), _mm256_maddubs_epi16((__m256i)b, (__m256i)q));
  return sums + (u32x8)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

/// A shuffle gives zero for an index with bit 7 set. An index below 16j has it set after 16j is subtracted. So each j =
/// 0, 1, 2, 3 answers for the indices from 16j on, and the answers are combined by exclusive or. For that, each entry
/// holds its difference from the entry sixteen before.
CTQ_INLINE void ctq_arrange_64(uint8_t table[64]) {
  for (int i = 63; i >= 16; i--) table[i] ^= table[i - 16];
}

CTQ_INLINE u8x32 ctq_look_up_64(const uint8_t table[64], u8x32 index) {
  u8x32 found = {0};
#pragma clang loop unroll(full)
  for (int i = 0; i < 64; i += 16) found ^= ctq_look_up(ctq_load_table(table + i), index - (uint8_t)i);
  return found;
}

CTQ_INLINE u32x8 ctq_dot_16(u32x8 sums, u16x16 a, u16x16 b, u16x16 p, u16x16 q) {
  return sums + (u32x8)_mm256_madd_epi16((__m256i)a, (__m256i)p) + (u32x8)_mm256_madd_epi16((__m256i)b, (__m256i)q);
}

CTQ_INLINE __m256 floats_8(const float *entries, uint32_t width, __m256i index) {
  if (width <= 2) return _mm256_permutevar_ps(_mm256_loadu_ps(entries), index);
  if (width > WIDEST)
    return _mm256_i32gather_ps(entries, _mm256_and_si256(index, _mm256_set1_epi32((1 << width) - 1)), 4);
  __m256 table[4];
  for (uint32_t i = 0; i < (1u << width) / 8; i++) table[i] = _mm256_loadu_ps(entries + 8 * i);
  if (width == 3) return _mm256_permutevar8x32_ps(table[0], index);
  __m256 low = look_up_16(table, index);
  if (width == 4) return low;
  __m256 bit4 = _mm256_castsi256_ps(_mm256_slli_epi32(index, 27));
  return _mm256_blendv_ps(low, look_up_16(table + 2, index), bit4);
}

CTQ_INLINE f32x16 ctq_look_up_floats(const float *entries, uint32_t width, u32x16 index) {
  const f32x8_pair h = split((f32x16)index);
  return join(floats_8(entries, width, _mm256_castps_si256(h.low)),
              floats_8(entries, width, _mm256_castps_si256(h.high)));
}

#include "../attention/angles.h"

static inline uint32_t crc_word(uint32_t crc, uint64_t word) { return (uint32_t)_mm_crc32_u64(crc, word); }
static inline uint32_t crc_byte(uint32_t crc, uint8_t byte) { return _mm_crc32_u8(crc, byte); }

#include "../bytes/crc32c.h"

#pragma clang attribute pop

static int is_available(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c") &&
         __builtin_cpu_supports("sse4.2");
}

CTQ_DEFINE_TARGET(avx2, FEATURES)

#endif
