// The text of the last error of each thread. In C, because Swift has no thread-local variables.

#include "last_error.h"

#include <string.h>

#include "turboquant.h"

// Room for a path of 4,096 bytes and what is wrong with it.
static _Thread_local char last_error[8192];

void ctq_set_last_error(const char *text, size_t count) {
  if (count >= sizeof last_error) {
    count = sizeof last_error - 1;
    while (count > 0 && ((unsigned char)text[count] & 0xC0) == 0x80) count--;
  }
  memcpy(last_error, text, count);
  last_error[count] = 0;
}

const char *tq_last_error(void) { return last_error; }
