#pragma once

// Internal to protocol/fiber: the timers of one node.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocol/env/check.h"
#include "protocol/env/time.h"

namespace holdfast::internal {

class TimerQueue;

// Part of what it wakes; knows its place in the queue, so that disarming it searches nothing.
class Timer {
 public:
  bool armed() const { return slot_ != kNowhere; }

 private:
  friend class TimerQueue;
  static constexpr std::size_t kNowhere = ~std::size_t{0};
  std::size_t slot_ = kNowhere;
};

// A binary heap by (instant, order of arming).  An armed timer neither moves nor dies.
class TimerQueue {
 public:
  bool empty() const { return heap_.empty(); }

  std::size_t size() const { return heap_.size(); }

  // Instant::never() when empty.
  Instant earliest() const { return heap_.empty() ? Instant::never() : heap_.front().at; }

  // When an armed timer is due; never: it is not armed.
  Instant due(const Timer& timer) const {
    return timer.armed() ? heap_[timer.slot_].at : Instant::never();
  }

  // Whether one is due before the other.  Requires: both are armed.
  bool before(const Timer& a, const Timer& b) const {
    return heap_[a.slot_].before(heap_[b.slot_]);
  }

  // Requires: not armed.
  void arm(Timer& timer, Instant at) {
    HOLDFAST_REQUIRE(!timer.armed());
    heap_.emplace_back();
    sift_up(heap_.size() - 1, {at, ++armings_, &timer});
  }

  // Does nothing when not armed.
  void disarm(Timer& timer) {
    if (timer.armed()) remove(timer.slot_);
  }

  // Disarms and returns the first timer if it is due at `now`, else null.
  Timer* pop_due(Instant now) {
    if (heap_.empty() || heap_.front().at > now) return nullptr;
    Timer* const first = heap_.front().timer;
    remove(0);
    return first;
  }

 private:
  struct Entry {
    Instant at;
    std::uint64_t sequence = 0;
    Timer* timer = nullptr;

    bool before(const Entry& other) const {
      return at != other.at ? at < other.at : sequence < other.sequence;
    }
  };

  void place(std::size_t slot, const Entry& entry) {
    heap_[slot] = entry;
    entry.timer->slot_ = slot;
  }

  void remove(std::size_t slot) {
    HOLDFAST_CHECK(slot < heap_.size(), slot, heap_.size());
    heap_[slot].timer->slot_ = Timer::kNowhere;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (slot == heap_.size()) return;
    if (slot > 0 && last.before(heap_[(slot - 1) / 2])) {
      sift_up(slot, last);
    } else {
      sift_down(slot, last);
    }
  }

  // Both fill the hole at `slot` with `entry`, moved to where the order wants it.
  void sift_up(std::size_t slot, Entry entry) {
    while (slot > 0) {
      const std::size_t parent = (slot - 1) / 2;
      if (!entry.before(heap_[parent])) break;
      place(slot, heap_[parent]);
      slot = parent;
    }
    place(slot, entry);
  }

  void sift_down(std::size_t slot, Entry entry) {
    for (std::size_t child = 2 * slot + 1; child < heap_.size(); child = 2 * slot + 1) {
      if (child + 1 < heap_.size() && heap_[child + 1].before(heap_[child])) ++child;
      if (!heap_[child].before(entry)) break;
      place(slot, heap_[child]);
      slot = child;
    }
    place(slot, entry);
  }

  std::vector<Entry> heap_;
  std::uint64_t armings_ = 0;
};

}  // namespace holdfast::internal
