// What the Swift side needs beside the public header; not installed, not exported.

#ifndef CTURBOQUANT_LAST_ERROR_H
#define CTURBOQUANT_LAST_ERROR_H

#include <stddef.h>

/// Keeps `count` bytes of UTF-8 for tq_last_error() on this thread; a longer text is cut between characters.
void ctq_set_last_error(const char *text, size_t count);

#endif
