// One row of packed codes into a block's columns and back: eight coordinates at a time in one 64-bit
// word, a byte each. Every target shares these; they move bits and compute nothing.

#include "unpacked.h"

/// The low bit of each byte in one byte, the first byte's lowest.
static uint8_t low_bits(uint64_t bytes) {
  return (uint8_t)((bytes & 0x0101010101010101u) * 0x0102040810204080u >> 56);
}

/// Column j of a piece in byte j.
INLINE uint64_t piece_columns(uint64_t bytes, uint32_t width) {
  uint64_t columns;
  switch (width) {
    case 1: {
      uint64_t bits = low_bits(bytes);
      return (bits << 1 & 0xee) | (bits >> 3 & 0x11);
    }
    case 2: {
      const uint64_t twos = 0x0003000300030003u;
      uint64_t even = bytes & twos, odd = bytes >> 8 & twos;
      even = (even << 2 | even >> 16) & 0x0000000f0000000fu;
      odd = ((odd << 3 | odd >> 1) & 0x0000000900000009u) | (odd >> 15 & 0x0000000600000006u);
      columns = even | odd << 8;
      break;
    }
    default: columns = bytes & 0x0f0f0f0f0f0f0f0fu;
  }
  // The upper four coordinates go to the high nibbles.
  return columns | columns >> 28;
}

/// The inverse: the piece's bits of each coordinate at the bottom of its byte.
static uint64_t piece_bytes(const uint8_t *columns, uint32_t width) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < 8; i++) {
    const uint32_t k = i % 4, nibble = columns[32 * (k % width)] >> (i / 4 * 4) & 15;
    const uint32_t turn = width == 4 ? 0 : (k + width) % 4;
    uint64_t code = (nibble | nibble << 4) >> turn & ((1u << width) - 1);
    bytes |= code << 8 * i;
  }
  return bytes;
}

/// The sign bits, each at the bottom of its byte.
static uint64_t sign_bytes(uint8_t signs) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < 8; i++) bytes |= (uint64_t)(signs >> i & 1) << 8 * i;
  return bytes;
}

/// Puts eight codes, a byte each, into column c of every piece.
INLINE void spread_column(uint64_t bytes, uint32_t bits, size_t columns, size_t c, uint8_t *signs,
                          uint8_t *rest) {
  signs[32 * c] = low_bits(bytes >> (bits - 1));
  if (bits == 8) {
    uint64_t own = piece_columns(bytes, 4);
    for (uint32_t j = 0; j < 4; j++) rest[32 * (4 * c + j)] = (uint8_t)(own >> 8 * j);
    rest += columns * 4 * 32;
    bytes >>= 4;
  }
  if (bits >= 3) {
    uint64_t own = piece_columns(bytes, 2);
    rest[32 * 2 * c] = (uint8_t)own;
    rest[32 * (2 * c + 1)] = (uint8_t)(own >> 8);
    rest += columns * 2 * 32;
    bytes >>= 2;
  }
  if (bits % 2 == 0) rest[32 * c] = (uint8_t)piece_columns(bytes, 1);
}

/// The body of `ctq_spread_row`; a constant width makes a straight-line copy for each.
INLINE void spread_width(const uint8_t *codes, const uint32_t bits, size_t dimension, uint8_t *signs,
                         uint8_t *rest) {
  const size_t columns = (dimension + 7) / 8, byte_count = (dimension * bits + 7) / 8;
  size_t c = 0;
  for (; c * bits + 8 <= byte_count; c++) {
    uint64_t packed;
    memcpy(&packed, codes + c * bits, 8);
    spread_column(unpacked(packed, bits), bits, columns, c, signs, rest);
  }
  for (; c < columns; c++) {
    uint64_t packed = 0;
    memcpy(&packed, codes + c * bits, byte_count - c * bits);
    spread_column(unpacked(packed, bits), bits, columns, c, signs, rest);
  }
}

void ctq_spread_row(const uint8_t *codes, uint32_t bits, size_t dimension, uint8_t *signs,
                    uint8_t *rest, uint32_t row) {
  signs += CTQ_PLACE(row);
  if (bits > 1) rest += CTQ_PLACE(row);  // else there is none
  switch (bits) {
    case 1: return spread_width(codes, 1, dimension, signs, rest);
    case 2: return spread_width(codes, 2, dimension, signs, rest);
    case 3: return spread_width(codes, 3, dimension, signs, rest);
    case 4: return spread_width(codes, 4, dimension, signs, rest);
    default: return spread_width(codes, 8, dimension, signs, rest);
  }
}

void ctq_pack_row(const uint8_t *signs, const uint8_t *rest, uint32_t row, uint32_t bits,
                  size_t dimension, uint8_t *codes) {
  const size_t columns = (dimension + 7) / 8, byte_count = (dimension * bits + 7) / 8;
  signs += CTQ_PLACE(row);
  if (bits > 1) rest += CTQ_PLACE(row);  // else there is none
  for (size_t c = 0; c < columns; c++) {
    uint64_t bytes = sign_bytes(signs[32 * c]) << (bits - 1);
    const uint8_t *piece = rest;
    for (uint32_t width = 4, shift = 0; width > 0; width /= 2) {
      if (!((bits - 1) & width)) continue;
      bytes |= piece_bytes(piece + 32 * c * width, width) << shift;
      piece += columns * width * 32;
      shift += width;
    }
    uint64_t packed = 0;
    for (uint32_t k = 0; k < 8; k++) packed |= (bytes >> 8 * k & 0xff) << bits * k;
    size_t first = c * bits, left = byte_count - first;
    memcpy(codes + first, &packed, left < bits ? left : bits);
  }
}
