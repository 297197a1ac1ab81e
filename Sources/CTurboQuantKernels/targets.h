// The targets that this compiler can build, and how a target's file defines its own.

#ifndef CTQ_TARGETS_H
#define CTQ_TARGETS_H

#include "ctq_kernels.h"

/// Expands `define` once for each target, best last.
#if defined(__x86_64__)
#define CTQ_FOR_EACH_TARGET(define) define(scalar) define(avx2) define(avx512)
#elif defined(__aarch64__)
#define CTQ_FOR_EACH_TARGET(define) define(scalar) define(neon) define(neondot)
#elif defined(__wasm_simd128__)
#define CTQ_FOR_EACH_TARGET(define) define(scalar) define(simd128)
#else
#define CTQ_FOR_EACH_TARGET(define) define(scalar)
#endif

#define CTQ_DECLARE_TARGET(name) extern const ctq_target ctq_target_##name;
CTQ_FOR_EACH_TARGET(CTQ_DECLARE_TARGET)

/// Defines the target `id` from the kernels and the `is_available` that the file defines under these names.
#define CTQ_DEFINE_TARGET(id, needed)                     \
  const ctq_target ctq_target_##id = {                    \
      .name = #id,                                        \
      .features = needed,                                 \
      .is_available = is_available,                       \
      .codec =                                            \
          {                                               \
              .normalize = normalize,                     \
              .largest_magnitude = largest_magnitude,     \
              .sum_of_squares = sum_of_squares,           \
              .rotate = rotate,                           \
              .rotate_transposed = rotate_transposed,     \
              .multiply = multiply,                       \
              .multiply_transposed = multiply_transposed, \
              .quantize = quantize,                       \
              .dequantize = dequantize,                   \
              .code_products = code_products,             \
              .combine_codes = combine_codes,             \
              .pack_signs = pack_signs,                   \
              .sign_products = sign_products,             \
          },                                              \
      .scan =                                             \
          {                                               \
              .fill_lookup_tables = fill_lookup_tables,   \
              .scan_lut = scan_lut,                       \
              .scan_i8 = scan_i8,                         \
              .scan_i16 = scan_i16,                       \
              .similarities = similarities,               \
              .select_rows = select_rows,                 \
          },                                              \
      .attention =                                        \
          {                                               \
              .row_products = row_products,               \
              .combine_rows = combine_rows,               \
              .attend_i8 = attend_i8,                     \
              .attend_i16 = attend_i16,                   \
              .angle_tables = angle_tables,               \
              .angle_products = angle_products,           \
              .exponentials = exponentials,               \
              .largest = largest,                         \
              .split_weights = split_weights,             \
              .whole_weights = whole_weights,             \
          },                                              \
      .bytes =                                            \
          {                                               \
              .widen = widen,                             \
              .narrow = narrow,                           \
              .crc32c = crc32c,                           \
          },                                              \
  };

#endif
