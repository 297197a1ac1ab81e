// From sums of scans to keys of rows, and the rows worth keeping, in 16 generic lanes of a float. Each target
// gives `ctq_bits_of_lanes(lanes)`, a bit for each lane that is set, before it includes this.

#ifndef CTQ_KEYS_H
#define CTQ_KEYS_H

#include "vectors.h"

#pragma STDC FP_CONTRACT OFF

/// Keys of the rows from row i on, of which `count` are left.
CTQ_INLINE ctq_f16 ctq_keys(const ctq_key_terms *t, size_t i, size_t count) {
  ctq_f16 norm = t->norms ? ctq_load_some(t->norms + i, count) : ctq_splat(1);
  ctq_f16 product = ctq_load_some(t->sums + i, count) * t->step + t->offset;
  if (t->alignments) product = product / ctq_load_some(t->alignments + i, count);
  ctq_f16 constant = ctq_splat(t->constant);
  if (t->along) constant = ctq_load_some(t->along + i, count) * t->along_share + constant;
  if (t->norm_share != 0) product = product - norm * t->norm_share;
  ctq_f16 keys = norm * product + constant;
  return t->shares ? keys + ctq_load_some(t->shares + i, count) : keys;
}

static void row_keys(const ctq_key_terms *terms, size_t count, float *keys) {
  const ctq_key_terms t = *terms;
  for (size_t i = 0; i < count; i += 16) ctq_store_some(keys + i, ctq_keys(&t, i, count - i), count - i);
}

#ifndef CTQ_OWN_KEEP
/// Stores the keys whose bits are set, and their rows, which count from `first`.
CTQ_INLINE void ctq_keep(ctq_f16 from, uint32_t bits, uint32_t first, float *keys, uint32_t *rows) {
  for (size_t found = 0; bits; bits &= bits - 1, found++) {
    const int lane = __builtin_ctz(bits);
    keys[found] = from[lane];
    rows[found] = first + (uint32_t)lane;
  }
}
#endif

/// Of the rows from row i on, `left` of them, those that `select_rows` selects, counted into `found`.
CTQ_INLINE size_t ctq_select(const ctq_key_terms *t, size_t i, size_t left, const uint32_t *allowed,
                             float threshold, float *keys, uint32_t *rows, size_t found) {
  ctq_f16 own = ctq_keys(t, i, left);
  uint32_t bits = ctq_bits_of_lanes((ctq_i16)(own >= threshold));
  if (left < 16) bits &= (1u << left) - 1;
  if (allowed) bits &= allowed[i / 32] >> i % 32 & 0xffff;
  if (!bits) return found;
  ctq_keep(own, bits, (uint32_t)i, keys + found, rows + found);
  return found + (size_t)__builtin_popcount(bits);
}

/// Of whole runs of 32 rows those that `select_rows` selects where keys are norm * (sum * step + offset) + constant.
CTQ_INLINE size_t ctq_select_plain(const ctq_key_terms *terms, size_t count, float threshold, float *keys,
                                   uint32_t *rows) {
  // The nulls and zeros are known here, and what they would add is left out.
  const ctq_key_terms t = {.sums = terms->sums, .norms = terms->norms, .step = terms->step,
                           .offset = terms->offset, .constant = terms->constant};
  size_t found = 0;
  for (size_t i = 0; i < count; i += 32) {
    const ctq_f16 first = ctq_keys(&t, i, 16), second = ctq_keys(&t, i + 16, 16);
    const uint32_t low = ctq_bits_of_lanes((ctq_i16)(first >= threshold));
    const uint32_t high = ctq_bits_of_lanes((ctq_i16)(second >= threshold));
    if (!(low | high)) continue;
    ctq_keep(first, low, (uint32_t)i, keys + found, rows + found);
    found += (size_t)__builtin_popcount(low);
    ctq_keep(second, high, (uint32_t)i + 16, keys + found, rows + found);
    found += (size_t)__builtin_popcount(high);
  }
  return found;
}

static size_t select_rows(const ctq_key_terms *terms, size_t count, const uint32_t *allowed, float threshold,
                          float *keys, uint32_t *rows) {
  const ctq_key_terms t = *terms;
  size_t found = 0, i = 0;
  if (!t.alignments && !t.along && !t.shares && !allowed && t.norm_share == 0) {
    i = count / 32 * 32;
    found = ctq_select_plain(terms, i, threshold, keys, rows);
  }
  for (; i + 16 <= count; i += 16) found = ctq_select(&t, i, 16, allowed, threshold, keys, rows, found);
  return i < count ? ctq_select(&t, i, count - i, allowed, threshold, keys, rows, found) : found;
}

#endif
