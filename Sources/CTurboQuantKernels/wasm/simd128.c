// The WebAssembly target: SIMD128.
//
// A swizzle takes bytes from one register and gives zero for an index of 16 or more. A table of sixteen floats takes
// four registers. Each is looked up with its own offset, and the four results are ored. Up to 4 bits, quantizing
// searches the boundaries as a tree. Above, lanes go through memory.
//
// The instructions of a WebAssembly module are chosen when it is compiled (-msimd128), so there is nothing to find out
// at run time.

#include "../codec/codebook.h"
#include "../targets.h"

#if defined(__wasm_simd128__)

#include <wasm_simd128.h>

#pragma STDC FP_CONTRACT OFF

#include "../common/lanes.h"

// The widest code whose tables stay in registers, in bits.
enum { WIDEST = 4 };

typedef struct ctq_tables {
  const ctq_codebook *codebook;
  // Up to WIDEST bits: the boundaries as a tree, level l from register levels[l] on (the fourth
  // level has two), and the centroids.
  v128_t levels[5];
  v128_t centroids[4];
} ctq_tables;

CTQ_INLINE ctq_tables ctq_load_tables(const ctq_codebook *codebook, uint32_t b) {
  ctq_tables t = {.codebook = codebook};
  if (b > WIDEST) return t;
  float entries[5 * 4] = {0};
  ctq_boundary_tree(codebook, entries, 4);
  for (int i = 0; i < 5; i++) t.levels[i] = wasm_v128_load(entries + 4 * i);
  for (int i = 0; i < 4; i++) t.centroids[i] = wasm_v128_load(codebook->centroids + 4 * i);
  return t;
}

/// The floats `index` of a table of `registers` registers.
CTQ_INLINE v128_t look_up_4(const v128_t *table, int registers, v128_t index) {
  v128_t bytes = wasm_i32x4_add(wasm_i32x4_mul(index, wasm_i32x4_splat(0x04040404)), wasm_i32x4_splat(0x03020100));
  v128_t found = wasm_i8x16_swizzle(table[0], bytes);
#pragma clang loop unroll(full)
  for (int i = 1; i < registers; i++) {
    v128_t offsets = wasm_i8x16_sub(bytes, wasm_i8x16_splat((int8_t)(16 * i)));
    found = wasm_v128_or(found, wasm_i8x16_swizzle(table[i], offsets));
  }
  return found;
}

CTQ_INLINE u32x4 search_4(const ctq_tables *t, uint32_t b, f32x4 u) {
  v128_t index = wasm_i32x4_splat(0);
#pragma clang loop unroll(full)
  for (uint32_t level = 0; level < b; level++) {
    v128_t boundary = look_up_4(&t->levels[level], level < 3 ? 1 : 2, index);
    index = wasm_i32x4_sub(wasm_i32x4_add(index, index), wasm_f32x4_le(boundary, (v128_t)u));
  }
  return (u32x4)index;
}

CTQ_INLINE f32x4 centroids_4(const ctq_tables *t, uint32_t b, u32x4 index) {
  return (f32x4)look_up_4(t->centroids, b <= 2 ? 1 : b == 3 ? 2 : 4, (v128_t)index);
}

CTQ_INLINE uint32_t ctq_bits_of_lanes(i32x16 lanes) {
  v128_t quarters[4];
  uint32_t bits = 0;
  memcpy(quarters, &lanes, sizeof quarters);
  for (int k = 0; k < 4; k++) bits |= (uint32_t)wasm_i32x4_bitmask(quarters[k]) << 4 * k;
  return bits;
}

#define CTQ_HADAMARD_VECTORS 4
#include "../bytes/crc32c_table.h"
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
  v128_t t[2], i[2];
  memcpy(t, &table, sizeof t);
  memcpy(i, &index, sizeof i);
  for (int h = 0; h < 2; h++) i[h] = wasm_i8x16_swizzle(t[h], i[h]);
  memcpy(&index, i, sizeof i);
  return index;
}

/// The sums of neighbouring products of 16 bytes of `a` with `p`, plus those of `b` with `q`.
CTQ_INLINE v128_t pair_sums(v128_t a, v128_t b, v128_t p, v128_t q, int high) {
  v128_t products = high ? wasm_i16x8_add(wasm_i16x8_extmul_high_i8x16(a, p), wasm_i16x8_extmul_high_i8x16(b, q))
                         : wasm_i16x8_add(wasm_i16x8_extmul_low_i8x16(a, p), wasm_i16x8_extmul_low_i8x16(b, q));
  return wasm_i32x4_extadd_pairwise_i16x8(products);
}

/// Adds to each of four sums the products of four bytes of `a` with `p`, and of `b` with `q`: two of at most 127 * 64
/// fit 16 bits.
CTQ_INLINE v128_t dot_4(v128_t sums, v128_t a, v128_t b, v128_t p, v128_t q) {
  const v128_t low = pair_sums(a, b, p, q, 0), high = pair_sums(a, b, p, q, 1);
  return wasm_i32x4_add(
      sums, wasm_i32x4_add(wasm_i32x4_shuffle(low, high, 0, 2, 4, 6), wasm_i32x4_shuffle(low, high, 1, 3, 5, 7)));
}

CTQ_INLINE u32x8 ctq_dot_8(u32x8 sums, u8x32 a, u8x32 b, u8x32 p, u8x32 q) {
  CTQ_DOT_IN_TWO_REGISTERS(v128_t, v128_t, dot_4);
}

/// Lookups need no other form of the table.
CTQ_INLINE void ctq_arrange_64(uint8_t table[64]) { (void)table; }

// A swizzle gives zero for indices outside its own sixteen entries.
CTQ_INLINE u8x32 ctq_look_up_64(const uint8_t table[64], u8x32 index) {
  u8x32 found = {0};
#pragma clang loop unroll(full)
  for (int i = 0; i < 64; i += 16) found |= ctq_look_up(ctq_load_table(table + i), index - (uint8_t)i);
  return found;
}

/// Adds to each of four sums the products of two numbers of `a` with `p`, and of `b` with `q`.
CTQ_INLINE v128_t dot_2(v128_t sums, v128_t a, v128_t b, v128_t p, v128_t q) {
  return wasm_i32x4_add(sums, wasm_i32x4_add(wasm_i32x4_dot_i16x8(a, p), wasm_i32x4_dot_i16x8(b, q)));
}

CTQ_INLINE u32x8 ctq_dot_16(u32x8 sums, u16x16 a, u16x16 b, u16x16 p, u16x16 q) {
  CTQ_DOT_IN_TWO_REGISTERS(v128_t, v128_t, dot_2);
}

CTQ_INLINE f32x4 floats_4(const float *entries, uint32_t width, u32x4 index) {
  index &= (1u << width) - 1;
  if (width > WIDEST) return (f32x4){entries[index[0]], entries[index[1]], entries[index[2]], entries[index[3]]};
  v128_t table[4];
  for (int i = 0; i < 4; i++) table[i] = wasm_v128_load(entries + 4 * i);
  return (f32x4)look_up_4(table, width <= 2 ? 1 : width == 3 ? 2 : 4, (v128_t)index);
}

#include "../attention/look_up_f32x4.h"
// Uses the lookups above.
#include "../attention/angles.h"

static int is_available(void) { return 1; }

CTQ_DEFINE_TARGET(simd128, "simd128")

#endif
