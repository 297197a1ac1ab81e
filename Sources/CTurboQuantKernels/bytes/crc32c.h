// CRC-32C by an instruction, eight bytes at a time. The target defines `crc_word` and `crc_byte` before it includes
// this file.
//
// The instruction can start once per cycle but takes three cycles, so three lanes of bytes are interleaved. Appending L
// zero bytes to a message multiplies its remainder by x^(8L). The lanes' remainders are shifted in this way and added.

#ifndef CTQ_BYTES_CRC32C_H
#define CTQ_BYTES_CRC32C_H

#include <string.h>

enum { CRC_LANE = 8192 };
// x^(8L) and x^(16L) modulo the polynomial, with the lowest power in the highest bit.
enum { CRC_LANE_SHIFT = 0x28461564u, CRC_LANES_SHIFT = 0xbf455269u };

static uint32_t crc_product(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (int bit = 31; bit >= 0; bit--) {
    product ^= b & -(a >> bit & 1);
    b = b >> 1 ^ (0x82f63b78u & -(b & 1));
  }
  return product;
}

static inline uint32_t crc_next(uint32_t crc, const uint8_t *bytes) {
  uint64_t word;
  memcpy(&word, bytes, 8);
  return crc_word(crc, word);
}

static uint32_t crc32c(uint32_t seed, const uint8_t *bytes, size_t count) {
  uint32_t crc = ~seed;
  for (; count >= 3 * CRC_LANE; count -= 3 * CRC_LANE, bytes += 3 * CRC_LANE) {
    uint32_t second = 0, third = 0;
    for (size_t i = 0; i < CRC_LANE; i += 8) {
      crc = crc_next(crc, bytes + i);
      second = crc_next(second, bytes + CRC_LANE + i);
      third = crc_next(third, bytes + 2 * CRC_LANE + i);
    }
    crc = crc_product(CRC_LANES_SHIFT, crc) ^ crc_product(CRC_LANE_SHIFT, second) ^ third;
  }
  for (; count >= 8; count -= 8, bytes += 8) crc = crc_next(crc, bytes);
  for (; count > 0; count--, bytes++) crc = crc_byte(crc, *bytes);
  return ~crc;
}

#endif
