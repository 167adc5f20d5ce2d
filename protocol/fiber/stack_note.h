#pragma once

// What is on the stack of a fiber, said by the functions that stand there, so that while it waits
// it need not be named by all that it ever saw (state_watch.h).
//
//   const StackNote note(scheduler, "write", [&](StateHash& hash) { hash.add(ballot); });
//   ...
//   const NotedWait wait(scheduler, "for answers");
//   answered.wait();
//
// Without a watch each costs a branch.

#include <string_view>
#include <utility>

#include "protocol/env/state_hash.h"

#include "protocol/fiber/scheduler.h"

namespace holdfast {

namespace internal {

struct FiberState;

class StackNoteBase {
 public:
  StackNoteBase(const StackNoteBase&) = delete;
  StackNoteBase& operator=(const StackNoteBase&) = delete;

 protected:
  StackNoteBase(Scheduler& scheduler, std::string_view site);
  virtual ~StackNoteBase();

  // None: nobody watches.
  FiberState* fiber() const { return fiber_; }

 private:
  friend class Engine;

  virtual void add_values(StateHash& hash) const = 0;

  std::string_view site_;
  FiberState* fiber_ = nullptr;
  StackNoteBase* outer_ = nullptr;
};

}  // namespace internal

// Names what stands on the stack of the frames from the enclosing note's, or from the fiber's body
// and its captures, up to here: every value there that what follows a wait depends on, also those
// that are written by other fibers or by whoever brings an answer.  `add` is asked whenever the
// fiber waits below, so it names them as they are then.
template <typename Add>
class StackNote final : private internal::StackNoteBase {
 public:
  // For fibers.
  StackNote(Scheduler& scheduler, std::string_view site, Add add)
      : StackNoteBase(scheduler, site),
        add_(std::move(add)) {}

 private:
  void add_values(StateHash& hash) const override { add_(hash); }

  Add add_;
};

// While it lives, what the fiber waits for is named by the notes around it and by `site`, and not
// by what it saw before.  Requires: from here down to its body the fiber has no frame with values
// that matter and without a note, and the notes tell apart where in the frames it stands.
class NotedWait final : private internal::StackNoteBase {
 public:
  // For fibers.
  NotedWait(Scheduler& scheduler, std::string_view site);
  ~NotedWait() override;

 private:
  void add_values(StateHash&) const override {}

  StateName history_before_;
};

}  // namespace holdfast
