// Eight packed codes as bytes, for what moves codes and computes nothing.

#ifndef CTQ_COMMON_UNPACKED_H
#define CTQ_COMMON_UNPACKED_H

#include <stddef.h>
#include <stdint.h>

#include <string.h>

// Constant widths then make straight-line code.
#define INLINE static inline __attribute__((always_inline))

/// Eight bytes of b bits from the low 8b bits: halves, quarters and eighths move apart.
INLINE uint64_t unpacked(uint64_t x, uint32_t b) {
  if (b == 8) return x;
  const uint64_t four = ((uint64_t)1 << 4 * b) - 1, two = ((uint64_t)1 << 2 * b) - 1;
  const uint64_t one = ((uint64_t)1 << b) - 1;
  x = (x & four) | (x >> 4 * b & four) << 32;
  x = (x & two * 0x0000000100000001u) | (x >> 2 * b & two * 0x0000000100000001u) << 16;
  return (x & one * 0x0001000100010001u) | (x >> b & one * 0x0001000100010001u) << 8;
}

#endif
