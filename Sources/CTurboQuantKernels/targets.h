// The tables the dispatcher chooses from; one per target that this compiler can build.

#ifndef CTQ_TARGETS_H
#define CTQ_TARGETS_H

#include "ctq_kernels.h"

extern const ctq_kernels ctq_kernels_scalar;

#if defined(__x86_64__)
#define CTQ_HAS_AVX2 1
#define CTQ_HAS_AVX512 1
extern const ctq_kernels ctq_kernels_avx2;
extern const ctq_kernels ctq_kernels_avx512;
#elif defined(__aarch64__)
#define CTQ_HAS_NEON 1
extern const ctq_kernels ctq_kernels_neon;
extern const ctq_kernels ctq_kernels_neondot;
#elif defined(__wasm_simd128__)
#define CTQ_HAS_SIMD128 1
extern const ctq_kernels ctq_kernels_simd128;
#endif

/// The table of the kernels that the file defines under these names.
#define CTQ_KERNEL_TABLE(target) \
  const ctq_kernels ctq_kernels_##target = { \
      .name = #target, \
      .normalize = normalize, \
      .rotate = rotate, \
      .rotate_transposed = rotate_transposed, \
      .multiply = multiply, \
      .multiply_transposed = multiply_transposed, \
      .quantize = quantize, \
      .dequantize = dequantize, \
      .code_products = code_products, \
      .combine_codes = combine_codes, \
      .attend_i8 = attend_i8, \
      .attend_i16 = attend_i16, \
      .row_products = row_products, \
      .combine_rows = combine_rows, \
      .exponentials = exponentials, \
      .largest = largest, \
      .largest_magnitude = largest_magnitude, \
      .split_weights = split_weights, \
      .whole_weights = whole_weights, \
      .sum_of_squares = sum_of_squares, \
      .pack_signs = pack_signs, \
      .sign_products = sign_products, \
      .fill_lookup_tables = fill_lookup_tables, \
      .scan_lut = scan_lut, \
      .scan_i8 = scan_i8, \
      .scan_i16 = scan_i16, \
      .similarities = similarities, \
      .select_rows = select_rows, \
      .widen = widen, \
      .narrow = narrow, \
      .crc32c = crc32c, \
  }

#endif
