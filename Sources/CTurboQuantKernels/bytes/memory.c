// Memory for many rows, on large pages. A page fault for every 4 KiB takes longer than copying the rows.

#define _DEFAULT_SOURCE  // for MAP_ANONYMOUS

#include "ctq_bytes.h"

#if defined(__linux__)

#include <sys/mman.h>
#include <unistd.h>

enum { LARGE_PAGE = 1 << 21 };

void *ctq_map_zeros(size_t count) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), whole_pages = (count + page - 1) / page * page;
  // A large page begins at a multiple of its size. So one more is mapped, and what is too much is unmapped.
  char *mapped = mmap(NULL, whole_pages + LARGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return NULL;
  const size_t before = -(uintptr_t)mapped % LARGE_PAGE, after = LARGE_PAGE - before;
  if (before > 0) (void)munmap(mapped, before);
  (void)munmap(mapped + before + whole_pages, after);
#ifdef MADV_HUGEPAGE
  (void)madvise(mapped + before, whole_pages, MADV_HUGEPAGE);  // refused where there are none, and nothing is lost
#endif
  return mapped + before;
}

void ctq_unmap(void *base, size_t count) { (void)munmap(base, count); }

#else

void *ctq_map_zeros(size_t count) {
  (void)count;
  return NULL;
}

void ctq_unmap(void *base, size_t count) {
  (void)base;
  (void)count;
}

#endif
