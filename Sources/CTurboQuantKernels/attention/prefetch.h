// Prefetching what is stored behind codes.

#ifndef CTQ_ATTENTION_PREFETCH_H
#define CTQ_ATTENTION_PREFETCH_H

#include "ctq_attention.h"

/// Brings what follows codes that will be read next nearer: when their products are done, so that memory is busy while
/// the caller works on the sums.
CTQ_INLINE void ctq_prefetch_scales(const uint8_t *scales) {
#pragma clang loop unroll(full)
  for (size_t byte = 0; byte < CTQ_BYTES_BEYOND; byte += 64) __builtin_prefetch(scales + byte, 0, 2);
}

#endif
