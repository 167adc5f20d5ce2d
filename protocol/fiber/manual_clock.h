#pragma once

// For tests of this folder: a clock that moves when told to.

#include <vector>

#include "protocol/env/check.h"
#include "protocol/env/clock.h"

#include "protocol/fiber/scheduler.h"

namespace holdfast {

class ManualClock : public Clock {
 public:
  Instant now() const override { return now_; }

  void set_alarm(Instant at) override { alarms_.push_back(at); }

  void advance(Duration by) { now_ = now_ + by; }

  // Every alarm ever asked for, in order.
  const std::vector<Instant>& alarms() const { return alarms_; }

  Instant alarm() const { return alarms_.empty() ? Instant::never() : alarms_.back(); }

  // Steps of `scheduler`, each at the instant of its alarm, until it asks for none.
  void run_to_end(Scheduler& scheduler) {
    scheduler.run();
    while (alarm() != Instant::never()) {
      HOLDFAST_CHECK(alarm() > now_, alarm(), now_);
      now_ = alarm();
      scheduler.run();
    }
  }

 private:
  Instant now_ = Instant::at(1'000'000);
  std::vector<Instant> alarms_;
};

}  // namespace holdfast
