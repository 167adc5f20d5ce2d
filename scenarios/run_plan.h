#pragma once

// Everything that decides a run: settings and the explicit list of what goes wrong and what
// applications do.  A seed is only a way to draw one.

#include <cstdint>
#include <string>
#include <vector>

#include "sim/faults.h"
#include "sim/options.h"

#include "scenarios/cluster_options.h"
#include "scenarios/operations.h"

namespace holdfast::scenarios {

struct RunPlan {
  // What drew it, for people.
  std::string scenario = "swarm";
  sim::WorldOptions world;
  ClusterOptions cluster;
  std::vector<sim::Fault> faults;
  std::vector<Operation> operations;
  // Events of the first phase, and of the phase in which an append must be acknowledged.
  std::uint64_t events_max = 3'000'000;
  std::uint64_t liveness_events_max = 400'000;

  bool operator==(const RunPlan&) const = default;
};

// Empty, or the first thing wrong and what to do.
std::string validate(const RunPlan& plan);

}  // namespace holdfast::scenarios
