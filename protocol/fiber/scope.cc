#include "protocol/fiber/scope.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "protocol/env/check.h"

namespace holdfast {

Scope::Scope(Scheduler& scheduler)
    : scheduler_(scheduler),
      exceptions_at_start_(std::uncaught_exceptions()) {}

Scope::~Scope() {
  const bool unwinding = std::uncaught_exceptions() > exceptions_at_start_;
  for (Fiber& child : children_) {
    HOLDFAST_REQUIRE(unwinding || child.done(), "a scope ends before its fibers: join it first");
    child.cancel();
  }
}

Fiber Scope::spawn(std::function<void()> body) {
  if (children_.size() >= forget_at_) forget_done();
  children_.push_back(scheduler_.spawn(std::move(body)));
  return children_.back();
}

void Scope::join() {
  // From the back, looking again after every wait: children may spawn others meanwhile.
  while (!children_.empty()) {
    Fiber youngest = children_.back();
    youngest.join();
    while (!children_.empty() && children_.back().done())
      children_.pop_back();
  }
}

void Scope::cancel_and_join() {
  for (Fiber& child : children_)
    child.cancel();
  join();
}

// A scope may live as long as its node and see any number of short children.
void Scope::forget_done() {
  std::erase_if(children_, [](const Fiber& child) { return child.done(); });
  forget_at_ = std::max<std::size_t>(16, 2 * children_.size());
}

}  // namespace holdfast
