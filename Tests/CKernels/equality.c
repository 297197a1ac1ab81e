// Every kernel of every target against the scalar target, without Swift: for machines that are
// emulated, and for sanitizers; `run` beside this file builds it. What Swift makes of the kernels is
// tested by KernelEqualityTests.
//
// Arguments: the names of targets that must be among those tried. Exit 1 at the first difference.
// Inputs lie at every misalignment; outputs end at a guard. What feeds stored bytes must agree to the
// bit; a product with a query, of n terms, within n * 2^-23 of the sum of their magnitudes (Higham,
// Accuracy and Stability, section 4.2).

#include "ctq_kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = 4200, GUARD = 16 };

static const ctq_target *reference, *tried;
static uint64_t state;

static uint32_t next_word(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 33);
}

static void fill(float *x, size_t count, uint64_t seed, int exponent) {
  state = seed;
  for (size_t i = 0; i < count; i++)
    x[i] = ldexpf((float)((int32_t)(next_word() >> 6) - (1 << 24)) * 0x1p-24f, exponent);
}

static void expect_equal(const void *a, const void *b, size_t size, const char *kernel, size_t count, size_t detail) {
  if (memcmp(a, b, size) == 0) return;
  printf("%s: %s differs from scalar at length %zu (%zu)\n", tried->name, kernel, count, detail);
  exit(1);
}

static void expect_close(const float *a, const float *b, size_t rows, double bound, const char *kernel, size_t count,
                         size_t detail) {
  for (size_t i = 0; i < rows; i++)
    if (!(fabs((double)a[i] - (double)b[i]) <= bound)) {
      printf("%s: %s gives %g, scalar %g, at length %zu (%zu)\n", tried->name, kernel, (double)b[i], (double)a[i],
             count, detail);
      exit(1);
    }
}

static float first[2][LARGEST + GUARD], second[2][LARGEST + GUARD], input[LARGEST + GUARD];
static uint8_t bytes[2][LARGEST + 2 * GUARD];

static void poison(void) {
  memset(first, 0x5a, sizeof first);
  memset(second, 0x5a, sizeof second);
  memset(bytes, 0x5a, sizeof bytes);
}

static const ctq_target *both(int side) { return side ? tried : reference; }

static void check_normalize(size_t count, size_t shift) {
  const int exponents[] = {0, 120, 126, -126, -140};
  for (size_t e = 0; e < 5; e++) {
    fill(input, LARGEST, count + e, exponents[e]);
    poison();
    ctq_length length[2];
    float square[2];
    for (int side = 0; side < 2; side++) {
      length[side] = both(side)->codec.normalize(input + shift, count, first[side] + shift);
      square[side] = both(side)->codec.sum_of_squares(input + shift, count);
    }
    expect_equal(&length[0], &length[1], sizeof *length, "normalize's length", count, e);
    expect_equal(first[0], first[1], sizeof first[0], "normalize", count, e);
    expect_equal(&square[0], &square[1], sizeof *square, "sum_of_squares", count, e);
  }
}

static void check_dense(size_t rows, size_t shift) {
  enum { COLUMNS = 7 };
  static float matrix[COLUMNS * 300 + GUARD];
  fill(matrix, sizeof matrix / sizeof *matrix, rows, 0);
  fill(input, LARGEST, 3, 0);
  poison();
  for (int side = 0; side < 2; side++) {
    both(side)->codec.multiply(matrix + shift, rows, COLUMNS, input + shift, first[side] + shift);
    both(side)->codec.multiply_transposed(matrix + shift, rows, COLUMNS, input, second[side] + shift);
  }
  expect_equal(first[0], first[1], sizeof first[0], "multiply", rows, shift);
  expect_equal(second[0], second[1], sizeof second[0], "multiply_transposed", rows, shift);
}

static void check_signs(size_t count, size_t shift) {
  fill(input, LARGEST, count, 0);
  for (size_t i = 0; i < count; i += 5) input[i + shift] = i % 2 ? 0.0f : -0.0f;
  poison();
  float sums[2][3];
  double magnitude = 0;
  for (size_t i = 0; i < count; i++) magnitude += fabs((double)input[i + shift]);
  size_t stride = (count + 7) / 8 + 3;
  for (int side = 0; side < 2; side++) {
    both(side)->codec.pack_signs(input + shift, count, bytes[side] + shift);
    both(side)->codec.sign_products(bytes[0] + shift, stride, 3, input + shift, count, sums[side]);
  }
  expect_equal(bytes[0], bytes[1], sizeof bytes[0], "pack_signs", count, shift);
  expect_close(sums[0], sums[1], 3, (double)count * 0x1p-23 * magnitude, "sign_products", count, shift);
}

/// A codebook over (-1, 1), denser in the middle, and the cells of its lookup grid if it has one.
typedef struct tables {
  ctq_codebook codebook;
  float centroids[256], boundaries[256], cells[2048];
  uint32_t bases[2048];
} tables;

static void make_tables(tables *t, uint32_t bits, int has_grid) {
  memset(t, 0, sizeof *t);
  uint32_t count = 1u << bits;
  for (uint32_t i = 0; i < count; i++) {
    float x = ((float)i + 0.5f) / (float)count * 2 - 1;
    t->centroids[i] = x * (0.5f + 0.5f * x * x);
  }
  for (uint32_t i = 0; i + 1 < count; i++) t->boundaries[i] = (t->centroids[i] + t->centroids[i + 1]) / 2;
  t->codebook = (ctq_codebook){.bits = bits,
                               .centroids = t->centroids,
                               .boundaries = t->boundaries,
                               .grid_boundaries = t->cells,
                               .grid_bases = t->bases};
  if (!has_grid) return;
  for (uint32_t cells = 32; cells <= 2048; cells *= 2) {
    float low = t->boundaries[0], span = t->boundaries[count - 2] - low;
    float scale = span > 0 ? (float)(cells - 3) / span : 1, offset = 1.5f - low * scale;
    for (uint32_t i = 0; i < cells; i++) t->cells[i] = INFINITY;
    uint32_t placed = 0;
    for (; placed + 1 < count; placed++) {
      uint32_t cell = (uint32_t)(t->boundaries[placed] * scale + offset);
      if (t->cells[cell] != INFINITY) break;
      t->cells[cell] = t->boundaries[placed];
    }
    if (placed + 1 < count) continue;
    for (uint32_t i = 0, below = 0; i < cells; below += t->cells[i++] != INFINITY) t->bases[i] = below;
    t->codebook.grid_count = cells;
    t->codebook.grid_scale = scale;
    t->codebook.grid_offset = offset;
    return;
  }
}

static void check_codes(size_t count, size_t shift, uint32_t bits, int has_grid) {
  static tables t;
  make_tables(&t, bits, has_grid);
  fill(input, LARGEST, count + bits, 0);
  for (size_t i = 0; i < count; i += 3)
    input[i + shift] = i % 2 ? t.boundaries[next_word() % ((1u << bits) - 1)] : 1e30f;
  poison();
  float alignment[2], plain[2], sums[2][3];
  size_t stride = (count * bits + 7) / 8;
  for (int side = 0; side < 2; side++) {
    const ctq_target *k = both(side);
    plain[side] = k->codec.quantize(&t.codebook, input + shift, count, 1.0f, bytes[side] + shift, 0);
    alignment[side] =
        k->codec.quantize(&t.codebook, input + shift, count, 1.0f, bytes[side] + shift, first[side] + shift);
    k->codec.dequantize(&t.codebook, bytes[0] + shift, count, second[side] + shift);
    // Beyond the first row lies what was there before, which is as good as any codes.
    k->codec.code_products(&t.codebook, bytes[0] + shift, stride, 3, second[0] + shift, count, sums[side]);
  }
  expect_equal(bytes[0], bytes[1], sizeof bytes[0], "quantize's codes", count, bits);
  expect_equal(first[0], first[1], sizeof first[0], "quantize's residual", count, bits);
  expect_equal(alignment, alignment + 1, sizeof *alignment, "quantize's alignment", count, bits);
  expect_equal(plain, plain + 1, sizeof *plain, "quantize's alignment alone", count, bits);
  expect_equal(second[0], second[1], sizeof second[0], "dequantize", count, bits);
  expect_close(sums[0], sums[1], 3, (double)count * 0x1p-23 * (double)count, "code_products", count, bits);
  const float weights[3] = {0.5f, 0.75f, 1.0f};
  for (int side = 0; side < 2; side++)
    both(side)->codec.combine_codes(&t.codebook, bytes[0] + shift, stride, 3, weights, count, second[side] + shift);
  // Three products of at most 1 onto a centroid.
  expect_close(second[0] + shift, second[1] + shift, count, 4 * 0x1p-23 * 4, "combine_codes", count, bits);
  expect_equal(second[0] + shift + count, second[1] + shift + count, GUARD / 2 * sizeof(float),
               "combine_codes beyond its end", count, bits);
}

static void check_exponentials(size_t count, size_t shift) {
  fill(input, LARGEST, count, 7);  // down to e^-256
  poison();
  float sums[2];
  for (int side = 0; side < 2; side++)
    sums[side] = both(side)->attention.exponentials(input + shift, count, 128, first[side] + shift);
  expect_equal(first[0], first[1], sizeof first[0], "exponentials", count, shift);
  expect_equal(sums, sums + 1, sizeof *sums, "the sum of exponentials", count, shift);
}

/// Plain rows, of floats or of float16s, for up to nine queries; `second` holds sums that rows are added to.
static void check_plain_rows(uint32_t bits, size_t width, size_t shift) {
  enum { ROWS = 35 };
  static float floats[ROWS * 150 + GUARD], queries[9 * 150 + GUARD], weights[9 * ROWS];
  static uint16_t float16s[ROWS * 150 + GUARD];
  const void *rows = bits == 16 ? (const void *)(float16s + shift) : (const void *)(floats + shift);
  fill(floats, ROWS * width + GUARD, width, 0);
  // Signs and fractions of any kind, exponents from subnormal to below 1.
  for (size_t i = 0; i < ROWS * width + GUARD; i++) {
    const uint64_t word = next_word();
    float16s[i] = (uint16_t)((word & 0x83ff) | (word >> 16) % 15 << 10);
  }
  fill(queries, 9 * width + GUARD, width + 1, 0);
  fill(weights, 9 * ROWS, width + 2, 0);
  for (size_t count = 1; count <= 9; count += count < 5 ? 1 : 4) {
    poison();
    for (int side = 0; side < 2; side++) {
      memset(second[side], 0, 9 * 150 * sizeof(float));
      both(side)->attention.row_products(rows, bits, width, ROWS, queries + shift, count, first[side] + shift,
                                         ROWS + 2);
      both(side)->attention.combine_rows(rows, bits, width, ROWS, weights, ROWS, count, second[side] + shift);
    }
    for (size_t q = 0; q < count; q++)
      expect_close(first[0] + shift + q * (ROWS + 2), first[1] + shift + q * (ROWS + 2), ROWS,
                   (double)width * 0x1p-23 * (double)width, "row_products", width, shift);
    expect_close(second[0] + shift, second[1] + shift, count * width, ROWS * 0x1p-23 * ROWS, "combine_rows", width,
                 shift);
    expect_equal(second[0] + shift + count * width, second[1] + shift + count * width, GUARD / 2,
                 "combine_rows beyond its end", width, shift);
  }
}

/// Both maxima and the planes of weights, 32 and more at a time; infinities and NaN among the former.
static void check_weights(size_t count, size_t shift) {
  fill(input, LARGEST, count, 7);
  float found[2];
  uint32_t magnitudes[2];
  for (int special = 0; special < 4; special++) {
    if (special > 0 && count > 0) input[shift + count / 2] = special == 1 ? -INFINITY : special == 2 ? INFINITY : NAN;
    for (int side = 0; side < 2; side++) {
      found[side] = special == 3 ? 0 : both(side)->attention.largest(input + shift, count);
      magnitudes[side] = both(side)->codec.largest_magnitude(input + shift, count);
    }
    expect_equal(found, found + 1, sizeof *found, "largest", count, shift);
    expect_equal(magnitudes, magnitudes + 1, sizeof *magnitudes, "largest_magnitude", count, shift);
  }
  const float sizes[] = {0, 1e-38f, 1e-20f, 1, 1e20f};
  static float scales[LARGEST];
  static int8_t planes[2][2][LARGEST];
  static int16_t whole[2][LARGEST];
  for (size_t s = 0; s < 5; s++) {
    fill(input, LARGEST, count, 0);
    fill(scales, LARGEST, count + 1, 3);
    for (size_t i = 0; i < LARGEST; i++) scales[i] *= sizes[s];
    ctq_split splits[2];
    memset(planes, 0x5a, sizeof planes);
    for (int side = 0; side < 2; side++)
      splits[side] = both(side)->attention.split_weights(input + shift, scales + shift, 16 * count,
                                                         planes[side][0] + shift, planes[side][1] + shift);
    expect_equal(splits, splits + 1, sizeof *splits, "split_weights's step and sums", count, shift);
    expect_equal(planes[0], planes[1], sizeof planes[0], "split_weights", count, shift);
    float steps[2];
    memset(whole, 0x5a, sizeof whole);
    for (int side = 0; side < 2; side++)
      steps[side] = both(side)->attention.whole_weights(input + shift, scales + shift, 16 * count, whole[side] + shift);
    expect_equal(steps, steps + 1, sizeof *steps, "whole_weights's step", count, shift);
    expect_equal(whole[0], whole[1], sizeof whole[0], "whole_weights", count, shift);
  }
}

static void check_rotation(size_t n, size_t remainder) {
  static uint8_t signs[LARGEST];
  size_t d = n + remainder;
  ctq_step steps[3] = {{.kind = CTQ_STEP_HADAMARD, .offset = (uint32_t)remainder, .count = (uint32_t)n, .scale = 0.1f},
                       {.kind = CTQ_STEP_GIVENS,
                        .offset = (uint32_t)(remainder ? n : n / 2),
                        .count = (uint32_t)(remainder ? remainder : n / 2),
                        .signs = 512,
                        .cosine = 0.6f,
                        .sine = 0.8f},
                       {.kind = CTQ_STEP_HADAMARD, .count = (uint32_t)n, .signs = 1024, .scale = 0.3f}};
  ctq_hadamard_rotation rotation = {steps, 3, signs};
  state = d;
  for (size_t i = 0; i < LARGEST; i++) signs[i] = (uint8_t)next_word();
  fill(input, LARGEST, d, 0);
  for (size_t shift = 0; shift < 4; shift++) {
    poison();
    for (int side = 0; side < 2; side++) {
      memcpy(first[side] + shift, input, d * sizeof *input);
      memcpy(second[side] + shift, input, d * sizeof *input);
      both(side)->codec.rotate(&rotation, first[side] + shift);
      both(side)->codec.rotate_transposed(&rotation, second[side] + shift);
    }
    expect_equal(first[0], first[1], sizeof first[0], "rotate", d, shift);
    expect_equal(second[0], second[1], sizeof second[0], "rotate_transposed", d, shift);
  }
}

/// Floats of every exponent, whose last bits decide about ties or nearly do.
static void check_narrow(size_t count) {
  static const uint32_t ends[] = {0, 0xfff, 0x1000, 0x1001, 0x2fff, 0x3000, 0x3001, 0x7fffff};
  for (uint32_t top = 0; top < 512; top++) {
    float floats[70];
    uint16_t float16s[2][70];
    memset(float16s, 0x5a, sizeof float16s);
    for (size_t i = 0; i < count; i++) {
      const uint32_t bits = top << 23 | ends[i % 8] | (uint32_t)(i / 8) << 14;
      memcpy(floats + i, &bits, sizeof bits);
    }
    for (int side = 0; side < 2; side++) both(side)->bytes.narrow(floats, count, float16s[side]);
    expect_equal(float16s[0], float16s[1], sizeof float16s[0], "narrow", count, top);
  }
}

static void check_bytes(void) {
  static uint16_t float16s[65536 + 3];
  static float wide[2][65536 + 3];
  for (size_t i = 0; i < sizeof float16s / sizeof *float16s; i++) float16s[i] = (uint16_t)i;
  for (int side = 0; side < 2; side++) both(side)->bytes.widen(float16s, 65539, wide[side]);
  expect_equal(wide[0], wide[1], sizeof wide[0], "widen", 65539, 0);
  for (size_t count = 0; count < 70; count++) check_narrow(count);
  for (size_t count = 0; count < 70; count++)
    for (size_t shift = 0; shift < 8; shift++) {
      uint32_t sums[2];
      for (int side = 0; side < 2; side++)
        sums[side] = both(side)->bytes.crc32c(7, (const uint8_t *)float16s + 300 + shift, count);
      expect_equal(sums, sums + 1, sizeof *sums, "crc32c", count, shift);
    }
  // Long runs go in lanes.
  for (size_t count = 24000; count < 3 * 24576; count += 281) {
    uint32_t sums[2];
    for (int side = 0; side < 2; side++) sums[side] = both(side)->bytes.crc32c(7, (const uint8_t *)float16s + 1, count);
    expect_equal(sums, sums + 1, sizeof *sums, "crc32c", count, 1);
  }
}

#include "scans.h"

#include "angles.h"

static void check_target(void) {
  for (size_t count = 0; count <= 130; count += count < 70 ? 1 : 13)
    for (size_t shift = 0; shift < 4; shift++) {
      check_normalize(count, shift);
      check_signs(count, shift);
      check_exponentials(count, shift);
      if (count < 20) check_weights(count, shift);
      if (count > 0) check_plain_rows(32, count, shift);
      if (count > 0) check_plain_rows(16, count, shift);
      if (count > 0) check_dense(count, shift);
      for (uint32_t bits = 1; bits <= 8; bits++)
        for (int has_grid = 0; has_grid < 2; has_grid++) check_codes(count, shift, bits, has_grid);
    }
  for (size_t n = 64; n <= 2048; n *= 2) {
    const size_t remainders[] = {0, 1, 15, 16, 17, n / 2, n - 1};
    for (size_t i = 0; i < 7; i++) check_rotation(n, remainders[i]);
  }
  check_bytes();
  check_angles();
  check_scans();
}

int main(int argc, char **argv) {
  reference = ctq_target_at(0);
  uint64_t before = ctq_float_environment_enter();
  int found = 0;
  check_layout();
  for (size_t i = 1; i < ctq_target_count(); i++) {
    tried = ctq_target_at(i);
    int is_available = tried->is_available();
    if (is_available) check_target();
    if (is_available) printf("%s: equal to scalar\n", tried->name);
    else printf("%s: SKIPPED, cannot run here; it needs %s\n", tried->name, tried->features);
    for (int a = 1; is_available && a < argc; a++) found += strcmp(argv[a], tried->name) == 0;
  }
  ctq_float_environment_leave(before);
  if (found == argc - 1) return 0;
  printf("not every target that was asked for could be tried\n");
  return 1;
}
