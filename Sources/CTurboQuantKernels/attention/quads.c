// Quads from packed rows: 16 rows as they are, or transposed, so that each coordinate becomes a row. These functions
// move bits and are the same for all targets.

#include "../common/unpacked.h"
#include "ctq_attention.h"

typedef uint8_t u8x16 __attribute__((vector_size(16)));

/// Codes 8c to 8c + 7 of a packed row, one byte each.
INLINE uint64_t row_word(const uint8_t *row, size_t c, uint32_t bits) {
  uint64_t packed = 0;
  memcpy(&packed, row + c * bits, bits);
  return unpacked(packed, bits);
}

/// Packs the quads of one step of 16 rows, 64 bytes each, into the vectors of every bit field.
INLINE void pack_step(uint8_t (*quads)[64], uint32_t bits, size_t step_count, size_t step, uint8_t *codes) {
  const uint32_t step_quads = (uint32_t)ctq_quads_per_step(bits);
  uint32_t shift = 0;
#pragma clang loop unroll(full)
  for (uint32_t width = 8; width > 0; width /= 2) {
    if (!(bits & width)) continue;
    const uint32_t each = 8 / width, vectors = step_quads / each, mask = (1u << width) - 1;
    uint8_t *target = codes + 64 * vectors * step;
    for (uint32_t v = 0; v < vectors; v++)
      for (uint32_t i = 0; i < 64; i++) {
        uint32_t byte = 0;
        for (uint32_t g = 0; g < each; g++) byte |= (quads[v * each + g][i] >> shift & mask) << width * g;
        target[64 * v + i] = (uint8_t)byte;
      }
    codes += 64 * vectors * step_count;
    shift += width;
  }
}

INLINE void fill_quads(const uint8_t *rows, size_t stride, const uint32_t bits, size_t quad_count, uint8_t *codes) {
  const size_t step_quads = ctq_quads_per_step(bits), step_count = quad_count / step_quads;
  for (size_t step = 0; step < step_count; step++) {
    uint8_t quads[8][64];
    for (size_t r = 0; r < 16; r++)
      for (size_t g = 0; g < step_quads; g += 2) {
        uint64_t word = row_word(rows + r * stride, (step * step_quads + g) / 2, bits);
        memcpy(quads[g] + 4 * r, &word, 4);
        word >>= 32;
        memcpy(quads[g + 1] + 4 * r, &word, 4);
      }
    pack_step(quads, bits, step_count, step, codes);
  }
}

/// Codes of 16 coordinates of a packed row from coordinate 16g on.
INLINE u8x16 row_bytes(const uint8_t *row, size_t g, uint32_t bits) {
  const uint64_t words[2] = {row_word(row, 2 * g, bits), row_word(row, 2 * g + 1, bits)};
  u8x16 bytes;
  memcpy(&bytes, words, sizeof bytes);
  return bytes;
}

#define ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)

/// Quad g of four rows, transposed: 16 coordinates of each.
INLINE void transposed_quad(const uint8_t *rows, size_t stride, size_t g, uint32_t bits, uint8_t *quad) {
  u8x16 a = row_bytes(rows, g, bits), b = row_bytes(rows + stride, g, bits);
  u8x16 c = row_bytes(rows + 2 * stride, g, bits), d = row_bytes(rows + 3 * stride, g, bits);
  u8x16 ac[2] = {ZIP_LOW(a, c), ZIP_HIGH(a, c)}, bd[2] = {ZIP_LOW(b, d), ZIP_HIGH(b, d)};
  for (size_t h = 0; h < 2; h++) {
    u8x16 low = ZIP_LOW(ac[h], bd[h]), high = ZIP_HIGH(ac[h], bd[h]);
    memcpy(quad + 32 * h, &low, sizeof low);
    memcpy(quad + 32 * h + 16, &high, sizeof high);
  }
}

INLINE void fill_transposed_quads(const uint8_t *rows, size_t stride, const uint32_t bits, size_t rows16_count,
                                  size_t quad_count, size_t first, size_t some, uint8_t *codes) {
  const size_t step_quads = ctq_quads_per_step(bits), step_count = quad_count / step_quads;
  for (size_t g = 0; g < rows16_count; g++, codes += quad_count * 8 * bits)
    for (size_t step = 0; step < some / step_quads; step++) {
      uint8_t quads[8][64];
      for (size_t k = 0; k < step_quads; k++)
        transposed_quad(rows + 4 * (step * step_quads + k) * stride, stride, g, bits, quads[k]);
      pack_step(quads, bits, step_count, first / step_quads + step, codes);
    }
}

/// Makes one copy of `body` per width, in which the width is a constant.
#define FOR_WIDTH(bits, body) \
  switch (bits) {             \
    case 1: body(1); break;   \
    case 2: body(2); break;   \
    case 3: body(3); break;   \
    case 4: body(4); break;   \
    case 5: body(5); break;   \
    case 6: body(6); break;   \
    case 7: body(7); break;   \
    default: body(8);         \
  }

void ctq_fill_quads(const uint8_t *rows, size_t stride, uint32_t bits, size_t quad_count, uint8_t *codes) {
#define FILL(b) fill_quads(rows, stride, b, quad_count, codes)
  FOR_WIDTH(bits, FILL)
#undef FILL
}

void ctq_fill_transposed_quads(const uint8_t *rows, size_t stride, uint32_t bits, size_t rows16_count,
                               size_t quad_count, size_t first, size_t some, uint8_t *codes) {
#define FILL(b) fill_transposed_quads(rows, stride, b, rows16_count, quad_count, first, some, codes)
  FOR_WIDTH(bits, FILL)
#undef FILL
}

uint32_t ctq_quad_code(const uint8_t *codes, uint32_t bits, size_t quad_count, size_t row, size_t i) {
  codes += row / 16 * quad_count * 8 * bits;
  uint32_t code = 0, shift = 0;
  for (uint32_t width = 8; width > 0; width /= 2) {
    if (!(bits & width)) continue;
    const size_t each = 8 / width, quad = i / 4;
    const uint8_t byte = codes[64 * (quad / each) + 4 * (row % 16) + i % 4];
    code |= (uint32_t)(byte >> width * (quad % each) & ((1u << width) - 1)) << shift;
    codes += 64 * (quad_count / each);
    shift += width;
  }
  return code;
}
