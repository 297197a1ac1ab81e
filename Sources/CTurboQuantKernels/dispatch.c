// The list of targets.

#include "targets.h"

#include <stdlib.h>

#define TARGET(name) &ctq_target_##name,
static const ctq_target *const targets[] = {CTQ_FOR_EACH_TARGET(TARGET)};

size_t ctq_target_count(void) { return sizeof targets / sizeof targets[0]; }

const ctq_target *ctq_target_at(size_t index) { return targets[index]; }

const char *ctq_forced_target_name(void) { return getenv("TQ_TARGET"); }
