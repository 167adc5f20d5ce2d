#pragma once

#include "protocol/env/time.h"

#include "protocol/fiber/scheduler.h"

namespace holdfast {

// The primitive every other wait is built from: fibers wait, somebody notifies.
//
// No memory: a notification without a waiter is lost, so waits stand in a loop around their
// condition.  The event outlives its waiters' waits.
class Event {
 public:
  explicit Event(Scheduler& scheduler) : scheduler_(scheduler) {}

  // Requires: nobody waits.
  ~Event();

  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  // For fibers.  Throws Cancelled if cancelled.
  void wait();

  // False when `deadline` came first.  A deadline in the past yields once and returns false unless
  // notified meanwhile.
  [[nodiscard]] bool wait_until(Instant deadline);

  // Makes every fiber that waits now ready, in the order in which they began to wait.  Callable
  // from anywhere on the thread, fiber or not.
  void notify_all();
  void notify_one();

 private:
  struct Waiter;
  Scheduler& scheduler_;
  Waiter* head_ = nullptr;
  Waiter* tail_ = nullptr;
};

}  // namespace holdfast
