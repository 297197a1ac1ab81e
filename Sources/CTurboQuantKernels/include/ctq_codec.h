// The codec's kernels: lengths, rotations, packed codes, and signs.
//
// Stored bytes depend on these kernels, so all targets return the same bits. The exceptions are the products with a
// query and `combine_codes`: their sums may be taken in another order.

#ifndef CTQ_CODEC_H
#define CTQ_CODEC_H

#include <stddef.h>
#include <stdint.h>

/// A Lloyd-Max codebook.
typedef struct ctq_codebook {
  /// Bits per coordinate, 1 to 8.
  uint32_t bits;
  /// 2^bits centroids, ascending; padded to at least 32 entries.
  const float *centroids;
  /// 2^bits - 1 decision boundaries, ascending.
  const float *boundaries;
  /// Cells of the lookup grid, or 0 if there is no grid.
  ///
  /// The cell of y is trunc(clamp(y * grid_scale + grid_offset, 0, grid_count - 1)). Each cell contains at most one
  /// boundary, so index(y) = grid_bases[cell] + (y >= grid_boundaries[cell]).
  uint32_t grid_count;
  float grid_scale;
  float grid_offset;
  const float *grid_boundaries;
  const uint32_t *grid_bases;
} ctq_codebook;

/// The kinds of steps of a randomized Hadamard rotation.
enum { CTQ_STEP_HADAMARD = 0, CTQ_STEP_GIVENS = 1 };

/// One step of a randomized Hadamard rotation. S is the diagonal matrix of the step's random signs.
///
/// Hadamard: x[offset ..< offset + count] <- scale * H * S * x. H is the unnormalized Walsh-Hadamard matrix, and
/// `count` is a power of two of at least 64.
///
/// Givens: for i < count, the pair a = x[i], b = S_i * x[offset + i] becomes
/// (cosine * a + sine * b, sine * a - cosine * b).
typedef struct ctq_step {
  uint32_t kind;
  uint32_t offset;
  uint32_t count;
  /// The byte at which the step's sign bits begin. If bit i is set, coordinate i is negated.
  uint32_t signs;
  float scale;
  float cosine;
  float sine;
} ctq_step;

/// A randomized Hadamard rotation: steps, applied in order.
typedef struct ctq_hadamard_rotation {
  const ctq_step *steps;
  size_t step_count;
  const uint8_t *signs;
} ctq_hadamard_rotation;

/// What `normalize` found.
enum { CTQ_NORM_OK = 0, CTQ_NORM_NOT_FINITE = 1, CTQ_NORM_OVERFLOW = 2 };

/// The length of a vector.
typedef struct ctq_length {
  /// ||x|| as float32, 0 for the zero vector.
  float norm;
  /// 1 / ||scaled x||, 0 for the zero vector.
  float inverse;
  /// One of CTQ_NORM_...
  int32_t status;
} ctq_length;

typedef struct ctq_codec_kernels {
  /// scaled[i] <- x[i] * 2^-e. The exponent e brings the largest magnitude into [1, 2). Returns the length of x.
  ctq_length (*normalize)(const float *x, size_t count, float *scaled);
  /// Returns the bits of the largest |x[i]|, or 0 if `count` is 0. If some x[i] is infinite or NaN, returns the bits
  /// of an infinity or of a NaN.
  uint32_t (*largest_magnitude)(const float *x, size_t count);
  /// Returns the sum of x[i]^2, in 16 lanes and a fixed tree.
  float (*sum_of_squares)(const float *x, size_t count);

  /// x <- R x.
  void (*rotate)(const ctq_hadamard_rotation *rotation, float *x);
  /// x <- R^T x.
  void (*rotate_transposed)(const ctq_hadamard_rotation *rotation, float *x);
  /// y <- M x. M is dense and stored column by column.
  void (*multiply)(const float *columns, size_t row_count, size_t column_count, const float *x, float *y);
  /// x <- M^T y.
  void (*multiply_transposed)(const float *columns, size_t row_count, size_t column_count, const float *y, float *x);

  /// codes <- the packed codes of u = y * scale. Returns <u, centroids(u)>. If `residual` is not null,
  /// residual <- u - centroids(u).
  float (*quantize)(const ctq_codebook *codebook, const float *y, size_t count, float scale, uint8_t *codes,
                    float *residual);
  /// y <- the centroids of `count` packed codes.
  void (*dequantize)(const ctq_codebook *codebook, const uint8_t *codes, size_t count, float *y);
  /// sums[r] <- <centroids of row r, query>. Rows of `count` packed codes begin `stride` bytes apart.
  void (*code_products)(const ctq_codebook *codebook, const uint8_t *codes, size_t stride, size_t row_count,
                        const float *query, size_t count, float *sums);
  /// sums[i] <- sums[i] + sum over r of weights[r] * centroid of coordinate i of row r.
  void (*combine_codes)(const ctq_codebook *codebook, const uint8_t *codes, size_t stride, size_t row_count,
                        const float *weights, size_t count, float *sums);

  /// Bit i of `bits` <- x[i] >= 0. Both zeros count as positive.
  void (*pack_signs)(const float *x, size_t count, uint8_t *bits);
  /// sums[r] <- sum over i of +-query[i]. The signs are the bits of row r; rows begin `stride` bytes apart.
  void (*sign_products)(const uint8_t *bits, size_t stride, size_t row_count, const float *query, size_t count,
                        float *sums);
} ctq_codec_kernels;

/// The centroid of a `bits`-bit code of a symmetric codebook, of which only the h = 2^(bits - 1) magnitudes are given:
/// magnitudes[i] for code h + i, -magnitudes[i] for code h - 1 - i.
static inline int16_t ctq_signed_magnitude(const uint16_t *magnitudes, uint32_t bits, uint32_t code) {
  const uint32_t half = 1u << (bits - 1);
  return (int16_t)(code < half ? -(int32_t)magnitudes[half - 1 - code] : magnitudes[code - half]);
}

#endif
