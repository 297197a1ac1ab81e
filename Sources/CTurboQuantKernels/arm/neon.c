// The NEON target: AArch64 with CRC-32, which every server core and every phone of the last years has.
//
// A table of floats is read as a table of bytes: index i becomes the byte indices 4i to 4i + 3, and tbl looks them up
// in up to four registers, which hold sixteen floats. Up to 5 bits, quantizing searches the boundaries as a tree.
// Above, lanes go through memory.

#include "../codec/codebook.h"
#include "../targets.h"

#if defined(__aarch64__)

#include <arm_acle.h>
#include <arm_neon.h>
#if defined(__linux__)
#include <sys/auxv.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif

#pragma STDC FP_CONTRACT OFF

#if defined(CTQ_DOT_PRODUCTS)
#define FEATURES "crc,dotprod"
#else
#define FEATURES "crc"
#endif
#pragma clang attribute push(__attribute__((target(FEATURES))), apply_to = function)

#include "../common/lanes.h"

// The widest code whose tables stay in registers, in bits.
enum { WIDEST = 5 };

typedef struct ctq_tables {
  const ctq_codebook *codebook;
  // Up to WIDEST bits: the boundaries as a tree, level l from entry 16 l on, and the centroids.
  uint8x16x4_t levels[5];
  uint8x16x4_t centroids[2];
} ctq_tables;

CTQ_INLINE uint8x16x4_t load_16(const float *entries) {
  const uint8_t *bytes = (const uint8_t *)entries;
  return (uint8x16x4_t){{vld1q_u8(bytes), vld1q_u8(bytes + 16), vld1q_u8(bytes + 32), vld1q_u8(bytes + 48)}};
}

CTQ_INLINE ctq_tables ctq_load_tables(const ctq_codebook *codebook, uint32_t b) {
  ctq_tables t = {.codebook = codebook};
  if (b > WIDEST) return t;
  float entries[5 * 16] = {0};
  ctq_boundary_tree(codebook, entries, 16);
  for (int i = 0; i < 5; i++) t.levels[i] = load_16(entries + 16 * i);
  for (int i = 0; i < 2; i++) t.centroids[i] = load_16(codebook->centroids + 16 * i);
  return t;
}

/// The bytes of float `index` in a table of bytes.
CTQ_INLINE uint8x16_t byte_indices(uint32x4_t index) {
  return vreinterpretq_u8_u32(vmlaq_n_u32(vdupq_n_u32(0x03020100u), index, 0x04040404u));
}

/// The boundary of tree node `index` in a level of 1 << level entries.
CTQ_INLINE float32x4_t boundary_4(const uint8x16x4_t *table, uint32_t level, uint32x4_t index) {
  uint8x16_t bytes = byte_indices(index);
  if (level <= 2) return vreinterpretq_f32_u8(vqtbl1q_u8(table->val[0], bytes));
  if (level == 3) return vreinterpretq_f32_u8(vqtbl2q_u8((uint8x16x2_t){{table->val[0], table->val[1]}}, bytes));
  return vreinterpretq_f32_u8(vqtbl4q_u8(*table, bytes));
}

CTQ_INLINE u32x4 search_4(const ctq_tables *t, uint32_t b, f32x4 u) {
  uint32x4_t index = vdupq_n_u32(0);
#pragma clang loop unroll(full)
  for (uint32_t level = 0; level < b; level++) {
    uint32x4_t above = vcleq_f32(boundary_4(&t->levels[level], level, index), (float32x4_t)u);
    index = vsubq_u32(vaddq_u32(index, index), above);
  }
  return (u32x4)index;
}

CTQ_INLINE f32x4 centroids_4(const ctq_tables *t, uint32_t b, u32x4 index) {
  uint8x16_t bytes = byte_indices((uint32x4_t)index);
  uint8x16_t found = vqtbl4q_u8(t->centroids[0], bytes);
  // For byte indices beyond the table, tbl gives zero and tbx keeps the lane.
  if (b == 5) found = vqtbx4q_u8(found, t->centroids[1], vsubq_u8(bytes, vdupq_n_u8(64)));
  return (f32x4)found;
}

CTQ_INLINE uint32_t ctq_bits_of_lanes(i32x16 lanes) { return __builtin_reduce_or((u32x16)lanes & ctq_lane_bit); }

#define CTQ_OWN_FLOAT16
#include "../bytes/float16.h"

CTQ_INLINE f32x16 ctq_widened(u16x16 v) {
  float16x4_t fours[4];
  float32x4_t floats[4];
  f32x16 widened;
  memcpy(fours, &v, sizeof fours);
  for (int k = 0; k < 4; k++) floats[k] = vcvt_f32_f16(fours[k]);
  memcpy(&widened, floats, sizeof widened);
  return widened;
}

// Four vectors of sixteen are sixteen of the thirty-two registers.
#define CTQ_HADAMARD_VECTORS 4
#include "../codec/lookup_f32x4.h"

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
  uint8x16_t t[2], i[2];
  memcpy(t, &table, sizeof t);
  memcpy(i, &index, sizeof i);
  for (int h = 0; h < 2; h++) i[h] = vqtbl1q_u8(t[h], i[h]);
  memcpy(&index, i, sizeof i);
  return index;
}

/// Adds to each of four sums the products of four bytes of `a` with `p`, and of `b` with `q`.
CTQ_INLINE int32x4_t dot_4(int32x4_t sums, int8x16_t a, int8x16_t b, int8x16_t p, int8x16_t q) {
#if defined(CTQ_DOT_PRODUCTS)
  return vdotq_s32(vdotq_s32(sums, a, p), b, q);
#else
  // Two products of at most 127 * 64 fit 16 bits. Pairwise additions then give one sum of four products per row.
  int16x8_t low = vmlal_s8(vmull_s8(vget_low_s8(a), vget_low_s8(p)), vget_low_s8(b), vget_low_s8(q));
  int16x8_t high = vmlal_high_s8(vmull_high_s8(a, p), b, q);
  return vaddq_s32(sums, vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)));
#endif
}

CTQ_INLINE u32x8 ctq_dot_8(u32x8 sums, u8x32 a, u8x32 b, u8x32 p, u8x32 q) {
  CTQ_DOT_IN_TWO_REGISTERS(int8x16_t, int32x4_t, dot_4);
}

/// Lookups need no other form of the table.
CTQ_INLINE void ctq_arrange_64(uint8_t table[64]) { (void)table; }

CTQ_INLINE u8x32 ctq_look_up_64(const uint8_t table[64], u8x32 index) {
  uint8x16_t i[2];
  memcpy(i, &index, sizeof i);
  for (int h = 0; h < 2; h++) i[h] = vqtbl4q_u8(vld1q_u8_x4(table), i[h]);
  memcpy(&index, i, sizeof i);
  return index;
}

/// Adds to each of four sums the products of two numbers of `a` with `p`, and of `b` with `q`.
CTQ_INLINE int32x4_t dot_2(int32x4_t sums, int16x8_t a, int16x8_t b, int16x8_t p, int16x8_t q) {
  int32x4_t low = vmull_s16(vget_low_s16(a), vget_low_s16(p)), high = vmull_high_s16(a, p);
  low = vmlal_s16(low, vget_low_s16(b), vget_low_s16(q));
  high = vmlal_high_s16(high, b, q);
  return vaddq_s32(sums, vpaddq_s32(low, high));
}

CTQ_INLINE u32x8 ctq_dot_16(u32x8 sums, u16x16 a, u16x16 b, u16x16 p, u16x16 q) {
  CTQ_DOT_IN_TWO_REGISTERS(int16x8_t, int32x4_t, dot_2);
}

CTQ_INLINE f32x4 floats_4(const float *entries, uint32_t width, u32x4 index) {
  const uint8_t *table = (const uint8_t *)entries;
  index &= (1u << width) - 1;
  if (width > WIDEST) return (f32x4){entries[index[0]], entries[index[1]], entries[index[2]], entries[index[3]]};
  const uint8x16_t bytes = byte_indices((uint32x4_t)index);
  if (width <= 2) return (f32x4)vqtbl1q_u8(vld1q_u8(table), bytes);
  if (width == 3) return (f32x4)vqtbl2q_u8(vld1q_u8_x2(table), bytes);
  const uint8x16_t found = vqtbl4q_u8(vld1q_u8_x4(table), bytes);
  if (width == 4) return (f32x4)found;
  return (f32x4)vqtbx4q_u8(found, vld1q_u8_x4(table + 64), vsubq_u8(bytes, vdupq_n_u8(64)));
}

#include "../attention/look_up_f32x4.h"
// Uses the lookups above.
#include "../attention/angles.h"

static inline uint32_t crc_word(uint32_t crc, uint64_t word) { return __crc32cd(crc, word); }
static inline uint32_t crc_byte(uint32_t crc, uint8_t byte) { return __crc32cb(crc, byte); }

#include "../bytes/crc32c.h"

#pragma clang attribute pop

static int has_checksums(void) {
#if defined(__linux__)
  enum { HARDWARE_CRC32 = 1 << 7 };  // HWCAP_CRC32 of <asm/hwcap.h>
  return (getauxval(AT_HWCAP) & HARDWARE_CRC32) != 0;
#else
  return 1;  // every Apple and Windows machine
#endif
}

#if defined(CTQ_DOT_PRODUCTS)

static int has_dot_products(void) {
#if defined(__linux__)
  enum { HARDWARE_DOT_PRODUCTS = 1 << 20 };  // HWCAP_ASIMDDP of <asm/hwcap.h>
  return (getauxval(AT_HWCAP) & HARDWARE_DOT_PRODUCTS) != 0;
#elif defined(__APPLE__)
  // Every Mac has them, but not every phone that runs iOS 18: the A12 lacks them.
  int found = 0;
  size_t size = sizeof found;
  return sysctlbyname("hw.optional.arm.FEAT_DotProd", &found, &size, 0, 0) == 0 && found;
#else
  return 0;
#endif
}

static int is_available(void) { return has_checksums() && has_dot_products(); }

CTQ_DEFINE_TARGET(neondot, FEATURES)

#else

static int is_available(void) { return has_checksums(); }

CTQ_DEFINE_TARGET(neon, FEATURES)

#endif

#endif
