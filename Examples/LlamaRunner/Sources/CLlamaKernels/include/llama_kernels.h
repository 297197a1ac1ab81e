// The hot loops of the forward pass, in float32. No allocation, no threads, no I/O.

#ifndef LLAMA_KERNELS_H
#define LLAMA_KERNELS_H

#include <stddef.h>

// Columns of a panel. A matrix W[columns][depth] is kept as panels of 16 columns, each
// panel[depth][16]: one step along the depth reads 16 neighbouring floats.
enum { LK_PANEL = 16 };

// out[r][c] = sum over k < depth of a[r][k] * panel(c)[k][c % 16], for r < rows, c < columns.
// The sum runs over k in order with one rounding a step where the machine has fused operations, so
// a row's result does not depend on how many rows are computed together.
// Panels lie panel_stride floats apart; those that hold no column below `columns` are not read.
void lk_multiply(const float *a, size_t a_stride, size_t rows, const float *panels,
                 size_t panel_stride, size_t depth, float *out, size_t out_stride,
                 size_t columns);

// x = softmax(scale * x); count > 0, scale > 0.
void lk_softmax(float *x, size_t count, float scale);

// x = x - log(sum of exp(x)); count > 0.
void lk_log_softmax(float *x, size_t count);

// The Kullback-Leibler divergence, in nats, of two distributions given by their logarithms:
// sum of exp(p) * (p - q).
float lk_divergence(const float *p, const float *q, size_t count);

// gate = silu(gate) * up, with silu(x) = x / (1 + exp(-x)).
void lk_gate(float *gate, const float *up, size_t count);

#endif
