#include "protocol/fiber/stack_pool.h"

#include <cerrno>

#include <sys/mman.h>
#include <unistd.h>

#include "protocol/env/check.h"

#include "protocol/fiber/sanitizer.h"

namespace holdfast {

namespace {

// Frames that are hot lie at the top of a stack.  Were the tops all at one offset in their pages,
// the stacks would share a handful of cache sets: switching among 1,000 fibers took four times as
// long (measured).  So each stack ends a little lower in its last page than the one before.
constexpr std::size_t kStaggerBytes = 320;
constexpr std::size_t kStaggerRange = 4096;
static_assert(kStaggerBytes % 64 == 0);

std::size_t guard_bytes() {
  return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::size_t mapped_bytes() {
  return guard_bytes() + StackPool::kStackBytes + kStaggerRange;
}

// `nth` counts the stacks of the pool.
std::span<std::byte> map_stack(std::size_t nth) {
  void* const mapping = ::mmap(nullptr,
                               mapped_bytes(),
                               PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK,
                               -1,
                               0);
  HOLDFAST_CHECK(mapping != MAP_FAILED, "no fiber stack: raise vm.max_map_count; errno", errno);
  const int failed = ::mprotect(mapping, guard_bytes(), PROT_NONE);
  HOLDFAST_CHECK(failed == 0, "no fiber stack: raise vm.max_map_count; errno", errno);
  const std::size_t lowered = nth * kStaggerBytes % kStaggerRange / 64 * 64;
  return {static_cast<std::byte*>(mapping) + guard_bytes(),
          StackPool::kStackBytes + kStaggerRange - lowered};
}

}  // namespace

StackPool::~StackPool() {
  HOLDFAST_REQUIRE(idle_.size() == mapped_, idle_.size(), mapped_);
  for (const std::span<std::byte>& stack : idle_) {
    const int failed = ::munmap(stack.data() - guard_bytes(), mapped_bytes());
    HOLDFAST_CHECK(failed == 0, errno);
  }
}

std::span<std::byte> StackPool::take() {
  if (idle_.empty()) {
    const std::span<std::byte> stack = map_stack(mapped_++);
    // Room for every stack at once, so that giving back never allocates.
    if (idle_.capacity() < mapped_) idle_.reserve(2 * mapped_);
    return stack;
  }
  const std::span<std::byte> stack = idle_.back();
  idle_.pop_back();
  return stack;
}

void StackPool::give_back(std::span<std::byte> stack) {
  HOLDFAST_REQUIRE(stack.size() >= kStackBytes, stack.size());
  HOLDFAST_REQUIRE(idle_.size() < mapped_, mapped_);
  internal::unpoison(stack);
  idle_.push_back(stack);
}

}  // namespace holdfast
