#pragma once

#include <functional>
#include <vector>

#include "protocol/fiber/scheduler.h"

namespace holdfast {

// Structured lifetime: fibers spawned in a scope end before the scope does.
//
// The destructor requires that all are done: call join() or cancel_and_join() first (destructors
// must not wait).  When the owning fiber itself is being unwound by Cancelled, the destructor
// cancels the children, and whoever unwinds the scheduler (shut_down) runs them to their end; the
// children must therefore not touch the owner's frame while they unwind.
class Scope {
 public:
  explicit Scope(Scheduler& scheduler) : scheduler_(scheduler) {}

  ~Scope();

  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  Fiber spawn(std::function<void()> body);

  // For fibers: waits until all children are done.
  void join();
  void cancel_and_join();

 private:
  Scheduler& scheduler_;
  std::vector<Fiber> children_;
};

}  // namespace holdfast
