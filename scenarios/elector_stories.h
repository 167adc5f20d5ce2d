#pragma once

// Stories of members that elect by themselves (protocol/elector.h), each with what the judge of
// steadiness must not see.

#include <cstdint>

#include "scenarios/run_plan.h"

namespace holdfast::scenarios {

// Everything that is no reason for another election: one in the whole run.
RunPlan draw_elector_steady(std::uint64_t seed, sim::Profile profile);

// Cuts that leave the coordinator a quorum: one election in the whole run.
RunPlan draw_elector_partial_partition(std::uint64_t seed, sim::Profile profile);

// The coordinator's machine fails; another coordinates within the bound.
RunPlan draw_elector_failover(std::uint64_t seed, sim::Profile profile);

// The preferred member fails and comes back: two or three elections each time.
RunPlan draw_elector_preference(std::uint64_t seed, sim::Profile profile);

// How long a cluster whose quorum is up may be without a coordinator (docs/PROTOCOL.md 12).
Duration leaderless_bound(const ClusterOptions& options);

}  // namespace holdfast::scenarios
