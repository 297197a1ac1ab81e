// The floating-point environment that stored bytes need: rounding to nearest, no flush-to-zero.

#include "ctq_bytes.h"

#if defined(__x86_64__)

#include <immintrin.h>

enum { FLUSH_TO_ZERO = 0x8000, DENORMALS_ARE_ZERO = 0x0040, ROUNDING = 0x6000 };

uint64_t ctq_float_environment_enter(void) {
  uint32_t previous = _mm_getcsr();
  _mm_setcsr(previous & ~(uint32_t)(FLUSH_TO_ZERO | DENORMALS_ARE_ZERO | ROUNDING));
  return previous;
}

void ctq_float_environment_leave(uint64_t previous) { _mm_setcsr((uint32_t)previous); }

uint64_t ctq_float_environment_flush_to_zero(void) {
  uint32_t previous = _mm_getcsr();
  _mm_setcsr(previous | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO);
  return previous;
}

#elif defined(__aarch64__)

static uint64_t read_fpcr(void) {
  uint64_t value;
  __asm__ volatile("mrs %0, fpcr" : "=r"(value));
  return value;
}

static void write_fpcr(uint64_t value) { __asm__ volatile("msr fpcr, %0" : : "r"(value)); }

static const uint64_t flush_to_zero = 1ull << 24, rounding = 3ull << 22;

uint64_t ctq_float_environment_enter(void) {
  uint64_t previous = read_fpcr();
  write_fpcr(previous & ~(flush_to_zero | rounding));
  return previous;
}

void ctq_float_environment_leave(uint64_t previous) { write_fpcr(previous); }

uint64_t ctq_float_environment_flush_to_zero(void) {
  uint64_t previous = read_fpcr();
  write_fpcr(previous | flush_to_zero);
  return previous;
}

#else

// WebAssembly and others without such a register always behave as IEEE 754 asks.
uint64_t ctq_float_environment_enter(void) { return 0; }
void ctq_float_environment_leave(uint64_t previous) { (void)previous; }
uint64_t ctq_float_environment_flush_to_zero(void) { return 0; }

#endif
