// Scans of index blocks in 32 generic lanes of a byte. Each target gives, before it includes this
// inside its `#pragma clang attribute push(...)`,
//
//   ctq_look_up(table, index)   bytes `index` (each below 16) of a table of 16 bytes, which stands
//                               in both halves of `table`
//   ctq_dot_8(sums, a, b, p, q) adds to each of eight sums the products of four bytes of a, at most
//                               127 each, with four signed bytes of p, at most 64 in magnitude, and
//                               likewise of b with q
//
// A block holds 32 rows in columns of 32 bytes: byte CTQ_PLACE(r) of a column belongs to row r, and a
// nibble of it speaks of four coordinates (ctq_blocks in ctq_kernels.h). The pieces of a code stand at
// different positions of their nibbles, so that exchanging masked bits between columns, three
// operations for two results, gathers whole codes without a shift: nibbles rotated left by k mod 4,
// which a lookup table undoes for nothing.
//
// Up to 2 bits a lookup table answers for a nibble of codes at once: a byte shuffle is 32 lookups, and
// two tables' answers, each at most 127, are added before they are widened. From 3 bits on nibbles
// of a code become bytes of a centroid, turned so that four coordinates of a row are neighbours,
// and then one multiplication serves four coordinates; codes are unpacked once for all queries.

#include "vectors.h"

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

/// Bytes 0 ... 7 of both halves of a and b, in turn; and bytes 8 ... 15.
#define CTQ_ZIP_LOW(a, b)                                                                         \
  __builtin_shufflevector(a, b, 0, 32, 1, 33, 2, 34, 3, 35, 4, 36, 5, 37, 6, 38, 7, 39, 16, 48,   \
                          17, 49, 18, 50, 19, 51, 20, 52, 21, 53, 22, 54, 23, 55)
#define CTQ_ZIP_HIGH(a, b)                                                                        \
  __builtin_shufflevector(a, b, 8, 40, 9, 41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47, 24, \
                          56, 25, 57, 26, 58, 27, 59, 28, 60, 29, 61, 30, 62, 31, 63)
/// The same for pairs of bytes.
#define CTQ_ZIP_PAIRS_LOW(a, b)                                                                    \
  (ctq_bytes32) __builtin_shufflevector((ctq_shorts16)(a), (ctq_shorts16)(b), 0, 16, 1, 17, 2, 18, \
                                        3, 19, 8, 24, 9, 25, 10, 26, 11, 27)
#define CTQ_ZIP_PAIRS_HIGH(a, b)                                                                  \
  (ctq_bytes32) __builtin_shufflevector((ctq_shorts16)(a), (ctq_shorts16)(b), 4, 20, 5, 21, 6,    \
                                        22, 7, 23, 12, 28, 13, 29, 14, 30, 15, 31)

// MARK: Lookup tables, 1 and 2 bits

// 257 sums of two answers of at most 127 fit 16 bits.
enum { CTQ_COLUMNS_A_ROUND = 128 };

/// Nibbles of one column of eight coordinates: two or four bytes of nibble pairs.
CTQ_INLINE void ctq_nibbles(const uint8_t *signs, const uint8_t *rest, uint32_t bits,
                            ctq_bytes32 nibbles[4]) {
  ctq_bytes32 s = ctq_load_32(signs);
  if (bits == 1) {
    nibbles[0] = ctq_mask(s, 0x0f);
    nibbles[1] = ctq_mask(ctq_shift_right(s, 4), 0x0f);
    return;
  }
  ctq_bytes32 even, odd;
  ctq_exchange(s, ctq_load_32(rest), 0x55, &even, &odd);
  nibbles[0] = ctq_mask(even, 0x0f);
  nibbles[1] = ctq_mask(ctq_shift_right(even, 4), 0x0f);
  nibbles[2] = ctq_mask(odd, 0x0f);
  nibbles[3] = ctq_mask(ctq_shift_right(odd, 4), 0x0f);
}

/// Sums in 16 bits: `both` of bytes 2i and 2i + 1 (the latter times 256), `odd` of bytes 2i + 1.
typedef struct ctq_short_sums {
  ctq_shorts16 both, odd;
} ctq_short_sums;

/// Adds short sums to 32 totals in the order of the rows.
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

/// One block for `query_count` queries; the counts and widths are constants of each copy.
CTQ_INLINE void ctq_table_block(const ctq_blocks *blocks, size_t block, uint32_t bits,
                                const uint8_t *tables, size_t query_count, float *sums,
                                size_t sum_stride) {
  const uint8_t *signs = blocks->signs + block * blocks->sign_stride;
  const uint8_t *rest = bits > 1 ? blocks->rest + block * blocks->rest_stride : 0;
  const size_t table_bytes = (size_t)blocks->columns * 32 * bits;
  ctq_words8 totals[CTQ_QUERIES_A_PASS][4] = {0};
  for (uint32_t first = 0; first < blocks->columns; first += CTQ_COLUMNS_A_ROUND / bits) {
    uint32_t end = first + CTQ_COLUMNS_A_ROUND / bits;
    if (end > blocks->columns) end = blocks->columns;
    ctq_short_sums shorts[CTQ_QUERIES_A_PASS] = {0};
    for (uint32_t c = first; c < end; c++) {
      ctq_bytes32 nibbles[4];
      ctq_nibbles(signs + 32 * c, bits > 1 ? rest + 32 * c : 0, bits, nibbles);
      const uint8_t *t = tables + (size_t)c * 32 * bits;
#pragma clang loop unroll(full)
      for (size_t q = 0; q < query_count; q++) {
#pragma clang loop unroll(full)
        for (uint32_t pair = 0; pair < bits; pair++) {
          const uint8_t *own = t + q * table_bytes + 32 * pair;
          ctq_shorts16 v = (ctq_shorts16)(ctq_look_up(ctq_load_table(own), nibbles[2 * pair]) +
                                          ctq_look_up(ctq_load_table(own + 16), nibbles[2 * pair + 1]));
          shorts[q].both += v;
          shorts[q].odd += v >> 8;
        }
      }
    }
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

// Four columns, 32 coordinates of 32 rows, are a group: 512 bytes of nibble pairs, 1 KiB of centroids.
// A round of groups stays in the first-level cache.
enum { CTQ_GROUP = 4, CTQ_ROUND_GROUPS = 12, CTQ_PAIR_BYTES = 512, CTQ_TILE_BYTES = 1024 };

/// Codes of one column as nibble pairs, of coordinates k and k + 4 at pairs[128 * k], each rotated left
/// by k. Without a piece of one bit its place holds another coordinate's sign.
CTQ_INLINE void ctq_code_pairs(const uint8_t *signs, const uint8_t *twos, const uint8_t *ones,
                               uint8_t *pairs) {
  ctq_bytes32 even = ctq_load_32(signs), odd = even, codes[4];
  if (ones) ctq_exchange(even, ctq_load_32(ones), 0x55, &even, &odd);
  ctq_exchange(even, ctq_load_32(twos), 0x33, &codes[0], &codes[2]);
  ctq_exchange(odd, ctq_load_32(twos + 32), 0x66, &codes[1], &codes[3]);
  // The exchange gives the masked bits of the first with the rest of the second, and the reverse: codes
  // 0 and 2, 1 and 3.
#pragma clang loop unroll(full)
  for (int k = 0; k < 4; k++) *(ctq_bytes32u *)(pairs + 128 * k) = codes[k];
}

/// The code whose nibble, rotated left by k, is `nibble`: sign, piece of one bit, piece of two.
CTQ_INLINE uint32_t ctq_code_of_nibble(uint32_t nibble, uint32_t k, uint32_t bits) {
  nibble = (nibble | nibble << 4) >> k & 15;
  uint32_t sign = nibble & 1, one = nibble >> 1 & 1, two = nibble >> 2;
  return bits == 3 ? sign << 2 | two : sign << 3 | one << 2 | two;
}

/// Nibble pairs of columns `first` ... `end`, column t of a group at pairs[32 * t].
CTQ_INLINE void ctq_pair_columns(const ctq_blocks *blocks, size_t block, uint32_t first,
                                 uint32_t end, uint32_t bits, uint8_t *pairs) {
  const uint8_t *signs = blocks->signs + block * blocks->sign_stride;
  const uint8_t *twos = blocks->rest + block * blocks->rest_stride;
  const uint8_t *ones = twos + 64 * (size_t)blocks->columns;
  for (uint32_t c = first; c < end; c += CTQ_GROUP, pairs += CTQ_PAIR_BYTES) {
    const uint32_t present = end - c < CTQ_GROUP ? end - c : CTQ_GROUP;
    for (uint32_t t = 0; t < present; t++)
      ctq_code_pairs(signs + 32 * (size_t)(c + t), twos + 64 * (size_t)(c + t),
                     bits == 3 ? 0 : ones + 32 * (size_t)(c + t), pairs + 32 * t);
  }
}

/// Centroids of coordinates k (rows 8j ... 8j + 7 in low[j]) and k + 4 (in high[j]) of four columns:
/// byte 4r + t for row r and column t.
typedef struct ctq_turned {
  ctq_bytes32 low[4], high[4];
} ctq_turned;

CTQ_INLINE ctq_turned ctq_turn(const uint8_t *pairs, ctq_bytes32 centroids) {
  ctq_bytes32 a = ctq_load_32(pairs), b = ctq_load_32(pairs + 32), c = ctq_load_32(pairs + 64),
              d = ctq_load_32(pairs + 96);
  ctq_bytes32 ab0 = CTQ_ZIP_LOW(a, b), ab1 = CTQ_ZIP_HIGH(a, b);
  ctq_bytes32 cd0 = CTQ_ZIP_LOW(c, d), cd1 = CTQ_ZIP_HIGH(c, d);
  ctq_bytes32 rows[4] = {CTQ_ZIP_PAIRS_LOW(ab0, cd0), CTQ_ZIP_PAIRS_HIGH(ab0, cd0),
                         CTQ_ZIP_PAIRS_LOW(ab1, cd1), CTQ_ZIP_PAIRS_HIGH(ab1, cd1)};
  ctq_turned t;
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++) {
    t.low[j] = ctq_look_up(centroids, ctq_mask(rows[j], 0x0f));
    t.high[j] = ctq_look_up(centroids, ctq_mask(ctq_shift_right(rows[j], 4), 0x0f));
  }
  return t;
}

CTQ_INLINE ctq_bytes32 ctq_splat_4(const int8_t *query) {
  uint32_t word;
  memcpy(&word, query, 4);
  return (ctq_bytes32)((ctq_words8){0} + word);
}

/// Adds the products of `steps` runs of 128 pair bytes with one query to 32 sums.
CTQ_INLINE void ctq_dot_pairs(const uint8_t *pairs, size_t steps, const uint8_t *centroids,
                              const int8_t *query, ctq_words8 sums[4]) {
  ctq_words8 own[4] = {sums[0], sums[1], sums[2], sums[3]};
  for (size_t step = 0; step < steps; step++) {
    const ctq_turned t = ctq_turn(pairs + 128 * step, ctq_load_table(centroids + 16 * (step % 4)));
    ctq_bytes32 low = ctq_splat_4(query + 8 * step), high = ctq_splat_4(query + 8 * step + 4);
#pragma clang loop unroll(full)
    for (int j = 0; j < 4; j++) own[j] = ctq_dot_8(own[j], t.low[j], t.high[j], low, high);
  }
  memcpy(sums, own, sizeof own);
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

/// The pairs of one round against all queries; `tile` is unused for a single one.
CTQ_INLINE void ctq_product_round(const uint8_t *pairs, size_t steps, const uint8_t *centroids,
                                  const int8_t *queries, size_t stride, size_t query_count,
                                  uint8_t *tile, ctq_words8 (*totals)[4]) {
  if (query_count == 1) return ctq_dot_pairs(pairs, steps, centroids, queries, totals[0]);
  for (size_t step = 0; step < steps; step++) {
    const ctq_turned t = ctq_turn(pairs + 128 * step, ctq_load_table(centroids + 16 * (step % 4)));
    memcpy(tile + 256 * step, t.low, 128);
    memcpy(tile + 256 * step + 128, t.high, 128);
  }
  size_t q = 0;
  for (; q + 2 <= query_count; q += 2)
    ctq_dot_tile(tile, steps, queries + q * stride, stride, 2, totals + q);
  if (q < query_count) ctq_dot_tile(tile, steps, queries + q * stride, stride, 1, totals + q);
}

CTQ_INLINE void ctq_product_block(const ctq_blocks *blocks, size_t block, uint32_t bits,
                                  const uint8_t *centroids, const int8_t *queries,
                                  size_t query_count, float *sums, size_t sum_stride) {
  const uint32_t columns = blocks->columns, round = CTQ_GROUP * CTQ_ROUND_GROUPS;
  const size_t stride = 32 * (((size_t)columns + CTQ_GROUP - 1) / CTQ_GROUP);
  _Alignas(64) uint8_t pairs[CTQ_ROUND_GROUPS * CTQ_PAIR_BYTES];
  _Alignas(64) uint8_t tile[CTQ_ROUND_GROUPS * CTQ_TILE_BYTES];
  ctq_words8 totals[CTQ_PRODUCT_QUERIES][4];
  memset(totals, 0, query_count * sizeof *totals);
  for (uint32_t first = 0; first < columns; first += round) {
    uint32_t end = columns - first < round ? columns : first + round;
    size_t groups = (end - first + CTQ_GROUP - 1) / CTQ_GROUP;
    // Beyond the last column any code will do, for the query is zero there.
    if ((end - first) % CTQ_GROUP) memset(pairs + (groups - 1) * CTQ_PAIR_BYTES, 0, CTQ_PAIR_BYTES);
    ctq_pair_columns(blocks, block, first, end, bits, pairs);
    ctq_product_round(pairs, 4 * groups, centroids, queries + 8 * (size_t)first, stride, query_count,
                      tile, totals);
  }
  for (size_t q = 0; q < query_count; q++)
    for (size_t part = 0; part < 4; part++)
      ctq_store_sums(totals[q][part], sums + q * sum_stride + 32 * block + 8 * part);
}

static void product_sums(const ctq_blocks *blocks, uint32_t bits, const uint8_t *centroids,
                         const int8_t *queries, size_t query_count, float *sums,
                         size_t sum_stride) {
  // A table for each rotation of the nibbles.
  uint8_t table[4 * 16];
  for (uint32_t k = 0; k < 4; k++)
    for (uint32_t nibble = 0; nibble < 16; nibble++)
      table[16 * k + nibble] = centroids[ctq_code_of_nibble(nibble, k, bits)];
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

// MARK: Wide products, 8 bits

/// Index bytes of the eight coordinates of column c, coordinate k in indices[32 * k ...]: the lower
/// four bits of the code and above them the nibble of the upper four, rotated left by k mod 4.
CTQ_INLINE void ctq_code_bytes(const uint8_t *signs, const uint8_t *rest, uint32_t columns, uint32_t c,
                               uint8_t *indices) {
  const uint8_t *twos = rest + 128 * (size_t)columns, *ones = twos + 64 * (size_t)columns;
  uint8_t pairs[CTQ_PAIR_BYTES];
  ctq_code_pairs(signs + 32 * (size_t)c, twos + 64 * (size_t)c, ones + 32 * (size_t)c, pairs);
  for (int k = 0; k < 4; k++) {
    ctq_bytes32 upper = ctq_load_32(pairs + 128 * k);
    ctq_bytes32 lower = ctq_load_32(rest + 128 * (size_t)c + 32 * k);
    *(ctq_bytes32u *)(indices + 32 * k) =
        ctq_mask(ctq_shift_left(upper, 4), 0xf0) | ctq_mask(lower, 0x0f);
    *(ctq_bytes32u *)(indices + 32 * (k + 4)) =
        ctq_mask(upper, 0xf0) | ctq_mask(ctq_shift_right(lower, 4), 0x0f);
  }
}

// 128 products of at most 2^12 in magnitude each fit 32 bits.
enum { CTQ_COLUMNS_A_WIDE_ROUND = 16 };

/// Adds the products of one column with one query to 32 sums, in the order of the columns' bytes.
CTQ_INLINE void ctq_wide_column(const int16_t *values, const int16_t *query, int32_t sums[32]) {
  for (int k = 0; k < 8; k++) {
    int32_t weight = query[k];
    for (int r = 0; r < 32; r++) sums[r] += values[32 * k + r] * weight;
  }
}

static void wide_sums(const ctq_blocks *blocks, const int16_t *centroids, const int16_t *queries,
                      size_t query_count, float *sums, size_t sum_stride) {
  const uint32_t columns = blocks->columns;
  int16_t table[4][256];
  for (uint32_t k = 0; k < 4; k++)
    for (uint32_t i = 0; i < 256; i++)
      table[k][i] = centroids[ctq_code_of_nibble(i >> 4, k, 4) << 4 | (i & 15)];
  for (size_t b = 0; b < blocks->count; b++) {
    const uint8_t *signs = blocks->signs + b * blocks->sign_stride;
    const uint8_t *rest = blocks->rest + b * blocks->rest_stride;
    double totals[CTQ_PRODUCT_QUERIES][32] = {0};
    for (uint32_t first = 0; first < columns; first += CTQ_COLUMNS_A_WIDE_ROUND) {
      uint32_t end = first + CTQ_COLUMNS_A_WIDE_ROUND;
      if (end > columns) end = columns;
      int32_t round[CTQ_PRODUCT_QUERIES][32] = {0};
      for (uint32_t c = first; c < end; c++) {
        _Alignas(32) uint8_t indices[256];
        _Alignas(32) int16_t values[256];
        ctq_code_bytes(signs, rest, columns, c, indices);
        for (int i = 0; i < 256; i++) values[i] = table[i / 32 % 4][indices[i]];
        for (size_t q = 0; q < query_count; q++)
          ctq_wide_column(values, queries + 8 * (q * columns + c), round[q]);
      }
      for (size_t q = 0; q < query_count; q++)
        for (int i = 0; i < 32; i++) totals[q][i] += round[q][i];
    }
    for (size_t q = 0; q < query_count; q++)
      for (int r = 0; r < 32; r++)
        sums[q * sum_stride + 32 * b + (size_t)r] = (float)totals[q][CTQ_PLACE(r)];
  }
}

// MARK: From sums to rows

static void row_keys(const float *sums, const float *norms, const float *alignments,
                     const float *along, size_t count, ctq_key_factors f, float *keys) {
  for (size_t i = 0; i < count; i += 16) {
    ctq_f16 norm = norms ? ctq_load_some(norms + i, count - i) : ctq_splat(1);
    ctq_f16 product = ctq_load_some(sums + i, count - i) * f.step + f.offset;
    if (alignments) product = product / ctq_load_some(alignments + i, count - i);
    ctq_f16 constant = ctq_splat(f.constant);
    if (along) constant = ctq_load_some(along + i, count - i) * f.along_share + constant;
    ctq_store_some(keys + i, norm * (product - norm * f.norm_share) + constant, count - i);
  }
}

static size_t select_rows(const float *keys, size_t count, float threshold, uint32_t *rows) {
  size_t found = 0;
  for (size_t i = 0; i < count; i += 16) {
    uint32_t bits = ctq_bits_of_lanes((ctq_i16)(ctq_load_some(keys + i, count - i) >= threshold));
    if (count - i < 16) bits &= (1u << (count - i)) - 1;
    for (; bits; bits &= bits - 1) rows[found++] = (uint32_t)(i + (size_t)__builtin_ctz(bits));
  }
  return found;
}
