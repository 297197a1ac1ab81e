// CRC-32C by a table of nibbles, for targets without an instruction for it.

#ifndef CTQ_BYTES_CRC32C_TABLE_H
#define CTQ_BYTES_CRC32C_TABLE_H

#include <stddef.h>
#include <stdint.h>

// The remainders of the sixteen nibbles by the reflected polynomial 0x82f63b78.
static const uint32_t remainders[16] = {
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
    0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

static uint32_t crc32c(uint32_t seed, const uint8_t *bytes, size_t count) {
  uint32_t crc = ~seed;
  for (size_t i = 0; i < count; i++) {
    crc ^= bytes[i];
    crc = crc >> 4 ^ remainders[crc & 15];
    crc = crc >> 4 ^ remainders[crc & 15];
  }
  return ~crc;
}

#endif
