#include "protocol/fiber/engine.h"

#include <cxxabi.h>
#ifdef __SSE__
#include <xmmintrin.h>
#endif

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include <boost/context/fiber.hpp>

#include "protocol/env/check.h"

#include "protocol/fiber/sanitizer.h"

// The waits of Event, Fiber and Scheduler are at the end of this file, not in files of their own,
// so that they become one function each, down to the switch (see Context).
#define HOLDFAST_ACROSS_SWITCH [[gnu::always_inline]] inline

namespace holdfast {

namespace internal {

namespace {

using Phase = FiberState::Phase;

// A switch saves and loads the floating-point control word, and loading one that differs from the
// present costs about 90 ns (measured: Xeon, 2 GHz), ten times the switch itself.  They differ as
// soon as one side has rounded any result, for that leaves a sticky flag.  Nobody reads the flags,
// so they are cleared on both sides; the modes stay.
HOLDFAST_ACROSS_SWITCH void clear_float_flags() {
#ifdef __SSE__
  constexpr unsigned kFlags = 0x3f;
  const unsigned word = _mm_getcsr();
  if (word & kFlags) [[unlikely]]
    _mm_setcsr(word & ~kFlags);
#endif
}

// The stack belongs to whoever called Context::start().
struct NoDeallocation {
  boost::context::stack_context allocate() { HOLDFAST_UNREACHABLE("the stack is given"); }

  void deallocate(boost::context::stack_context&) noexcept {}
};

void append(WaitList& list, FiberState& fiber) {
  fiber.waits_in = &list;
  fiber.previous_waiter = list.last;
  fiber.next_waiter = nullptr;
  (list.last ? list.last->next_waiter : list.first) = &fiber;
  list.last = &fiber;
}

void leave_list(FiberState& fiber) {
  WaitList* const list = std::exchange(fiber.waits_in, nullptr);
  if (!list) return;
  (fiber.previous_waiter ? fiber.previous_waiter->next_waiter : list->first) = fiber.next_waiter;
  (fiber.next_waiter ? fiber.next_waiter->previous_waiter : list->last) = fiber.previous_waiter;
}

}  // namespace

// ---------------------------------------------------------------------------------- the switch

// Lives at the top of the stack that it describes: starting a context allocates nothing.
struct Context::Execution {
  boost::context::fiber suspended;  // the context, while it does not run
  boost::context::fiber resumer;    // who runs it, while it does
  ExceptionGlobals exceptions;      // the context's, while it does not run
  StackBounds stack;
  StackBounds resumer_stack;
  void* fake_stack = nullptr;
};

Context::~Context() {
  // Boost would unwind the stack by an exception of its own, which our rules do not allow for.
  HOLDFAST_CHECK(!alive());
}

void Context::start(std::span<std::byte> stack, Entry entry, void* argument) {
  HOLDFAST_CHECK(!alive());
  constexpr std::size_t kAlignment = 64;
  static_assert(alignof(Execution) <= kAlignment);
  std::byte* const top = stack.data() + stack.size();
  const std::size_t used = (sizeof(Execution) + kAlignment - 1) / kAlignment * kAlignment;
  HOLDFAST_CHECK(reinterpret_cast<std::uintptr_t>(top) % kAlignment == 0);
  Execution* const execution = new (top - used) Execution;
  execution->stack = {stack.data(), stack.size()};

  boost::context::stack_context rest;
  rest.sp = execution;
  rest.size = stack.size() - used;
  clear_float_flags();
  execution->suspended =
      boost::context::fiber(std::allocator_arg,
                            boost::context::preallocated(rest.sp, rest.size, rest),
                            NoDeallocation{},
                            [=](boost::context::fiber&& resumer) {
                              finish_switch(nullptr, &execution->resumer_stack);
                              execution->resumer = std::move(resumer);
                              entry(argument);
                              clear_float_flags();
                              start_switch(nullptr, execution->resumer_stack);
                              return std::move(execution->resumer);
                            });
  execution_ = execution;
}

HOLDFAST_ACROSS_SWITCH void Context::resume(ExceptionGlobals& globals) {
  Execution& execution = *execution_;
  // Member by member: a copy of the whole at once would wait for the two stores before it.
  void* const own_caught = std::exchange(globals.caught, execution.exceptions.caught);
  const unsigned own_uncaught = std::exchange(globals.uncaught, execution.exceptions.uncaught);
  clear_float_flags();
  void* own_fake_stack = nullptr;
  start_switch(&own_fake_stack, execution.stack);
  execution.suspended = std::move(execution.suspended).resume();
  finish_switch(own_fake_stack, nullptr);
  execution.exceptions.caught = std::exchange(globals.caught, own_caught);
  execution.exceptions.uncaught = std::exchange(globals.uncaught, own_uncaught);
  if (execution.suspended) return;
  execution.~Execution();
  execution_ = nullptr;
}

const void* Context::put_away() const {
  if (!execution_) return nullptr;
  const boost::context::fiber& idle =
      execution_->suspended ? execution_->suspended : execution_->resumer;
  // A fiber of Boost is the address at which the switch put it away, and tells nobody.
  static_assert(sizeof idle == sizeof(void*));
  const void* address = nullptr;
  std::memcpy(&address, static_cast<const void*>(&idle), sizeof address);
  return address;
}

HOLDFAST_ACROSS_SWITCH void Context::suspend() {
  Execution& execution = *execution_;
  clear_float_flags();
  start_switch(&execution.fake_stack, execution.resumer_stack);
  execution.resumer = std::move(execution.resumer).resume();
  finish_switch(execution.fake_stack, &execution.resumer_stack);
}

Engine::Engine(Clock& clock, StackPool* pool) : clock_(clock), shared_pool_(pool) {}

Engine::~Engine() {
  shut_down();
}

StackPool& Engine::pool() {
  if (shared_pool_) return *shared_pool_;
  if (!own_pool_) own_pool_.emplace();
  return *own_pool_;
}

// ------------------------------------------------------------------------------- lives of fibers

std::shared_ptr<FiberState> Engine::spawn(std::function<void()> body) {
  HOLDFAST_REQUIRE(body != nullptr);
  HOLDFAST_REQUIRE(!shut_down_);
  auto fiber = std::make_shared<FiberState>(*this, std::move(body));
  fiber->self = fiber;
  fiber->older = youngest_;
  (youngest_ ? youngest_->younger : oldest_) = fiber.get();
  youngest_ = fiber.get();
  ++fibers_;
  if (watch_) [[unlikely]]
    note_birth(*fiber);
  make_ready(*fiber);
  return fiber;
}

void Engine::run_fiber(void* fiber) {
  FiberState& self = *static_cast<FiberState*>(fiber);
  self.engine.run_body(self);
}

void Engine::run_body(FiberState& fiber) {
  try {
    fiber.body();
  } catch (const Cancelled&) {
    // The end that cancel() asked for.
  } catch (...) {  // lint: allow(catch-all) carried over to the stack of run(), which rethrows it
    if (!failure_) failure_ = std::current_exception();
  }
  fiber.body = nullptr;
}

void Engine::finish(FiberState& fiber) {
  HOLDFAST_CHECK(!fiber.armed() && !fiber.waits_in);
  fiber.phase = Phase::kDone;
  if (!fiber.stack.empty()) pool().give_back(fiber.stack);
  (fiber.older ? fiber.older->younger : oldest_) = fiber.younger;
  (fiber.younger ? fiber.younger->older : youngest_) = fiber.older;
  --fibers_;
  notify_all(fiber.joiners);
  // May be the last owner.
  const std::shared_ptr<FiberState> self = std::move(fiber.self);
}

std::vector<FiberInfo> Engine::list() const {
  std::vector<FiberInfo> all;
  for (const FiberState* fiber = oldest_; fiber; fiber = fiber->younger) {
    all.push_back({.state = fiber->phase == Phase::kRunning ? FiberInfo::State::kRunning
                            : fiber->phase == Phase::kReady ? FiberInfo::State::kReady
                                                            : FiberInfo::State::kWaiting,
                   .cancelled = fiber->cancelled,
                   .wakes = timers_.due(*fiber),
                   .put_away = fiber->context.put_away()});
  }
  return all;
}

// ------------------------------------------------------------------------------------ the run loop

HOLDFAST_ACROSS_SWITCH void Engine::run_one(FiberState& fiber) {
  if (!fiber.started() && !start(fiber)) return;
  fiber.phase = Phase::kRunning;
  if (watch_) [[unlikely]]
    note_turn(fiber);
  current_ = &fiber;
  fiber.context.resume(*exceptions_);
  current_ = nullptr;
  if (watch_) [[unlikely]]
    note_turn_over(fiber);
  if (!fiber.started()) finish(fiber);
}

// False if the fiber ended instead: it was cancelled before it ever ran.
bool Engine::start(FiberState& fiber) {
  if (fiber.cancelled) {
    fiber.body = nullptr;
    finish(fiber);
    return false;
  }
  fiber.stack = pool().take();
  fiber.context.start(fiber.stack, &Engine::run_fiber, &fiber);
  return true;
}

HOLDFAST_ACROSS_SWITCH void Engine::run_ready() {
  exceptions_ = reinterpret_cast<ExceptionGlobals*>(abi::__cxa_get_globals());
  while (first_ready_) {
    FiberState& next = *first_ready_;
    first_ready_ = next.next_ready;
    if (!first_ready_) last_ready_ = nullptr;
    run_one(next);
    if (failure_ && !shut_down_) [[unlikely]]
      rethrow_failure();
  }
}

void Engine::rethrow_failure() {
  std::rethrow_exception(std::exchange(failure_, nullptr));
}

bool Engine::wake_due() {
  bool any = false;
  while (Timer* const timer = timers_.pop_due(now_)) {
    FiberState& fiber = static_cast<FiberState&>(*timer);
    end_wait(fiber);
    any = true;
  }
  return any;
}

void Engine::set_alarm() {
  const Instant earliest = timers_.earliest();
  if (earliest == alarm_) return;
  alarm_ = earliest;
  clock_.set_alarm(earliest);
}

HOLDFAST_ACROSS_SWITCH void Engine::run() {
  HOLDFAST_REQUIRE(!in_fiber());
  const Instant now = clock_.now();
  HOLDFAST_CHECK(now >= now_, now, now_);
  now_ = now;
  do {
    run_ready();
  } while (wake_due());
  set_alarm();
}

void Engine::shut_down() {
  HOLDFAST_REQUIRE(!in_fiber());
  if (std::exchange(shut_down_, true)) return;
  // All leave their events before the first one unwinds: its frame may hold what others wait on.
  first_ready_ = last_ready_ = nullptr;
  for (FiberState* fiber = oldest_; fiber; fiber = fiber->younger) {
    fiber->cancelled = true;
    fiber->phase = Phase::kWaiting;
    end_wait(*fiber);
  }
  run_ready();
  HOLDFAST_CHECK(fibers_ == 0, fibers_);
  if (failure_) rethrow_failure();
}

// ------------------------------------------------------------------------------------------- waits

HOLDFAST_ACROSS_SWITCH FiberState& Engine::begin_wait() {
  HOLDFAST_REQUIRE(in_fiber());
  // A wait may throw, and what unwinds the stack already must not meet a second exception.
  HOLDFAST_CHECK(exceptions_->uncaught == 0, "a destructor waits while its fiber unwinds");
  if (current_->cancelled) throw Cancelled{};
  current_->phase = Phase::kWaiting;
  current_->notified = false;
  return *current_;
}

HOLDFAST_ACROSS_SWITCH void Engine::suspend(FiberState& fiber) {
  fiber.context.suspend();
  fiber.notified_by = nullptr;
  if (fiber.cancelled) [[unlikely]]
    throw Cancelled{};
}

HOLDFAST_ACROSS_SWITCH void Engine::make_ready(FiberState& fiber) {
  fiber.phase = Phase::kReady;
  fiber.next_ready = nullptr;
  (last_ready_ ? last_ready_->next_ready : first_ready_) = &fiber;
  last_ready_ = &fiber;
}

// Ends the wait in which the fiber stands, for whatever reason.
void Engine::end_wait(FiberState& fiber) {
  leave_list(fiber);
  timers_.disarm(fiber);
  if (fiber.phase == Phase::kWaiting) make_ready(fiber);
}

HOLDFAST_ACROSS_SWITCH void Engine::sleep_until(Instant at) {
  FiberState& self = begin_wait();
  if (at <= now_) {
    make_ready(self);
  } else if (at != Instant::never()) {
    timers_.arm(self, at);
  }
  suspend(self);
}

HOLDFAST_ACROSS_SWITCH void Engine::yield() {
  FiberState& self = begin_wait();
  make_ready(self);
  suspend(self);
}

HOLDFAST_ACROSS_SWITCH void Engine::wait(WaitList& list) {
  FiberState& self = begin_wait();
  append(list, self);
  suspend(self);
}

HOLDFAST_ACROSS_SWITCH bool Engine::wait_until(WaitList& list, Instant deadline) {
  FiberState& self = begin_wait();
  append(list, self);
  if (deadline <= now_) {
    make_ready(self);
  } else if (deadline != Instant::never()) {
    timers_.arm(self, deadline);
  }
  suspend(self);
  // Still in the list only if the deadline was past from the start.
  leave_list(self);
  return self.notified;
}

FiberState& Engine::notify_first(WaitList& list) {
  FiberState& fiber = *list.first;
  fiber.notified = true;
  end_wait(fiber);
  return fiber;
}

void Engine::notify_one(WaitList& list) {
  if (list.first) notify_first(list).notified_by = &list;
}

void Engine::notify_all(WaitList& list) {
  while (list.first)
    notify_first(list);
}

void Engine::cancel(FiberState& fiber) {
  HOLDFAST_REQUIRE(!is_current(fiber));
  if (fiber.cancelled || fiber.phase == Phase::kDone) return;
  fiber.cancelled = true;
  // The one notification that woke it would be lost with it, while others wait for it.
  WaitList* const notified_by = std::exchange(fiber.notified_by, nullptr);
  end_wait(fiber);
  if (notified_by) notify_one(*notified_by);
}

}  // namespace internal

// -------------------------------------------------------------------------- what the headers offer

using internal::FiberState;

bool Fiber::done() const {
  HOLDFAST_REQUIRE(valid());
  return state_->phase == FiberState::Phase::kDone;
}

void Fiber::cancel() {
  if (done()) return;
  state_->engine.cancel(*state_);
}

void Fiber::join() {
  if (done()) return;
  HOLDFAST_REQUIRE(!state_->engine.is_current(*state_));
  state_->engine.wait(state_->joiners);
}

Event::~Event() {
  HOLDFAST_REQUIRE(!waiters_.first, "an event dies while fibers wait for it");
}

void Event::wait() {
  engine_.wait(waiters_);
}

bool Event::wait_until(Instant deadline) {
  return engine_.wait_until(waiters_, deadline);
}

void Event::still_waiting() {
  engine_.still_waiting();
}

void Event::notify_waiters() {
  engine_.notify_all(waiters_);
}

void Event::notify_waiter() {
  engine_.notify_one(waiters_);
}

Scheduler::Scheduler(Clock& clock, StackPool* stacks)
    : engine_(std::make_unique<internal::Engine>(clock, stacks)) {}

Scheduler::~Scheduler() = default;

Fiber Scheduler::spawn(std::function<void()> body) {
  return Fiber(engine_->spawn(std::move(body)));
}

void Scheduler::run() {
  engine_->run();
}

void Scheduler::shut_down() {
  engine_->shut_down();
}

Instant Scheduler::now() const {
  return engine_->now();
}

void Scheduler::sleep_until(Instant at) {
  engine_->sleep_until(at);
}

void Scheduler::sleep_for(Duration d) {
  HOLDFAST_REQUIRE(d >= Duration(), d);
  engine_->sleep_until(engine_->now() + d);
}

void Scheduler::yield() {
  engine_->yield();
}

bool Scheduler::in_fiber() const {
  return engine_->in_fiber();
}

std::size_t Scheduler::fibers() const {
  return engine_->fibers();
}

std::vector<FiberInfo> Scheduler::list() const {
  return engine_->list();
}

}  // namespace holdfast
