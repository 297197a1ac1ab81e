// The kernels of all families, and how a target is chosen.
//
// A *kernel* is one hot function. A *target* is one instruction-set build of all kernels. Kernels never allocate,
// never do I/O and never start threads. The scalar target specifies what each kernel computes. A family's header says
// which of its kernels return the same bits on all targets; Documentation/Numerics.md gives the bounds for the others.
//
// Notation: `y <- ...` means that the kernel writes y. `<a, b>` is the inner product. Counts are in elements and
// strides in elements of the array they belong to, unless "bytes" is said. Arrays need no alignment.

#ifndef CTQ_KERNELS_H
#define CTQ_KERNELS_H

#include "ctq_attention.h"
#include "ctq_bytes.h"
#include "ctq_codec.h"
#include "ctq_scan.h"

/// One target: its name, what it needs, and its kernels.
typedef struct ctq_target {
  const char *name;
  /// The instruction sets it needs beyond the architecture's baseline, separated by commas.
  const char *features;
  /// Whether this processor and operating system can run it.
  int (*is_available)(void);

  ctq_codec_kernels codec;
  ctq_scan_kernels scan;
  ctq_attention_kernels attention;
  ctq_byte_kernels bytes;
} ctq_target;

/// The number of targets of this build.
size_t ctq_target_count(void);
/// Target `index`. The scalar target comes first and the best last.
const ctq_target *ctq_target_at(size_t index);
/// The value of the environment variable TQ_TARGET, or null.
const char *ctq_forced_target_name(void);

#endif
