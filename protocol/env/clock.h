#pragma once

#include "protocol/env/time.h"

namespace holdfast {

// A node's clock and its one alarm.
//
// The clock never goes back.  It may stand apart from every other clock, drift, jump forward, and
// run on while the node is paused.  Nothing the protocol promises may rest on it: it only decides
// when to try again or give up.
//
// One alarm, not many timers: the fiber scheduler keeps the node's timers in one queue and asks
// the world only for the earliest (docs/adr/0003).
class Clock {
 public:
  virtual ~Clock() = default;

  // Constant within a step, so that a step is a function of the event that woke the node.
  virtual Instant now() const = 0;

  // Asks for one call of Process::on_alarm once now() >= `at`; replaces the alarm set before;
  // Instant::never() means none.  An alarm may fire late, never early; `at` in the past fires in a
  // step of its own, never inside this call.
  virtual void set_alarm(Instant at) = 0;
};

}  // namespace holdfast
