// What the Swift side keeps for each thread; not installed, not exported.

#ifndef CTURBOQUANT_THREAD_STATE_H
#define CTURBOQUANT_THREAD_STATE_H

#include <stdbool.h>
#include <stddef.h>

/// Keeps `count` bytes of UTF-8 for tq_last_error() on this thread; a longer text is cut between characters.
void ctq_set_last_error(const char *text, size_t count);

/// Whether this thread is inside a callback of the caller's.
bool ctq_is_inside_callback(void);
void ctq_set_inside_callback(bool is_inside);

#endif
