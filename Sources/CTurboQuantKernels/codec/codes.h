// Codes in 16 lanes: packing, quantizing, dequantizing and products with a query. The target defines, before it
// includes this file inside its `#pragma clang attribute push(...)`,
//
//   ctq_tables, ctq_load_tables   a codebook in the form that its lookups need
//   ctq_indices, ctq_centroids    the codes of 16 coordinates, and the centroids of 16 codes
//
// Codes are packed eight at a time. The eight index bytes of a 64-bit word are folded three times, into pairs, fours
// and eights, and make 8b bits. Unpacking runs the same steps backwards.

#ifndef CTQ_CODEC_CODES_H
#define CTQ_CODEC_CODES_H

#include "../common/lanes.h"

#pragma STDC FP_CONTRACT OFF

// MARK: Packing

/// The low `width` bits of every field of `field` bits.
CTQ_INLINE uint64_t ctq_low_bits(uint32_t width, uint32_t field) {
  uint64_t low = ((uint64_t)1 << width) - 1;
  return field == 16 ? low * 0x0001000100010001u : low * 0x0000000100000001u;
}

/// 8b bits in each word from eight bytes of b bits.
CTQ_INLINE u64x2 ctq_fold(u64x2 x, uint32_t b) {
  if (b == 8) return x;
  const uint64_t bytes = 0x00ff00ff00ff00ffu, pairs = 0x0000ffff0000ffffu;
  x = (x & bytes) | (x & ~bytes) >> (8 - b);
  x = (x & pairs) | (x & ~pairs) >> (16 - 2 * b);
  return (x & 0xffffffffu) | x >> 32 << 4 * b;
}

/// Eight bytes of b bits in each word from 8b bits. What is above the 8b bits does not matter.
CTQ_INLINE u64x2 ctq_unfold(u64x2 x, uint32_t b) {
  if (b == 8) return x;
  const uint64_t fours = ((uint64_t)1 << 4 * b) - 1;
  const uint64_t pairs = ctq_low_bits(2 * b, 32), ones = ctq_low_bits(b, 16);
  x = (x & fours) | (x >> 4 * b & fours) << 32;
  x = (x & pairs) | (x >> 2 * b & pairs) << 16;
  return (x & ones) | (x >> b & ones) << 8;
}

/// Stores the first `count` of 16 codes.
CTQ_INLINE void ctq_store_codes(i32x16 index, uint32_t b, uint8_t *codes, size_t count) {
  u64x2 words = ctq_fold((u64x2) __builtin_convertvector(index, u8x16), b);
  uint64_t first = words[0], second = words[1];
  if (count < 16) {
    // Lanes beyond the end may hold any index.
    uint64_t joined[2] = {first | (b < 8 ? second << 8 * b : 0), b < 8 ? second >> (64 - 8 * b) : second};
    size_t bits = count * b, whole = bits / 8;
    uint8_t *bytes = (uint8_t *)joined;
    memcpy(codes, bytes, whole);
    if (bits % 8) codes[whole] = (uint8_t)(bytes[whole] & ((1u << bits % 8) - 1));
    return;
  }
  memcpy(codes, &first, b);
  memcpy(codes + b, &second, b);
}

/// 16 codes, of which `byte_count` bytes exist.
CTQ_INLINE i32x16 ctq_load_codes(const uint8_t *codes, uint32_t b, size_t byte_count) {
  uint64_t words[2] = {0, 0};
  if (byte_count >= b + 8) {
    memcpy(&words[0], codes, 8);
    memcpy(&words[1], codes + b, 8);
  } else {
    uint8_t some[16] = {0};
    memcpy(some, codes, byte_count < 16 ? byte_count : 16);
    memcpy(&words[0], some, 8);
    memcpy(&words[1], some + b, 8);
  }
  u64x2 bytes = ctq_unfold((u64x2){words[0], words[1]}, b);
  return __builtin_convertvector((u8x16)bytes, i32x16);
}

// MARK: Codes

/// Makes one copy of `body` per width, in which the width is a constant.
#define CTQ_FOR_WIDTH(bits, body) \
  switch (bits) {                 \
    case 1: body(1); break;       \
    case 2: body(2); break;       \
    case 3: body(3); break;       \
    case 4: body(4); break;       \
    case 5: body(5); break;       \
    case 6: body(6); break;       \
    case 7: body(7); break;       \
    default: body(8);             \
  }

CTQ_INLINE float quantize_width(const ctq_codebook *codebook, uint32_t b, const float *y, size_t count, float scale,
                                uint8_t *codes, float *residual) {
  const ctq_tables tables = ctq_load_tables(codebook, b);
  f32x16 sum = {0};
  for (size_t i = 0; i < count; i += 16, codes += 2 * b) {
    f32x16 u = ctq_load_some(y + i, count - i) * scale;
    i32x16 index = ctq_indices(&tables, b, u);
    f32x16 centroid = ctq_centroids(&tables, b, index);
    // Lanes beyond the end hold zero. Adding zero changes no sum.
    sum += u * centroid;
    if (residual) ctq_store_some(residual + i, u - centroid, count - i);
    ctq_store_codes(index, b, codes, count - i);
  }
  return ctq_tree_sum(sum);
}

static float quantize(const ctq_codebook *codebook, const float *y, size_t count, float scale, uint8_t *codes,
                      float *residual) {
#define QUANTIZE(b) return quantize_width(codebook, b, y, count, scale, codes, residual)
  CTQ_FOR_WIDTH(codebook->bits, QUANTIZE)
#undef QUANTIZE
}

CTQ_INLINE void dequantize_width(const ctq_codebook *codebook, uint32_t b, const uint8_t *codes, size_t count,
                                 float *y) {
  const ctq_tables tables = ctq_load_tables(codebook, b);
  const size_t byte_count = (count * b + 7) / 8;
  for (size_t i = 0, byte = 0; i < count; i += 16, byte += 2 * b) {
    i32x16 index = ctq_load_codes(codes + byte, b, byte_count - byte);
    ctq_store_some(y + i, ctq_centroids(&tables, b, index), count - i);
  }
}

static void dequantize(const ctq_codebook *codebook, const uint8_t *codes, size_t count, float *y) {
#define DEQUANTIZE(b) dequantize_width(codebook, b, codes, count, y)
  CTQ_FOR_WIDTH(codebook->bits, DEQUANTIZE)
#undef DEQUANTIZE
}

CTQ_INLINE void code_products_width(const ctq_codebook *codebook, uint32_t b, const uint8_t *codes, size_t stride,
                                    size_t row_count, const float *query, size_t count, float *sums) {
// Results need not be the same to the bit, so products and sums are fused where the target can.
#pragma clang fp contract(fast)
  const ctq_tables tables = ctq_load_tables(codebook, b);
  const size_t byte_count = (count * b + 7) / 8;
  for (size_t row = 0; row < row_count; row++, codes += stride) {
    f32x16 sum = {0}, other = {0};
    for (size_t i = 0, byte = 0; i < count; i += 16, byte += 2 * b) {
      i32x16 index = ctq_load_codes(codes + byte, b, byte_count - byte);
      f32x16 q = ctq_load_some(query + i, count - i);
      // Two alternating sums, so that neither waits for the other.
      f32x16 next = sum + ctq_centroids(&tables, b, index) * q;
      sum = other;
      other = next;
    }
    sums[row] = ctq_tree_sum(sum + other);
  }
}

static void code_products(const ctq_codebook *codebook, const uint8_t *codes, size_t stride, size_t row_count,
                          const float *query, size_t count, float *sums) {
#define CODE_PRODUCTS(b) code_products_width(codebook, b, codes, stride, row_count, query, count, sums)
  CTQ_FOR_WIDTH(codebook->bits, CODE_PRODUCTS)
#undef CODE_PRODUCTS
}

/// Sixteen coordinates of all rows. `byte_count` is the number of bytes of a row from their first code on.
CTQ_INLINE void combine_lanes(const ctq_tables *tables, uint32_t b, const uint8_t *codes, size_t stride,
                              size_t row_count, const float *weights, size_t byte_count, size_t count, float *sums) {
#pragma clang fp contract(fast)
  f32x16 sum = ctq_load_some(sums, count), other = {0};
  for (size_t row = 0; row < row_count; row++, codes += stride) {
    i32x16 index = ctq_load_codes(codes, b, byte_count);
    f32x16 next = sum + ctq_centroids(tables, b, index) * weights[row];
    sum = other;
    other = next;
  }
  ctq_store_some(sums, sum + other, count);
}

CTQ_INLINE void combine_codes_width(const ctq_codebook *codebook, uint32_t b, const uint8_t *codes, size_t stride,
                                    size_t row_count, const float *weights, size_t count, float *sums) {
  const ctq_tables tables = ctq_load_tables(codebook, b);
  const size_t byte_count = (count * b + 7) / 8;
  for (size_t i = 0, byte = 0; i < count; i += 16, byte += 2 * b)
    combine_lanes(&tables, b, codes + byte, stride, row_count, weights, byte_count - byte, count - i, sums + i);
}

static void combine_codes(const ctq_codebook *codebook, const uint8_t *codes, size_t stride, size_t row_count,
                          const float *weights, size_t count, float *sums) {
#define COMBINE_CODES(b) combine_codes_width(codebook, b, codes, stride, row_count, weights, count, sums)
  CTQ_FOR_WIDTH(codebook->bits, COMBINE_CODES)
#undef COMBINE_CODES
}

#endif
