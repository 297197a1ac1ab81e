// The kernels that scan an index: sums over the codes of blocks of 32 rows, and from sums to the rows worth keeping.
//
// Sums are whole numbers, and similarities use the same operations in the same order on all targets. So all targets
// return the same bits.

#ifndef CTQ_SCAN_H
#define CTQ_SCAN_H

#include <stddef.h>
#include <stdint.h>

/// Blocks of 32 rows of an index.
///
/// Codes are stored as planes of one bit per coordinate. One byte of a plane is a *column*: eight coordinates of one
/// row. Four columns form a *column group*. A plane of a column group is 32 words of four bytes, one word for each
/// row of the block, in order; the planes of a column group follow one another. If columns are left over, they form
/// a narrower column group with one to three bytes per row. `ctq_byte_offset` says where each byte is.
///
/// The top bit of a code is its sign; `signs` has that one plane. The other b - 1 bits are split into *bit fields* of
/// 4, 2 and 1 bits, lowest bits first, at most one of each. `lower_bits` has their planes, w planes for a field of w
/// bits. In the byte of column c, the low nibble holds coordinates 8c to 8c + 3 and the high nibble 8c + 4 to 8c + 7.
/// Within its nibble, coordinate k of the four is at these bits, modulo 4:
///
///   sign          bit k
///   field of 1    bit k + 1
///   field of 2    bits k + 2 and k + 3 of plane k mod 2
///   field of 4    bits 0 to 3 of plane k
typedef struct ctq_blocks {
  const uint8_t *signs;
  const uint8_t *lower_bits;
  /// Bytes from one block to the next.
  size_t sign_stride, lower_bits_stride;
  /// The number of blocks.
  size_t count;
  /// The number of columns: the dimension / 8, rounded up.
  uint32_t columns;
} ctq_blocks;

/// The signs of block `i`.
static inline const uint8_t *ctq_signs(const ctq_blocks *blocks, size_t i) {
  return blocks->signs + i * blocks->sign_stride;
}
/// The lower bits of block `i`.
static inline const uint8_t *ctq_lower_bits(const ctq_blocks *blocks, size_t i) {
  return blocks->lower_bits + i * blocks->lower_bits_stride;
}

enum {
  /// Columns per column group, and bytes per plane of one.
  CTQ_GROUP_COLUMNS = 4,
  CTQ_GROUP_PLANE_BYTES = 128,
  /// The most queries per call of `scan_lut`.
  CTQ_SCAN_LUT_QUERIES = 4,
  /// The most queries per call of `scan_i8` and `scan_i16`.
  CTQ_SCAN_QUERIES = 16,
};

/// The offset of the byte of column `c`, plane `p`, row `r` in a block's signs (one plane) or lower bits (`planes`
/// planes).
static inline size_t ctq_byte_offset(uint32_t columns, uint32_t planes, uint32_t p, uint32_t c, uint32_t r) {
  const uint32_t first = c / CTQ_GROUP_COLUMNS * CTQ_GROUP_COLUMNS, left = columns - first;
  const uint32_t width = left < CTQ_GROUP_COLUMNS ? left : CTQ_GROUP_COLUMNS;
  return 32 * ((size_t)planes * first + (size_t)width * p) + (size_t)width * r + (c - first);
}

/// The terms of a row's similarity, the number by which rows are ranked:
///
///   norm * ((sum * step + offset) / alignment - norm * norm_factor) + (along * along_factor + constant) + addend
///
/// Arrays have one number per row. Null norms and alignments stand for ones, null `along` and `addends` for zeros.
/// No alignment is negative.
typedef struct ctq_similarity_terms {
  const float *sums, *norms, *alignments, *along, *addends;
  float step, offset, norm_factor, constant, along_factor;
} ctq_similarity_terms;

/// For all scans: sums[q * sum_stride + 32 * block + r] is the sum of row r of a block for query q.
typedef struct ctq_scan_kernels {
  /// Fills the lookup tables of one query for `scan_lut`.
  ///
  /// `u` has eight values per column. `planes` is 1 (signs) or 2 (signs and the second bit). Each nibble of a plane
  /// has a table of 16 entries. The entry of nibble n is
  ///
  ///   (sum over the nibble's coordinates of (+-u + |u|)) * factors[plane], rounded,
  ///
  /// with + for a bit that is set in n. Coordinate k of the nibble is bit k in the sign plane and bit k + 1 (modulo 4)
  /// in the second. The factors are such that no entry exceeds 127: the sum of |u| times a factor exceeds 63.5 by
  /// rounding only.
  ///
  /// Per column group and plane come eight tables: those of the low nibbles of its four columns, then those of the
  /// high nibbles. Columns beyond the last have zeros.
  void (*fill_lookup_tables)(const float *u, size_t columns, const float *factors, uint32_t planes, uint8_t *tables);
  /// Codes of 1 or 2 bits: sums <- sum of one entry of every table. `bits` is the number of planes. With 1, codes may
  /// have more bits; only their signs are read. Entries are at most 127.
  void (*scan_lut)(const ctq_blocks *blocks, uint32_t bits, const uint8_t *tables, size_t query_count, float *sums,
                   size_t sum_stride);
  /// Codes of 3 or 4 bits: sums <- sum of centroids[code] * weight. There are 16 centroids of at most 127. Weights are
  /// at most 64 in magnitude.
  ///
  /// A query has 32 weights per column group. Weights beyond the dimension are zero. Their order is that of
  /// coordinates 32 g + 8 t + k + 4 h, with g outermost, then k, then h, then t.
  void (*scan_i8)(const ctq_blocks *blocks, uint32_t bits, const uint8_t *centroids, const int8_t *queries,
                  size_t query_count, float *sums, size_t sum_stride);
  /// Codes of 8 bits: sums <- sum of `ctq_signed_magnitude` * weight, rounded to float32 once. There are 128
  /// magnitudes; they and the weights are less than 2^12 in magnitude. Weights are ordered as for `scan_i8`.
  void (*scan_i16)(const ctq_blocks *blocks, const uint16_t *magnitudes, const int16_t *queries, size_t query_count,
                   float *sums, size_t sum_stride);

  /// similarities[i] <- the similarity of row i, for `count` rows.
  void (*similarities)(const ctq_similarity_terms *terms, size_t count, float *similarities);
  /// Selects the rows whose similarity is at least `threshold` and whose bit is set in `allowed`.
  ///
  /// rows <- the numbers of these rows, ascending; similarities <- their similarities. Returns how many there are.
  /// `allowed` has one word per 32 rows; null allows all. Both outputs have room for `count` rows, and what is behind
  /// the selected ones is unspecified.
  size_t (*select_rows)(const ctq_similarity_terms *terms, size_t count, const uint32_t *allowed, float threshold,
                        float *similarities, uint32_t *rows);
} ctq_scan_kernels;

// Rows of blocks. These functions only move bits and are the same for all targets. `columns` and `planes` are those
// of the part of a block that is given: its signs, or its lower bits.

/// Writes the packed `bits`-bit codes (1 to 4, or 8) of one row into row `row` of a block.
void ctq_spread_row(const uint8_t *codes, uint32_t bits, size_t dimension, uint8_t *signs, uint8_t *lower_bits,
                    uint32_t row);
/// codes <- row `row` of a block, packed.
void ctq_pack_row(const uint8_t *signs, const uint8_t *lower_bits, uint32_t row, uint32_t bits, size_t dimension,
                  uint8_t *codes);
/// Copies row `from` of one block to row `to` of another.
void ctq_copy_row(const uint8_t *source, uint32_t from, uint8_t *target, uint32_t to, uint32_t columns,
                  uint32_t planes);
/// Copies rows rows[i] - base of the blocks of `source` to rows start + i of the blocks of `target`.
void ctq_gather_rows(const uint8_t *source, const uint32_t *rows, size_t row_count, uint32_t base, uint8_t *target,
                     size_t start, uint32_t columns, uint32_t planes);
/// The same for the last plane only. The blocks of `target` have one plane.
void ctq_gather_last_planes(const uint8_t *source, const uint32_t *rows, size_t row_count, uint32_t base,
                            uint8_t *target, size_t start, uint32_t columns, uint32_t planes);
/// Asks for what `ctq_gather_rows` or, with `last_only`, `ctq_gather_last_planes` will read. Each word of a row is in a
/// cache line of its own, and to wait for one row after another takes several times as long as to ask for all first.
void ctq_prefetch_rows(const uint8_t *source, const uint32_t *rows, size_t row_count, uint32_t base, uint32_t columns,
                       uint32_t planes, int last_only);
/// The same for `ctq_gather_scalars`.
void ctq_prefetch_scalars(const float *source, const uint32_t *rows, size_t row_count, uint32_t base);
/// target[i] <- source[rows[i] - base].
void ctq_gather_scalars(const float *source, const uint32_t *rows, size_t row_count, uint32_t base, float *target);

#endif
