#pragma once

// Short runs that are dense in what recovery must survive (docs/PROTOCOL.md 11), cheap enough for a
// million seeds: disks are lost in turn and again, whenever a quorum of others votes, while rivals
// take the log from each other, messages of before arrive after, and whoever recovers crashes.

#include <cstdint>

#include "scenarios/run_plan.h"

namespace holdfast::scenarios {

RunPlan draw_wipes(std::uint64_t seed, sim::Profile profile);

}  // namespace holdfast::scenarios
