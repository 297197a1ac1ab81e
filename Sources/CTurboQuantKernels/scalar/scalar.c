// The scalar target: the readable reference that specifies every kernel, and the fallback.
//
// What feeds stored bytes uses only + - * / and the square root on IEEE types and is never contracted into fused
// operations. Sums are taken in 16 lanes: element i belongs to lane i mod 16, each lane is added in order of i, and a
// fixed tree adds the lanes. Wide registers do that naturally, so every target can return the same bits.

#include "../targets.h"
#include "attention.h"
#include "bytes.h"
#include "codec.h"
#include "scan.h"

static int is_available(void) { return 1; }

CTQ_DEFINE_TARGET(scalar, "")
