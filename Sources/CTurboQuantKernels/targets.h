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
#endif

#endif
