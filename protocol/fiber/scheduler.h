#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "protocol/env/clock.h"

#include "protocol/fiber/fiber.h"
#include "protocol/fiber/state_watch.h"

namespace holdfast {

class StackPool;

namespace internal {
class Engine;
class StackNoteBase;
}  // namespace internal

// Runs the fibers of one node, on one thread, and keeps its timers behind the clock's one alarm.
class Scheduler {
 public:
  // `clock` and `stacks` outlive the scheduler.  Without `stacks` it maps its own, microseconds
  // each; whoever makes many schedulers shares a pool between them.
  explicit Scheduler(Clock& clock, StackPool* stacks = nullptr);

  // As shut_down().
  ~Scheduler();

  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // A new fiber, ready behind all that are ready now; callable from anywhere on the thread.  An
  // exception other than Cancelled that escapes `body` is rethrown by run().  `body` is destroyed
  // when the fiber ends.
  Fiber spawn(std::function<void()> body);

  // Runs ready fibers until none is, then makes ready those whose timers are due (by deadline, ties
  // by who began to wait first), and so on until every fiber waits; then sets the alarm for the
  // earliest timer if that changed.  So an answer that is here when its deadline is due counts as
  // in time.  Never called from a fiber.
  //
  // Throws what escaped a fiber as soon as that fiber ended; the others stay as they are, and the
  // next run() goes on with them.
  void run();

  // Cancels every fiber, then unwinds them in the order of their creation.  Afterwards nothing can
  // be spawned.  Idempotent.  Never called from a fiber.  Throws what escaped one (the first), at
  // the end; in the destructor that stops the process.
  void shut_down();

  // For a fiber the clock stands still until it waits.
  Instant now() const;

  // For fibers: waits; throws Cancelled if cancelled.  A time in the past is a yield().
  void sleep_until(Instant at);
  void sleep_for(Duration d);

  // For fibers: lets every fiber that is ready now run first.  Throws Cancelled if cancelled.
  void yield();

  // True while the caller is one of this scheduler's fibers.
  bool in_fiber() const;

  // Fibers not yet done.
  std::size_t fibers() const;

  // Those, in the order of their creation.
  std::vector<FiberInfo> list() const;

  // Names for states (state_watch.h).  Without a watch they do nothing.
  //
  // From before the first fiber on; `watch` outlives the fibers.
  void watch(const StateWatch& watch);
  bool watched() const;
  // A step begins; `input` names what it is given.
  void begin_step(const StateName& input);
  // Names what a closure can hold that is made now, outside of fibers.
  StateName moment();
  // For fibers: from the next wait on nothing matters of what stands on the stack; `site` tells the
  // places apart at which that is so.
  void rest(std::string_view site);
  // What fibers will do, once they are woken, besides what the watch itself sees.  Between runs.
  void add_state(StateHash& hash) const;

 private:
  friend class Event;
  friend class internal::StackNoteBase;
  std::unique_ptr<internal::Engine> engine_;
};

}  // namespace holdfast
