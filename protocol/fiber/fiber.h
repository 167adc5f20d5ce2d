#pragma once

// Fibers: waiting procedures as straight-line code on one thread.
//
// A fiber runs until it waits; another runs only then.  So code between two waits is atomic with
// respect to every other fiber of the node.  Ready fibers run first come, first served.
//
// Cancellation: cancel() makes the wait in which the fiber stands (or its next one) throw
// Cancelled.  Only waits throw it; it unwinds the fiber and is caught at its entry.  Code in
// between must not catch it (there is no `catch (...)` in this project) and destructors must not
// wait.

#include <cstdint>
#include <functional>
#include <memory>

#include "protocol/env/time.h"

namespace holdfast {

// Thrown by waits of a cancelled fiber.  Deliberately not a std::exception.
struct Cancelled {};

class Scheduler;

namespace internal {
struct FiberState;
}

// A handle to a fiber; copies name the same one.  Dropping handles neither ends nor cancels it.
class Fiber {
 public:
  Fiber() = default;

  bool valid() const { return state_ != nullptr; }

  bool done() const;

  // Idempotent; does nothing once done.  The fiber unwinds when it runs next, not inside this call.
  // A fiber must not cancel itself.
  void cancel();

  // Waits until the fiber is done.  Called from another fiber.
  void join();

 private:
  friend class Scheduler;

  explicit Fiber(std::shared_ptr<internal::FiberState> state) : state_(std::move(state)) {}

  std::shared_ptr<internal::FiberState> state_;
};

}  // namespace holdfast
