// Scans of index blocks of 8 bits in 32 generic lanes of a byte. Include after scan.h; each target gives beside what
// that asks for
//
//   ctq_arrange_64(table)       brings a table of 64 bytes into the form that its lookups want
//   ctq_look_up_64(table, index) bytes `index` (each below 64) of such a table
//   ctq_dot_16(sums, a, b, p, q) adds to each of eight sums the products of two numbers of a with two of p,
//                               less than 2^12 in magnitude each, and likewise of b with q
//
// Codes of 8 bits have such a nibble above a plain one. A lookup makes of it the sign and what the sign and the
// upper bits do to the index of a magnitude, of which there are 128. Their lower and upper bytes are looked up
// apart and become words of 16 bits, which multiplication adds up in pairs.

#pragma STDC FP_CONTRACT OFF

CTQ_INLINE void ctq_arrange_64(uint8_t table[64]);
CTQ_INLINE u8x32 ctq_look_up_64(const uint8_t table[64], u8x32 index);
CTQ_INLINE u32x8 ctq_dot_16(u32x8 sums, u16x16 a, u16x16 b, u16x16 p,
                                 u16x16 q);

// A column group has eight steps of 128 centroids, four columns of 32 rows, which a query has four weights for. A round of
// column groups, 8 KiB of centroids, stays in the first-level cache.
enum { CTQ_I16_STEPS = 8, CTQ_I16_STEP = CTQ_GROUP_PLANE_BYTES, CTQ_I16_GROUP = CTQ_I16_STEPS * CTQ_I16_STEP };

// Column groups that memory is asked for ahead. Centroids of one take longer than memory does, but while queries meet a round,
// nothing else would be read.
enum { CTQ_I16_PREFETCH_GROUPS = 2 };

/// Magnitudes of 12 bits: lower bytes of the first 64 and of the others, upper bytes of both in one; lower and upper
/// bytes of the first 16 and of the next. And by a code's upper nibble, rotated left by k, what the index of its
/// magnitude is to be where the lower nibble is null: three bits and, where the code is negative, bit 7 and all others
/// inverted.
typedef struct ctq_tables_i16 {
  _Alignas(32) uint8_t lower[2][64], upper[64], few[2][32], indices[4][16];
} ctq_tables_i16;

static ctq_tables_i16 ctq_load_tables_i16(const uint16_t *magnitudes) {
  ctq_tables_i16 tables;
  for (uint32_t i = 0; i < 64; i++) {
    tables.lower[0][i] = (uint8_t)magnitudes[i];
    tables.lower[1][i] = (uint8_t)magnitudes[64 + i];
    tables.upper[i] = (uint8_t)(magnitudes[i] >> 8 | magnitudes[64 + i] >> 8 << 4);
  }
  for (uint32_t i = 0; i < 32; i++) {
    tables.few[0][i] = (uint8_t)magnitudes[i];
    tables.few[1][i] = (uint8_t)(magnitudes[i] >> 8);
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

/// Indices of magnitudes of eight rows from byte `at` of the planes of a column group on, bit 7 where they are negative:
/// of coordinates k and k + 4 in indices[2k] and indices[2k + 1].
CTQ_INLINE void ctq_magnitude_indices(const uint8_t *signs, const uint8_t *lower_bits, int at, const ctq_tables_i16 *tables,
                                 u8x32 indices[CTQ_I16_STEPS]) {
  const uint8_t *twos = lower_bits + 4 * CTQ_GROUP_PLANE_BYTES, *ones = twos + 2 * CTQ_GROUP_PLANE_BYTES;
  u8x32 codes[4];
  ctq_code_pairs(signs, twos, ones, at, codes);
#pragma clang loop unroll(full)
  for (int k = 0; k < 4; k++) {
    const u8x32 lower = ctq_load_32(lower_bits + CTQ_GROUP_PLANE_BYTES * k + at);
    const u8x32 table = ctq_load_table(tables->indices[k]);
    indices[2 * k] = ctq_look_up(table, ctq_mask(codes[k], 0x0f)) ^ ctq_mask(lower, 0x0f);
    indices[2 * k + 1] = ctq_look_up(table, ctq_mask(ctq_shift_right(codes[k], 4), 0x0f)) ^
                         ctq_mask(ctq_shift_right(lower, 4), 0x0f);
  }
}

/// Bytes of a and b in turn: the first eight of both halves, and the others.
#define CTQ_ZIP_BYTES_LOW(a, b)                                                                                 \
  (u16x16) __builtin_shufflevector(a, b, 0, 32, 1, 33, 2, 34, 3, 35, 4, 36, 5, 37, 6, 38, 7, 39, 16, 48,  \
                                         17, 49, 18, 50, 19, 51, 20, 52, 21, 53, 22, 54, 23, 55)
#define CTQ_ZIP_BYTES_HIGH(a, b)                                                                                \
  (u16x16) __builtin_shufflevector(a, b, 8, 40, 9, 41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47,    \
                                         24, 56, 25, 57, 26, 58, 27, 59, 28, 60, 29, 61, 30, 62, 31, 63)

/// Bytes of `a` where those of `which` are 255, of `b` where they are 0.
CTQ_INLINE u8x32 ctq_choose(u8x32 which, u8x32 a, u8x32 b) {
  return (a & which) | (b & ~which);
}

/// Leaves magnitudes, or their negatives where bits of `negative` are set.
CTQ_INLINE void ctq_store_16(u16x16 magnitudes, u16x16 negative, int16_t *values) {
  *(u8x32_unaligned *)values = (u8x32)((magnitudes ^ negative) - negative);
}

/// Bytes of a table of 16, or where codes have 6 bits of 32.
CTQ_INLINE u8x32 ctq_few_bytes(const uint8_t table[32], u8x32 index, uint32_t bits) {
  const u8x32 within = ctq_mask(index, 0x0f), first = ctq_look_up(ctq_load_table(table), within);
  if (bits == 5) return first;
  const u8x32 is_second = (u8x32)(ctq_mask(index, 0x10) > 0);
  return ctq_choose(is_second, ctq_look_up(ctq_load_table(table + 16), within), first);
}

/// Lower and upper bytes of the magnitudes of 32 indices, of which codes of `bits` bits have 2^(bits - 1), a constant.
CTQ_INLINE void ctq_magnitude_bytes(const ctq_tables_i16 *tables, u8x32 index, uint32_t bits, u8x32 *lower,
                               u8x32 *upper) {
  if (bits <= 6) {
    *lower = ctq_few_bytes(tables->few[0], index, bits);
    *upper = ctq_few_bytes(tables->few[1], index, bits);
    return;
  }
  const u8x32 within = ctq_mask(index, 0x3f);
  *lower = ctq_look_up_64(tables->lower[0], within);
  *upper = ctq_look_up_64(tables->upper, within);
  if (bits == 8) {
    const u8x32 above = (u8x32)(index + index > 127);
    *lower = ctq_choose(above, ctq_look_up_64(tables->lower[1], within), *lower);
    *upper = ctq_choose(above, ctq_shift_right(*upper, 4), *upper);
  }
  *upper = ctq_mask(*upper, 0x0f);
}

/// Centroids of 32 indices, in the order of both zips.
CTQ_INLINE void ctq_centroids_i16(const ctq_tables_i16 *tables, u8x32 index, uint32_t bits, int16_t values[32]) {
  u8x32 lower, upper, negative = (u8x32)(index > 127);
  ctq_magnitude_bytes(tables, index, bits, &lower, &upper);
  ctq_store_16(CTQ_ZIP_BYTES_LOW(lower, upper), CTQ_ZIP_BYTES_LOW(negative, negative), values);
  ctq_store_16(CTQ_ZIP_BYTES_HIGH(lower, upper), CTQ_ZIP_BYTES_HIGH(negative, negative), values + 16);
}

/// Centroids of a column group, step after step.
CTQ_INLINE void ctq_fill_tile_i16(const uint8_t *signs, const uint8_t *lower_bits, const ctq_tables_i16 *tables,
                                   int16_t *tile) {
  for (int at = 0; at < CTQ_GROUP_PLANE_BYTES; at += 32) {
    u8x32 indices[CTQ_I16_STEPS];
    ctq_magnitude_indices(signs, lower_bits, at, tables, indices);
#pragma clang loop unroll(full)
    for (int step = 0; step < CTQ_I16_STEPS; step++)
      ctq_centroids_i16(tables, indices[step], 8, tile + CTQ_I16_STEP * step + at);
  }
}

/// Brings the planes of a column group nearer; they need not exist.
CTQ_INLINE void ctq_prefetch_group_i16(const uint8_t *signs, const uint8_t *lower_bits) {
#pragma clang loop unroll(full)
  for (size_t byte = 0; byte < CTQ_GROUP_PLANE_BYTES; byte += 64) __builtin_prefetch(signs + byte);
#pragma clang loop unroll(full)
  for (size_t byte = 0; byte < 7 * CTQ_GROUP_PLANE_BYTES; byte += 64) __builtin_prefetch(lower_bits + byte);
}

/// Four weights, four times.
CTQ_INLINE u16x16 ctq_splat_8(const int16_t *query) {
  typedef uint64_t u64x4 __attribute__((vector_size(32)));
  uint64_t four;
  memcpy(&four, query, sizeof four);
  return (u16x16)((u64x4){0} + four);
}

CTQ_INLINE u16x16 ctq_load_16(const int16_t *p) { return (u16x16)ctq_load_32((const uint8_t *)p); }

/// The sums of eight rows from those of both zips, columns 0 and 1 of a row apart from columns 2 and 3.
CTQ_INLINE u32x8 ctq_row_sums_i16(const u32x8 sums[2]) {
  return __builtin_shufflevector(sums[0], sums[1], 0, 2, 8, 10, 4, 6, 12, 14) +
         __builtin_shufflevector(sums[0], sums[1], 1, 3, 9, 11, 5, 7, 13, 15);
}

/// Adds the products of an even number of steps of four columns, words of `eights` times eight rows each, with one
/// query to the sums of these rows; `eights` is a constant.
CTQ_INLINE void ctq_dot_words(const int16_t *tile, size_t steps, size_t eights, const int16_t *query,
                              u32x8 sums[][2]) {
  for (size_t step = 0; step < steps; step += 2, tile += 64 * eights) {
    const u16x16 low = ctq_splat_8(query + 4 * step), high = ctq_splat_8(query + 4 * step + 4);
#pragma clang loop unroll(full)
    for (size_t i = 0; i < 2 * eights; i++)
      sums[i / 2][i % 2] = ctq_dot_16(sums[i / 2][i % 2], ctq_load_16(tile + 16 * i),
                                      ctq_load_16(tile + 32 * eights + 16 * i), low, high);
  }
}

/// Adds the products of some steps with one query to 32 totals.
CTQ_INLINE void ctq_dot_tile_i16(const int16_t *tile, size_t steps, const int16_t *query, double totals[32]) {
  typedef double f64x8_unaligned __attribute__((vector_size(64), aligned(8)));
  u32x8 sums[4][2] = {0};
  ctq_dot_words(tile, steps, 4, query, sums);
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++)
    *(f64x8_unaligned *)(totals + 8 * j) += __builtin_convertvector((i32x8)ctq_row_sums_i16(sums[j]), f64x8_unaligned);
}

CTQ_INLINE void ctq_scan_i16_block(const ctq_blocks *blocks, size_t block, const ctq_tables_i16 *tables,
                               const int16_t *queries, size_t query_count, float *sums, size_t sum_stride) {
  const size_t groups = ctq_column_groups(blocks->columns);
  _Alignas(64) int16_t tile[CTQ_I16_GROUPS_PER_ROUND * CTQ_I16_GROUP];
  uint8_t scratch[8][CTQ_GROUP_PLANE_BYTES];
  double totals[CTQ_SCAN_QUERIES][32];
  memset(totals, 0, query_count * sizeof *totals);
  const uint8_t *signs = ctq_signs(blocks, block), *lower_bits = ctq_lower_bits(blocks, block);
  size_t waiting = 0;
  for (size_t g = 0; g < groups; g++) {
    const size_t next = CTQ_GROUP_PLANE_BYTES * (g + CTQ_I16_PREFETCH_GROUPS);
    ctq_prefetch_group_i16(signs + next, lower_bits + 7 * next);
    ctq_fill_tile_i16(ctq_group_planes(signs, blocks->columns, 1, g, scratch[0]),
                       ctq_group_planes(lower_bits, blocks->columns, 7, g, scratch[1]), tables, tile + CTQ_I16_GROUP * waiting++);
    if (waiting < CTQ_I16_GROUPS_PER_ROUND && g + 1 < groups) continue;
    const int16_t *weights = queries + 32 * (g + 1 - waiting);
    for (size_t q = 0; q < query_count; q++)
      ctq_dot_tile_i16(tile, CTQ_I16_STEPS * waiting, weights + 32 * groups * q, totals[q]);
    waiting = 0;
  }
  for (size_t q = 0; q < query_count; q++)
    for (size_t r = 0; r < 32; r++) sums[q * sum_stride + 32 * block + r] = (float)totals[q][r];
}

static void scan_i16(const ctq_blocks *blocks, const uint16_t *magnitudes, const int16_t *queries,
                      size_t query_count, float *sums, size_t sum_stride) {
  const ctq_tables_i16 tables = ctq_load_tables_i16(magnitudes);
  for (size_t b = 0; b < blocks->count; b++)
    ctq_scan_i16_block(blocks, b, &tables, queries, query_count, sums, sum_stride);
}
