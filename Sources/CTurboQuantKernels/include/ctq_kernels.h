// The only header Swift sees: what the hot loops compute, and how a target is chosen.
//
// A *kernel* is one hot function; a *target* is one instruction-set build of all of them. Kernels
// never allocate, never do I/O and never start threads. Each is specified by the scalar target:
// every other target returns the same bits, except the products with a query, whose sums may be
// taken in another order (Documentation/Numerics.md).

#ifndef CTQ_KERNELS_H
#define CTQ_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/// A Lloyd-Max codebook, as the kernels read it.
typedef struct ctq_codebook {
  /// Bits a coordinate, 1...8.
  uint32_t bits;
  /// 2^bits centroids, ascending; padded to at least 32 entries.
  const float *centroids;
  /// 2^bits - 1 decision boundaries, ascending.
  const float *boundaries;
  /// Cells of the lookup grid, or 0 where there is none. The cell of y is
  /// trunc(clamp(y * grid_scale + grid_offset, 0, grid_count - 1)); at most one boundary lies in a
  /// cell, so that index(y) = grid_bases[cell] + (y >= grid_boundaries[cell]).
  uint32_t grid_count;
  float grid_scale;
  float grid_offset;
  const float *grid_boundaries;
  const uint32_t *grid_bases;
} ctq_codebook;

/// The kind of one step of a randomized Hadamard rotation.
enum { CTQ_STEP_HADAMARD = 0, CTQ_STEP_GIVENS = 1 };

/// One step of a randomized Hadamard rotation.
///
/// Hadamard: x[offset ..< offset + count] <- scale * H * S * x, `count` a power of two >= 64,
/// H the unnormalised Walsh-Hadamard matrix and S the step's random signs.
/// Givens: for i < count the pair a = x[i], b = S_i * x[offset + i] becomes
/// (cosine * a + sine * b, sine * a - cosine * b).
typedef struct ctq_step {
  uint32_t kind;
  uint32_t offset;
  uint32_t count;
  /// Where the step's sign bits begin, in bytes; bit i set means coordinate i is negated.
  uint32_t signs;
  float scale;
  float cosine;
  float sine;
} ctq_step;

/// A randomized Hadamard rotation: steps applied in order.
typedef struct ctq_hadamard_rotation {
  const ctq_step *steps;
  size_t step_count;
  const uint8_t *signs;
} ctq_hadamard_rotation;

/// What `normalize` found.
enum { CTQ_NORM_OK = 0, CTQ_NORM_NOT_FINITE = 1, CTQ_NORM_OVERFLOW = 2 };

/// The length of a vector, exact powers of two kept apart from rounding.
typedef struct ctq_length {
  /// ||x|| as float32 (0 for the zero vector).
  float norm;
  /// 1 / ||scaled x||, or 0 for the zero vector.
  float inverse;
  int32_t status;
} ctq_length;

/// Blocks of 32 rows of an index, as scans read them.
///
/// Codes lie in planes of one bit a coordinate, a byte of a plane, a *column*, for eight coordinates of a
/// row. Four columns are a column group: a plane of it has a word of four bytes for each row of the block, in order,
/// and the planes of a group follow one another. What is left, fewer than four columns, is a narrower group, as
/// many bytes a row; `ctq_byte_offset` says where each byte lies.
///
/// A code's top bit is its sign, the one plane of `signs`; the other b - 1 bits are split into bit fields of 4, 2
/// and 1 bits, lowest bits first, as many as b - 1 has of each, and `lower_bits` has their planes, a bit field of w bits
/// w of them. Of a column's byte the low nibble holds coordinates 8c ... 8c + 3, the high nibble 8c + 4 ...
/// 8c + 7, of which coordinate k stands, cyclically within the nibble,
///
///   sign          at bit k mod 4
///   field of 1    at bit k + 1 mod 4
///   field of 2    in plane k mod 2, at bits k + 2 mod 4 and k + 3 mod 4
///   field of 4    in plane k mod 4, at bits 0 ... 3
typedef struct ctq_blocks {
  const uint8_t *signs;
  const uint8_t *lower_bits;
  /// Bytes from one block to the next.
  size_t sign_stride, lower_bits_stride;
  size_t count;
  /// Columns of eight coordinates: the dimension / 8, rounded up.
  uint32_t columns;
} ctq_blocks;

/// The signs and the other bits of block `i`.
static inline const uint8_t *ctq_signs(const ctq_blocks *blocks, size_t i) {
  return blocks->signs + i * blocks->sign_stride;
}
static inline const uint8_t *ctq_lower_bits(const ctq_blocks *blocks, size_t i) {
  return blocks->lower_bits + i * blocks->lower_bits_stride;
}

enum {
  /// Columns of a column group, and bytes of its planes.
  CTQ_GROUP_COLUMNS = 4,
  CTQ_GROUP_PLANE_BYTES = 128,
  /// Queries that one pass of `scan_lut` takes at most.
  CTQ_SCAN_LUT_QUERIES = 4,
  /// Queries that one pass of `scan_i8` and `scan_i16` takes at most.
  CTQ_SCAN_QUERIES = 16,
};

/// Where column `c` of plane `p` of row `r` lies in a part of a block that has `planes` of them.
static inline size_t ctq_byte_offset(uint32_t columns, uint32_t planes, uint32_t p, uint32_t c, uint32_t r) {
  const uint32_t first = c / CTQ_GROUP_COLUMNS * CTQ_GROUP_COLUMNS, left = columns - first;
  const uint32_t width = left < CTQ_GROUP_COLUMNS ? left : CTQ_GROUP_COLUMNS;
  return 32 * ((size_t)planes * first + (size_t)width * p) + (size_t)width * r + (c - first);
}

/// The centroid of a code of some bits, of which h = 2^(bits - 1) magnitudes are given: number i for code h + i, its
/// negative for code h - 1 - i.
static inline int16_t ctq_signed_magnitude(const uint16_t *magnitudes, uint32_t bits, uint32_t code) {
  const uint32_t half = 1u << (bits - 1);
  return (int16_t)(code < half ? -(int32_t)magnitudes[half - 1 - code] : magnitudes[code - half]);
}

// float16: the bits of the largest; of the float from which on it is the nearest, were there no infinity; of the
// least normal one as a float; and by how much the exponents' bits of floats are larger.
#define CTQ_LARGEST_FLOAT16 0x7bffu
#define CTQ_FLOAT16_OVERFLOW 0x477ff000u
#define CTQ_FLOAT16_NORMAL 0x38800000u
#define CTQ_FLOAT16_EXPONENTS 0x38000000u

/// The bits of the IEEE binary16 nearest to `value`, ties to even; beyond its range, and for no number, those of the
/// largest finite one of that sign.
static inline uint16_t ctq_float16_of(float value) {
  uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  const uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude >= CTQ_FLOAT16_OVERFLOW) return (uint16_t)(sign | CTQ_LARGEST_FLOAT16);
  if (magnitude < CTQ_FLOAT16_NORMAL) {
    // In a sum with 0.5 the multiple of 2^-24 that a subnormal float16 is stands in the low bits.
    const float sum = __builtin_fabsf(value) + 0.5f;
    __builtin_memcpy(&bits, &sum, sizeof bits);
    return (uint16_t)(sign | (bits & 0xffff));
  }
  return (uint16_t)(sign | (magnitude + 0xfff + (magnitude >> 13 & 1) - CTQ_FLOAT16_EXPONENTS) >> 13);
}

/// What similarities of rows are made of:
/// similarity = norm * ((sum * step + offset) / alignment - norm * norm_factor) + (along * along_factor + constant) + addend.
/// Null norms and alignments stand for ones, null `along` and `addends` for zeros; no alignment is negative.
typedef struct ctq_similarity_terms {
  const float *sums, *norms, *alignments, *along, *addends;
  float step, offset, norm_factor, constant, along_factor;
} ctq_similarity_terms;

// Rows of codes in quads, as attention reads them.
//
// A quad holds four coordinates of 16 rows, 64 bytes: byte 4r + j is that of coordinate 4g + j of row r. A
// code is split into bit fields of 8, 4, 2 and 1 bits, as many as its width has of each, lowest bits first; a bit field of
// w bits packs 8/w quads into 64 bytes, quad g at bits w * (g mod 8/w). All of the first bit field of 16 rows
// comes before their next, and one 16 rows after another.

/// What follows codes and is read with them: a few hundred scales, as many lines as a processor waits for at a time.
enum { CTQ_BYTES_BEYOND = 1024 };
/// Quads that fill the vectors of every bit field; two at least, since packed rows are read eight codes at a time.
static inline size_t ctq_quads_per_step(uint32_t bits) { return bits == 8 ? 2 : 8 / (bits & -bits); }
/// Quads of a row whose products `attend_i16` adds up as whole numbers: 256 of 2047 * 4095 fit 32 bits.
enum { CTQ_ATTEND_I16_QUADS = 64 };

/// What `split_weights` found: the step of its whole numbers, and the sums of both planes.
typedef struct ctq_split {
  float step;
  int32_t high_sum, low_sum;
} ctq_split;

/// The kernels of one target.
typedef struct ctq_kernels {
  const char *name;

  /// scaled <- x * 2^-e with the largest magnitude in [1, 2); then the length of x.
  ctq_length (*normalize)(const float *x, size_t count, float *scaled);

  /// x <- R x, and x <- R^T x, for a randomized Hadamard rotation.
  void (*rotate)(const ctq_hadamard_rotation *rotation, float *x);
  void (*rotate_transposed)(const ctq_hadamard_rotation *rotation, float *x);

  /// y <- M x and x <- M^T y for a dense matrix stored column by column.
  void (*multiply)(const float *columns, size_t row_count, size_t column_count, const float *x,
                   float *y);
  void (*multiply_transposed)(const float *columns, size_t row_count, size_t column_count,
                              const float *y, float *x);

  /// Codes of u = y * scale, packed; returns <u, centroids(u)>. When `residual` is not null it
  /// receives u - centroids(u).
  float (*quantize)(const ctq_codebook *codebook, const float *y, size_t count, float scale,
                    uint8_t *codes, float *residual);
  /// y <- centroids of `count` packed codes.
  void (*dequantize)(const ctq_codebook *codebook, const uint8_t *codes, size_t count, float *y);
  /// sums[r] <- <centroids of row r, query> for rows `stride` bytes apart.
  void (*code_products)(const ctq_codebook *codebook, const uint8_t *codes, size_t stride,
                        size_t row_count, const float *query, size_t count, float *sums);

  /// sums[i] <- sums[i] + sum over rows of weights[r] * the centroid of coordinate i of row r.
  void (*combine_codes)(const ctq_codebook *codebook, const uint8_t *codes, size_t stride,
                        size_t row_count, const float *weights, size_t count, float *sums);

  /// sums[q * sum_stride + r] <- <row r, query q>, `width` numbers each: rows of IEEE binary32 or, where
  /// `bits` is 16, binary16.
  void (*row_products)(const void *rows, uint32_t bits, size_t width, size_t row_count,
                       const float *queries, size_t query_count, float *sums, size_t sum_stride);
  /// sums[q * width + i] <- itself + sum over rows of weights[q * weight_stride + r] * element i of row r.
  void (*combine_rows)(const void *rows, uint32_t bits, size_t width, size_t row_count,
                       const float *weights, size_t weight_stride, size_t query_count, float *sums);

  /// sums[q * sum_stride + 16 * group + r] <- sum of centroids[code] * weight over the codes of row r, of
  /// up to 4 bits: centroids of at most 127, 4 * `quad_count` weights a query of at most 64 in
  /// magnitude. Rounded once, at the end. As many bytes as are read and CTQ_BYTES_BEYOND, from `next`
  /// on, are brought nearer for whoever reads them next; they need not exist.
  void (*attend_i8)(const uint8_t *codes, uint32_t bits, size_t rows16_count, size_t quad_count,
                    const uint8_t *centroids, const int8_t *weights, size_t query_count,
                    const uint8_t *next, float *sums, size_t sum_stride);
  /// The same for codes of 5 to 8 bits, which mean `ctq_signed_magnitude` of magnitudes of at most 2047, and weights
  /// of at most 4095 in magnitude. What CTQ_ATTEND_I16_QUADS quads come to is rounded and added to the sum so far.
  void (*attend_i16)(const uint8_t *codes, uint32_t bits, size_t rows16_count, size_t quad_count,
                         const uint16_t *magnitudes, const int16_t *weights, size_t query_count,
                         const uint8_t *next, float *sums, size_t sum_stride);

  /// y[i] <- exp(x[i] - shift), within 3 ulp, for x[i] <= shift; 0 below exp(-87). Returns their sum,
  /// 16 lanes and a fixed tree. x and y may be the same.
  float (*exponentials)(const float *x, size_t count, float shift, float *y);
  /// The largest of x; -infinity for none.
  float (*largest)(const float *x, size_t count);
  /// The bits of the largest |x[i]|, 0 for none; those of an infinity or above where some x[i] is no
  /// finite number.
  uint32_t (*largest_magnitude)(const float *x, size_t count);
  /// weights[i] * scales[i] = step * (128 * high + low), the nearest; both planes at most 64 in
  /// magnitude. `count` is a multiple of 16; what is below 2^-100 throughout becomes zeros.
  ctq_split (*split_weights)(const float *weights, const float *scales, size_t count, int8_t *high,
                             int8_t *low);
  /// weights[i] * scales[i] = the result * whole[i], the nearest, at most 4095 in magnitude; otherwise as above.
  float (*whole_weights)(const float *weights, const float *scales, size_t count, int16_t *whole);

  /// Sum of squares, 16 lanes and a fixed tree.
  float (*sum_of_squares)(const float *x, size_t count);

  /// Bit i is set where x[i] >= 0 (both zeros count as positive).
  void (*pack_signs)(const float *x, size_t count, uint8_t *bits);
  /// sums[r] <- sum of +-query[i], the signs taken from row r.
  void (*sign_products)(const uint8_t *bits, size_t stride, size_t row_count, const float *query,
                        size_t count, float *sums);

  /// Lookup tables of a query of eight values a column, where `scan_lut` wants them. An entry of plane p, one
  /// of two at most, is (sum of +-u + sum of |u| over the nibble's coordinates) * factors[p], + where a bit is
  /// set, rounded; in the sign plane bit k is coordinate k's, in the second bit k + 1 mod 4. No sum of |u| times
  /// a factor exceeds 63.5 by more than rounding.
  void (*fill_lookup_tables)(const float *u, size_t columns, const float *factors, uint32_t planes,
                      uint8_t *tables);
  /// sums[q * sum_stride + 32 * block + r] <- sum of one entry, at most 127, of every table of 16, by the
  /// nibbles of the signs and, where `bits` is 2, of the other plane. A plane of a column group has four tables, one
  /// for each of its columns (zeros for those beyond the last), for low nibbles and then four for high ones.
  void (*scan_lut)(const ctq_blocks *blocks, uint32_t bits, const uint8_t *tables,
                     size_t query_count, float *sums, size_t sum_stride);
  /// sums <- sum of centroids[code] * query for codes of 3 and 4 bits: 16 centroids of at most 127,
  /// query values of at most 64 in magnitude, zero beyond the dimension, padded to whole column groups and in the
  /// order of coordinates 32 g + 8 t + k + 4 h: g slowest, then k, h, t. Integer sums.
  void (*scan_i8)(const ctq_blocks *blocks, uint32_t bits, const uint8_t *centroids,
                       const int8_t *queries, size_t query_count, float *sums,
                       size_t sum_stride);
  /// sums <- sum of `ctq_signed_magnitude` * query for codes of 8 bits: 128 magnitudes and query values of
  /// less than 2^12 in magnitude, in the order of `scan_i8`. Rounded once, at the end.
  void (*scan_i16)(const ctq_blocks *blocks, const uint16_t *magnitudes, const int16_t *queries,
                    size_t query_count, float *sums, size_t sum_stride);
  /// Similarities of `count` rows.
  void (*similarities)(const ctq_similarity_terms *terms, size_t count, float *similarities);
  /// rows <- those of `count` rows, ascending, whose similarities are at least `threshold` and whose bits are set in
  /// `allowed`, a word for 32 rows, null for all; similarities <- their similarities. Returns how many. Both have room for
  /// `count`, of which anything may be written.
  size_t (*select_rows)(const ctq_similarity_terms *terms, size_t count, const uint32_t *allowed, float threshold,
                        float *similarities, uint32_t *rows);

  /// IEEE binary16 to binary32, exact.
  void (*widen)(const uint16_t *float16s, size_t count, float *floats);
  /// float16s[i] <- `ctq_float16_of` floats[i].
  void (*narrow)(const float *floats, size_t count, uint16_t *float16s);

  /// CRC-32C (Castagnoli), continuing from `seed` (0 to begin).
  uint32_t (*crc32c)(uint32_t seed, const uint8_t *bytes, size_t count);
} ctq_kernels;

/// Puts a packed row of `bits`-bit codes (1 ... 4 or 8) into row `row` of a block.
void ctq_spread_row(const uint8_t *codes, uint32_t bits, size_t dimension, uint8_t *signs,
                    uint8_t *lower_bits, uint32_t row);
/// Takes row `row` of a block and packs it again.
void ctq_pack_row(const uint8_t *signs, const uint8_t *lower_bits, uint32_t row, uint32_t bits,
                  size_t dimension, uint8_t *codes);
/// Puts packed rows of 4 * `quad_count` codes of up to 8 bits, `stride` bytes apart, into a group of quads;
/// `quad_count` is a multiple of `ctq_quads_per_step(bits)`.
void ctq_fill_quads(const uint8_t *rows, size_t stride, uint32_t bits, size_t quad_count, uint8_t *codes);
/// Puts packed rows transposed into `rows16_count` groups of `quad_count` quads: row r of group g holds coordinate
/// 16g + r of all of them. They fill `some` quads from quad `first` on, whole units of them.
void ctq_fill_transposed_quads(const uint8_t *rows, size_t stride, uint32_t bits, size_t rows16_count,
                           size_t quad_count, size_t first, size_t some, uint8_t *codes);
/// The code of coordinate i of a row in groups of quads.
uint32_t ctq_quad_code(const uint8_t *codes, uint32_t bits, size_t quad_count, size_t row, size_t i);
/// Copies row `from` of a part of a block to row `to` of another.
void ctq_copy_row(const uint8_t *source, uint32_t from, uint8_t *target, uint32_t to, uint32_t columns,
                  uint32_t planes);
/// Copies rows, numbered over all blocks of a part from `base` on, to rows `start`, ... of blocks like these.
void ctq_gather_rows(const uint8_t *source, const uint32_t *rows, size_t row_count, uint32_t base,
                     uint8_t *target, size_t start, uint32_t columns, uint32_t planes);
/// The same for the last of the part's planes alone, to blocks that have no other.
void ctq_gather_last_planes(const uint8_t *source, const uint32_t *rows, size_t row_count, uint32_t base,
                            uint8_t *target, size_t start, uint32_t columns, uint32_t planes);
/// target[i] <- source[rows[i] - base].
void ctq_gather_scalars(const float *source, const uint32_t *rows, size_t row_count, uint32_t base,
                        float *target);

/// The IEEE square root of a double.
static inline double ctq_square_root(double x) { return __builtin_elementwise_sqrt(x); }

/// How many targets this build knows, best last, and their tables.
size_t ctq_target_count(void);
const ctq_kernels *ctq_target(size_t index);
/// Whether this processor and operating system can run target `index`.
int ctq_target_is_available(size_t index);
/// The value of the environment variable TQ_TARGET, or null.
const char *ctq_forced_target_name(void);

/// `count` zeros on large pages, or null where the system has no such memory.
void *ctq_map_zeros(size_t count);
/// Frees what `ctq_map_zeros` returned.
void ctq_unmap(void *base, size_t count);

/// Sets rounding to nearest with gradual underflow; returns what was set before.
uint64_t ctq_float_environment_enter(void);
/// Puts back what `ctq_float_environment_enter` returned.
void ctq_float_environment_leave(uint64_t previous);
/// Switches flush-to-zero on; for tests. Returns what was set before.
uint64_t ctq_float_environment_flush_to_zero(void);

#endif
