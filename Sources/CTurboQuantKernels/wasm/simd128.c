// The WebAssembly target: SIMD128, the generic kernels with lookups of its own.
//
// A swizzle takes bytes from one register and gives zero for an index of 16 or more. A table of
// sixteen floats is four registers, each asked with its own offset, and the four answers ored. Up
// to 4 bits quantizing searches the boundaries as a tree; above, lanes go through memory.
//
// Which instructions a WebAssembly module uses is settled when it is compiled (-msimd128); there is
// nothing to find out at run time.

#include "../generic/numerics.h"
#include "../targets.h"

#if CTQ_HAS_SIMD128

#include <wasm_simd128.h>

#pragma STDC FP_CONTRACT OFF

#include "../generic/vectors.h"

// The widest code whose tables stay in registers.
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
  for (uint32_t level = 0; level < b; level++)
    for (uint32_t j = 0; j < 1u << level; j++)
      entries[4 * level + j] = codebook->boundaries[((2 * j + 1) << (b - 1 - level)) - 1];
  for (int i = 0; i < 5; i++) t.levels[i] = wasm_v128_load(entries + 4 * i);
  for (int i = 0; i < 4; i++) t.centroids[i] = wasm_v128_load(codebook->centroids + 4 * i);
  return t;
}

/// Floats `index` of a table of `registers` registers.
CTQ_INLINE v128_t look_up_4(const v128_t *table, int registers, v128_t index) {
  v128_t bytes = wasm_i32x4_add(wasm_i32x4_mul(index, wasm_i32x4_splat(0x04040404)),
                                wasm_i32x4_splat(0x03020100));
  v128_t found = wasm_i8x16_swizzle(table[0], bytes);
#pragma clang loop unroll(full)
  for (int i = 1; i < registers; i++) {
    v128_t own = wasm_i8x16_sub(bytes, wasm_i8x16_splat((int8_t)(16 * i)));
    found = wasm_v128_or(found, wasm_i8x16_swizzle(table[i], own));
  }
  return found;
}

CTQ_INLINE v128_t search_4(const ctq_tables *t, uint32_t b, v128_t u) {
  v128_t index = wasm_i32x4_splat(0);
#pragma clang loop unroll(full)
  for (uint32_t level = 0; level < b; level++) {
    v128_t boundary = look_up_4(&t->levels[level], level < 3 ? 1 : 2, index);
    index = wasm_i32x4_sub(wasm_i32x4_add(index, index), wasm_f32x4_le(boundary, u));
  }
  return index;
}

/// The number of boundaries <= u.
CTQ_INLINE int32_t index_in_memory(const ctq_codebook *codebook, float u) {
  uint32_t index = 0;
  for (uint32_t step = 1u << (codebook->bits - 1); step > 0; step /= 2)
    index += codebook->boundaries[index + step - 1] <= u ? step : 0;
  return (int32_t)index;
}

CTQ_INLINE ctq_i16 ctq_indices(const ctq_tables *t, uint32_t b, ctq_f16 u) {
  float values[16];
  int32_t indices[16];
  ctq_i16 index;
  memcpy(values, &u, sizeof values);
  if (b <= WIDEST)
    for (int i = 0; i < 16; i += 4)
      wasm_v128_store(indices + i, search_4(t, b, wasm_v128_load(values + i)));
  else
    for (int i = 0; i < 16; i++) indices[i] = index_in_memory(t->codebook, values[i]);
  memcpy(&index, indices, sizeof index);
  return index;
}

CTQ_INLINE ctq_f16 ctq_centroids(const ctq_tables *t, uint32_t b, ctq_i16 index) {
  int32_t indices[16];
  float values[16];
  ctq_f16 centroids;
  memcpy(indices, &index, sizeof indices);
  if (b <= WIDEST)
    for (int i = 0; i < 16; i += 4)
      wasm_v128_store(values + i,
                      look_up_4(t->centroids, b <= 2 ? 1 : b == 3 ? 2 : 4,
                                wasm_v128_load(indices + i)));
  else
    for (int i = 0; i < 16; i++) values[i] = t->codebook->centroids[indices[i]];
  memcpy(&centroids, values, sizeof centroids);
  return centroids;
}

CTQ_INLINE uint32_t ctq_bits_of_lanes(ctq_i16 lanes) {
  int32_t values[16];
  uint32_t bits = 0;
  memcpy(values, &lanes, sizeof values);
  for (int i = 0; i < 16; i += 4)
    bits |= (uint32_t)wasm_i32x4_bitmask(wasm_v128_load(values + i)) << i;
  return bits;
}

#define CTQ_HADAMARD_VECTORS 4
#include "../generic/hadamard.h"
#include "../generic/kernels.h"

const ctq_kernels ctq_kernels_simd128 = {
    .name = "simd128",
    .normalize = normalize,
    .mix = ctq_mix,
    .unmix = ctq_unmix,
    .multiply = multiply,
    .multiply_transposed = multiply_transposed,
    .quantize = quantize,
    .dequantize = dequantize,
    .code_products = code_products,
    .sum_of_squares = sum_of_squares,
    .pack_signs = pack_signs,
    .sign_products = sign_products,
    // WebAssembly has no instruction for either.
    .widen = ctq_widen_scalar,
    .crc32c = ctq_crc32c_scalar,
};

#endif
