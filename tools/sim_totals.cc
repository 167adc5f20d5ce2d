#include "tools/sim_totals.h"

#include <algorithm>
#include <utility>

#include "protocol/env/check.h"
#include "protocol/env/hash.h"

namespace holdfast::tools {

void Totals::add(const SeedRecord& record) {
  HOLDFAST_REQUIRE(record.invalid.empty() && !record.interrupted, record.seed);
  ++seeds_;
  all_.fold(record.seed);
  all_.fold(record.figures.fingerprint);
  last_ = record.figures.fingerprint;
  digest_ += mix(record.seed, record.figures.fingerprint);
  counters_ += record.figures.counters;
  for (std::size_t i = 0; i < points_.size(); ++i)
    points_[i] += record.figures.points[i];
  operations_ += record.figures.operations;
  repeated_ += record.figures.repeated;
  repeated_afresh_ += record.figures.repeated_afresh;
  simulated_ns_ += record.figures.simulated_ns;
  if (record.failed()) {
    ++failed_;
  } else if (record.figures.outcome == scenarios::RunOutcome::kUndecided) {
    ++undecided_;
    ++reasons_[record.note];
  } else {
    ++passed_;
  }
}

void Totals::add_failure(FailedSeed failure) {
  if (failure.quarantined.empty()) {
    exit_code_ = heavier_exit(exit_code_, failure.exit_code);
  } else {
    ++quarantined_;
  }
  if (failure.kept) failures_.push_back(std::move(failure));
}

std::size_t Totals::points_reached() const {
  return static_cast<std::size_t>(
      std::count_if(points_.begin(), points_.end(), [](std::uint64_t n) { return n != 0; }));
}

std::vector<FaultCount> fault_table(const sim::WorldCounters& counters) {
  std::vector<FaultCount> rows;
  for (std::size_t i = 0; i < sim::kFaultKindCount; ++i) {
    rows.push_back({.name = std::string(sim::kFaultCatalogue[i].name),
                    .injected = counters.injected[i],
                    .over_budget = counters.skipped_by_budget[i],
                    .without_target = counters.skipped_for_target[i]});
  }
  const auto add = [&](std::string_view where, std::string_view name, std::uint64_t count) {
    rows.push_back({.name = std::string(where) + ": " + std::string(name), .injected = count});
  };
  const sim::NetworkCounters& network = counters.network;
  add("network", "frame lost", network.lost);
  add("network", "frame cut off", network.cut);
  add("network", "frame over a full queue", network.overflowed);
  add("network", "frame duplicated", network.duplicated);
  add("network", "frame damaged", network.corrupted);
  add("network", "frame very late", network.tails);
  add("network", "frame clogged", network.clogged);
  add("network", "frame held", network.held);
  for (std::size_t i = 0; i < sim::kDiskFaultCount; ++i) {
    add("disk", name_of(static_cast<sim::DiskFault>(i)), counters.disk_faults[i]);
  }
  return rows;
}

}  // namespace holdfast::tools
