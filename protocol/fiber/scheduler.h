#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "protocol/env/clock.h"

#include "protocol/fiber/fiber.h"

namespace holdfast {

// Runs the fibers of one node, on one thread, and keeps its timers behind the clock's one alarm.
class Scheduler {
 public:
  // `clock` outlives the scheduler.
  explicit Scheduler(Clock& clock);

  // Cancels and unwinds every fiber, in the order of their creation.
  ~Scheduler();

  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // A new fiber, ready behind all that are ready now.  An exception other than Cancelled that
  // escapes `body` is rethrown by run().
  Fiber spawn(std::function<void()> body);

  // Runs ready fibers, and timers that are due, until every fiber waits; then sets the alarm for
  // the earliest timer.  Never called from a fiber.
  void run();

  // Cancels and unwinds every fiber now.  Afterwards nothing can be spawned.  Idempotent.
  void shut_down();

  Instant now() const;

  // For fibers: waits; throws Cancelled if cancelled.
  void sleep_until(Instant at);
  void sleep_for(Duration d);

  // For fibers: lets every fiber that is ready now run first.
  void yield();

  // True while the caller is one of this scheduler's fibers.
  bool in_fiber() const;

  // Fibers not yet done.
  std::size_t fibers() const;

 private:
  friend class Event;
  friend class Fiber;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast
