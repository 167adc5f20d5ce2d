#pragma once

// Stories of paths that drawn runs hardly ever take.  A soak of each must take the path
// (Scenario::reaches).

#include <cstdint>

#include "scenarios/run_plan.h"

namespace holdfast::scenarios {

// A coordinator's write comes to a member that has long truncated its position, and that does not
// know by whose order.
RunPlan draw_deposed_by_truncation(std::uint64_t seed, sim::Profile profile);

// A member comes back with the files it had before it lost its disk and recovered.  Beyond the
// fault budget whatever `profile` says: votes are gone that others counted.
RunPlan draw_restored_backup(std::uint64_t seed, sim::Profile profile);

}  // namespace holdfast::scenarios
