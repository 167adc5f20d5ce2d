#pragma once

// Memory for tables that are looked up at random places: in pages of 2 MiB if the kernel has any,
// since with small ones a look-up may wait for the translation of its address as well.

#include <cstddef>
#include <new>

#include <sys/mman.h>

namespace holdfast::explore {

template <typename T>
struct HugePages {
  using value_type = T;

  HugePages() = default;

  template <typename Other>
  explicit HugePages(const HugePages<Other>&) {}

  T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    void* memory = ::operator new(bytes, alignment_of(bytes));
    // A wish: without it everything is as before, but slower.
    if (bytes >= kPage) ::madvise(memory, bytes, MADV_HUGEPAGE);
    return static_cast<T*>(memory);
  }

  void deallocate(T* memory, std::size_t count) {
    ::operator delete(memory, alignment_of(count * sizeof(T)));
  }

  friend bool operator==(const HugePages&, const HugePages&) { return true; }

 private:
  static constexpr std::size_t kPage = std::size_t{2} << 20;

  static std::align_val_t alignment_of(std::size_t bytes) {
    return std::align_val_t{bytes >= kPage ? kPage : alignof(T)};
  }
};

}  // namespace holdfast::explore
