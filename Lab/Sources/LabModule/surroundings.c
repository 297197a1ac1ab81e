// What Embedded Swift expects of its surroundings and the C library lacks.
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

void *__stack_chk_guard = (void *)0x595e9fbd;
void __stack_chk_fail(void) { abort(); }

// Hash tables are seeded with this; no result depends on their order.
void arc4random_buf(void *buffer, size_t count) { memset(buffer, 0x5a, count); }
