#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "protocol/fiber/scheduler.h"

namespace holdfast {

// Structured lifetime: fibers spawned in a scope end before the scope does.
//
// The destructor requires that all are done: call join() or cancel_and_join() first (destructors
// must not wait).  When an exception (Cancelled or another) unwinds the owner, the destructor
// cancels the children, and whoever runs the scheduler next (run or shut_down) unwinds them.  They
// do so after the owner's frame is gone, and must not touch it.  What they wait on is declared
// before the scope, so that they leave it before it dies.
class Scope {
 public:
  explicit Scope(Scheduler& scheduler);
  ~Scope();

  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  Fiber spawn(std::function<void()> body);

  // For fibers: waits until all children are done, also those spawned meanwhile.
  void join();

  // Cancels in the order of creation, then joins.  Never called from a child.
  void cancel_and_join();

 private:
  void forget_done();

  Scheduler& scheduler_;
  int exceptions_at_start_;
  std::vector<Fiber> children_;
  std::size_t forget_at_ = 16;  // how many children make it worth looking for done ones
};

}  // namespace holdfast
