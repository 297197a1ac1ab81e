// The kernels of attention: products with rows of floats and of codes, softmax, and weights as whole numbers.
//
// Whole numbers, exponentials and products with angles are the same to the bit on all targets. `row_products` and
// `combine_rows` may take their sums in another order.

#ifndef CTQ_ATTENTION_H
#define CTQ_ATTENTION_H

#include <stddef.h>
#include <stdint.h>

// Rows of codes in quads
//
// A *quad* holds four coordinates of 16 rows, one byte each: byte 4r + j of quad g is coordinate 4g + j of row r. A
// code is split into *bit fields* of 8, 4, 2 and 1 bits, lowest bits first, at most one of each. For a field of w
// bits, 8/w quads are packed into 64 bytes, with quad g at bits w * (g mod 8/w). For 16 rows, all of the first field
// comes first, then all of the next. Then come the next 16 rows.

/// The number of quads that fill whole vectors of 64 bytes for every bit field. It is at least two, because packed
/// rows are read eight codes at a time.
static inline size_t ctq_quads_per_step(uint32_t bits) { return bits == 8 ? 2 : 8 / (bits & -bits); }

enum {
  /// Bytes behind the codes that are prefetched with them: a few hundred scales, as many cache lines as a processor
  /// requests at a time.
  CTQ_BYTES_BEYOND = 1024,
  /// `attend_i16` adds the products of this many quads as whole numbers. 256 products of 2047 * 4095 fit 32 bits.
  CTQ_ATTEND_I16_QUADS = 64,
};

/// What `split_weights` found: the step of its whole numbers, and the sum of each plane.
typedef struct ctq_split {
  float step;
  int32_t high_sum, low_sum;
} ctq_split;

// Rows of angles (PolarQuant)
//
// Level 1 joins neighbouring coordinates, level l the results of level l - 1, each pair by an angle. If their number is
// odd, the last one goes to the next level unchanged. What is left after all levels belongs to blocks, each with a
// float16 radius. A packed row has the codes of each level from a whole byte on, lowest bits first, and the radii.

/// The angles of one level.
typedef struct ctq_angle_level {
  /// Bits of a code, 1 to 8.
  uint32_t bits;
  /// The number of angles.
  uint32_t count;
  /// Where the codes begin in a packed row.
  uint32_t byte_offset;
  /// Cosines and sines of the centroids, `ctq_angle_entries(bits)` of each: a shorter codebook repeats itself.
  const float *cosines, *sines;
  /// Those of the last angle, whose second half may be smaller.
  const float *last_cosines, *last_sines;
} ctq_angle_level;

/// What all rows of angles of a codec share.
typedef struct ctq_angles {
  uint32_t dimension;
  uint32_t level_count;
  /// Where the radii begin in a packed row.
  uint32_t radii_offset;
  const ctq_angle_level *levels;
} ctq_angles;

/// The length of a table that codes of `bits` bits are looked up in: at least a register of 16 floats, so that bits
/// above a shorter code need not be masked away.
static inline size_t ctq_angle_entries(uint32_t bits) { return bits < 4 ? 16 : (size_t)1 << bits; }
/// The number of blocks.
static inline size_t ctq_block_count(const ctq_angles *angles) {
  return (angles->dimension + ((size_t)1 << angles->level_count) - 1) >> angles->level_count;
}

enum {
  /// `angle_products` looks codes up for this many queries at once.
  CTQ_ANGLE_QUERIES = 4,
  /// The widest code of level 1 for which each query has tables. More of wider ones would not stay in the first-level
  /// cache.
  CTQ_ANGLE_TABLE_BITS = 5,
};

/// What `angle_tables` writes for a pair of coordinates.
static inline size_t ctq_angle_pair_count(uint32_t bits) {
  return bits <= CTQ_ANGLE_TABLE_BITS ? ctq_angle_entries(bits) : 2;
}
/// What it writes for a query.
static inline size_t ctq_angle_table_count(const ctq_angles *angles) {
  return angles->dimension / 2 * ctq_angle_pair_count(angles->levels[0].bits) + angles->dimension % 2;
}
/// Bytes of a packed row.
static inline size_t ctq_angle_row_bytes(const ctq_angles *angles) {
  return angles->radii_offset + 2 * ctq_block_count(angles);
}
/// The floats that `angle_products` works in: 16 rows, once transposed and once as they are, and what is left of a
/// query after level 1.
static inline size_t ctq_angle_work_count(const ctq_angles *angles) {
  return 8 * ((ctq_angle_row_bytes(angles) + 15) / 16 * 16) + 16 * (((size_t)angles->dimension + 1) / 2);
}

typedef struct ctq_attention_kernels {
  /// sums[q * sum_stride + r] <- <row r, query q>. Rows and queries have `width` numbers. Rows are float32, or float16
  /// if `bits` is 16.
  void (*row_products)(const void *rows, uint32_t bits, size_t width, size_t row_count, const float *queries,
                       size_t query_count, float *sums, size_t sum_stride);
  /// sums[q * width + i] <- itself + sum over r of weights[q * weight_stride + r] * element i of row r.
  void (*combine_rows)(const void *rows, uint32_t bits, size_t width, size_t row_count, const float *weights,
                       size_t weight_stride, size_t query_count, float *sums);

  /// Codes of 1 to 4 bits in quads: sums[q * sum_stride + 16 * g + r] <- sum of centroids[code] * weight over the
  /// codes of row r of rows 16g to 16g + 15, for g < `rows16_count`.
  ///
  /// Centroids are at most 127. A query has 4 * `quad_count` weights of at most 64 in magnitude. The sum is rounded to
  /// float32 once. `next` is what will be read next: as many bytes as the codes have, and CTQ_BYTES_BEYOND, are
  /// prefetched from there. They need not exist.
  void (*attend_i8)(const uint8_t *codes, uint32_t bits, size_t rows16_count, size_t quad_count,
                    const uint8_t *centroids, const int8_t *weights, size_t query_count, const uint8_t *next,
                    float *sums, size_t sum_stride);
  /// Codes of 5 to 8 bits in quads: sums <- sum of `ctq_signed_magnitude` * weight. Magnitudes are at most 2047,
  /// weights at most 4095 in magnitude. The sum of every CTQ_ATTEND_I16_QUADS quads is rounded and added in float32.
  void (*attend_i16)(const uint8_t *codes, uint32_t bits, size_t rows16_count, size_t quad_count,
                     const uint16_t *magnitudes, const int16_t *weights, size_t query_count, const uint8_t *next,
                     float *sums, size_t sum_stride);

  /// The first level of all products with a query: entry c of table i <- query[2i] * cosines[c] + query[2i + 1] *
  /// sines[c], or the pair itself if codes are wider than CTQ_ANGLE_TABLE_BITS. Then comes the coordinate without a
  /// partner, if there is one.
  void (*angle_tables)(const ctq_angles *angles, const float *query, float *tables);
  /// sums[q * sum_stride + r] <- <row r, query q> for packed rows of angles, `stride` bytes apart, of which
  /// `byte_count` bytes can be read. `tables` are those of all queries, one after another.
  ///
  /// The products are joined level by level, x * cosine + y * sine, each operation rounded. Then the blocks' products
  /// are multiplied by the radii and added in their order. `work` has `ctq_angle_work_count` floats. `next` is what
  /// will be read next, as in `attend_i8`.
  void (*angle_products)(const ctq_angles *angles, const uint8_t *rows, size_t stride, size_t row_count,
                         size_t byte_count, const float *tables, size_t query_count, const uint8_t *next, float *work,
                         float *sums, size_t sum_stride);

  /// y[i] <- exp(x[i] - shift), within 3 ulp, and 0 below exp(-87). No x[i] is above `shift`. Returns the sum of y,
  /// in 16 lanes and a fixed tree. x and y may be the same.
  float (*exponentials)(const float *x, size_t count, float shift, float *y);
  /// Returns the largest x[i], or -infinity if `count` is 0.
  float (*largest)(const float *x, size_t count);

  /// Rounds weights[i] * scales[i] to step * (128 * high[i] + low[i]). Both planes are at most 64 in magnitude.
  /// `count` is a multiple of 16. If all products are below 2^-100, the whole numbers are zeros.
  ctq_split (*split_weights)(const float *weights, const float *scales, size_t count, int8_t *high, int8_t *low);
  /// Rounds weights[i] * scales[i] to step * whole[i] and returns the step. whole[i] is at most 4095 in magnitude.
  /// Otherwise as above.
  float (*whole_weights)(const float *weights, const float *scales, size_t count, int16_t *whole);
} ctq_attention_kernels;

// Quads. These functions only move bits and are the same for all targets. `quad_count` is a multiple of
// `ctq_quads_per_step(bits)`.

/// Writes 16 packed rows of 4 * `quad_count` codes, `stride` bytes apart, as quads.
void ctq_fill_quads(const uint8_t *rows, size_t stride, uint32_t bits, size_t quad_count, uint8_t *codes);
/// Writes packed rows transposed: row r of rows 16g to 16g + 15 holds coordinate 16g + r of all of them.
///
/// There are `rows16_count` times 16 rows of `quad_count` quads, of which quads `first` to `first` + `some` - 1 are
/// written from 4 * `some` packed rows. Both `first` and `some` are multiples of `ctq_quads_per_step(bits)`.
void ctq_fill_transposed_quads(const uint8_t *rows, size_t stride, uint32_t bits, size_t rows16_count,
                               size_t quad_count, size_t first, size_t some, uint8_t *codes);
/// The code of coordinate i of a row in quads.
uint32_t ctq_quad_code(const uint8_t *codes, uint32_t bits, size_t quad_count, size_t row, size_t i);

#endif
