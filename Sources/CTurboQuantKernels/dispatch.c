// Which targets exist, which of them this machine can run, and the floating-point environment
// they run in.

#include "targets.h"

#include <stdlib.h>

#if CTQ_HAS_NEON && defined(__linux__)
#include <sys/auxv.h>
#elif CTQ_HAS_NEON && defined(__APPLE__)
#include <sys/sysctl.h>
#endif

static const ctq_kernels *const targets[] = {
    &ctq_kernels_scalar,
#if CTQ_HAS_AVX2
    &ctq_kernels_avx2,
#endif
#if CTQ_HAS_AVX512
    &ctq_kernels_avx512,
#endif
#if CTQ_HAS_NEON
    &ctq_kernels_neon,
    &ctq_kernels_neondot,
#endif
#if CTQ_HAS_SIMD128
    &ctq_kernels_simd128,
#endif
};

#if CTQ_HAS_NEON

static int has_checksums(void) {
#if defined(__linux__)
  enum { HARDWARE_CRC32 = 1 << 7 };  // HWCAP_CRC32 of <asm/hwcap.h>
  return (getauxval(AT_HWCAP) & HARDWARE_CRC32) != 0;
#else
  return 1;  // every Apple and Windows machine
#endif
}

static int has_dot_products(void) {
#if defined(__linux__)
  enum { HARDWARE_DOT_PRODUCTS = 1 << 20 };  // HWCAP_ASIMDDP of <asm/hwcap.h>
  return (getauxval(AT_HWCAP) & HARDWARE_DOT_PRODUCTS) != 0;
#elif defined(__APPLE__)
  // Every Mac, but not every telephone of iOS 18: the A12 lacks them.
  int found = 0;
  size_t size = sizeof found;
  return sysctlbyname("hw.optional.arm.FEAT_DotProd", &found, &size, 0, 0) == 0 && found;
#else
  return 0;
#endif
}

#endif

size_t ctq_target_count(void) { return sizeof targets / sizeof targets[0]; }

const ctq_kernels *ctq_target(size_t index) { return targets[index]; }

int ctq_target_is_available(size_t index) {
#if CTQ_HAS_AVX2
  if (targets[index] == &ctq_kernels_avx2) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("f16c") && __builtin_cpu_supports("sse4.2");
  }
#endif
#if CTQ_HAS_AVX512
  if (targets[index] == &ctq_kernels_avx512) {
    // __builtin_cpu_supports also checks, through xgetbv, that the system saves the registers.
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni") &&
           __builtin_cpu_supports("fma") && __builtin_cpu_supports("sse4.2");
  }
#endif
#if CTQ_HAS_NEON
  if (targets[index] == &ctq_kernels_neon) return has_checksums();
  if (targets[index] == &ctq_kernels_neondot) return has_checksums() && has_dot_products();
#endif
#if CTQ_HAS_SIMD128
  if (targets[index] == &ctq_kernels_simd128) return 1;
#endif
  return targets[index] == &ctq_kernels_scalar;
}

const char *ctq_forced_target_name(void) { return getenv("TQ_TARGET"); }

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
