#pragma once

// Names for what fibers will do.
//
// What a fiber does next depends on what stands on its stack, which nobody can read.  But that is a
// function of where it began and of what was there each time it went on: so each fiber carries a
// hash of all that, and a fiber that others were spawned by takes note of their turns too, since
// they may write into its frames.  A turn in which a fiber only found that what it waits for has
// not come (Event::await) does not count.
//
// Much of what a fiber saw does not matter any more.  Where its functions say what is on its stack
// (StackNote, NotedWait), or that nothing is (Scheduler::rest), it is named by that, and its hash
// starts anew.

#include "protocol/env/state_hash.h"

namespace holdfast {

// Everything that fibers of one scheduler can see and that is not on a stack.
class StateWatch {
 public:
  virtual ~StateWatch() = default;

  virtual void add_surroundings(StateHash& hash) const = 0;
};

}  // namespace holdfast
