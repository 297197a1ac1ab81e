// Half floats and checksums for targets without instructions of their own for them.

#include "numerics.h"

static void widen(const uint16_t *halves, size_t count, float *floats) {
  for (size_t i = 0; i < count; i++) {
    uint32_t sign = (uint32_t)(halves[i] & 0x8000) << 16;
    uint32_t exponent = halves[i] >> 10 & 0x1f, fraction = halves[i] & 0x3ff;
    uint32_t magnitude;
    if (exponent == 0x1f) {
      // Quieting a signalling NaN is what hardware conversions do.
      magnitude = CTQ_INFINITY_BITS | fraction << 13 | (fraction ? 0x400000u : 0);
    } else if (exponent > 0) {
      magnitude = (exponent + 112) << 23 | fraction << 13;
    } else {
      magnitude = ctq_bits_of((float)fraction * 0x1p-24f);
    }
    floats[i] = ctq_float_of(sign | magnitude);
  }
}

// The remainders of the sixteen half bytes by the reflected polynomial 0x82f63b78.
static const uint32_t remainders[16] = {
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
    0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
    0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
    0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
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
