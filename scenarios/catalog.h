#pragma once

// The explicit list of scenarios: each draws the plan of a run from a seed.

#include <cstdint>
#include <span>
#include <string_view>

#include "protocol/points.h"

#include "scenarios/run_plan.h"

namespace holdfast::scenarios {

struct Scenario {
  std::string_view name;
  // One line, for `holdfast-sim list`.
  std::string_view summary;
  RunPlan (*draw)(std::uint64_t seed, sim::Profile profile);
  // A planted bug: runs of it are expected to fail.
  bool planted = false;
  // Rare points that a soak of this one must reach, and of no other.  The default must reach
  // everything that is left.
  std::span<const Point> reaches{};
};

// The first is the default.
std::span<const Scenario> scenarios();

// None if no scenario has that name.
const Scenario* find_scenario(std::string_view name);

// Everything drawn from the seed.
RunPlan draw_swarm(std::uint64_t seed, sim::Profile profile);

}  // namespace holdfast::scenarios
