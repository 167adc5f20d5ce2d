#pragma once

// Stories that lose entries by the rules of Mesos (protocol/mesos_compat.h), and by ours do not.
// Each is the least that shows its gap; mesos_stories.cc tells it step by step.

#include <cstdint>

#include "scenarios/run_plan.h"

namespace holdfast::scenarios {

// Gap G1: a vote raises no promise, so a write of an older ballot overwrites it.
RunPlan draw_mesos_g1(std::uint64_t seed, sim::Profile profile);

// Gap G3: a refused coordinator goes on under the winner's ballot, and its client with it.
RunPlan draw_mesos_g2a(std::uint64_t seed, sim::Profile profile);
RunPlan draw_mesos_g2b(std::uint64_t seed, sim::Profile profile);
RunPlan draw_mesos_g3(std::uint64_t seed, sim::Profile profile);

}  // namespace holdfast::scenarios
