// From sums to similarities and to the rows worth keeping, in 16 lanes. The target defines `ctq_bits_of_lanes(lanes)`,
// one bit for each lane that is all ones, before it includes this file.

#ifndef CTQ_SCAN_SIMILARITIES_H
#define CTQ_SCAN_SIMILARITIES_H

#include "../common/lanes.h"
#include "similarity.h"

#pragma STDC FP_CONTRACT OFF

/// The similarities of up to 16 rows from row i on, of which `count` are left.
CTQ_INLINE f32x16 ctq_similarities(const ctq_similarity_terms *t, size_t i, size_t count) {
  f32x16 norm = t->norms ? ctq_load_some(t->norms + i, count) : ctq_splat(1);
  f32x16 product = ctq_load_some(t->sums + i, count) * t->step + t->offset;
  if (t->alignments) product = product / ctq_load_some(t->alignments + i, count);
  f32x16 constant = ctq_splat(t->constant);
  if (t->along) constant = ctq_load_some(t->along + i, count) * t->along_factor + constant;
  if (t->norm_factor != 0) product = product - norm * t->norm_factor;
  f32x16 similarities = norm * product + constant;
  return t->addends ? similarities + ctq_load_some(t->addends + i, count) : similarities;
}

static void similarities(const ctq_similarity_terms *terms, size_t count, float *similarities) {
  const ctq_similarity_terms t = *terms;
  for (size_t i = 0; i < count; i += 16)
    ctq_store_some(similarities + i, ctq_similarities(&t, i, count - i), count - i);
}

#ifndef CTQ_OWN_KEEP
/// Stores `first` + i for each bit i that is set. There is room for 16 numbers.
CTQ_INLINE void ctq_keep(uint32_t bits, uint32_t first, uint32_t *rows) {
  for (; bits; bits &= bits - 1) *rows++ = first + (uint32_t)__builtin_ctz(bits);
}
#endif

/// Of rows i ..< i + 16, of which `left` exist, appends those that `select_rows` selects to the `found` before. Returns
/// how many there are then.
CTQ_INLINE size_t ctq_select(const ctq_similarity_terms *t, size_t i, size_t left, const uint32_t *allowed,
                             float threshold, uint32_t *rows, size_t found) {
  uint32_t bits = ctq_bits_of_lanes((i32x16)(ctq_similarities(t, i, left) >= threshold));
  if (left < 16) bits &= (1u << left) - 1;
  if (allowed) bits &= allowed[i / 32] >> i % 32 & 0xffff;
  ctq_keep(bits, (uint32_t)i, rows + found);
  return found + (size_t)__builtin_popcount(bits);
}

/// Finds the candidates among `count` rows (a multiple of 16): all rows whose similarity norm * (sum * step + offset) /
/// alignment reaches `cutoff`, and a few that do not. Returns how many there are. It avoids divisions, which would take
/// longer than everything else.
CTQ_INLINE size_t ctq_candidate_rows(const ctq_similarity_terms *t, size_t count, float cutoff, uint32_t *rows) {
  // More than what rounding loses, here and in a similarity.
  cutoff *= 1 - 0x1p-20f;
  size_t found = 0;
  for (size_t i = 0; i < count; i += 16) {
    f32x16 product = ctq_load_some(t->sums + i, 16) * t->step + t->offset;
    if (t->norms) product = product * ctq_load_some(t->norms + i, 16);
    // NaN compares false, so such rows pass on to the exact check.
    const i32x16 is_less = (i32x16)(product < ctq_load_some(t->alignments + i, 16) * cutoff);
    const uint32_t bits = ctq_bits_of_lanes(is_less) ^ 0xffff;
    ctq_keep(bits, (uint32_t)i, rows + found);
    found += (size_t)__builtin_popcount(bits);
  }
  return found;
}

static size_t select_rows(const ctq_similarity_terms *terms, size_t count, const uint32_t *allowed, float threshold,
                          float *similarities, uint32_t *rows) {
  const ctq_similarity_terms t = *terms;
  const size_t whole = count / 16 * 16;
  const int is_plain = !t.along && !t.addends && !allowed && t.norm_factor == 0;
  size_t found = 0;
  if (is_plain && !t.alignments) {
    // The common cases get terms whose nulls and zeros are known to the compiler.
    const ctq_similarity_terms plain = {
        .sums = t.sums, .norms = t.norms, .step = t.step, .offset = t.offset, .constant = t.constant};
    for (size_t i = 0; i < whole; i += 16) found = ctq_select(&plain, i, 16, 0, threshold, rows, found);
  } else if (is_plain && t.constant == 0 && threshold > 0x1p-100f) {
    found = ctq_candidate_rows(&t, whole, threshold, rows);
  } else {
    for (size_t i = 0; i < whole; i += 16) found = ctq_select(&t, i, 16, allowed, threshold, rows, found);
  }
  if (whole < count) {
    uint32_t last[16];
    const size_t more = ctq_select(&t, whole, count - whole, allowed, threshold, last, 0);
    for (size_t i = 0; i < more; i++) rows[found++] = last[i];
  }
  // Few rows are selected. Computing their similarities again is faster than storing them with the row numbers.
  size_t kept = 0;
  for (size_t i = 0; i < found; i++) {
    const float similarity = ctq_similarity(&t, rows[i]);
    similarities[kept] = similarity;
    rows[kept] = rows[i];
    kept += similarity >= threshold;
  }
  return kept;
}

#endif
