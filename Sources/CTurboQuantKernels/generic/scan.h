// Scans of index blocks in 32 generic lanes of a byte. Each target gives, before it includes this
// inside its `#pragma clang attribute push(...)`,
//
//   ctq_look_up(table, index)   bytes `index` (each below 16) of a table of 16 bytes, which stands
//                               in both halves of `table`
//   ctq_dot_8(sums, a, b, p, q) adds to each of eight sums the products of four bytes of a, at most
//                               127 each, with four signed bytes of p, at most 64 in magnitude, and
//                               likewise of b with q
//   ctq_arrange_64(table)       brings a table of 64 bytes into the form that its lookups want
//   ctq_look_up_64(table, index) bytes `index` (each below 64) of such a table
//   ctq_dot_16(sums, a, b, p, q) adds to each of eight sums the products of two numbers of a with two of p,
//                               less than 2^12 in magnitude each, and likewise of b with q
//
// A unit's plane is a word of four bytes, or columns, for each of 32 rows, and a nibble of a byte speaks of four
// coordinates (ctq_blocks in ctq_kernels.h).
//
// Up to 2 bits a code is a sum of what its bits stand for, and a lookup table answers for a nibble of a plane
// at once: a byte shuffle is 32 lookups, and two tables' answers, each at most 127, are added before they are
// widened. Tables differ from column to column, for which the columns of a unit are drawn apart first.
//
// From 3 bits on nibbles of a code become bytes of a centroid, and as the four bytes of a word are of one row,
// one multiplication serves four coordinates. The pieces of a code stand at different positions of their
// nibbles, so that exchanging masked bits between planes, three operations for two results, gathers whole
// codes without a shift: nibbles rotated left by k mod 4, which a lookup table undoes for nothing.
//
// Codes of 8 bits have such a nibble above a plain one. A lookup makes of it the sign and what the sign and the
// upper bits do to the index of a magnitude, of which there are 128. Their lower and upper bytes are looked up
// apart and become words of 16 bits, which multiplication adds up in pairs.

#include "units.h"
#include "keys.h"

#pragma STDC FP_CONTRACT OFF

typedef uint8_t ctq_bytes32 __attribute__((vector_size(32)));
typedef uint16_t ctq_shorts16 __attribute__((vector_size(32)));
typedef uint32_t ctq_words8 __attribute__((vector_size(32)));
typedef int32_t ctq_ints8 __attribute__((vector_size(32)));
typedef float ctq_f8 __attribute__((vector_size(32)));
typedef float ctq_f8u __attribute__((vector_size(32), aligned(4)));
typedef uint8_t ctq_bytes32u __attribute__((vector_size(32), aligned(1)));

CTQ_INLINE ctq_bytes32 ctq_look_up(ctq_bytes32 table, ctq_bytes32 index);
CTQ_INLINE ctq_words8 ctq_dot_8(ctq_words8 sums, ctq_bytes32 a, ctq_bytes32 b, ctq_bytes32 p,
                                ctq_bytes32 q);
CTQ_INLINE void ctq_arrange_64(uint8_t table[64]);
CTQ_INLINE ctq_bytes32 ctq_look_up_64(const uint8_t table[64], ctq_bytes32 index);
CTQ_INLINE ctq_words8 ctq_dot_16(ctq_words8 sums, ctq_shorts16 a, ctq_shorts16 b, ctq_shorts16 p,
                                 ctq_shorts16 q);

CTQ_INLINE ctq_bytes32 ctq_load_32(const uint8_t *p) { return *(const ctq_bytes32u *)p; }

/// Sixteen bytes, twice.
CTQ_INLINE ctq_bytes32 ctq_load_table(const uint8_t *p) {
  typedef uint8_t bytes16u __attribute__((vector_size(16), aligned(1)));
  bytes16u t = *(const bytes16u *)p;
  return __builtin_shufflevector(t, t, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2,
                                 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

// Bits that cross a byte's border are masked away by the caller.
CTQ_INLINE ctq_bytes32 ctq_shift_left(ctq_bytes32 v, int n) {
  return (ctq_bytes32)((ctq_shorts16)v << n);
}

CTQ_INLINE ctq_bytes32 ctq_shift_right(ctq_bytes32 v, int n) {
  return (ctq_bytes32)((ctq_shorts16)v >> n);
}

CTQ_INLINE ctq_bytes32 ctq_mask(ctq_bytes32 v, uint8_t mask) {
  return v & ((ctq_bytes32){0} + mask);
}

/// Masked bits of `a` among the other bits of `b`, and the other way round.
CTQ_INLINE void ctq_exchange(ctq_bytes32 a, ctq_bytes32 b, uint8_t mask, ctq_bytes32 *a_in_b,
                             ctq_bytes32 *b_in_a) {
  ctq_bytes32 difference = ctq_mask(a ^ b, mask);
  *a_in_b = b ^ difference;
  *b_in_a = a ^ difference;
}

/// Pairs of bytes 0 ... 3 of both halves of a and b, in turn; and pairs 4 ... 7.
#define CTQ_ZIP_PAIRS_LOW(a, b)                                                                    \
  (ctq_bytes32) __builtin_shufflevector((ctq_shorts16)(a), (ctq_shorts16)(b), 0, 16, 1, 17, 2, 18, \
                                        3, 19, 8, 24, 9, 25, 10, 26, 11, 27)
#define CTQ_ZIP_PAIRS_HIGH(a, b)                                                                  \
  (ctq_bytes32) __builtin_shufflevector((ctq_shorts16)(a), (ctq_shorts16)(b), 4, 20, 5, 21, 6,    \
                                        22, 7, 23, 12, 28, 13, 29, 14, 30, 15, 31)

/// The same for words, and for pairs of words.
#define CTQ_ZIP_WORDS(a, b, first)                                                                      \
  __builtin_shufflevector((ctq_words8)(a), (ctq_words8)(b), first, first + 8, first + 1, first + 9,     \
                          first + 4, first + 12, first + 5, first + 13)
#define CTQ_ZIP_LONGS(a, b, first)                                                                      \
  (ctq_bytes32) __builtin_shufflevector(a, b, first, first + 1, first + 8, first + 9, first + 4,        \
                                        first + 5, first + 12, first + 13)

// MARK: Lookup tables, 1 and 2 bits

// Rounds of units whose sums fit 16 bits: 257 sums of two answers of at most 127 do.
enum { CTQ_UNITS_A_ROUND = 32 };

/// The four columns of a plane of 32 rows in words: byte 16h + 4j + i of a column is of row 8j + 4h + i.
CTQ_INLINE void ctq_columns(const ctq_bytes32 words[4], ctq_bytes32 columns[4]) {
  ctq_bytes32 v[4];
  // Four rows of a column side by side; then their words from all four vectors.
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++)
    v[j] = __builtin_shufflevector(words[j], words[j], 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15,
                                   16, 20, 24, 28, 17, 21, 25, 29, 18, 22, 26, 30, 19, 23, 27, 31);
  ctq_words8 low01 = CTQ_ZIP_WORDS(v[0], v[1], 0), high01 = CTQ_ZIP_WORDS(v[0], v[1], 2);
  ctq_words8 low23 = CTQ_ZIP_WORDS(v[2], v[3], 0), high23 = CTQ_ZIP_WORDS(v[2], v[3], 2);
  columns[0] = CTQ_ZIP_LONGS(low01, low23, 0);
  columns[1] = CTQ_ZIP_LONGS(low01, low23, 2);
  columns[2] = CTQ_ZIP_LONGS(high01, high23, 0);
  columns[3] = CTQ_ZIP_LONGS(high01, high23, 2);
}

/// Sums in 16 bits: `both` of bytes 2i and 2i + 1 (the latter times 256), `odd` of bytes 2i + 1.
typedef struct ctq_short_sums {
  ctq_shorts16 both, odd;
} ctq_short_sums;

/// Adds short sums to 32 totals, from the order of `ctq_columns` to that of the rows.
CTQ_INLINE void ctq_flush(ctq_short_sums sums, ctq_words8 totals[4]) {
  ctq_shorts16 even = sums.both - (sums.odd << 8), none = {0};
  ctq_bytes32 low = CTQ_ZIP_PAIRS_LOW(even, sums.odd), high = CTQ_ZIP_PAIRS_HIGH(even, sums.odd);
  totals[0] += (ctq_words8)CTQ_ZIP_PAIRS_LOW(low, none);
  totals[1] += (ctq_words8)CTQ_ZIP_PAIRS_HIGH(low, none);
  totals[2] += (ctq_words8)CTQ_ZIP_PAIRS_LOW(high, none);
  totals[3] += (ctq_words8)CTQ_ZIP_PAIRS_HIGH(high, none);
}

CTQ_INLINE void ctq_store_sums(ctq_words8 totals, float *sums) {
  *(ctq_f8u *)sums = __builtin_convertvector((ctq_ints8)totals, ctq_f8);
}

/// Adds the answers for a plane of one unit; the counts are constants of each copy.
CTQ_INLINE void ctq_table_plane(const uint8_t *plane, const uint8_t *tables, size_t table_bytes,
                                size_t query_count, ctq_short_sums *shorts) {
  ctq_bytes32 words[4], columns[4];
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++) words[j] = ctq_load_32(plane + 32 * j);
  ctq_columns(words, columns);
#pragma clang loop unroll(full)
  for (uint32_t t = 0; t < CTQ_UNIT_COLUMNS; t++) {
    const ctq_bytes32 low = ctq_mask(columns[t], 0x0f);
    const ctq_bytes32 high = ctq_mask(ctq_shift_right(columns[t], 4), 0x0f);
#pragma clang loop unroll(full)
    for (size_t q = 0; q < query_count; q++) {
      const uint8_t *own = tables + q * table_bytes + 16 * t;
      ctq_shorts16 v = (ctq_shorts16)(ctq_look_up(ctq_load_table(own), low) +
                                      ctq_look_up(ctq_load_table(own + CTQ_UNIT_BYTES / 2), high));
      shorts[q].both += v;
      shorts[q].odd += v >> 8;
    }
  }
}

/// One block for `query_count` queries.
CTQ_INLINE void ctq_table_block(const ctq_blocks *blocks, size_t block, uint32_t bits,
                                const uint8_t *tables, size_t query_count, float *sums,
                                size_t sum_stride) {
  const uint8_t *planes[2] = {ctq_signs(blocks, block), bits > 1 ? ctq_rest(blocks, block) : 0};
  const size_t units = ctq_units(blocks->columns), table_bytes = units * CTQ_UNIT_BYTES * bits;
  uint8_t room[CTQ_UNIT_BYTES];
  ctq_words8 totals[CTQ_QUERIES_A_PASS][4] = {0};
  for (size_t first = 0; first < units; first += CTQ_UNITS_A_ROUND / bits) {
    const size_t round = CTQ_UNITS_A_ROUND / bits, end = units - first < round ? units : first + round;
    ctq_short_sums shorts[CTQ_QUERIES_A_PASS] = {0};
    for (size_t u = first; u < end; u++)
#pragma clang loop unroll(full)
      for (uint32_t p = 0; p < bits; p++)
        ctq_table_plane(ctq_unit(planes[p], blocks->columns, 1, u, room),
                        tables + CTQ_UNIT_BYTES * (bits * u + p), table_bytes, query_count, shorts);
#pragma clang loop unroll(full)
    for (size_t q = 0; q < query_count; q++) ctq_flush(shorts[q], totals[q]);
  }
#pragma clang loop unroll(full)
  for (size_t q = 0; q < query_count; q++)
    for (size_t part = 0; part < 4; part++)
      ctq_store_sums(totals[q][part], sums + q * sum_stride + 32 * block + 8 * part);
}

static void table_sums(const ctq_blocks *blocks, uint32_t bits, const uint8_t *tables,
                       size_t query_count, float *sums, size_t sum_stride) {
#define TABLE_SUMS(bits, queries)                      \
  for (size_t b = 0; b < blocks->count; b++)           \
  ctq_table_block(blocks, b, bits, tables, queries, sums, sum_stride)
#define FOR_QUERIES(bits)                              \
  switch (query_count) {                               \
    case 1: TABLE_SUMS(bits, 1); break;                \
    case 2: TABLE_SUMS(bits, 2); break;                \
    case 3: TABLE_SUMS(bits, 3); break;                \
    default: TABLE_SUMS(bits, 4);                      \
  }
  if (bits == 1) {
    FOR_QUERIES(1)
  } else {
    FOR_QUERIES(2)
  }
#undef FOR_QUERIES
#undef TABLE_SUMS
}

// MARK: Products, 3 and 4 bits

/// Codes of eight rows from byte `at` of the planes of a unit on, as nibble pairs of coordinates k and k + 4,
/// each rotated left by k. Without a piece of one bit its place holds another coordinate's sign.
CTQ_INLINE void ctq_code_pairs(const uint8_t *signs, const uint8_t *twos, const uint8_t *ones, int at,
                               ctq_bytes32 codes[4]) {
  ctq_bytes32 even = ctq_load_32(signs + at), odd = even;
  if (ones) ctq_exchange(even, ctq_load_32(ones + at), 0x55, &even, &odd);
  // The exchange gives the masked bits of the first with the rest of the second, and the reverse: codes
  // 0 and 2, 1 and 3.
  ctq_exchange(even, ctq_load_32(twos + at), 0x33, &codes[0], &codes[2]);
  ctq_exchange(odd, ctq_load_32(twos + CTQ_UNIT_BYTES + at), 0x66, &codes[1], &codes[3]);
}

// The centroids of a unit, 1 KiB, and of a round of units, which stays in the first-level cache.
enum { CTQ_ROUND_UNITS = 12, CTQ_TILE_BYTES = 1024 };

/// A unit of a block of 3 or 4 bits: the planes of signs and of both pieces.
typedef struct ctq_code_unit {
  const uint8_t *signs, *twos, *ones;
} ctq_code_unit;

CTQ_INLINE ctq_code_unit ctq_code_unit_of(const ctq_blocks *blocks, size_t block, uint32_t bits, size_t unit,
                                          uint8_t room[4][CTQ_UNIT_BYTES]) {
  const uint8_t *rest = ctq_unit(ctq_rest(blocks, block), blocks->columns, bits - 1, unit, room[1]);
  return (ctq_code_unit){
      ctq_unit(ctq_signs(blocks, block), blocks->columns, 1, unit, room[0]), rest,
      bits == 3 ? 0 : rest + 2 * CTQ_UNIT_BYTES};
}

CTQ_INLINE ctq_bytes32 ctq_splat_4(const int8_t *query) {
  uint32_t word;
  memcpy(&word, query, 4);
  return (ctq_bytes32)((ctq_words8){0} + word);
}

/// Adds the products of a unit with one query to 32 sums.
CTQ_INLINE void ctq_dot_unit(ctq_code_unit unit, const ctq_bytes32 centroids[4], const int8_t *query,
                             ctq_words8 sums[4]) {
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++) {
    ctq_bytes32 codes[4];
    ctq_code_pairs(unit.signs, unit.twos, unit.ones, 32 * j, codes);
#pragma clang loop unroll(full)
    for (int k = 0; k < 4; k++)
      sums[j] = ctq_dot_8(sums[j], ctq_look_up(centroids[k], ctq_mask(codes[k], 0x0f)),
                          ctq_look_up(centroids[k], ctq_mask(ctq_shift_right(codes[k], 4), 0x0f)),
                          ctq_splat_4(query + 8 * k), ctq_splat_4(query + 8 * k + 4));
  }
}

/// The centroids of a unit: of coordinates k in 128 bytes from 256k on, of k + 4 in the next 128.
CTQ_INLINE void ctq_fill_tile(ctq_code_unit unit, const ctq_bytes32 centroids[4], uint8_t *tile) {
  for (int j = 0; j < 4; j++) {
    ctq_bytes32 codes[4];
    ctq_code_pairs(unit.signs, unit.twos, unit.ones, 32 * j, codes);
#pragma clang loop unroll(full)
    for (int k = 0; k < 4; k++) {
      ctq_bytes32u *own = (ctq_bytes32u *)(tile + 256 * k + 32 * j);
      own[0] = ctq_look_up(centroids[k], ctq_mask(codes[k], 0x0f));
      own[4] = ctq_look_up(centroids[k], ctq_mask(ctq_shift_right(codes[k], 4), 0x0f));
    }
  }
}

/// Adds the products of `steps` runs of 256 tile bytes with some queries to 32 sums each.
CTQ_INLINE void ctq_dot_tile(const uint8_t *tile, size_t steps, const int8_t *query, size_t stride,
                             size_t query_count, ctq_words8 sums[][4]) {
  ctq_words8 own[2][4];
  memcpy(own, sums, query_count * sizeof *own);
  for (size_t step = 0; step < steps; step++) {
#pragma clang loop unroll(full)
    for (size_t q = 0; q < query_count; q++) {
      ctq_bytes32 low = ctq_splat_4(query + q * stride + 8 * step);
      ctq_bytes32 high = ctq_splat_4(query + q * stride + 8 * step + 4);
#pragma clang loop unroll(full)
      for (int j = 0; j < 4; j++)
        own[q][j] = ctq_dot_8(own[q][j], ctq_load_32(tile + 256 * step + 32 * j),
                              ctq_load_32(tile + 256 * step + 128 + 32 * j), low, high);
    }
  }
  memcpy(sums, own, query_count * sizeof *own);
}

/// A round of units against all queries.
CTQ_INLINE void ctq_dot_round(const uint8_t *tile, size_t units, const int8_t *queries, size_t stride,
                              size_t query_count, ctq_words8 (*totals)[4]) {
  size_t q = 0;
  for (; q + 2 <= query_count; q += 2)
    ctq_dot_tile(tile, 4 * units, queries + q * stride, stride, 2, totals + q);
  if (q < query_count) ctq_dot_tile(tile, 4 * units, queries + q * stride, stride, 1, totals + q);
}

CTQ_INLINE void ctq_product_block(const ctq_blocks *blocks, size_t block, uint32_t bits,
                                  const ctq_bytes32 centroids[4], const int8_t *queries,
                                  size_t query_count, float *sums, size_t sum_stride) {
  const size_t units = ctq_units(blocks->columns), stride = 32 * units;
  _Alignas(64) uint8_t tile[CTQ_ROUND_UNITS * CTQ_TILE_BYTES];
  uint8_t room[4][CTQ_UNIT_BYTES];
  ctq_words8 totals[CTQ_PRODUCT_QUERIES][4];
  memset(totals, 0, query_count * sizeof *totals);
  size_t waiting = 0;
  for (size_t u = 0; u < units; u++) {
    const ctq_code_unit unit = ctq_code_unit_of(blocks, block, bits, u, room);
    if (query_count == 1) {
      ctq_dot_unit(unit, centroids, queries + 32 * u, totals[0]);
      continue;
    }
    ctq_fill_tile(unit, centroids, tile + CTQ_TILE_BYTES * waiting++);
    if (waiting < CTQ_ROUND_UNITS && u + 1 < units) continue;
    ctq_dot_round(tile, waiting, queries + 32 * (u + 1 - waiting), stride, query_count, totals);
    waiting = 0;
  }
  for (size_t q = 0; q < query_count; q++)
    for (size_t part = 0; part < 4; part++)
      ctq_store_sums(totals[q][part], sums + q * sum_stride + 32 * block + 8 * part);
}

static void product_sums(const ctq_blocks *blocks, uint32_t bits, const uint8_t *centroids,
                         const int8_t *queries, size_t query_count, float *sums,
                         size_t sum_stride) {
  // A table for each rotation of the nibbles.
  ctq_bytes32 table[4];
  for (uint32_t k = 0; k < 4; k++) {
    uint8_t entries[16];
    for (uint32_t nibble = 0; nibble < 16; nibble++)
      entries[nibble] = centroids[ctq_code_of_nibble(nibble, k, bits)];
    table[k] = ctq_load_table(entries);
  }
#define PRODUCT_SUMS(bits, queries_there)                                                       \
  for (size_t b = 0; b < blocks->count; b++)                                                    \
  ctq_product_block(blocks, b, bits, table, queries, queries_there, sums, sum_stride)
  if (bits == 3 && query_count == 1)
    PRODUCT_SUMS(3, 1);
  else if (bits == 3)
    PRODUCT_SUMS(3, query_count);
  else if (query_count == 1)
    PRODUCT_SUMS(4, 1);
  else
    PRODUCT_SUMS(4, query_count);
#undef PRODUCT_SUMS
}

// MARK: Products, 8 bits

// A unit has eight steps of 128 centroids, four columns of 32 rows, which a query has four weights for. A round of
// units, 8 KiB of centroids, stays in the first-level cache.
enum { CTQ_WIDE_STEPS = 8, CTQ_WIDE_STEP = CTQ_UNIT_BYTES, CTQ_WIDE_UNIT = CTQ_WIDE_STEPS * CTQ_WIDE_STEP };

// Units that memory is asked for ahead. Centroids of one take longer than memory does, but while queries meet a round,
// nothing else would be read.
enum { CTQ_WIDE_UNITS_AHEAD = 2 };

/// Magnitudes of 12 bits: lower bytes of the first 64 and of the others, upper bytes of both in one. And by a code's
/// upper nibble, rotated left by k, what the index of its magnitude is to be where the lower nibble is null: three
/// bits and, where the code is negative, bit 7 and all others inverted.
typedef struct ctq_wide_tables {
  _Alignas(32) uint8_t lower[2][64], upper[64], indices[4][16];
} ctq_wide_tables;

static ctq_wide_tables ctq_wide_tables_of(const uint16_t *magnitudes) {
  ctq_wide_tables tables;
  for (uint32_t i = 0; i < 64; i++) {
    tables.lower[0][i] = (uint8_t)magnitudes[i];
    tables.lower[1][i] = (uint8_t)magnitudes[64 + i];
    tables.upper[i] = (uint8_t)(magnitudes[i] >> 8 | magnitudes[64 + i] >> 8 << 4);
  }
  ctq_arrange_64(tables.lower[0]);
  ctq_arrange_64(tables.lower[1]);
  ctq_arrange_64(tables.upper);
  for (uint32_t k = 0; k < 4; k++)
    for (uint32_t i = 0; i < 16; i++) {
      const uint32_t nibble = ctq_code_of_nibble(i, k, 4), bits = nibble << 4 & 0x70;
      tables.indices[k][i] = (uint8_t)(nibble & 8 ? bits : bits ^ 0xff);
    }
  return tables;
}

/// Indices of magnitudes of eight rows from byte `at` of the planes of a unit on, bit 7 where they are negative:
/// of coordinates k and k + 4 in indices[2k] and indices[2k + 1].
CTQ_INLINE void ctq_wide_indices(const uint8_t *signs, const uint8_t *rest, int at, const ctq_wide_tables *tables,
                                 ctq_bytes32 indices[CTQ_WIDE_STEPS]) {
  const uint8_t *twos = rest + 4 * CTQ_UNIT_BYTES, *ones = twos + 2 * CTQ_UNIT_BYTES;
  ctq_bytes32 codes[4];
  ctq_code_pairs(signs, twos, ones, at, codes);
#pragma clang loop unroll(full)
  for (int k = 0; k < 4; k++) {
    const ctq_bytes32 lower = ctq_load_32(rest + CTQ_UNIT_BYTES * k + at);
    const ctq_bytes32 table = ctq_load_table(tables->indices[k]);
    indices[2 * k] = ctq_look_up(table, ctq_mask(codes[k], 0x0f)) ^ ctq_mask(lower, 0x0f);
    indices[2 * k + 1] = ctq_look_up(table, ctq_mask(ctq_shift_right(codes[k], 4), 0x0f)) ^
                         ctq_mask(ctq_shift_right(lower, 4), 0x0f);
  }
}

/// Bytes of a and b in turn: the first eight of both halves, and the others.
#define CTQ_ZIP_BYTES_LOW(a, b)                                                                                 \
  (ctq_shorts16) __builtin_shufflevector(a, b, 0, 32, 1, 33, 2, 34, 3, 35, 4, 36, 5, 37, 6, 38, 7, 39, 16, 48,  \
                                         17, 49, 18, 50, 19, 51, 20, 52, 21, 53, 22, 54, 23, 55)
#define CTQ_ZIP_BYTES_HIGH(a, b)                                                                                \
  (ctq_shorts16) __builtin_shufflevector(a, b, 8, 40, 9, 41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47,    \
                                         24, 56, 25, 57, 26, 58, 27, 59, 28, 60, 29, 61, 30, 62, 31, 63)

/// Bytes of `a` where those of `which` are 255, of `b` where they are 0.
CTQ_INLINE ctq_bytes32 ctq_choose(ctq_bytes32 which, ctq_bytes32 a, ctq_bytes32 b) {
  return (a & which) | (b & ~which);
}

/// Leaves magnitudes, or their negatives where bits of `negative` are set.
CTQ_INLINE void ctq_store_16(ctq_shorts16 magnitudes, ctq_shorts16 negative, int16_t *values) {
  *(ctq_bytes32u *)values = (ctq_bytes32)((magnitudes ^ negative) - negative);
}

/// Centroids of 32 indices, in the order of both zips.
CTQ_INLINE void ctq_wide_values(const ctq_wide_tables *tables, ctq_bytes32 index, int16_t values[32]) {
  const ctq_bytes32 negative = (ctq_bytes32)(index > 127), above = (ctq_bytes32)(index + index > 127);
  const ctq_bytes32 within = ctq_mask(index, 0x3f), both = ctq_look_up_64(tables->upper, within);
  const ctq_bytes32 upper = ctq_mask(ctq_choose(above, ctq_shift_right(both, 4), both), 0x0f);
  const ctq_bytes32 lower = ctq_choose(above, ctq_look_up_64(tables->lower[1], within),
                                       ctq_look_up_64(tables->lower[0], within));
  ctq_store_16(CTQ_ZIP_BYTES_LOW(lower, upper), CTQ_ZIP_BYTES_LOW(negative, negative), values);
  ctq_store_16(CTQ_ZIP_BYTES_HIGH(lower, upper), CTQ_ZIP_BYTES_HIGH(negative, negative), values + 16);
}

/// Centroids of a unit, step after step.
CTQ_INLINE void ctq_fill_wide_tile(const uint8_t *signs, const uint8_t *rest, const ctq_wide_tables *tables,
                                   int16_t *tile) {
  for (int at = 0; at < CTQ_UNIT_BYTES; at += 32) {
    ctq_bytes32 indices[CTQ_WIDE_STEPS];
    ctq_wide_indices(signs, rest, at, tables, indices);
#pragma clang loop unroll(full)
    for (int step = 0; step < CTQ_WIDE_STEPS; step++)
      ctq_wide_values(tables, indices[step], tile + CTQ_WIDE_STEP * step + at);
  }
}

/// Brings the planes of a unit nearer; they need not exist.
CTQ_INLINE void ctq_approach_wide_unit(const uint8_t *signs, const uint8_t *rest) {
#pragma clang loop unroll(full)
  for (size_t byte = 0; byte < CTQ_UNIT_BYTES; byte += 64) __builtin_prefetch(signs + byte);
#pragma clang loop unroll(full)
  for (size_t byte = 0; byte < 7 * CTQ_UNIT_BYTES; byte += 64) __builtin_prefetch(rest + byte);
}

/// Four weights, four times.
CTQ_INLINE ctq_shorts16 ctq_splat_8(const int16_t *query) {
  typedef uint64_t ctq_longs4 __attribute__((vector_size(32)));
  uint64_t four;
  memcpy(&four, query, sizeof four);
  return (ctq_shorts16)((ctq_longs4){0} + four);
}

CTQ_INLINE ctq_shorts16 ctq_load_16(const int16_t *p) { return (ctq_shorts16)ctq_load_32((const uint8_t *)p); }

/// Adds the products of some steps with one query to 32 totals.
CTQ_INLINE void ctq_dot_wide_tile(const int16_t *tile, size_t steps, const int16_t *query, double totals[32]) {
  typedef double ctq_doubles8 __attribute__((vector_size(64), aligned(8)));
  // In the order of both zips, columns 0 and 1 of a row apart from columns 2 and 3.
  ctq_words8 sums[4][2] = {0};
  for (size_t step = 0; step < steps; step += 2, tile += 2 * CTQ_WIDE_STEP) {
    const ctq_shorts16 low = ctq_splat_8(query + 4 * step), high = ctq_splat_8(query + 4 * step + 4);
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++)
      sums[i / 2][i % 2] = ctq_dot_16(sums[i / 2][i % 2], ctq_load_16(tile + 16 * i),
                                      ctq_load_16(tile + CTQ_WIDE_STEP + 16 * i), low, high);
  }
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++) {
    ctq_words8 first = __builtin_shufflevector(sums[j][0], sums[j][1], 0, 2, 8, 10, 4, 6, 12, 14);
    ctq_words8 second = __builtin_shufflevector(sums[j][0], sums[j][1], 1, 3, 9, 11, 5, 7, 13, 15);
    *(ctq_doubles8 *)(totals + 8 * j) += __builtin_convertvector((ctq_ints8)(first + second), ctq_doubles8);
  }
}

CTQ_INLINE void ctq_wide_block(const ctq_blocks *blocks, size_t block, const ctq_wide_tables *tables,
                               const int16_t *queries, size_t query_count, float *sums, size_t sum_stride) {
  const size_t units = ctq_units(blocks->columns);
  _Alignas(64) int16_t tile[CTQ_UNITS_A_WIDE_ROUND * CTQ_WIDE_UNIT];
  uint8_t room[8][CTQ_UNIT_BYTES];
  double totals[CTQ_PRODUCT_QUERIES][32];
  memset(totals, 0, query_count * sizeof *totals);
  const uint8_t *signs = ctq_signs(blocks, block), *rest = ctq_rest(blocks, block);
  size_t waiting = 0;
  for (size_t u = 0; u < units; u++) {
    const size_t ahead = CTQ_UNIT_BYTES * (u + CTQ_WIDE_UNITS_AHEAD);
    ctq_approach_wide_unit(signs + ahead, rest + 7 * ahead);
    ctq_fill_wide_tile(ctq_unit(signs, blocks->columns, 1, u, room[0]),
                       ctq_unit(rest, blocks->columns, 7, u, room[1]), tables, tile + CTQ_WIDE_UNIT * waiting++);
    if (waiting < CTQ_UNITS_A_WIDE_ROUND && u + 1 < units) continue;
    const int16_t *own = queries + 32 * (u + 1 - waiting);
    for (size_t q = 0; q < query_count; q++)
      ctq_dot_wide_tile(tile, CTQ_WIDE_STEPS * waiting, own + 32 * units * q, totals[q]);
    waiting = 0;
  }
  for (size_t q = 0; q < query_count; q++)
    for (size_t r = 0; r < 32; r++) sums[q * sum_stride + 32 * block + r] = (float)totals[q][r];
}

static void wide_sums(const ctq_blocks *blocks, const uint16_t *magnitudes, const int16_t *queries,
                      size_t query_count, float *sums, size_t sum_stride) {
  const ctq_wide_tables tables = ctq_wide_tables_of(magnitudes);
  for (size_t b = 0; b < blocks->count; b++)
    ctq_wide_block(blocks, b, &tables, queries, query_count, sums, sum_stride);
}
