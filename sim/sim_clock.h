#pragma once

#include <cstdint>

#include "protocol/env/time.h"

namespace holdfast::sim {

// One node's clock as a function of the world's time: an origin of its own, a rate that drifts,
// jumps forward.  Never goes back while the node lives.
//
// Integer arithmetic throughout: exact, and the same on every machine.
class SimClock {
 public:
  // What the node reads at `world`.  Requires: `world` is not before the last change below.
  Instant read(Instant world) const;

  // The earliest instant of the world at which the node reads `local` or later; Instant::never()
  // if that is beyond what the world can show.  Requires: as above, for the result no earlier than
  // `world`.
  Instant reaches(Instant local, Instant world) const;

  // From `world` on the clock shows `origin` and runs true: a machine that boots.
  void restart(Instant world, Instant origin, std::int64_t drift_ppm);

  // From `world` on it gains `drift_ppm` nanoseconds in every millisecond (negative: it loses
  // them). Requires: -500'000 <= drift_ppm <= 1'000'000.
  void set_drift(Instant world, std::int64_t drift_ppm);

  std::int64_t drift_ppm() const { return drift_ppm_; }

  // Requires: `by` is not negative.
  void jump(Instant world, Duration by);

 private:
  // Since when the rate is what it is, and what the clock showed then.
  Instant since_;
  Instant shown_;
  std::int64_t drift_ppm_ = 0;
};

}  // namespace holdfast::sim
