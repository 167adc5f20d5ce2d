#pragma once

// How much happened in a world, and how often it was made to suffer.

#include <array>
#include <cstdint>

#include "sim/disk_options.h"
#include "sim/faults.h"
#include "sim/sim_network.h"

namespace holdfast::sim {

using FaultTable = std::array<std::uint64_t, kFaultKindCount>;

struct WorldCounters {
  std::uint64_t events = 0;
  std::uint64_t steps = 0;
  std::uint64_t trace_events = 0;
  std::uint64_t boots = 0;
  std::uint64_t crashes = 0;
  // Processes that ended by themselves.
  std::uint64_t stops = 0;
  std::uint64_t receiver_down = 0;
  NetworkCounters network;
  // By catalogue_index().
  FaultTable injected{};
  FaultTable skipped_by_budget{};
  FaultTable skipped_for_target{};
  // By DiskFault, over all nodes.
  std::array<std::uint64_t, kDiskFaultCount> disk_faults{};

  std::uint64_t injected_of(FaultKind kind) const { return injected[catalogue_index(kind)]; }

  // Sums over runs.
  WorldCounters& operator+=(const WorldCounters& other);
};

}  // namespace holdfast::sim
