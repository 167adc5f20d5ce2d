#pragma once

// What happens next.
//
// Ordered by time, then by a tie-break the caller draws from a key, so that no order among events
// of one instant is ever built in.  The heap holds 16-byte keys only; payloads stay where they are
// in a slab.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "protocol/env/check.h"

namespace holdfast::sim {

template <typename Payload>
class EventQueue {
 public:
  bool empty() const { return heap_.empty(); }

  std::size_t size() const { return heap_.size(); }

  // Requires: time_ns >= 0.  Events equal in time and tie-break come in an order that depends on
  // nothing but the calls made so far.
  void push(std::int64_t time_ns, std::uint32_t tie_break, Payload payload) {
    HOLDFAST_REQUIRE(time_ns >= 0, time_ns);
    const std::uint32_t slot = take_slot(std::move(payload));
    const Key high = static_cast<Key>(static_cast<std::uint64_t>(time_ns)) << 64;
    heap_.push_back(high | static_cast<Key>(tie_break) << 32 | slot);
    std::push_heap(heap_.begin(), heap_.end(), std::greater<Key>());
  }

  // Requires: not empty.
  std::int64_t next_time_ns() const {
    HOLDFAST_REQUIRE(!heap_.empty());
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(heap_.front() >> 64));
  }

  // Requires: not empty.
  Payload pop() {
    HOLDFAST_REQUIRE(!heap_.empty());
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<Key>());
    const auto slot = static_cast<std::uint32_t>(heap_.back());
    heap_.pop_back();
    free_.push_back(slot);
    return std::move(slab_[slot]);
  }

 private:
  using Key = unsigned __int128;

  std::uint32_t take_slot(Payload&& payload) {
    if (free_.empty()) {
      slab_.push_back(std::move(payload));
      return static_cast<std::uint32_t>(slab_.size() - 1);
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    slab_[slot] = std::move(payload);
    return slot;
  }

  std::vector<Key> heap_;
  std::vector<Payload> slab_;
  std::vector<std::uint32_t> free_;
};

}  // namespace holdfast::sim
