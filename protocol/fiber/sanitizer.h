#pragma once

// What AddressSanitizer must be told about stacks that we switch by hand.  Empty in other builds.

#include <cstddef>
#include <span>

#if defined(__SANITIZE_ADDRESS__)
#define HOLDFAST_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOLDFAST_ADDRESS_SANITIZER 1
#endif
#endif

#ifdef HOLDFAST_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace holdfast::internal {

// A stack as the sanitizer knows it.
struct StackBounds {
  const void* lowest = nullptr;
  std::size_t size = 0;
};

#ifdef HOLDFAST_ADDRESS_SANITIZER

inline constexpr bool kAddressSanitizer = true;

// Before a switch to the stack `to`.  `own_fake_stack` keeps what finish_switch() needs when this
// stack runs again; null when it never will.
inline void start_switch(void** own_fake_stack, StackBounds to) {
  __sanitizer_start_switch_fiber(own_fake_stack, to.lowest, to.size);
}

// First thing after a switch; `from` takes the bounds of the stack that was left.
inline void finish_switch(void* own_fake_stack, StackBounds* from) {
  __sanitizer_finish_switch_fiber(
      own_fake_stack, from ? &from->lowest : nullptr, from ? &from->size : nullptr);
}

inline void unpoison(std::span<std::byte> memory) {
  __asan_unpoison_memory_region(memory.data(), memory.size());
}

#else

inline constexpr bool kAddressSanitizer = false;

inline void start_switch(void**, StackBounds) {}

inline void finish_switch(void*, StackBounds*) {}

inline void unpoison(std::span<std::byte>) {}

#endif

}  // namespace holdfast::internal
