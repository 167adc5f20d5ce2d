#pragma once

#include "protocol/env/time.h"

#include "protocol/fiber/scheduler.h"

namespace holdfast {

namespace internal {

// Fibers in the order in which they began to wait.
struct WaitList {
  FiberState* first = nullptr;
  FiberState* last = nullptr;
};

}  // namespace internal

// The primitive every other wait is built from: fibers wait, somebody notifies.
//
// No memory: a notification without a waiter is lost, so waits stand in a loop around their
// condition.  The event outlives its waiters' waits, and the scheduler the event's use.
class Event {
 public:
  explicit Event(Scheduler& scheduler) : engine_(*scheduler.engine_) {}

  // Requires: nobody waits.
  ~Event();

  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  // For fibers.  Throws Cancelled if cancelled.
  void wait();

  // False when `deadline` came first.  A deadline in the past yields once and returns false unless
  // notified meanwhile.  Throws Cancelled if cancelled.
  [[nodiscard]] bool wait_until(Instant deadline);

  // For fibers: waits until `ready()`, which is asked at once and after each notification, and
  // looks at nothing that changes without one.
  template <typename Ready>
  void await(Ready ready) {
    if (ready()) return;
    while (true) {
      wait();
      if (ready()) return;
      still_waiting();
    }
  }

  // The same until `deadline`, at which it is asked once more; returns whether it is ready.
  template <typename Ready>
  [[nodiscard]] bool await_until(Instant deadline, Ready ready) {
    if (ready()) return true;
    while (true) {
      if (!wait_until(deadline)) return ready();
      if (ready()) return true;
      still_waiting();
    }
  }

  // Makes every fiber that waits now ready, in the order in which they began to wait.  Callable
  // from anywhere on the thread, fiber or not.
  void notify_all() {
    if (waiters_.first) notify_waiters();
  }

  // The same for the one that waits longest.  If it is cancelled before it runs, the next one takes
  // the notification.
  void notify_one() {
    if (waiters_.first) notify_waiter();
  }

 private:
  void still_waiting();
  void notify_waiters();
  void notify_waiter();

  internal::Engine& engine_;
  internal::WaitList waiters_;
};

}  // namespace holdfast
