// Sums in 16 lanes, element by element: the order that all targets share.

#ifndef CTQ_SCALAR_LANES_H
#define CTQ_SCALAR_LANES_H

#include <stddef.h>

#pragma STDC FP_CONTRACT OFF

enum { LANES = 16 };

static float tree_sum(float lanes[LANES]) {
  for (size_t half = LANES / 2; half > 0; half /= 2)
    for (size_t i = 0; i < half; i++) lanes[i] += lanes[i + half];
  return lanes[0];
}

#endif
