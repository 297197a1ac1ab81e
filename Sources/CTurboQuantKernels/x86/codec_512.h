// Codes on AVX-512: packing, quantizing, dequantizing and products. For avx512.c alone.
//
// Codes are a bit stream, b bits each, least significant bit first, so 64 codes fill 8b bytes:
//
//   pack    64 index bytes --maddubs (1, 2^b)--> 32 words of 2b bits --madd (1, 2^2b)--> 16 dwords
//           of 4b bits --shift, or--> 8 qwords of 8b bits --vpermb--> 8b bytes
//   unpack  8b bytes --vpermb: b bytes into each qword--> --vpmultishiftqb: 8 fields of b bits at
//           bit offsets 0, b, 2b, ...--> and 2^b - 1 --> 64 index bytes
//
// Quantizing needs no search where the codebook has a lookup grid. One multiply-add and one conversion name a cell.
// The cell gives its first index and its only boundary, and one comparison decides. The cell is a monotone function
// of y, so the answer is exact. Grids of up to 32 cells and codebooks of up to 32 centroids stay in two registers
// each.

#ifndef CTQ_X86_CODEC_512_H
#define CTQ_X86_CODEC_512_H

#include "../common/lanes.h"

#pragma STDC FP_CONTRACT OFF

// MARK: Packing

// Byte i of the three control vectors for b bits; rows 1...8 of each table.
#define GATHER(b, i) (((i) / (b) * 8 + (i) % (b)) & 63)
#define SPREAD(b, i) (((i) / 8 * (b) + (i) % 8) & 63)
#define SHIFT(b, i) ((i) % 8 * (b))
#define OF_8(F, b, i) F(b, i), F(b, i + 1), F(b, i + 2), F(b, i + 3), F(b, i + 4), F(b, i + 5), F(b, i + 6), F(b, i + 7)
#define OF_64(F, b)                                                \
  {OF_8(F, b, 0),  OF_8(F, b, 8),  OF_8(F, b, 16), OF_8(F, b, 24), \
   OF_8(F, b, 32), OF_8(F, b, 40), OF_8(F, b, 48), OF_8(F, b, 56)}
#define FOR_EACH_WIDTH(F) \
  {OF_64(F, 1), OF_64(F, 2), OF_64(F, 3), OF_64(F, 4), OF_64(F, 5), OF_64(F, 6), OF_64(F, 7), OF_64(F, 8)}

static const uint8_t gather_bytes[8][64] = FOR_EACH_WIDTH(GATHER);
static const uint8_t spread_bytes[8][64] = FOR_EACH_WIDTH(SPREAD);
static const uint8_t shift_bytes[8][64] = FOR_EACH_WIDTH(SHIFT);

/// The constants that pack or unpack 64 codes of `bits` bits.
typedef struct bit_layout {
  __m512i pairs;      // maddubs factors (1, 2^b)
  __m512i fours;      // madd factors (1, 2^2b)
  __m128i four_bits;  // the shift that joins two dwords: 4b
  __m512i gather;     // vpermb: the low b bytes of each qword, side by side
  __m512i spread;     // vpermb: bytes q*b ... q*b+7 into qword q
  __m512i shifts;     // vpmultishiftqb: 0, b, ..., 7b in each qword
  __m512i mask;       // 2^b - 1 in each byte
  uint32_t bits;
} bit_layout;

static inline bit_layout layout_for(uint32_t bits) {
  return (bit_layout){
      .pairs = _mm512_set1_epi16((short)(1 | 1 << bits << 8)),
      .fours = _mm512_set1_epi32((int)(1u | 1u << 2 * bits << 16)),
      .four_bits = _mm_cvtsi32_si128((int)(4 * bits)),
      .gather = _mm512_loadu_si512(gather_bytes[bits - 1]),
      .spread = _mm512_loadu_si512(spread_bytes[bits - 1]),
      .shifts = _mm512_loadu_si512(shift_bytes[bits - 1]),
      .mask = _mm512_set1_epi8((char)((1u << bits) - 1)),
      .bits = bits,
  };
}

/// Stores the codes of 64 index bytes, `byte_count` bytes of them (at most 8b).
static inline void store_codes(const bit_layout *layout, __m512i indices, uint8_t *codes, size_t byte_count) {
  if (layout->bits < 8) {
    // The factors are the unsigned operand: 2^7 does not fit a signed byte, every index does.
    __m512i words = _mm512_maddubs_epi16(layout->pairs, indices);
    __m512i dwords = _mm512_madd_epi16(words, layout->fours);
    __m512i high = _mm512_srli_epi64(dwords, 32);
    __m512i low = _mm512_and_si512(dwords, _mm512_set1_epi64(0xffffffff));
    __m512i qwords = _mm512_or_si512(low, _mm512_sll_epi64(high, layout->four_bits));
    indices = _mm512_permutexvar_epi8(layout->gather, qwords);
  }
  _mm512_mask_storeu_epi8(codes, bytes_left(byte_count), indices);
}

/// The index bytes of the next 64 codes, of which `byte_count` bytes exist.
static inline __m512i load_codes(const bit_layout *layout, const uint8_t *codes, size_t byte_count) {
  size_t whole = 8 * layout->bits;
  __m512i bytes = _mm512_maskz_loadu_epi8(bytes_left(byte_count < whole ? byte_count : whole), codes);
  __m512i qwords = _mm512_permutexvar_epi8(layout->spread, bytes);
  return _mm512_and_si512(_mm512_multishift_epi64_epi8(layout->shifts, qwords), layout->mask);
}

// MARK: Codebook lookups

/// Where a table's entries are while a kernel runs. It is a constant in each copy of the kernel.
typedef enum table_size { UP_TO_32, UP_TO_128, IN_MEMORY } table_size;

typedef struct table {
  __m512 entries[8];
  const float *memory;
} table;

/// Tables are padded to 32 entries, and beyond that their lengths are powers of two.
CTQ_INLINE table load_table(const float *memory, size_t count, table_size size) {
  table t = {.memory = memory};
  size_t registers = size == IN_MEMORY ? 0 : count <= 32 ? 2 : count / 16;
  for (size_t i = 0; i < registers; i++) t.entries[i] = _mm512_loadu_ps(memory + 16 * i);
  for (size_t i = registers; i < 8; i++) t.entries[i] = _mm512_setzero_ps();
  return t;
}

CTQ_INLINE __m512 look_up(const table *t, __m512i index, table_size size) {
  if (size == IN_MEMORY) return _mm512_i32gather_ps(index, t->memory, 4);
  __m512 first = _mm512_permutex2var_ps(t->entries[0], index, t->entries[1]);
  if (size == UP_TO_32) return first;
  __mmask16 bit5 = _mm512_test_epi32_mask(index, _mm512_set1_epi32(32));
  __mmask16 bit6 = _mm512_test_epi32_mask(index, _mm512_set1_epi32(64));
  __m512 second = _mm512_permutex2var_ps(t->entries[2], index, t->entries[3]);
  __m512 third = _mm512_permutex2var_ps(t->entries[4], index, t->entries[5]);
  __m512 fourth = _mm512_permutex2var_ps(t->entries[6], index, t->entries[7]);
  return _mm512_mask_blend_ps(bit6, _mm512_mask_blend_ps(bit5, first, second),
                              _mm512_mask_blend_ps(bit5, third, fourth));
}

static inline table_size size_for(size_t count) {
  return count <= 32 ? UP_TO_32 : count <= 128 ? UP_TO_128 : IN_MEMORY;
}

// MARK: Quantizing

typedef struct quantizer {
  const ctq_codebook *codebook;
  bit_layout layout;
  table centroids, grid_boundaries, grid_bases;
  table_size centroid_size, grid_size;
  __m512 scale, grid_scale, grid_offset, last_cell;
} quantizer;

CTQ_INLINE __m512i indices_by_grid(const quantizer *q, __m512 u) {
  __m512 position = _mm512_add_ps(_mm512_mul_ps(u, q->grid_scale), q->grid_offset);
  position = _mm512_min_ps(_mm512_max_ps(position, _mm512_setzero_ps()), q->last_cell);
  __m512i cell = _mm512_cvttps_epi32(position);
  __m512i base = _mm512_castps_si512(look_up(&q->grid_bases, cell, q->grid_size));
  __m512 boundary = look_up(&q->grid_boundaries, cell, q->grid_size);
  __mmask16 above = _mm512_cmp_ps_mask(u, boundary, _CMP_GE_OQ);
  return _mm512_mask_add_epi32(base, above, base, _mm512_set1_epi32(1));
}

CTQ_INLINE __m512i indices_by_search(const quantizer *q, __m512 u) {
  __m512i index = _mm512_setzero_si512();
  for (int step = 1 << (q->codebook->bits - 1); step > 0; step /= 2) {
    __m512i probe = _mm512_add_epi32(index, _mm512_set1_epi32(step - 1));
    __m512 boundary = _mm512_i32gather_ps(probe, q->codebook->boundaries, 4);
    __mmask16 above = _mm512_cmp_ps_mask(u, boundary, _CMP_GE_OQ);
    index = _mm512_mask_add_epi32(index, above, index, _mm512_set1_epi32(step));
  }
  return index;
}

/// Quantizes up to 64 coordinates. If `left` is the constant 64, all of them exist.
CTQ_INLINE __m512 quantize_64(const quantizer *q, const float *y, size_t left, uint8_t *codes, float *residual,
                              __m512 sum) {
  __m128i quarters[4];
#pragma clang loop unroll(full)
  for (size_t k = 0; k < 4; k++) {
    __mmask16 mask = 16 * k < left ? lanes_left(left - 16 * k) : 0;
    __m512 u = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, y + 16 * k), q->scale);
    __m512i index = q->codebook->grid_count ? indices_by_grid(q, u) : indices_by_search(q, u);
    __m512 centroid = look_up(&q->centroids, index, q->centroid_size);
    sum = _mm512_mask_add_ps(sum, mask, sum, _mm512_mul_ps(u, centroid));
    if (residual) _mm512_mask_storeu_ps(residual + 16 * k, mask, _mm512_sub_ps(u, centroid));
    quarters[k] = _mm512_maskz_cvtepi32_epi8(mask, index);
  }
  __m512i indices = _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_set_m128i(quarters[1], quarters[0])),
                                       _mm256_set_m128i(quarters[3], quarters[2]), 1);
  store_codes(&q->layout, indices, codes, (left * q->layout.bits + 7) / 8);
  return sum;
}

/// The body of `quantize`. Constant table sizes make a straight-line copy for each case.
CTQ_INLINE float quantize_with(const ctq_codebook *codebook, const float *y, size_t count, float scale, uint8_t *codes,
                               float *residual, table_size centroid_size, table_size grid_size) {
  const size_t grid_count = codebook->grid_count;
  const quantizer q = {
      .codebook = codebook,
      .layout = layout_for(codebook->bits),
      .centroids = load_table(codebook->centroids, (size_t)1 << codebook->bits, centroid_size),
      .grid_boundaries = load_table(codebook->grid_boundaries, grid_count, grid_size),
      .grid_bases = load_table((const float *)codebook->grid_bases, grid_count, grid_size),
      .centroid_size = centroid_size,
      .grid_size = grid_size,
      .scale = _mm512_set1_ps(scale),
      .grid_scale = _mm512_set1_ps(codebook->grid_scale),
      .grid_offset = _mm512_set1_ps(codebook->grid_offset),
      .last_cell = _mm512_set1_ps((float)grid_count - 1),
  };
  __m512 sum = _mm512_setzero_ps();
  size_t i = 0;
  for (; i + 64 <= count; i += 64, codes += 8 * codebook->bits)
    sum = quantize_64(&q, y + i, 64, codes, residual ? residual + i : 0, sum);
  if (i < count) sum = quantize_64(&q, y + i, count - i, codes, residual ? residual + i : 0, sum);
  return ctq_tree_sum(sum);
}

static float quantize(const ctq_codebook *codebook, const float *y, size_t count, float scale, uint8_t *codes,
                      float *residual) {
#define QUANTIZE_WITH(centroids, grid) quantize_with(codebook, y, count, scale, codes, residual, centroids, grid)
  const table_size grid = size_for(codebook->grid_count);
  if (codebook->bits <= 5 && grid == UP_TO_32) return QUANTIZE_WITH(UP_TO_32, UP_TO_32);
  if (codebook->bits <= 5 && grid == UP_TO_128) return QUANTIZE_WITH(UP_TO_32, UP_TO_128);
  if (codebook->bits <= 7 && grid == UP_TO_128) return QUANTIZE_WITH(UP_TO_128, UP_TO_128);
  if (codebook->bits <= 7) return QUANTIZE_WITH(UP_TO_128, IN_MEMORY);
  return QUANTIZE_WITH(IN_MEMORY, IN_MEMORY);
#undef QUANTIZE_WITH
}

// MARK: Reading codes

/// The centroids of the 16 index bytes from 16 * `part` on, of 64. `part` is a constant.
CTQ_INLINE __m512 centroids_of(const table *centroids, __m512i indices, int part, table_size size) {
  __m128i bytes = part == 0   ? _mm512_castsi512_si128(indices)
                  : part == 1 ? _mm512_extracti32x4_epi32(indices, 1)
                  : part == 2 ? _mm512_extracti32x4_epi32(indices, 2)
                              : _mm512_extracti32x4_epi32(indices, 3);
  return look_up(centroids, _mm512_cvtepu8_epi32(bytes), size);
}

CTQ_INLINE void dequantize_with(const ctq_codebook *codebook, const uint8_t *codes, size_t count, float *y,
                                table_size size) {
  const table centroids = load_table(codebook->centroids, (size_t)1 << codebook->bits, size);
  const bit_layout layout = layout_for(codebook->bits);
  const size_t byte_count = (count * codebook->bits + 7) / 8;
  for (size_t i = 0; i < count; i += 64) {
    size_t byte = i / 8 * codebook->bits;
    __m512i indices = load_codes(&layout, codes + byte, byte_count - byte);
#pragma clang loop unroll(full)
    for (int k = 0; k < 4; k++) {
      size_t first = i + 16 * (size_t)k;
      __mmask16 mask = first < count ? lanes_left(count - first) : 0;
      _mm512_mask_storeu_ps(y + first, mask, centroids_of(&centroids, indices, k, size));
    }
  }
}

static void dequantize(const ctq_codebook *codebook, const uint8_t *codes, size_t count, float *y) {
  if (codebook->bits <= 5) return dequantize_with(codebook, codes, count, y, UP_TO_32);
  if (codebook->bits <= 7) return dequantize_with(codebook, codes, count, y, UP_TO_128);
  return dequantize_with(codebook, codes, count, y, IN_MEMORY);
}

/// Adds the products of up to 64 coordinates to four sums. If `left` is 64, all of them exist.
CTQ_INLINE void product_64(const table *centroids, __m512i indices, const float *query, size_t left, __m512 sum[4],
                           table_size size) {
#pragma clang loop unroll(full)
  for (int k = 0; k < 4; k++) {
    size_t first = 16 * (size_t)k;
    __mmask16 mask = first < left ? lanes_left(left - first) : 0;
    sum[k] =
        _mm512_fmadd_ps(centroids_of(centroids, indices, k, size), _mm512_maskz_loadu_ps(mask, query + first), sum[k]);
  }
}

CTQ_INLINE void code_products_with(const ctq_codebook *codebook, const uint8_t *codes, size_t stride, size_t row_count,
                                   const float *query, size_t count, float *sums, table_size size) {
  const table centroids = load_table(codebook->centroids, (size_t)1 << codebook->bits, size);
  const bit_layout layout = layout_for(codebook->bits);
  const size_t byte_count = (count * codebook->bits + 7) / 8;
  for (size_t row = 0; row < row_count; row++, codes += stride) {
    __m512 sum[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
    size_t i = 0, byte = 0;
    for (; i + 64 <= count; i += 64, byte += 8 * codebook->bits)
      product_64(&centroids, load_codes(&layout, codes + byte, 64), query + i, 64, sum, size);
    if (i < count)
      product_64(&centroids, load_codes(&layout, codes + byte, byte_count - byte), query + i, count - i, sum, size);
    sums[row] = ctq_tree_sum(_mm512_add_ps(_mm512_add_ps(sum[0], sum[1]), _mm512_add_ps(sum[2], sum[3])));
  }
}

static void code_products(const ctq_codebook *codebook, const uint8_t *codes, size_t stride, size_t row_count,
                          const float *query, size_t count, float *sums) {
#define CODE_PRODUCTS_WITH(size) code_products_with(codebook, codes, stride, row_count, query, count, sums, size)
  if (codebook->bits <= 5) return CODE_PRODUCTS_WITH(UP_TO_32);
  if (codebook->bits <= 7) return CODE_PRODUCTS_WITH(UP_TO_128);
  return CODE_PRODUCTS_WITH(IN_MEMORY);
#undef CODE_PRODUCTS_WITH
}

/// Adds rows of up to 64 coordinates, each times its weight. If `left` is 64, all of them exist.
CTQ_INLINE void combine_64(const table *centroids, const bit_layout *layout, const uint8_t *codes, size_t byte_count,
                           size_t stride, size_t row_count, const float *weights, size_t left, float *sums,
                           table_size size) {
  __m512 sum[4];
#pragma clang loop unroll(full)
  for (int k = 0; k < 4; k++) {
    size_t first = 16 * (size_t)k;
    sum[k] = _mm512_maskz_loadu_ps(first < left ? lanes_left(left - first) : 0, sums + first);
  }
  for (size_t row = 0; row < row_count; row++, codes += stride) {
    __m512i indices = load_codes(layout, codes, byte_count);
    __m512 weight = _mm512_set1_ps(weights[row]);
#pragma clang loop unroll(full)
    for (int k = 0; k < 4; k++) sum[k] = _mm512_fmadd_ps(centroids_of(centroids, indices, k, size), weight, sum[k]);
  }
#pragma clang loop unroll(full)
  for (int k = 0; k < 4; k++) {
    size_t first = 16 * (size_t)k;
    _mm512_mask_storeu_ps(sums + first, first < left ? lanes_left(left - first) : 0, sum[k]);
  }
}

CTQ_INLINE void combine_codes_with(const ctq_codebook *codebook, const uint8_t *codes, size_t stride, size_t row_count,
                                   const float *weights, size_t count, float *sums, table_size size) {
  const table centroids = load_table(codebook->centroids, (size_t)1 << codebook->bits, size);
  const bit_layout layout = layout_for(codebook->bits);
  const size_t byte_count = (count * codebook->bits + 7) / 8;
  for (size_t i = 0, byte = 0; i < count; i += 64, byte += 8 * codebook->bits)
    combine_64(&centroids, &layout, codes + byte, byte_count - byte, stride, row_count, weights, count - i, sums + i,
               size);
}

static void combine_codes(const ctq_codebook *codebook, const uint8_t *codes, size_t stride, size_t row_count,
                          const float *weights, size_t count, float *sums) {
#define COMBINE_CODES_WITH(size) combine_codes_with(codebook, codes, stride, row_count, weights, count, sums, size)
  if (codebook->bits <= 5) return COMBINE_CODES_WITH(UP_TO_32);
  if (codebook->bits <= 7) return COMBINE_CODES_WITH(UP_TO_128);
  return COMBINE_CODES_WITH(IN_MEMORY);
#undef COMBINE_CODES_WITH
}

#endif
