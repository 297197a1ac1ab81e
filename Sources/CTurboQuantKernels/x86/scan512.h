// Scans of index blocks on AVX-512, where generic/scan.h would use half a register. For avx512.c alone.
//
// Sixteen rows of a column group's plane, `rows16`, are one register. A lookup among 64 entries answers for all four
// columns of a column group at once, two bits of its index being the column's; four answers are neighbours and of
// one row, so that one instruction adds them to the row's sum. What an index has above its own bits need not
// be masked away where the table repeats itself.

#include "../generic/column_groups.h"

/// The planes of a column group, 32 rows each.
typedef struct block_planes {
  const uint8_t *signs, *lower_bits;
} block_planes;

/// Unit `column group` of a block whose `lower_bits` has as many planes; narrow ones are widened in `scratch`.
CTQ_INLINE block_planes block_planes_of(const ctq_blocks *blocks, size_t block, uint32_t planes, size_t group,
                              uint8_t scratch[4][CTQ_GROUP_PLANE_BYTES]) {
  return (block_planes){ctq_group_planes(ctq_signs(blocks, block), blocks->columns, 1, group, scratch[0]),
                   ctq_group_planes(ctq_lower_bits(blocks, block), blocks->columns, planes, group, scratch[1])};
}

/// Leaves what 16 sums come to.
CTQ_INLINE void leave_sums(__m512i totals, float *sums) { _mm512_storeu_ps(sums, _mm512_cvtepi32_ps(totals)); }

/// Masked bits of `a` and the others of `b`.
CTQ_INLINE __m512i merged(__m512i a, __m512i b, int mask) {
  return _mm512_ternarylogic_epi32(_mm512_set1_epi8((char)mask), a, b, 0xca);
}

// MARK: Lookup tables, 1 and 2 bits

// Answers come as fast as memory delivers. It is asked two pages ahead, since hardware that reads ahead stops where a
// page ends, and into the second-level cache, since the requests of the first are too few for its distance.
enum { LUT_PREFETCH_BYTES = 8192 };

/// Indices into 64 entries: the low nibbles of `bytes`, above each the number of its column.
CTQ_INLINE __m512i column_nibbles(__m512i bytes) {
  return merged(bytes, _mm512_set1_epi32(0x30201000), 0x0f);
}

/// Adds the answers for a plane of one column group of `rows16_count` times 16 rows; the counts are constants of each copy.
CTQ_INLINE void lut_plane(const uint8_t *const words[4], size_t rows16_count, const uint8_t *tables,
                            size_t table_bytes, size_t query_count, __m512i sums[CTQ_SCAN_LUT_QUERIES][4]) {
  __m512i low[4], high[4];
#pragma clang loop unroll(full)
  for (size_t i = 0; i < rows16_count; i++) {
    const __m512i bytes = _mm512_loadu_si512(words[i]);
    low[i] = column_nibbles(bytes);
    high[i] = column_nibbles(_mm512_srli_epi16(bytes, 4));
  }
#pragma clang loop unroll(full)
  for (size_t q = 0; q < query_count; q++) {
    const __m512i first = _mm512_loadu_si512(tables + q * table_bytes);
    const __m512i second = _mm512_loadu_si512(tables + q * table_bytes + 64);
#pragma clang loop unroll(full)
    for (size_t i = 0; i < rows16_count; i++) {
      // Two answers of at most 127 fit a byte.
      const __m512i both = _mm512_add_epi8(_mm512_permutexvar_epi8(low[i], first),
                                           _mm512_permutexvar_epi8(high[i], second));
      sums[q][i] = _mm512_dpbusd_epi32(sums[q][i], both, _mm512_set1_epi8(1));
    }
  }
}

/// Where the planes of `count` blocks begin, signs first.
typedef struct planes {
  const uint8_t *of[2][2];
} planes;

CTQ_INLINE planes planes_of(const ctq_blocks *blocks, size_t block, size_t count, uint32_t bits) {
  planes p = {{{0}}};
#pragma clang loop unroll(full)
  for (size_t b = 0; b < count; b++) {
    p.of[0][b] = ctq_signs(blocks, block + b);
    if (bits > 1) p.of[1][b] = ctq_lower_bits(blocks, block + b);
  }
  return p;
}

/// Adds the answers for all planes of column group `column group`, which is whole or a narrower last one.
CTQ_INLINE void lut_group(const planes *planes, uint32_t columns, int is_whole, size_t group, size_t count,
                           uint32_t bits, const uint8_t *tables, size_t table_bytes, size_t query_count,
                           __m512i sums[CTQ_SCAN_LUT_QUERIES][4]) {
#pragma clang loop unroll(full)
  for (uint32_t p = 0; p < bits; p++) {
    uint8_t scratch[2][CTQ_GROUP_PLANE_BYTES];
    const uint8_t *words[4];
#pragma clang loop unroll(full)
    for (size_t i = 0; i < 2 * count; i++) {
      const uint8_t *plane = planes->of[p][i / 2];
      plane = is_whole ? plane + CTQ_GROUP_PLANE_BYTES * group : ctq_group_planes(plane, columns, 1, group, scratch[i / 2]);
      words[i] = plane + 64 * (i % 2);
      if (is_whole) _mm_prefetch((const char *)words[i] + LUT_PREFETCH_BYTES, _MM_HINT_T1);
    }
    lut_plane(words, 2 * count, tables + CTQ_GROUP_PLANE_BYTES * (bits * group + p), table_bytes, query_count, sums);
  }
}

/// The sums of `count` blocks from `block` on.
CTQ_INLINE void scan_lut_blocks(const ctq_blocks *blocks, size_t block, size_t count, uint32_t bits,
                             const uint8_t *tables, size_t query_count, float *sums, size_t sum_stride) {
  const size_t groups = ctq_column_groups(blocks->columns), whole = blocks->columns / CTQ_GROUP_COLUMNS;
  const size_t table_bytes = groups * CTQ_GROUP_PLANE_BYTES * bits, rows16_count = 2 * count;
  const planes planes = planes_of(blocks, block, count, bits);
  __m512i totals[CTQ_SCAN_LUT_QUERIES][4];
#pragma clang loop unroll(full)
  for (size_t i = 0; i < rows16_count * query_count; i++) totals[i / rows16_count][i % rows16_count] = _mm512_setzero_si512();
#define LUT_GROUP(group, is_whole) \
  lut_group(&planes, blocks->columns, is_whole, group, count, bits, tables, table_bytes, query_count, totals)
  for (size_t g = 0; g < whole; g++) LUT_GROUP(g, 1);
  if (whole < groups) LUT_GROUP(whole, 0);
#undef LUT_GROUP
  sums += 32 * block;
#pragma clang loop unroll(full)
  for (size_t i = 0; i < rows16_count * query_count; i++)
    leave_sums(totals[i / rows16_count][i % rows16_count], sums + i / rows16_count * sum_stride + 16 * (i % rows16_count));
}

/// Sums of 64 rows at a time for one query, of 32 for more: what the registers hold.
CTQ_INLINE void scan_lut_all(const ctq_blocks *blocks, uint32_t bits, const uint8_t *tables,
                                 size_t query_count, float *sums, size_t sum_stride) {
  size_t b = 0;
  if (query_count == 1)
    for (; b + 2 <= blocks->count; b += 2) scan_lut_blocks(blocks, b, 2, bits, tables, 1, sums, sum_stride);
  for (; b < blocks->count; b++) scan_lut_blocks(blocks, b, 1, bits, tables, query_count, sums, sum_stride);
}

static void scan_lut(const ctq_blocks *blocks, uint32_t bits, const uint8_t *tables, size_t query_count,
                       float *sums, size_t sum_stride) {
#define FOR_QUERIES(bits)                                                          \
  switch (query_count) {                                                           \
    case 1: return scan_lut_all(blocks, bits, tables, 1, sums, sum_stride);    \
    case 2: return scan_lut_all(blocks, bits, tables, 2, sums, sum_stride);    \
    case 3: return scan_lut_all(blocks, bits, tables, 3, sums, sum_stride);    \
    default: return scan_lut_all(blocks, bits, tables, 4, sums, sum_stride);   \
  }
  if (bits == 1) {
    FOR_QUERIES(1)
  } else {
    FOR_QUERIES(2)
  }
#undef FOR_QUERIES
}

// MARK: Products, 3 and 4 bits

/// Codes of 16 rows as nibble pairs of coordinates k and k + 4, each rotated left by k; `lower_bits` has `bits` - 1
/// planes. Without a bit field of one bit its place holds another coordinate's sign.
CTQ_INLINE void code_pairs(const uint8_t *signs, const uint8_t *lower_bits, uint32_t bits, __m512i codes[4]) {
  __m512i even = _mm512_loadu_si512(signs), odd = even;
  if (bits == 4) {
    __m512i ones = _mm512_loadu_si512(lower_bits + 2 * CTQ_GROUP_PLANE_BYTES);
    odd = merged(ones, even, 0x55);
    even = merged(even, ones, 0x55);
  }
  const __m512i first = _mm512_loadu_si512(lower_bits), second = _mm512_loadu_si512(lower_bits + CTQ_GROUP_PLANE_BYTES);
  codes[0] = merged(even, first, 0x33);
  codes[2] = merged(first, even, 0x33);
  codes[1] = merged(odd, second, 0x66);
  codes[3] = merged(second, odd, 0x66);
}

/// Adds the products of a column group of one block to two sums per 16 rows.
CTQ_INLINE void dot_group(block_planes s, uint32_t bits, const __m512i centroids[4], const int8_t *query,
                         __m512i sums[2][2]) {
  __m512i codes[2][4];
  code_pairs(s.signs, s.lower_bits, bits, codes[0]);
  code_pairs(s.signs + 64, s.lower_bits + 64, bits, codes[1]);
#pragma clang loop unroll(full)
  for (int k = 0; k < 4; k++) {
    const __m512i low = splat_4(query + 8 * k), high = splat_4(query + 8 * k + 4);
#pragma clang loop unroll(full)
    for (int i = 0; i < 2; i++) {
      sums[i][0] = _mm512_dpbusd_epi32(sums[i][0], _mm512_permutexvar_epi8(codes[i][k], centroids[k]), low);
      sums[i][1] = _mm512_dpbusd_epi32(
          sums[i][1], _mm512_permutexvar_epi8(_mm512_srli_epi16(codes[i][k], 4), centroids[k]), high);
    }
  }
}

CTQ_INLINE void scan_i8_block(const ctq_blocks *blocks, size_t block, uint32_t bits, const __m512i centroids[4],
                          const int8_t *query, float *sums) {
  uint8_t scratch[4][CTQ_GROUP_PLANE_BYTES];
  __m512i totals[2][2];
  for (int i = 0; i < 4; i++) totals[i / 2][i % 2] = _mm512_setzero_si512();
  for (size_t g = 0; g < ctq_column_groups(blocks->columns); g++)
    dot_group(block_planes_of(blocks, block, bits - 1, g, scratch), bits, centroids, query + 32 * g, totals);
  for (int i = 0; i < 2; i++)
    leave_sums(_mm512_add_epi32(totals[i][0], totals[i][1]), sums + 32 * block + 16 * i);
}

/// Brings the same place of the next block nearer, of which 16 rows are every other line: no hardware reads that
/// ahead. A few queries wait for memory, and the second-level cache can ask it for more; many do not wait.
CTQ_INLINE void prefetch_words(const uint8_t *words, size_t query_count) {
  if (query_count < 8) {
    _mm_prefetch((const char *)words, _MM_HINT_T1);
  } else {
    _mm_prefetch((const char *)words, _MM_HINT_T0);
  }
}

/// The sums of rows 16 * `part` and the next 15 of a block for `query_count` queries, a constant of each copy.
CTQ_INLINE void scan_i8_rows16(const ctq_blocks *blocks, size_t block, size_t part, uint32_t bits,
                           const __m512i centroids[4], const int8_t *queries, size_t query_count, float *sums,
                           size_t sum_stride) {
  const size_t groups = ctq_column_groups(blocks->columns), stride = 32 * groups;
  uint8_t scratch[4][CTQ_GROUP_PLANE_BYTES];
  __m512i totals[CTQ_SCAN_QUERIES];
#pragma clang loop unroll(full)
  for (size_t q = 0; q < query_count; q++) totals[q] = _mm512_setzero_si512();
  for (size_t g = 0; g < groups; g++) {
    const block_planes s = block_planes_of(blocks, block, bits - 1, g, scratch);
    const uint8_t *signs = s.signs + 64 * part, *lower_bits = s.lower_bits + 64 * part;
    __m512i codes[4];
    code_pairs(signs, lower_bits, bits, codes);
    prefetch_words(signs + blocks->sign_stride, query_count);
#pragma clang loop unroll(full)
    for (uint32_t p = 0; p < bits - 1; p++)
      prefetch_words(lower_bits + CTQ_GROUP_PLANE_BYTES * p + blocks->lower_bits_stride, query_count);
    const int8_t *weights = queries + 32 * g;
#pragma clang loop unroll(full)
    for (int k = 0; k < 4; k++) {
      const __m512i low = _mm512_permutexvar_epi8(codes[k], centroids[k]);
      const __m512i high = _mm512_permutexvar_epi8(_mm512_srli_epi16(codes[k], 4), centroids[k]);
#pragma clang loop unroll(full)
      for (size_t q = 0; q < query_count; q++) {
        totals[q] = _mm512_dpbusd_epi32(totals[q], low, splat_4(weights + q * stride + 8 * k));
        totals[q] = _mm512_dpbusd_epi32(totals[q], high, splat_4(weights + q * stride + 8 * k + 4));
      }
    }
  }
  sums += 32 * block + 16 * part;
#pragma clang loop unroll(full)
  for (size_t q = 0; q < query_count; q++) leave_sums(totals[q], sums + q * sum_stride);
}

/// All blocks for as many queries as a copy serves; returns how many these are.
CTQ_INLINE size_t scan_i8_blocks(const ctq_blocks *blocks, uint32_t bits, const __m512i centroids[4],
                             const int8_t *queries, size_t query_count, float *sums, size_t sum_stride) {
#define TRY_QUERIES(served)                                                                     \
  if (query_count >= served) {                                                                  \
    for (size_t i = 0; i < 2 * blocks->count; i++)                                              \
      scan_i8_rows16(blocks, i / 2, i % 2, bits, centroids, queries, served, sums, sum_stride);     \
    return served;                                                                              \
  }
  TRY_QUERIES(16)
  TRY_QUERIES(8)
  TRY_QUERIES(4)
  TRY_QUERIES(2)
#undef TRY_QUERIES
  for (size_t b = 0; b < blocks->count; b++) scan_i8_block(blocks, b, bits, centroids, queries, sums);
  return 1;
}

static void scan_i8(const ctq_blocks *blocks, uint32_t bits, const uint8_t *centroids,
                         const int8_t *queries, size_t query_count, float *sums, size_t sum_stride) {
  // A table for each rotation of the nibbles.
  __m512i tables[4];
  for (uint32_t k = 0; k < 4; k++) {
    uint8_t entries[64];
    for (uint32_t i = 0; i < 64; i++) entries[i] = centroids[ctq_code_of_nibble(i % 16, k, bits)];
    tables[k] = _mm512_loadu_si512(entries);
  }
  const size_t stride = 32 * ctq_column_groups(blocks->columns);
  for (size_t q = 0; q < query_count;) {
    const int8_t *query = queries + q * stride;
    float *query_sums = sums + q * sum_stride;
    q += bits == 3 ? scan_i8_blocks(blocks, 3, tables, query, query_count - q, query_sums, sum_stride)
                   : scan_i8_blocks(blocks, 4, tables, query, query_count - q, query_sums, sum_stride);
  }
}

// MARK: Products, 8 bits

/// The lower and the upper bytes of 256 values.
typedef struct table_i16 {
  __m512i low[4], high[4];
} table_i16;

static table_i16 load_table_i16(const int16_t *values) {
  table_i16 t;
  for (int i = 0; i < 4; i++) {
    uint8_t bytes[2][64];
    for (int j = 0; j < 64; j++) {
      bytes[0][j] = (uint8_t)values[64 * i + j];
      bytes[1][j] = (uint8_t)((uint16_t)values[64 * i + j] >> 8);
    }
    t.low[i] = _mm512_loadu_si512(bytes[0]);
    t.high[i] = _mm512_loadu_si512(bytes[1]);
  }
  return t;
}

CTQ_INLINE __m512i look_up_256(const __m512i entries[4], __m512i index) {
  return _mm512_mask_blend_epi8(_mm512_movepi8_mask(index),
                                _mm512_permutex2var_epi8(entries[0], index, entries[1]),
                                _mm512_permutex2var_epi8(entries[2], index, entries[3]));
}

/// Values of 16 rows in the order of queries, each as two registers of words: rows 4i, 4i + 1; rows 4i + 2,
/// 4i + 3.
CTQ_INLINE void centroids_i16(const uint8_t *signs, const uint8_t *lower_bits, const table_i16 tables[4],
                            __m512i values[8][2]) {
  __m512i codes[4];
  code_pairs(signs, lower_bits + 4 * CTQ_GROUP_PLANE_BYTES, 4, codes);
#pragma clang loop unroll(full)
  for (int k = 0; k < 4; k++) {
    const __m512i lower = _mm512_loadu_si512(lower_bits + CTQ_GROUP_PLANE_BYTES * k);
    const __m512i index[2] = {merged(lower, _mm512_slli_epi16(codes[k], 4), 0x0f),
                              merged(_mm512_srli_epi16(lower, 4), codes[k], 0x0f)};
#pragma clang loop unroll(full)
    for (int h = 0; h < 2; h++) {
      const __m512i low = look_up_256(tables[k].low, index[h]), high = look_up_256(tables[k].high, index[h]);
      values[2 * k + h][0] = _mm512_unpacklo_epi8(low, high);
      values[2 * k + h][1] = _mm512_unpackhi_epi8(low, high);
    }
  }
}

/// Adds the products of a column group with one query, pairs of columns apart.
CTQ_INLINE void dot_group_i16(const __m512i values[8][2], const int16_t *query, __m512i sums[2]) {
#pragma clang loop unroll(full)
  for (int k = 0; k < 8; k++) {
    int64_t four;
    memcpy(&four, query + 4 * k, sizeof four);
    sums[0] = _mm512_dpwssd_epi32(sums[0], values[k][0], _mm512_set1_epi64(four));
    sums[1] = _mm512_dpwssd_epi32(sums[1], values[k][1], _mm512_set1_epi64(four));
  }
}

/// The sums of both pairs of columns of eight rows.
CTQ_INLINE __m512d joined(__m512i sums) {
  return _mm512_cvtepi32_pd(_mm512_cvtepi64_epi32(_mm512_add_epi32(sums, _mm512_srli_epi64(sums, 32))));
}

// Column groups that memory is asked for ahead: no hardware reads every other line ahead.
enum { I16_PREFETCH_GROUPS = 4 };

/// Prefetches 16 rows of the planes of a column group; they need not exist.
CTQ_INLINE void prefetch_group_i16(const uint8_t *signs, const uint8_t *lower_bits) {
  _mm_prefetch((const char *)signs, _MM_HINT_T0);
#pragma clang loop unroll(full)
  for (size_t p = 0; p < 7; p++) _mm_prefetch((const char *)lower_bits + CTQ_GROUP_PLANE_BYTES * p, _MM_HINT_T0);
}

/// Sums of 16 rows of a block.
static void scan_i16_rows16(const ctq_blocks *blocks, size_t block, size_t part, const table_i16 tables[4],
                        const int16_t *queries, size_t query_count, float *sums, size_t sum_stride) {
  const size_t groups = ctq_column_groups(blocks->columns);
  uint8_t scratch[8][CTQ_GROUP_PLANE_BYTES];
  __m512d totals[CTQ_SCAN_QUERIES][2];
  __m512i round[CTQ_SCAN_QUERIES][2];
  memset(totals, 0, sizeof totals);
  memset(round, 0, sizeof round);
  for (size_t g = 0; g < groups; g++) {
    __m512i values[8][2];
    const uint8_t *signs = ctq_signs(blocks, block), *lower_bits = ctq_lower_bits(blocks, block);
    const size_t next = CTQ_GROUP_PLANE_BYTES * (g + I16_PREFETCH_GROUPS);
    prefetch_group_i16(signs + next + 64 * part, lower_bits + 7 * next + 64 * part);
    centroids_i16(ctq_group_planes(signs, blocks->columns, 1, g, scratch[0]) + 64 * part,
                ctq_group_planes(lower_bits, blocks->columns, 7, g, scratch[1]) + 64 * part, tables, values);
    for (size_t q = 0; q < query_count; q++) dot_group_i16(values, queries + 32 * (q * groups + g), round[q]);
    if (g % CTQ_I16_GROUPS_PER_ROUND + 1 < CTQ_I16_GROUPS_PER_ROUND && g + 1 < groups) continue;
    for (size_t q = 0; q < query_count; q++)
      for (int i = 0; i < 2; i++) totals[q][i] = _mm512_add_pd(totals[q][i], joined(round[q][i]));
    memset(round, 0, sizeof round);
  }
  const __m512i order = _mm512_setr_epi32(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
  for (size_t q = 0; q < query_count; q++) {
    __m512 both = _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(totals[q][0])),
                                     _mm512_cvtpd_ps(totals[q][1]), 1);
    _mm512_storeu_ps(sums + q * sum_stride + 32 * block + 16 * part, _mm512_permutexvar_ps(order, both));
  }
}

static void scan_i16(const ctq_blocks *blocks, const uint16_t *magnitudes, const int16_t *queries,
                      size_t query_count, float *sums, size_t sum_stride) {
  int16_t entries[4][256];
  ctq_fill_tables_i16(magnitudes, entries);
  table_i16 tables[4];
  for (int k = 0; k < 4; k++) tables[k] = load_table_i16(entries[k]);
  for (size_t i = 0; i < 2 * blocks->count; i++)
    scan_i16_rows16(blocks, i / 2, i % 2, tables, queries, query_count, sums, sum_stride);
}
