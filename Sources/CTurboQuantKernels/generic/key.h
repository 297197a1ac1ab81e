// The key of one row: the scalar target's, and every other's where rows are few.

#ifndef CTQ_KEY_H
#define CTQ_KEY_H

#include "../include/ctq_kernels.h"

#pragma STDC FP_CONTRACT OFF

/// What the comment at `ctq_key_terms` says of row i.
static inline float ctq_key(const ctq_key_terms *t, size_t i) {
  const float norm = t->norms ? t->norms[i] : 1;
  float product = t->sums[i] * t->step + t->offset;
  if (t->alignments) product = product / t->alignments[i];
  const float constant = t->along ? t->along[i] * t->along_share + t->constant : t->constant;
  if (t->norm_share != 0) product = product - norm * t->norm_share;
  const float key = norm * product + constant;
  return t->shares ? key + t->shares[i] : key;
}

#endif
