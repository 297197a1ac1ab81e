// Searching a codebook one coordinate at a time, and its boundaries as a tree.

#ifndef CTQ_CODEC_CODEBOOK_H
#define CTQ_CODEC_CODEBOOK_H

#include "ctq_codec.h"

/// The code of u: the number of boundaries <= u.
static inline uint32_t ctq_index_by_search(const ctq_codebook *codebook, float u) {
  uint32_t index = 0;
  for (uint32_t step = 1u << (codebook->bits - 1); step > 0; step /= 2)
    if (codebook->boundaries[index + step - 1] <= u) index += step;
  return index;
}

/// The boundaries as a tree: node j of level l, entry l * stride + j, decides bit b - 1 - l of the
/// code whose higher bits are j. The last level of b may be longer than `stride`.
static inline void ctq_boundary_tree(const ctq_codebook *codebook, float *entries, size_t stride) {
  for (uint32_t level = 0; level < codebook->bits; level++)
    for (uint32_t j = 0; j < 1u << level; j++)
      entries[level * stride + j] = codebook->boundaries[((2 * j + 1) << (codebook->bits - 1 - level)) - 1];
}

#endif
