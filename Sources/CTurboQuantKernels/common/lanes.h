// Sixteen lanes for any target, in clang's vector extension. The compiler splits them into the registers of the target.
// Include once per target, inside its `#pragma clang attribute push(...)`.
//
// A target with masked loads and stores may define CTQ_OWN_TAILS, `ctq_load_some` and `ctq_store_some`.
//
// Lane i of a sum takes elements i, i + 16, i + 32, ... `ctq_tree_sum` then adds the upper half of the lanes to the
// lower half until one is left. The scalar target specifies this order.

#ifndef CTQ_COMMON_LANES_H
#define CTQ_COMMON_LANES_H

#include "numerics.h"

// Vectors wider than the target's registers are passed between inlined functions only.
#pragma clang diagnostic ignored "-Wpsabi"

#define CTQ_INLINE static inline __attribute__((always_inline))

typedef float f32x16 __attribute__((vector_size(64)));
typedef uint32_t u32x16 __attribute__((vector_size(64)));
typedef int32_t i32x16 __attribute__((vector_size(64)));
typedef uint16_t u16x16 __attribute__((vector_size(32)));
typedef int16_t i16x16 __attribute__((vector_size(32)));
typedef uint8_t u8x16 __attribute__((vector_size(16)));
typedef int8_t i8x16 __attribute__((vector_size(16)));

typedef float f32x8 __attribute__((vector_size(32)));
typedef uint32_t u32x8 __attribute__((vector_size(32)));
typedef int32_t i32x8 __attribute__((vector_size(32)));
typedef float f32x4 __attribute__((vector_size(16)));
typedef uint32_t u32x4 __attribute__((vector_size(16)));
typedef float f32x2 __attribute__((vector_size(8)));
typedef uint8_t u8x32 __attribute__((vector_size(32)));
typedef uint64_t u64x4 __attribute__((vector_size(32)));
typedef uint64_t u64x2 __attribute__((vector_size(16)));

// The same in memory that need not be aligned to more than an element.
typedef float f32x16_unaligned __attribute__((vector_size(64), aligned(4)));
typedef float f32x8_unaligned __attribute__((vector_size(32), aligned(4)));
typedef double f64x8_unaligned __attribute__((vector_size(64), aligned(8)));
typedef int16_t i16x16_unaligned __attribute__((vector_size(32), aligned(2)));
typedef int8_t i8x16_unaligned __attribute__((vector_size(16), aligned(1)));
typedef uint8_t u8x16_unaligned __attribute__((vector_size(16), aligned(1)));
typedef uint8_t u8x32_unaligned __attribute__((vector_size(32), aligned(1)));

CTQ_INLINE f32x16 ctq_load(const float *p) { return *(const f32x16_unaligned *)p; }
CTQ_INLINE void ctq_store(float *p, f32x16 v) { *(f32x16_unaligned *)p = v; }

/// Loads the first `count` floats and zeros beyond them; stores as many.
CTQ_INLINE f32x16 ctq_load_some(const float *p, size_t count);
CTQ_INLINE void ctq_store_some(float *p, f32x16 v, size_t count);

#ifndef CTQ_OWN_TAILS

CTQ_INLINE f32x16 ctq_load_some(const float *p, size_t count) {
  if (count >= 16) return ctq_load(p);
  f32x16 v = {0};
  memcpy(&v, p, count * sizeof *p);
  return v;
}

CTQ_INLINE void ctq_store_some(float *p, f32x16 v, size_t count) {
  if (count >= 16) return ctq_store(p, v);
  memcpy(p, &v, count * sizeof *p);
}

#endif

CTQ_INLINE f32x16 ctq_splat(float value) { return (f32x16){0} + value; }

CTQ_INLINE float ctq_tree_sum(f32x16 v) {
  f32x8 a = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
            __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
  f32x4 b = __builtin_shufflevector(a, a, 0, 1, 2, 3) + __builtin_shufflevector(a, a, 4, 5, 6, 7);
  f32x2 c = __builtin_shufflevector(b, b, 0, 1) + __builtin_shufflevector(b, b, 2, 3);
  return c[0] + c[1];
}

/// Bit i in lane i.
static const u32x16 ctq_lane_bit = {1 << 0, 1 << 1, 1 << 2,  1 << 3,  1 << 4,  1 << 5,  1 << 6,  1 << 7,
                                    1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14, 1 << 15};

/// All ones in lane i where bit i is set, else zeros.
CTQ_INLINE u32x16 ctq_lanes_of(uint32_t bits) { return (u32x16)(((u32x16){0} + bits & ctq_lane_bit) != 0); }

/// Sixteen bits, of which `count` exist.
CTQ_INLINE uint32_t ctq_load_bits(const uint8_t *bits, size_t count) {
  return count > 8 ? (uint32_t)(bits[0] | bits[1] << 8) : bits[0];
}

#endif
