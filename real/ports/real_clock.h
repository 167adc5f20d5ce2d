#pragma once

#include "protocol/env/clock.h"

#include "real/ports/event_loop.h"

namespace holdfast::real {

// The machine's monotonic clock, standing still during a step.
class RealClock final : public Clock {
 public:
  // `loop` outlives it.
  RealClock(EventLoop& loop, std::function<void()> alarm)
      : loop_(loop),
        now_(loop.now()),
        timer_(loop, std::move(alarm)) {}

  // A step begins.
  void tick() { now_ = loop_.now(); }

  // As of the present step, or the last.
  Instant now() const override { return now_; }

  void set_alarm(Instant at) override {
    if (at == Instant::never()) {
      timer_.cancel();
    } else {
      timer_.set(at);
    }
  }

  bool alarm_is_set() const { return timer_.is_set(); }

 private:
  EventLoop& loop_;
  Instant now_;
  Timer timer_;
};

}  // namespace holdfast::real
