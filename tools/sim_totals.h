#pragma once

// What many runs add up to.  Records are added in the order of their seeds, so that the sums, the
// fingerprint included, do not depend on how many workers there were.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/fingerprint.h"

#include "tools/sim_failure.h"
#include "tools/sim_record.h"

namespace holdfast::tools {

struct FailedSeed {
  std::uint64_t seed = 0;
  int exit_code = 0;
  SeedRecord record;
  // Where the decision file lies; empty: there is none.
  std::string file;
  // And the one it was shrunk to.
  std::string small_file;
  // How large that one is; none: not shrunk.
  std::optional<PlanSize> small;
  // Not empty: known, and why it does not count (sim_quarantine.h).
  std::string quarantined;
  // False: it is counted, but neither told nor written down.
  bool kept = true;
};

class Totals {
 public:
  // Requires: the record is valid and not interrupted.  What failed is added by add_failure() too.
  void add(const SeedRecord& record);

  void add_failure(FailedSeed failure);

  std::uint64_t seeds() const { return seeds_; }

  std::uint64_t passed() const { return passed_; }

  std::uint64_t undecided() const { return undecided_; }

  // Why runs were undecided, and how many each.
  const std::map<std::string, std::uint64_t>& reasons() const { return reasons_; }

  std::uint64_t failed() const { return failed_; }

  // Of the failed ones: known, and not counted against the run.
  std::uint64_t quarantined() const { return quarantined_; }

  // Those that were kept.
  const std::vector<FailedSeed>& failures() const { return failures_; }

  std::vector<FailedSeed>& failures() { return failures_; }

  const sim::WorldCounters& counters() const { return counters_; }

  const scenarios::PointCounts& points() const { return points_; }

  std::size_t points_reached() const;

  std::uint64_t operations() const { return operations_; }

  std::uint64_t repeated() const { return repeated_; }

  std::uint64_t repeated_afresh() const { return repeated_afresh_; }

  // Of all runs together; overflows after 292 simulated years.
  std::int64_t simulated_ns() const { return simulated_ns_; }

  // Of the run if there was one, else of all runs in order.
  std::uint64_t fingerprint() const { return seeds_ == 1 ? last_ : all_.value(); }

  // The same for any order of the runs and any division among machines: a sum over all of them.
  std::uint64_t digest() const { return digest_; }

  // The heaviest of all failures that are not quarantined, or 0.
  int exit_code() const { return exit_code_; }

 private:
  std::uint64_t seeds_ = 0;
  std::uint64_t passed_ = 0;
  std::uint64_t undecided_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t quarantined_ = 0;
  std::map<std::string, std::uint64_t> reasons_;
  std::vector<FailedSeed> failures_;
  sim::WorldCounters counters_;
  scenarios::PointCounts points_{};
  std::uint64_t operations_ = 0;
  std::uint64_t repeated_ = 0;
  std::uint64_t repeated_afresh_ = 0;
  std::int64_t simulated_ns_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t digest_ = 0;
  sim::Fingerprint all_;
  int exit_code_ = kExitPassed;
};

// A fault that was injected, by the name reports give it, and how often.
struct FaultCount {
  std::string name;
  std::uint64_t injected = 0;
  // Faults that the world planned and left out.
  std::uint64_t over_budget = 0;
  std::uint64_t without_target = 0;
};

// One row per kind of the catalogue, then one per kind of trouble that networks and disks cause by
// themselves, whether or not it happened.
std::vector<FaultCount> fault_table(const sim::WorldCounters& counters);

}  // namespace holdfast::tools
