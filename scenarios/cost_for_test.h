#pragma once

// What the tests of costs have in common: docs/benchmarks.md compares their figures.

#include <cstdint>

#include "protocol/options.h"

#include "sim/options.h"

#include "scenarios/cluster_options.h"

namespace holdfast::scenarios {

// Members that learn what they miss with the settings a member has by itself, and keep their
// records in memory.
inline ClusterOptions usual_members() {
  const NodeOptions usual;
  ClusterOptions options;
  options.store = StoreKind::kMemory;
  options.fetch_delay = usual.fetch_delay;
  options.fetch_pause = usual.fetch_pause;
  options.fetch_positions_max = static_cast<std::int64_t>(usual.fetch_positions_max);
  options.fetch_bytes_max = static_cast<std::int64_t>(usual.fetch_bytes_max);
  options.fetches_in_flight = static_cast<std::int64_t>(usual.fetches_in_flight);
  return options;
}

// Links of 0.5 to 1.5 ms, and nothing breaks.
inline sim::WorldOptions world_of_three() {
  sim::WorldOptions options;
  options.seed = 1;
  options.nodes = 3;
  options.quorum = 2;
  options.network.delay_base = Duration::microseconds(500);
  options.network.delay_spread = Duration::milliseconds(1);
  return options;
}

}  // namespace holdfast::scenarios
