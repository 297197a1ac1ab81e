// Rows of blocks: packed codes into a block's planes and back, eight coordinates at a time in one 64-bit word, one byte
// each. These functions move bits and are the same for all targets.

#include "../common/unpacked.h"
#include "ctq_scan.h"

/// The low bit of each byte, as one byte; the first byte's is the lowest.
static uint8_t low_bits(uint64_t bytes) { return (uint8_t)((bytes & 0x0101010101010101u) * 0x0102040810204080u >> 56); }

/// The column of each plane j of a bit field, in byte j.
INLINE uint64_t field_columns(uint64_t bytes, uint32_t width) {
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

/// The inverse: the field of each coordinate, in the low bits of its byte. Columns are `step` bytes apart.
static uint64_t field_bytes(const uint8_t *columns, size_t step, uint32_t width) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < 8; i++) {
    const uint32_t k = i % 4, nibble = columns[step * (k % width)] >> (i / 4 * 4) & 15;
    const uint32_t rotation = width == 4 ? 0 : (k + width) % 4;
    uint64_t code = (nibble | nibble << 4) >> rotation & ((1u << width) - 1);
    bytes |= code << 8 * i;
  }
  return bytes;
}

/// The sign bits, each in the low bit of its byte.
static uint64_t sign_bytes(uint8_t signs) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < 8; i++) bytes |= (uint64_t)(signs >> i & 1) << 8 * i;
  return bytes;
}

/// The number of bytes from one plane of column c to the next.
INLINE size_t plane_step(uint32_t columns, uint32_t c) {
  return ctq_byte_offset(columns, 2, 1, c, 0) - ctq_byte_offset(columns, 2, 0, c, 0);
}

/// Writes eight codes, one byte each, into one column of every plane. Planes are `step` bytes apart.
INLINE void spread_column(uint64_t bytes, uint32_t bits, uint8_t *signs, uint8_t *lower_bits, size_t step) {
  *signs = low_bits(bytes >> (bits - 1));
  if (bits == 8) {
    uint64_t field = field_columns(bytes, 4);
    for (uint32_t j = 0; j < 4; j++, lower_bits += step) *lower_bits = (uint8_t)(field >> 8 * j);
    bytes >>= 4;
  }
  if (bits >= 3) {
    uint64_t field = field_columns(bytes, 2);
    for (uint32_t j = 0; j < 2; j++, lower_bits += step) *lower_bits = (uint8_t)(field >> 8 * j);
    bytes >>= 2;
  }
  if (bits % 2 == 0) *lower_bits = (uint8_t)field_columns(bytes, 1);
}

/// The body of `ctq_spread_row`. A constant width makes a straight-line copy for each.
INLINE void spread_width(const uint8_t *codes, const uint32_t bits, size_t dimension, uint8_t *signs,
                         uint8_t *lower_bits, uint32_t row) {
  const uint32_t columns = (uint32_t)((dimension + 7) / 8);
  const size_t byte_count = (dimension * bits + 7) / 8;
  for (uint32_t c = 0; c < columns; c++) {
    const size_t left = byte_count - (size_t)c * bits;
    uint64_t packed = 0;
    if (left >= 8) memcpy(&packed, codes + (size_t)c * bits, 8);
    else memcpy(&packed, codes + (size_t)c * bits, left);
    // Codes of one bit have no lower bits.
    uint8_t *target = bits > 1 ? lower_bits + ctq_byte_offset(columns, bits - 1, 0, c, row) : 0;
    spread_column(unpacked(packed, bits), bits, signs + ctq_byte_offset(columns, 1, 0, c, row), target,
                  plane_step(columns, c));
  }
}

void ctq_spread_row(const uint8_t *codes, uint32_t bits, size_t dimension, uint8_t *signs, uint8_t *lower_bits,
                    uint32_t row) {
  switch (bits) {
    case 1: return spread_width(codes, 1, dimension, signs, lower_bits, row);
    case 2: return spread_width(codes, 2, dimension, signs, lower_bits, row);
    case 3: return spread_width(codes, 3, dimension, signs, lower_bits, row);
    case 4: return spread_width(codes, 4, dimension, signs, lower_bits, row);
    default: return spread_width(codes, 8, dimension, signs, lower_bits, row);
  }
}

void ctq_pack_row(const uint8_t *signs, const uint8_t *lower_bits, uint32_t row, uint32_t bits, size_t dimension,
                  uint8_t *codes) {
  const uint32_t columns = (uint32_t)((dimension + 7) / 8);
  const size_t byte_count = (dimension * bits + 7) / 8;
  for (uint32_t c = 0; c < columns; c++) {
    uint64_t bytes = sign_bytes(signs[ctq_byte_offset(columns, 1, 0, c, row)]) << (bits - 1);
    const size_t step = plane_step(columns, c);
    const uint8_t *field = bits > 1 ? lower_bits + ctq_byte_offset(columns, bits - 1, 0, c, row) : 0;
    for (uint32_t width = 4, shift = 0; width > 0; width /= 2) {
      if (!((bits - 1) & width)) continue;
      bytes |= field_bytes(field, step, width) << shift;
      field += step * width;
      shift += width;
    }
    uint64_t packed = 0;
    for (uint32_t k = 0; k < 8; k++) packed |= (bytes >> 8 * k & 0xff) << bits * k;
    size_t first = (size_t)c * bits, left = byte_count - first;
    memcpy(codes + first, &packed, left < bits ? left : bits);
  }
}

/// Copies the last plane of row `from` of a block to row `to` of a block with one plane.
INLINE void copy_last_plane(const uint8_t *source, uint32_t from, uint8_t *target, uint32_t to, uint32_t columns,
                            uint32_t planes) {
  const size_t groups = columns / CTQ_GROUP_COLUMNS, width = columns % CTQ_GROUP_COLUMNS;
  const uint8_t *words = source + CTQ_GROUP_PLANE_BYTES * (size_t)(planes - 1) + 4 * from;
  for (size_t g = 0; g < groups; g++)
    memcpy(target + CTQ_GROUP_PLANE_BYTES * g + 4 * to, words + CTQ_GROUP_PLANE_BYTES * planes * g, 4);
  source += CTQ_GROUP_PLANE_BYTES * planes * groups + width * (32 * (size_t)(planes - 1) + from);
  target += CTQ_GROUP_PLANE_BYTES * groups + width * to;
  for (size_t j = 0; j < width; j++) target[j] = source[j];
}

void ctq_copy_row(const uint8_t *source, uint32_t from, uint8_t *target, uint32_t to, uint32_t columns,
                  uint32_t planes) {
  const size_t words = (size_t)planes * (columns / CTQ_GROUP_COLUMNS), width = columns % CTQ_GROUP_COLUMNS;
  for (size_t i = 0; i < words; i++)
    memcpy(target + CTQ_GROUP_PLANE_BYTES * i + 4 * to, source + CTQ_GROUP_PLANE_BYTES * i + 4 * from, 4);
  if (!width) return;
  source += CTQ_GROUP_PLANE_BYTES * words + width * from;
  target += CTQ_GROUP_PLANE_BYTES * words + width * to;
  for (size_t p = 0; p < planes; p++)
    for (size_t j = 0; j < width; j++) target[32 * width * p + j] = source[32 * width * p + j];
}

#define FOR_GATHERED_ROWS(target_planes, copy)                                                                        \
  const size_t block = 32 * (size_t)columns * planes, target_block = 32 * (size_t)columns * (target_planes);          \
  for (size_t i = 0; i < row_count; i++) {                                                                            \
    const uint32_t row = rows[i] - base;                                                                              \
    const size_t to = start + i;                                                                                      \
    copy(source + row / 32 * block, row % 32, target + to / 32 * target_block, (uint32_t)(to % 32), columns, planes); \
  }

void ctq_gather_rows(const uint8_t *source, const uint32_t *rows, size_t row_count, uint32_t base, uint8_t *target,
                     size_t start, uint32_t columns, uint32_t planes) {
  FOR_GATHERED_ROWS(planes, ctq_copy_row)
}

void ctq_gather_last_planes(const uint8_t *source, const uint32_t *rows, size_t row_count, uint32_t base,
                            uint8_t *target, size_t start, uint32_t columns, uint32_t planes) {
  FOR_GATHERED_ROWS(1, copy_last_plane)
}

void ctq_prefetch_rows(const uint8_t *source, const uint32_t *rows, size_t row_count, uint32_t base, uint32_t columns,
                       uint32_t planes, int last_only) {
  const size_t block = 32 * (size_t)columns * planes, groups = columns / CTQ_GROUP_COLUMNS;
  const size_t words = last_only ? groups : groups * planes, step = CTQ_GROUP_PLANE_BYTES * (last_only ? planes : 1);
  const size_t first = last_only ? CTQ_GROUP_PLANE_BYTES * (size_t)(planes - 1) : 0;
  for (size_t i = 0; i < row_count; i++) {
    const uint32_t row = rows[i] - base;
    const uint8_t *word = source + row / 32 * block + first + 4 * (row % 32);
    for (size_t j = 0; j < words; j++) __builtin_prefetch(word + step * j, 0, 2);
  }
}

void ctq_prefetch_scalars(const float *source, const uint32_t *rows, size_t row_count, uint32_t base) {
  for (size_t i = 0; i < row_count; i++) __builtin_prefetch(source + (rows[i] - base), 0, 2);
}

void ctq_gather_scalars(const float *source, const uint32_t *rows, size_t row_count, uint32_t base, float *target) {
  for (size_t i = 0; i < row_count; i++) target[i] = source[rows[i] - base];
}
