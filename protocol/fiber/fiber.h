#pragma once

// Fibers: waiting procedures as straight-line code on one thread.
//
// A fiber runs until it waits; another runs only then.  So code between two waits is atomic with
// respect to every other fiber of the node.  Ready fibers run first come, first served.
//
// Cancellation: cancel() makes the wait in which the fiber stands (or its next one) throw
// Cancelled.  Only waits throw it, and from then on all of them do; it unwinds the fiber and is
// caught at its entry.  Code in between must not catch it (there is no `catch (...)` in this
// project), must not wait under a noexcept function, and destructors must not wait: a wait while
// the fiber unwinds stops the process.  Exceptions may cross frames of a fiber, and a fiber may
// wait inside a catch block: what it caught stays its own.
//
// The stack is StackPool::kStackBytes; an overflow is a segmentation fault at the guard page.

#include <cstdint>
#include <memory>
#include <utility>

#include "protocol/env/time.h"

namespace holdfast {

// Thrown by waits of a cancelled fiber.  Deliberately not a std::exception.
struct Cancelled {};

// A fiber as a debugger sees it.
struct FiberInfo {
  enum class State : std::uint8_t { kReady, kRunning, kWaiting };

  State state;
  bool cancelled;
  // The deadline of its wait; never: it has none.
  Instant wakes;
  // The address at which Boost's switch put its registers, at the low end of what it uses of its
  // stack; of the running fiber that of the loop which resumed it.  Null: it did not begin.
  const void* put_away;
};

class Scheduler;

namespace internal {
struct FiberState;
}

// A handle to a fiber; copies name the same one.  Dropping handles neither ends nor cancels it.  A
// handle may outlive the scheduler; the fiber is done then.
class Fiber {
 public:
  // Names no fiber; everything but valid() requires one that does.
  Fiber() = default;

  bool valid() const { return state_ != nullptr; }

  bool done() const;

  // Idempotent; does nothing once done.  The fiber unwinds when it runs next, not inside this call;
  // one that never ran ends without running.  A fiber must not cancel itself.
  //
  // A fiber that waits leaves its event at once, and a notify_one() that it had taken goes to the
  // next waiter.
  void cancel();

  // Waits until the fiber is done, however it ended; returns at once if it is.  Called from another
  // fiber of the same scheduler.
  void join();

 private:
  friend class Scheduler;

  explicit Fiber(std::shared_ptr<internal::FiberState> state) : state_(std::move(state)) {}

  std::shared_ptr<internal::FiberState> state_;
};

}  // namespace holdfast
