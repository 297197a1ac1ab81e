#include <stddef.h>
#include <stdint.h>

/// Changes `size` bytes at `data` in place and returns their new number, at most `maximum`.
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maximum);
