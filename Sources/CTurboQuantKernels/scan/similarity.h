// The similarity of one row, for the scalar target and where rows are few.

#ifndef CTQ_SCAN_SIMILARITY_H
#define CTQ_SCAN_SIMILARITY_H

#include "ctq_scan.h"

#pragma STDC FP_CONTRACT OFF

/// The similarity of row i; `ctq_similarity_terms` has the formula.
static inline float ctq_similarity(const ctq_similarity_terms *t, size_t i) {
  const float norm = t->norms ? t->norms[i] : 1;
  float product = t->sums[i] * t->step + t->offset;
  if (t->alignments) product = product / t->alignments[i];
  const float constant = t->along ? t->along[i] * t->along_factor + t->constant : t->constant;
  if (t->norm_factor != 0) product = product - norm * t->norm_factor;
  const float similarity = norm * product + constant;
  return t->addends ? similarity + t->addends[i] : similarity;
}

#endif
