// Prefetching the scales that are stored behind codes.

#ifndef CTQ_ATTENTION_PREFETCH_H
#define CTQ_ATTENTION_PREFETCH_H

#include "ctq_attention.h"

/// Prefetches the scales behind the codes that will be read next. Called when the products are done, so that memory
/// works while the caller works on the sums.
CTQ_INLINE void ctq_prefetch_scales(const uint8_t *scales) {
#pragma clang loop unroll(full)
  for (size_t byte = 0; byte < CTQ_BYTES_BEYOND; byte += 64) __builtin_prefetch(scales + byte, 0, 2);
}

#endif
