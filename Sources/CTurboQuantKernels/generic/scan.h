// Scans of index blocks of up to 4 bits in 32 generic lanes of a byte; scan_i16.h has those of 8. Each target gives,
// before it includes this inside its `#pragma clang attribute push(...)`,
//
//   ctq_look_up(table, index)   bytes `index` (each below 16) of a table of 16 bytes, which stands
//                               in both halves of `table`
//   ctq_dot_8(sums, a, b, p, q) adds to each of eight sums the products of four bytes of a, at most
//                               127 each, with four signed bytes of p, at most 64 in magnitude, and
//                               likewise of b with q
//
// A column group's plane is a word of four bytes, or columns, for each of 32 rows, and a nibble of a byte speaks of four
// coordinates (ctq_blocks in ctq_kernels.h).
//
// Up to 2 bits a code is a sum of what its bits stand for, and a lookup table answers for a nibble of a plane
// at once: a byte shuffle is 32 lookups, and two tables' answers, each at most 127, are added before they are
// widened. Tables differ from column to column, for which the columns of a column group are drawn apart first.
//
// From 3 bits on nibbles of a code become bytes of a centroid, and as the four bytes of a word are of one row,
// one multiplication serves four coordinates. The bit fields of a code stand at different positions of their
// nibbles, so that exchanging masked bits between planes, three operations for two results, gathers whole
// codes without a shift: nibbles rotated left by k mod 4, which a lookup table undoes for nothing.

#include "column_groups.h"
#include "similarities.h"

#pragma STDC FP_CONTRACT OFF

typedef uint8_t u8x32 __attribute__((vector_size(32)));
typedef uint16_t u16x16 __attribute__((vector_size(32)));
typedef uint32_t u32x8 __attribute__((vector_size(32)));
typedef int32_t i32x8 __attribute__((vector_size(32)));
typedef float f32x8 __attribute__((vector_size(32)));
typedef float f32x8_unaligned __attribute__((vector_size(32), aligned(4)));
typedef uint8_t u8x32_unaligned __attribute__((vector_size(32), aligned(1)));

CTQ_INLINE u8x32 ctq_look_up(u8x32 table, u8x32 index);
CTQ_INLINE u32x8 ctq_dot_8(u32x8 sums, u8x32 a, u8x32 b, u8x32 p,
                                u8x32 q);

/// The body of a product of 32 bytes where registers have 16: `dot` for both halves of every operand.
#define CTQ_DOT_IN_TWO_REGISTERS(operand, total, dot)                                                             \
  operand first[2], second[2], by[2], with[2];                                                          \
  total totals[2];                                                                                      \
  memcpy(first, &a, sizeof first);                                                                      \
  memcpy(second, &b, sizeof second);                                                                    \
  memcpy(by, &p, sizeof by);                                                                            \
  memcpy(with, &q, sizeof with);                                                                        \
  memcpy(totals, &sums, sizeof totals);                                                                 \
  for (int h = 0; h < 2; h++) totals[h] = dot(totals[h], first[h], second[h], by[h], with[h]);          \
  memcpy(&sums, totals, sizeof sums);                                                                   \
  return sums

CTQ_INLINE u8x32 ctq_load_32(const uint8_t *p) { return *(const u8x32_unaligned *)p; }

/// Sixteen bytes, twice.
CTQ_INLINE u8x32 ctq_load_table(const uint8_t *p) {
  typedef uint8_t u8x16_unaligned __attribute__((vector_size(16), aligned(1)));
  u8x16_unaligned t = *(const u8x16_unaligned *)p;
  return __builtin_shufflevector(t, t, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2,
                                 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

// Bits that cross a byte's border are masked away by the caller.
CTQ_INLINE u8x32 ctq_shift_left(u8x32 v, int n) {
  return (u8x32)((u16x16)v << n);
}

CTQ_INLINE u8x32 ctq_shift_right(u8x32 v, int n) {
  return (u8x32)((u16x16)v >> n);
}

CTQ_INLINE u8x32 ctq_mask(u8x32 v, uint8_t mask) {
  return v & ((u8x32){0} + mask);
}

/// Masked bits of `a` among the other bits of `b`, and the other way round.
CTQ_INLINE void ctq_exchange(u8x32 a, u8x32 b, uint8_t mask, u8x32 *a_in_b,
                             u8x32 *b_in_a) {
  u8x32 difference = ctq_mask(a ^ b, mask);
  *a_in_b = b ^ difference;
  *b_in_a = a ^ difference;
}

/// Pairs of bytes 0 ... 3 of both halves of a and b, in turn; and pairs 4 ... 7.
#define CTQ_ZIP_PAIRS_LOW(a, b)                                                                    \
  (u8x32) __builtin_shufflevector((u16x16)(a), (u16x16)(b), 0, 16, 1, 17, 2, 18, \
                                        3, 19, 8, 24, 9, 25, 10, 26, 11, 27)
#define CTQ_ZIP_PAIRS_HIGH(a, b)                                                                  \
  (u8x32) __builtin_shufflevector((u16x16)(a), (u16x16)(b), 4, 20, 5, 21, 6,    \
                                        22, 7, 23, 12, 28, 13, 29, 14, 30, 15, 31)

/// The same for words, and for pairs of words.
#define CTQ_ZIP_WORDS(a, b, first)                                                                      \
  __builtin_shufflevector((u32x8)(a), (u32x8)(b), first, first + 8, first + 1, first + 9,     \
                          first + 4, first + 12, first + 5, first + 13)
#define CTQ_ZIP_LONGS(a, b, first)                                                                      \
  (u8x32) __builtin_shufflevector(a, b, first, first + 1, first + 8, first + 9, first + 4,        \
                                        first + 5, first + 12, first + 13)

// MARK: Lookup tables, 1 and 2 bits

// Rounds of column groups whose sums fit 16 bits: 257 sums of two answers of at most 127 do.
enum { CTQ_LUT_GROUPS_PER_ROUND = 32 };

/// The four columns of a plane of 32 rows in words: byte 16h + 4j + i of a column is of row 8j + 4h + i.
CTQ_INLINE void ctq_columns(const u8x32 words[4], u8x32 columns[4]) {
  u8x32 v[4];
  // Four rows of a column side by side; then their words from all four vectors.
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++)
    v[j] = __builtin_shufflevector(words[j], words[j], 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15,
                                   16, 20, 24, 28, 17, 21, 25, 29, 18, 22, 26, 30, 19, 23, 27, 31);
  u32x8 low01 = CTQ_ZIP_WORDS(v[0], v[1], 0), high01 = CTQ_ZIP_WORDS(v[0], v[1], 2);
  u32x8 low23 = CTQ_ZIP_WORDS(v[2], v[3], 0), high23 = CTQ_ZIP_WORDS(v[2], v[3], 2);
  columns[0] = CTQ_ZIP_LONGS(low01, low23, 0);
  columns[1] = CTQ_ZIP_LONGS(low01, low23, 2);
  columns[2] = CTQ_ZIP_LONGS(high01, high23, 0);
  columns[3] = CTQ_ZIP_LONGS(high01, high23, 2);
}

/// Sums in 16 bits: `both` of bytes 2i and 2i + 1 (the latter times 256), `odd` of bytes 2i + 1.
typedef struct ctq_short_sums {
  u16x16 both, odd;
} ctq_short_sums;

/// Adds short sums to 32 totals, from the order of `ctq_columns` to that of the rows.
CTQ_INLINE void ctq_flush(ctq_short_sums sums, u32x8 totals[4]) {
  u16x16 even = sums.both - (sums.odd << 8), none = {0};
  u8x32 low = CTQ_ZIP_PAIRS_LOW(even, sums.odd), high = CTQ_ZIP_PAIRS_HIGH(even, sums.odd);
  totals[0] += (u32x8)CTQ_ZIP_PAIRS_LOW(low, none);
  totals[1] += (u32x8)CTQ_ZIP_PAIRS_HIGH(low, none);
  totals[2] += (u32x8)CTQ_ZIP_PAIRS_LOW(high, none);
  totals[3] += (u32x8)CTQ_ZIP_PAIRS_HIGH(high, none);
}

CTQ_INLINE void ctq_store_sums(u32x8 totals, float *sums) {
  *(f32x8_unaligned *)sums = __builtin_convertvector((i32x8)totals, f32x8);
}

/// Adds the answers for a plane of one column group; the counts are constants of each copy.
CTQ_INLINE void ctq_lut_plane(const uint8_t *plane, const uint8_t *tables, size_t table_bytes,
                                size_t query_count, ctq_short_sums *shorts) {
  u8x32 words[4], columns[4];
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++) words[j] = ctq_load_32(plane + 32 * j);
  ctq_columns(words, columns);
#pragma clang loop unroll(full)
  for (uint32_t t = 0; t < CTQ_GROUP_COLUMNS; t++) {
    const u8x32 low = ctq_mask(columns[t], 0x0f);
    const u8x32 high = ctq_mask(ctq_shift_right(columns[t], 4), 0x0f);
#pragma clang loop unroll(full)
    for (size_t q = 0; q < query_count; q++) {
      const uint8_t *table = tables + q * table_bytes + 16 * t;
      u16x16 v = (u16x16)(ctq_look_up(ctq_load_table(table), low) +
                                      ctq_look_up(ctq_load_table(table + CTQ_GROUP_PLANE_BYTES / 2), high));
      shorts[q].both += v;
      shorts[q].odd += v >> 8;
    }
  }
}

/// One block for `query_count` queries.
CTQ_INLINE void ctq_scan_lut_block(const ctq_blocks *blocks, size_t block, uint32_t bits,
                                const uint8_t *tables, size_t query_count, float *sums,
                                size_t sum_stride) {
  const uint8_t *planes[2] = {ctq_signs(blocks, block), bits > 1 ? ctq_lower_bits(blocks, block) : 0};
  const size_t groups = ctq_column_groups(blocks->columns), table_bytes = groups * CTQ_GROUP_PLANE_BYTES * bits;
  uint8_t scratch[CTQ_GROUP_PLANE_BYTES];
  u32x8 totals[CTQ_SCAN_LUT_QUERIES][4] = {0};
  for (size_t first = 0; first < groups; first += CTQ_LUT_GROUPS_PER_ROUND / bits) {
    const size_t round = CTQ_LUT_GROUPS_PER_ROUND / bits, end = groups - first < round ? groups : first + round;
    ctq_short_sums shorts[CTQ_SCAN_LUT_QUERIES] = {0};
    for (size_t g = first; g < end; g++)
#pragma clang loop unroll(full)
      for (uint32_t p = 0; p < bits; p++)
        ctq_lut_plane(ctq_group_planes(planes[p], blocks->columns, 1, g, scratch),
                        tables + CTQ_GROUP_PLANE_BYTES * (bits * g + p), table_bytes, query_count, shorts);
#pragma clang loop unroll(full)
    for (size_t q = 0; q < query_count; q++) ctq_flush(shorts[q], totals[q]);
  }
#pragma clang loop unroll(full)
  for (size_t q = 0; q < query_count; q++)
    for (size_t part = 0; part < 4; part++)
      ctq_store_sums(totals[q][part], sums + q * sum_stride + 32 * block + 8 * part);
}

static void scan_lut(const ctq_blocks *blocks, uint32_t bits, const uint8_t *tables,
                       size_t query_count, float *sums, size_t sum_stride) {
#define SCAN_LUT(bits, queries)                      \
  for (size_t b = 0; b < blocks->count; b++)           \
  ctq_scan_lut_block(blocks, b, bits, tables, queries, sums, sum_stride)
#define FOR_QUERIES(bits)                              \
  switch (query_count) {                               \
    case 1: SCAN_LUT(bits, 1); break;                \
    case 2: SCAN_LUT(bits, 2); break;                \
    case 3: SCAN_LUT(bits, 3); break;                \
    default: SCAN_LUT(bits, 4);                      \
  }
  if (bits == 1) {
    FOR_QUERIES(1)
  } else {
    FOR_QUERIES(2)
  }
#undef FOR_QUERIES
#undef SCAN_LUT
}

// MARK: Products, 3 and 4 bits

/// Codes of eight rows from byte `at` of the planes of a column group on, as nibble pairs of coordinates k and k + 4,
/// each rotated left by k. Without a bit field of one bit its place holds another coordinate's sign.
CTQ_INLINE void ctq_code_pairs(const uint8_t *signs, const uint8_t *twos, const uint8_t *ones, int at,
                               u8x32 codes[4]) {
  u8x32 even = ctq_load_32(signs + at), odd = even;
  if (ones) ctq_exchange(even, ctq_load_32(ones + at), 0x55, &even, &odd);
  // The exchange gives the masked bits of the first with the others of the second, and the reverse: codes
  // 0 and 2, 1 and 3.
  ctq_exchange(even, ctq_load_32(twos + at), 0x33, &codes[0], &codes[2]);
  ctq_exchange(odd, ctq_load_32(twos + CTQ_GROUP_PLANE_BYTES + at), 0x66, &codes[1], &codes[3]);
}

// The centroids of a column group, 1 KiB, and of a round of column groups, which stays in the first-level cache.
enum { CTQ_I8_GROUPS_PER_ROUND = 12, CTQ_TILE_BYTES = 1024 };

/// A column group of a block of 3 or 4 bits: the planes of signs and of both bit fields.
typedef struct ctq_code_planes {
  const uint8_t *signs, *twos, *ones;
} ctq_code_planes;

CTQ_INLINE ctq_code_planes ctq_code_planes_of(const ctq_blocks *blocks, size_t block, uint32_t bits, size_t group,
                                          uint8_t scratch[4][CTQ_GROUP_PLANE_BYTES]) {
  const uint8_t *lower_bits = ctq_group_planes(ctq_lower_bits(blocks, block), blocks->columns, bits - 1, group, scratch[1]);
  return (ctq_code_planes){
      ctq_group_planes(ctq_signs(blocks, block), blocks->columns, 1, group, scratch[0]), lower_bits,
      bits == 3 ? 0 : lower_bits + 2 * CTQ_GROUP_PLANE_BYTES};
}

CTQ_INLINE u8x32 ctq_splat_4(const int8_t *query) {
  uint32_t word;
  memcpy(&word, query, 4);
  return (u8x32)((u32x8){0} + word);
}

/// Adds the products of a column group with one query to 32 sums.
CTQ_INLINE void ctq_dot_group(ctq_code_planes group, const u8x32 centroids[4], const int8_t *query,
                             u32x8 sums[4]) {
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++) {
    u8x32 codes[4];
    ctq_code_pairs(group.signs, group.twos, group.ones, 32 * j, codes);
#pragma clang loop unroll(full)
    for (int k = 0; k < 4; k++)
      sums[j] = ctq_dot_8(sums[j], ctq_look_up(centroids[k], ctq_mask(codes[k], 0x0f)),
                          ctq_look_up(centroids[k], ctq_mask(ctq_shift_right(codes[k], 4), 0x0f)),
                          ctq_splat_4(query + 8 * k), ctq_splat_4(query + 8 * k + 4));
  }
}

/// The centroids of a column group: of coordinates k in 128 bytes from 256k on, of k + 4 in the next 128.
CTQ_INLINE void ctq_fill_tile(ctq_code_planes group, const u8x32 centroids[4], uint8_t *tile) {
  for (int j = 0; j < 4; j++) {
    u8x32 codes[4];
    ctq_code_pairs(group.signs, group.twos, group.ones, 32 * j, codes);
#pragma clang loop unroll(full)
    for (int k = 0; k < 4; k++) {
      u8x32_unaligned *found = (u8x32_unaligned *)(tile + 256 * k + 32 * j);
      found[0] = ctq_look_up(centroids[k], ctq_mask(codes[k], 0x0f));
      found[4] = ctq_look_up(centroids[k], ctq_mask(ctq_shift_right(codes[k], 4), 0x0f));
    }
  }
}

/// Adds the products of `steps` runs of 256 tile bytes with some queries to 32 sums each.
CTQ_INLINE void ctq_dot_tile(const uint8_t *tile, size_t steps, const int8_t *query, size_t stride,
                             size_t query_count, u32x8 sums[][4]) {
  u32x8 totals[2][4];
  memcpy(totals, sums, query_count * sizeof *totals);
  for (size_t step = 0; step < steps; step++) {
#pragma clang loop unroll(full)
    for (size_t q = 0; q < query_count; q++) {
      u8x32 low = ctq_splat_4(query + q * stride + 8 * step);
      u8x32 high = ctq_splat_4(query + q * stride + 8 * step + 4);
#pragma clang loop unroll(full)
      for (int j = 0; j < 4; j++)
        totals[q][j] = ctq_dot_8(totals[q][j], ctq_load_32(tile + 256 * step + 32 * j),
                              ctq_load_32(tile + 256 * step + 128 + 32 * j), low, high);
    }
  }
  memcpy(sums, totals, query_count * sizeof *totals);
}

/// A round of column groups against all queries.
CTQ_INLINE void ctq_dot_round(const uint8_t *tile, size_t groups, const int8_t *queries, size_t stride,
                              size_t query_count, u32x8 (*totals)[4]) {
  size_t q = 0;
  for (; q + 2 <= query_count; q += 2)
    ctq_dot_tile(tile, 4 * groups, queries + q * stride, stride, 2, totals + q);
  if (q < query_count) ctq_dot_tile(tile, 4 * groups, queries + q * stride, stride, 1, totals + q);
}

CTQ_INLINE void ctq_scan_i8_block(const ctq_blocks *blocks, size_t block, uint32_t bits,
                                  const u8x32 centroids[4], const int8_t *queries,
                                  size_t query_count, float *sums, size_t sum_stride) {
  const size_t groups = ctq_column_groups(blocks->columns), stride = 32 * groups;
  _Alignas(64) uint8_t tile[CTQ_I8_GROUPS_PER_ROUND * CTQ_TILE_BYTES];
  uint8_t scratch[4][CTQ_GROUP_PLANE_BYTES];
  u32x8 totals[CTQ_SCAN_QUERIES][4];
  memset(totals, 0, query_count * sizeof *totals);
  size_t waiting = 0;
  for (size_t g = 0; g < groups; g++) {
    const ctq_code_planes group = ctq_code_planes_of(blocks, block, bits, g, scratch);
    if (query_count == 1) {
      ctq_dot_group(group, centroids, queries + 32 * g, totals[0]);
      continue;
    }
    ctq_fill_tile(group, centroids, tile + CTQ_TILE_BYTES * waiting++);
    if (waiting < CTQ_I8_GROUPS_PER_ROUND && g + 1 < groups) continue;
    ctq_dot_round(tile, waiting, queries + 32 * (g + 1 - waiting), stride, query_count, totals);
    waiting = 0;
  }
  for (size_t q = 0; q < query_count; q++)
    for (size_t part = 0; part < 4; part++)
      ctq_store_sums(totals[q][part], sums + q * sum_stride + 32 * block + 8 * part);
}

static void scan_i8(const ctq_blocks *blocks, uint32_t bits, const uint8_t *centroids,
                         const int8_t *queries, size_t query_count, float *sums,
                         size_t sum_stride) {
  // A table for each rotation of the nibbles.
  u8x32 table[4];
  for (uint32_t k = 0; k < 4; k++) {
    uint8_t entries[16];
    for (uint32_t nibble = 0; nibble < 16; nibble++)
      entries[nibble] = centroids[ctq_code_of_nibble(nibble, k, bits)];
    table[k] = ctq_load_table(entries);
  }
#define SCAN_I8(bits, queries_there)                                                       \
  for (size_t b = 0; b < blocks->count; b++)                                                    \
  ctq_scan_i8_block(blocks, b, bits, table, queries, queries_there, sums, sum_stride)
  if (bits == 3 && query_count == 1)
    SCAN_I8(3, 1);
  else if (bits == 3)
    SCAN_I8(3, query_count);
  else if (query_count == 1)
    SCAN_I8(4, 1);
  else
    SCAN_I8(4, query_count);
#undef SCAN_I8
}
