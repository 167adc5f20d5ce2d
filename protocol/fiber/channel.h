#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "protocol/env/check.h"

#include "protocol/fiber/event.h"

namespace holdfast {

// A bounded queue between fibers.
//
// Items leave in the order in which they entered.  Waiters are woken in the order in which they
// began to wait, but who runs first takes: a woken fiber that finds its item (or room) gone waits
// again, behind the others.  A cancelled one loses no item, and its turn goes to the next.
template <typename T>
class Channel {
 public:
  // Requires: capacity > 0.
  Channel(Scheduler& scheduler, std::size_t capacity)
      : not_empty_(scheduler),
        not_full_(scheduler),
        capacity_(capacity) {
    HOLDFAST_REQUIRE(capacity > 0);
  }

  // Waits while full.
  void push(T item) {
    while (items_.size() >= capacity_)
      not_full_.wait();
    items_.push_back(std::move(item));
    not_empty_.notify_one();
  }

  // False, and nothing happens, when full.  Callable outside fibers.
  [[nodiscard]] bool try_push(T item) {
    if (items_.size() >= capacity_) return false;
    items_.push_back(std::move(item));
    not_empty_.notify_one();
    return true;
  }

  // Waits while empty.
  T pop() {
    while (items_.empty())
      not_empty_.wait();
    return take();
  }

  // None when `deadline` came first.
  std::optional<T> pop_until(Instant deadline) {
    while (items_.empty()) {
      if (!not_empty_.wait_until(deadline) && items_.empty()) return std::nullopt;
    }
    return take();
  }

  std::size_t size() const { return items_.size(); }

  bool empty() const { return items_.empty(); }

 private:
  T take() {
    T item = std::move(items_.front());
    items_.pop_front();
    not_full_.notify_one();
    return item;
  }

  std::deque<T> items_;
  Event not_empty_;
  Event not_full_;
  std::size_t capacity_;
};

}  // namespace holdfast
