// What is kept for each thread. In C, because Swift has no thread-local variables.

#include "thread_state.h"

#include <string.h>

// Padding at the end of a struct could hold anything, so that a later version could not put a member there.
#pragma clang diagnostic push
#pragma clang diagnostic error "-Wpadded"
#include "turboquant.h"
#pragma clang diagnostic pop

// Room for a path of 4,096 bytes and what is wrong with it.
static _Thread_local char last_error[8192];
static _Thread_local bool inside_callback;

void ctq_set_last_error(const char *text, size_t count) {
  if (count >= sizeof last_error) {
    count = sizeof last_error - 1;
    while (count > 0 && ((unsigned char)text[count] & 0xC0) == 0x80) count--;
  }
  memcpy(last_error, text, count);
  last_error[count] = 0;
}

const char *tq_last_error(void) { return last_error; }

bool ctq_is_inside_callback(void) { return inside_callback; }

void ctq_set_inside_callback(bool is_inside) { inside_callback = is_inside; }
