#pragma once

// The gate of the sometimes-points (protocol/points.h): tests that never take a path do not test
// it.

#include <cstdint>
#include <string>

#include "scenarios/cluster.h"

namespace holdfast::tools {

enum class Gate : std::uint8_t {
  kCommon,  // all but those tagged rare
  kAll,
};

// From so many seeds on every point of the swarm is expected, the rare ones too.
inline constexpr std::uint64_t kSeedsForRarePoints = 100'000;

// The points that the gate wants and nobody reached, a line each; empty: none.
std::string missed_points(const scenarios::PointCounts& points, Gate gate);

}  // namespace holdfast::tools
