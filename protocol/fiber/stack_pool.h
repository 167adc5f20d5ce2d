#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace holdfast {

// Stacks for fibers, kept for reuse: mapping one costs microseconds, taking a used one nanoseconds.
//
// Below each stack lies a page that cannot be touched, so an overflow is a segmentation fault at
// once and never a silent overwrite of somebody else's memory.  Pages are backed by memory only
// once touched.  The pool holds what was ever mapped until it is destroyed, so its size follows the
// largest number of fibers that were alive at one time.
//
// For one thread.  Many schedulers may use one pool, one after the other or at the same time: a
// simulator gives all its nodes the same, and booting a node maps nothing.
class StackPool {
 public:
  // What a fiber can use, at least.  Enough for a LevelDB compaction; deep recursion does not fit.
  static constexpr std::size_t kStackBytes = 64 * 1024;

  StackPool() = default;

  // Requires: every stack was given back.
  ~StackPool();

  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  // At least kStackBytes.  Never fails: a process that cannot map a stack stops, with a message.
  std::span<std::byte> take();

  // Requires: `stack` came from take() of this pool, and nothing runs on it.
  void give_back(std::span<std::byte> stack);

  // Stacks mapped so far, in use or idle.
  std::size_t mapped() const { return mapped_; }

  std::size_t idle() const { return idle_.size(); }

 private:
  std::size_t mapped_ = 0;
  std::vector<std::span<std::byte>> idle_;  // last given back, first taken: its pages are warm
};

}  // namespace holdfast
