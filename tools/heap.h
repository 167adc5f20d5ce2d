#pragma once

#include <malloc.h>

namespace holdfast {

// For programs that build one world after the other: memory that a world gave back stays with the
// process, instead of being returned to the system and faulted in again page by page.
inline void keep_heap() {
  constexpr int kKept = 1 << 30;
  mallopt(M_TRIM_THRESHOLD, kKept);
  mallopt(M_MMAP_THRESHOLD, kKept);
  mallopt(M_TOP_PAD, 16 << 20);
}

}  // namespace holdfast
