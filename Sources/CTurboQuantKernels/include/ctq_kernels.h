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
typedef struct ctq_mixing {
  const ctq_step *steps;
  size_t step_count;
  const uint8_t *signs;
} ctq_mixing;

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

/// The kernels of one target.
typedef struct ctq_kernels {
  const char *name;

  /// scaled <- x * 2^-e with the largest magnitude in [1, 2); then the length of x.
  ctq_length (*normalize)(const float *x, size_t count, float *scaled);

  /// x <- R x, and x <- R^T x, for a randomized Hadamard rotation.
  void (*mix)(const ctq_mixing *mixing, float *x);
  void (*unmix)(const ctq_mixing *mixing, float *x);

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

  /// Sum of squares, 16 lanes and a fixed tree.
  float (*sum_of_squares)(const float *x, size_t count);

  /// Bit i is set where x[i] >= 0 (both zeros count as positive).
  void (*pack_signs)(const float *x, size_t count, uint8_t *bits);
  /// sums[r] <- sum of +-query[i], the signs taken from row r.
  void (*sign_products)(const uint8_t *bits, size_t stride, size_t row_count, const float *query,
                        size_t count, float *sums);

  /// IEEE binary16 to binary32, exact.
  void (*widen)(const uint16_t *halves, size_t count, float *floats);

  /// CRC-32C (Castagnoli), continuing from `seed` (0 to begin).
  uint32_t (*crc32c)(uint32_t seed, const uint8_t *bytes, size_t count);
} ctq_kernels;

/// The IEEE square root of a double.
static inline double ctq_square_root(double x) { return __builtin_elementwise_sqrt(x); }

/// How many targets this build knows, best last, and their tables.
size_t ctq_target_count(void);
const ctq_kernels *ctq_target(size_t index);
/// Whether this processor and operating system can run target `index`.
int ctq_target_is_available(size_t index);
/// The value of the environment variable TQ_TARGET, or null.
const char *ctq_forced_target_name(void);

/// Sets rounding to nearest with gradual underflow; returns what was set before.
uint64_t ctq_float_environment_enter(void);
/// Puts back what `ctq_float_environment_enter` returned.
void ctq_float_environment_leave(uint64_t previous);
/// Switches flush-to-zero on; for tests. Returns what was set before.
uint64_t ctq_float_environment_flush_to_zero(void);

#endif
