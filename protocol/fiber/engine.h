#pragma once

// Internal to protocol/fiber: what stands behind Scheduler, Fiber and Event.
//
//   ready ---> running ---> done
//     ^           |
//     |           | wait, sleep
//     +-- waiting <
//        notify, deadline, cancel
//
// Nothing here allocates while fibers switch: the queue of ready fibers, the list of waiters of an
// event and the list of all fibers run through the fibers themselves.

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "protocol/env/clock.h"
#include "protocol/env/state_hash.h"

#include "protocol/fiber/context.h"
#include "protocol/fiber/event.h"
#include "protocol/fiber/fiber.h"
#include "protocol/fiber/stack_note.h"
#include "protocol/fiber/stack_pool.h"
#include "protocol/fiber/state_watch.h"
#include "protocol/fiber/timer_queue.h"

namespace holdfast::internal {

struct FiberState : Timer {
  enum class Phase : std::uint8_t { kReady, kRunning, kWaiting, kDone };

  FiberState(Engine& owner, std::function<void()> work) : engine(owner), body(std::move(work)) {}

  bool started() const { return context.alive(); }

  Engine& engine;
  std::function<void()> body;
  Context context;
  std::span<std::byte> stack;

  Phase phase = Phase::kReady;
  bool cancelled = false;
  bool notified = false;  // how the present wait ended

  FiberState* next_ready = nullptr;

  // The list in which the fiber stands, if any.  A wait whose deadline is past stands in a list
  // while ready.
  WaitList* waits_in = nullptr;
  FiberState* previous_waiter = nullptr;
  FiberState* next_waiter = nullptr;
  // The list whose notify_one ended the present wait, until the fiber runs.
  WaitList* notified_by = nullptr;

  WaitList joiners;

  // All fibers that are not done, in the order of their creation.
  FiberState* older = nullptr;
  FiberState* younger = nullptr;
  std::shared_ptr<FiberState> self;  // until done

  // While states are watched: what stands on the stack is a function of this.
  StateName history;
  StateName history_before_turn;
  bool turn_in_vain = false;
  std::weak_ptr<FiberState> parent;
  // The innermost.
  StackNoteBase* note = nullptr;

  // The history of a fiber that is named by its notes alone.
  static constexpr StateName kNoted{};
};

class Engine {
 public:
  // `pool` may be null: then the engine maps its own stacks.
  Engine(Clock& clock, StackPool* pool);
  ~Engine();

  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  std::shared_ptr<FiberState> spawn(std::function<void()> body);
  void run();
  void shut_down();

  // In a fiber the instant at which the run began: the clock stands still during a step.
  Instant now() const { return current_ ? now_ : clock_.now(); }

  bool in_fiber() const { return current_ != nullptr; }

  bool is_current(const FiberState& fiber) const { return current_ == &fiber; }

  std::size_t fibers() const { return fibers_; }

  std::vector<FiberInfo> list() const;

  void watch(const StateWatch& watch) { watch_ = &watch; }

  bool watched() const { return watch_ != nullptr; }

  void begin_step(const StateName& input);
  StateName moment();
  void rest(std::string_view site);
  void still_waiting();
  FiberState* enter(StackNoteBase& note);
  static void leave(StackNoteBase& note);
  void add_state(StateHash& hash) const;

  // For fibers; each throws Cancelled if cancelled.
  void sleep_until(Instant at);
  void yield();
  void wait(WaitList& list);
  bool wait_until(WaitList& list, Instant deadline);

  void notify_one(WaitList& list);
  void notify_all(WaitList& list);
  void cancel(FiberState& fiber);

 private:
  FiberState& begin_wait();
  void suspend(FiberState& fiber);
  void make_ready(FiberState& fiber);
  void end_wait(FiberState& fiber);
  FiberState& notify_first(WaitList& list);

  void run_ready();
  bool wake_due();
  void run_one(FiberState& fiber);
  bool start(FiberState& fiber);
  void rethrow_failure();
  void note_birth(FiberState& fiber);
  void note_turn(FiberState& fiber);
  void note_turn_over(FiberState& fiber);
  static StateName stack_name(const FiberState& fiber);
  void set_alarm();
  static void run_fiber(void* fiber);
  void run_body(FiberState& fiber);
  void finish(FiberState& fiber);
  StackPool& pool();

  Clock& clock_;
  StackPool* shared_pool_;
  std::optional<StackPool> own_pool_;

  ExceptionGlobals* exceptions_ = nullptr;  // of the thread; set while fibers run
  FiberState* current_ = nullptr;
  FiberState* first_ready_ = nullptr;
  FiberState* last_ready_ = nullptr;
  FiberState* oldest_ = nullptr;
  FiberState* youngest_ = nullptr;
  std::size_t fibers_ = 0;

  TimerQueue timers_;
  Instant now_;                       // of the present or last run
  Instant alarm_ = Instant::never();  // what the clock was asked for last
  std::exception_ptr failure_;        // escaped a fiber, not rethrown yet
  bool shut_down_ = false;

  const StateWatch* watch_ = nullptr;
  // While states are watched: names the step, and counts what is named after it.
  StateName step_;
  std::uint64_t moments_ = 0;
};

}  // namespace holdfast::internal
