// Lookups of floats in 16 lanes for targets with registers of four, which define, before they include this file,
//
//   floats_4(entries, width, index)   the entries for four indices with other bits above them

#ifndef CTQ_ATTENTION_LOOK_UP_F32X4_H
#define CTQ_ATTENTION_LOOK_UP_F32X4_H

#include "../common/lanes.h"

CTQ_INLINE f32x16 ctq_look_up_floats(const float *entries, uint32_t width, u32x16 index) {
  u32x4 in[4];
  f32x4 out[4];
  memcpy(in, &index, sizeof in);
  for (int k = 0; k < 4; k++) out[k] = floats_4(entries, width, in[k]);
  f32x16 found;
  memcpy(&found, out, sizeof found);
  return found;
}

#endif
