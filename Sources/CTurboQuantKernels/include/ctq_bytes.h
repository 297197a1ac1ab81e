// The kernels of bytes: float16, checksums, and what the caller needs of memory and of the floating-point unit.
//
// All targets return the same bits.

#ifndef CTQ_BYTES_H
#define CTQ_BYTES_H

#include <stddef.h>
#include <stdint.h>

// The bits of the largest finite float16. The bits of the least float32 that would round to infinity. The bits of the
// least normal float16 as a float32. The difference of the exponents' bits of a float32 and the equal float16.
#define CTQ_LARGEST_FLOAT16 0x7bffu
#define CTQ_FLOAT16_OVERFLOW 0x477ff000u
#define CTQ_FLOAT16_NORMAL 0x38800000u
#define CTQ_FLOAT16_EXPONENTS 0x38000000u

/// The bits of the float16 nearest to `value`, ties to even. Beyond the range, and for NaN, the result is the largest
/// finite float16 of that sign.
static inline uint16_t ctq_float16_of(float value) {
  uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  const uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude >= CTQ_FLOAT16_OVERFLOW) return (uint16_t)(sign | CTQ_LARGEST_FLOAT16);
  if (magnitude < CTQ_FLOAT16_NORMAL) {
    // A subnormal float16 is a multiple of 2^-24. Adding 0.5 leaves it in the low bits of the sum.
    const float sum = __builtin_fabsf(value) + 0.5f;
    __builtin_memcpy(&bits, &sum, sizeof bits);
    return (uint16_t)(sign | (bits & 0xffff));
  }
  return (uint16_t)(sign | (magnitude + 0xfff + (magnitude >> 13 & 1) - CTQ_FLOAT16_EXPONENTS) >> 13);
}

typedef struct ctq_byte_kernels {
  /// floats[i] <- the float16 with bits float16s[i], exactly.
  void (*widen)(const uint16_t *float16s, size_t count, float *floats);
  /// float16s[i] <- `ctq_float16_of` floats[i].
  void (*narrow)(const float *floats, size_t count, uint16_t *float16s);
  /// Returns the CRC-32C (Castagnoli) of `count` bytes, continuing from `seed` (0 to begin).
  uint32_t (*crc32c)(uint32_t seed, const uint8_t *bytes, size_t count);
} ctq_byte_kernels;

/// The IEEE square root of a double.
static inline double ctq_square_root(double x) { return __builtin_elementwise_sqrt(x); }

/// `count` zeros on large pages, or null if the system has no such memory.
void *ctq_map_zeros(size_t count);
/// Frees what `ctq_map_zeros` returned.
void ctq_unmap(void *base, size_t count);

/// Sets rounding to nearest and gradual underflow. Returns the previous state.
uint64_t ctq_float_environment_enter(void);
/// Restores the state that `ctq_float_environment_enter` returned.
void ctq_float_environment_leave(uint64_t previous);
/// Switches flush-to-zero on, for tests. Returns the previous state.
uint64_t ctq_float_environment_flush_to_zero(void);

#endif
