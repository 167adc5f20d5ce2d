#include "sim/sim_clock.h"

#include "protocol/env/check.h"

namespace holdfast::sim {
namespace {

constexpr std::int64_t kWhole = 1'000'000;

// Rounds towards minus infinity, for a positive divisor.
constexpr std::int64_t floor_divide(std::int64_t a, std::int64_t by) {
  return a / by - (a % by < 0 ? 1 : 0);
}

// What a clock shows after `elapsed` nanoseconds at a constant rate.  Split in two because the
// plain product overflows after three simulated hours.
constexpr std::int64_t shown_after(std::int64_t elapsed, std::int64_t drift_ppm) {
  if (drift_ppm == 0) return elapsed;
  const std::int64_t whole = elapsed / kWhole;
  const std::int64_t rest = elapsed % kWhole;
  return elapsed + whole * drift_ppm + floor_divide(rest * drift_ppm, kWhole);
}

}  // namespace

Instant SimClock::read(Instant world) const {
  HOLDFAST_REQUIRE(world >= since_, world, since_);
  return Instant::at(shown_.ns() + shown_after((world - since_).ns(), drift_ppm_));
}

Instant SimClock::reaches(Instant local, Instant world) const {
  if (local == Instant::never()) return Instant::never();
  if (read(world) >= local) return world;
  if (drift_ppm_ == 0) return since_ + (local - shown_);
  const std::int64_t wanted = (local - shown_).ns();
  const __int128 scaled = static_cast<__int128>(wanted) * kWhole / (kWhole + drift_ppm_);
  if (scaled >= (Instant::never() - since_).ns() / 4) return Instant::never();
  // The floor in shown_after() moves the exact answer by two nanoseconds at most.
  auto elapsed = static_cast<std::int64_t>(scaled) - 2;
  while (shown_after(elapsed, drift_ppm_) < wanted)
    ++elapsed;
  return since_ + Duration::nanoseconds(elapsed);
}

void SimClock::restart(Instant world, Instant origin, std::int64_t drift_ppm) {
  since_ = world;
  shown_ = origin;
  set_drift(world, drift_ppm);
}

void SimClock::set_drift(Instant world, std::int64_t drift_ppm) {
  HOLDFAST_REQUIRE(-kWhole / 2 <= drift_ppm && drift_ppm <= kWhole, drift_ppm);
  shown_ = read(world);
  since_ = world;
  drift_ppm_ = drift_ppm;
}

void SimClock::jump(Instant world, Duration by) {
  HOLDFAST_REQUIRE(by >= Duration(), by);
  shown_ = read(world) + by;
  since_ = world;
}

}  // namespace holdfast::sim
