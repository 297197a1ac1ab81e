// Codebook lookups in 16 lanes for targets with registers of four floats. The target defines, before it includes this
// file,
//
//   WIDEST                    the widest code whose tables stay in registers, in bits
//   ctq_tables                with the codebook itself in .codebook
//   search_4, centroids_4     the codes of 4 coordinates, and the centroids of 4 codes, up to WIDEST bits
//
// Wider codes go through memory lane by lane.

#ifndef CTQ_CODEC_LOOKUP_F32X4_H
#define CTQ_CODEC_LOOKUP_F32X4_H

#include "../common/lanes.h"
#include "codebook.h"

CTQ_INLINE i32x16 ctq_indices(const ctq_tables *t, uint32_t b, f32x16 u) {
  i32x16 index;
  if (b <= WIDEST) {
    f32x4 in[4];
    u32x4 out[4];
    memcpy(in, &u, sizeof u);
    for (int k = 0; k < 4; k++) out[k] = search_4(t, b, in[k]);
    memcpy(&index, out, sizeof index);
  } else {
    for (int k = 0; k < 16; k++) index[k] = (int32_t)ctq_index_by_search(t->codebook, u[k]);
  }
  return index;
}

CTQ_INLINE f32x16 ctq_centroids(const ctq_tables *t, uint32_t b, i32x16 index) {
  f32x16 centroids;
  if (b <= WIDEST) {
    u32x4 in[4];
    f32x4 out[4];
    memcpy(in, &index, sizeof index);
    for (int k = 0; k < 4; k++) out[k] = centroids_4(t, b, in[k]);
    memcpy(&centroids, out, sizeof centroids);
  } else {
    for (int k = 0; k < 16; k++) centroids[k] = t->codebook->centroids[index[k]];
  }
  return centroids;
}

#endif
