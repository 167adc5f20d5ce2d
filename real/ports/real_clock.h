#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "protocol/env/check.h"
#include "protocol/env/clock.h"

#include "real/ports/event_loop.h"

namespace holdfast::real {

// How fast a clock runs, in thousandths of how fast the machine's does: to try what drift does.
struct ClockRate {
  static constexpr std::int64_t kMin = 100;
  static constexpr std::int64_t kMax = 10'000;

  std::int64_t permille = 1000;

  constexpr bool is_valid() const { return kMin <= permille && permille <= kMax; }
};

// The machine's monotonic clock, standing still during a step.
class RealClock final : public Clock {
 public:
  // `loop` outlives it.  Requires: rate.is_valid().
  RealClock(EventLoop& loop, ClockRate rate, std::function<void()> alarm)
      : loop_(loop),
        rate_(rate),
        born_(loop.now()),
        machine_now_(born_),
        timer_(loop, std::move(alarm)) {
    HOLDFAST_REQUIRE(rate.is_valid(), rate.permille);
  }

  // A step begins.
  void tick() { machine_now_ = loop_.now(); }

  // As of the present step, or the last.
  Instant now() const override {
    return born_ + scaled(machine_now_ - born_, rate_.permille, 1000, 0);
  }

  // The same moment by the machine's own clock, which all processes share.
  Instant machine_now() const { return machine_now_; }

  void set_alarm(Instant at) override {
    if (at == Instant::never()) {
      timer_.cancel();
    } else {
      // Rounded up, because an alarm is never early.
      timer_.set(at < born_ ? born_
                            : born_ + scaled(at - born_, 1000, rate_.permille, rate_.permille - 1));
    }
  }

  bool alarm_is_set() const { return timer_.is_set(); }

 private:
  static Duration scaled(Duration time, std::int64_t by, std::int64_t over, std::int64_t round) {
    const auto product = static_cast<__int128>(time.ns()) * by + round;
    return Duration::nanoseconds(static_cast<std::int64_t>(product / over));
  }

  EventLoop& loop_;
  ClockRate rate_;
  Instant born_;
  Instant machine_now_;
  Timer timer_;
};

}  // namespace holdfast::real
