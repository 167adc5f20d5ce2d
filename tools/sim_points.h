#pragma once

// The gate of the sometimes-points (protocol/points.h): tests that never take a path do not test
// it.

#include <cstdint>
#include <string>

#include "scenarios/catalog.h"
#include "scenarios/cluster.h"

namespace holdfast::tools {

// The points not tagged rare that nobody reached, a line each; empty: none.
std::string missed_points(const scenarios::PointCounts& points);

// The same of those that a soak of the scenario must reach, the rare ones too.  The swarm: every
// point but those that another scenario is there for.
std::string missed_points(const scenarios::PointCounts& points,
                          const scenarios::Scenario& scenario);

// From so many seeds of it on they are expected.
std::uint64_t seeds_to_reach(const scenarios::Scenario& scenario);

}  // namespace holdfast::tools
