// Each kernel for AVX2 with FMA, and for vectors of four floats, which every machine has; the best
// one is taken at each call.

#include "llama_kernels.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

#define LANES 4
#define NAME(x) portable_##x
#if defined(__aarch64__)
#define ROWS 6  // 32 registers
#define FUSED(a, b, c) __builtin_elementwise_fma(a, b, c)
#else
#define ROWS 3  // 16 registers
#define FUSED(a, b, c) ((a) * (b) + (c))
#endif
#include "kernels.inc"
#undef LANES
#undef NAME
#undef ROWS
#undef FUSED

#if defined(__x86_64__) && !defined(LK_PORTABLE)  // as `swift test -Xcc -DLK_PORTABLE` asks
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define LANES 8
#define NAME(x) avx2_##x
#define ROWS 6
#define FUSED(a, b, c) __builtin_elementwise_fma(a, b, c)
#include "kernels.inc"
#undef LANES
#undef NAME
#undef ROWS
#undef FUSED
#pragma clang attribute pop

#define BEST(x) \
  (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? avx2_##x : portable_##x)
#else
#define BEST(x) portable_##x
#endif

void lk_multiply(const float *a, size_t a_stride, size_t rows, const float *panels,
                 size_t panel_stride, size_t depth, float *out, size_t out_stride,
                 size_t columns) {
  BEST(multiply)(a, a_stride, rows, panels, panel_stride, depth, out, out_stride, columns);
}

void lk_softmax(float *x, size_t count, float scale) { BEST(softmax)(x, count, scale); }

void lk_log_softmax(float *x, size_t count) { BEST(log_softmax)(x, count); }

float lk_divergence(const float *p, const float *q, size_t count) {
  return BEST(divergence)(p, q, count);
}

void lk_gate(float *gate, const float *up, size_t count) { BEST(gate)(gate, up, count); }
