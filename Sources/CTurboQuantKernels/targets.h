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
#elif defined(__wasm_simd128__)
#define CTQ_HAS_SIMD128 1
extern const ctq_kernels ctq_kernels_simd128;
#endif

// For targets without instructions of their own for these.
void ctq_widen_scalar(const uint16_t *halves, size_t count, float *floats);
uint32_t ctq_crc32c_scalar(uint32_t seed, const uint8_t *bytes, size_t count);

#endif
