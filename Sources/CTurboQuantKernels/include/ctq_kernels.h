#ifndef CTQ_KERNELS_H
#define CTQ_KERNELS_H
#include <stddef.h>
#include <stdint.h>
/// CRC-32C (Castagnoli) of `count` bytes, continuing from `seed` (0 to begin).
uint32_t ctq_crc32c(uint32_t seed, const uint8_t *bytes, size_t count);
#endif
