#pragma once

// Decision files of failures that somebody had before: whatever else a run plays, it plays these
// first.

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "scenarios/plan_file.h"
#include "tools/sim_record.h"

namespace holdfast::tools {

struct PastCapsule {
  // "swarm-17.plan", and where it lies.
  std::string name;
  std::string path;
  scenarios::PlanFile file;
};

// A capsule, and what came out of it this time.
struct PastRun {
  PastCapsule capsule;
  SeedRecord record;
  // Not empty: known, and why it does not count (sim_quarantine.h).
  std::string quarantined;
};

// Every *.plan of a folder, by name.  An error names the file, the line and what to do.
tl::expected<std::vector<PastCapsule>, std::string> load_past(const std::string& folder);

// Plays all of them in workers; `told` hears of each, in order.  None: somebody interrupted.
std::optional<std::vector<PastRun>> play_past(std::vector<PastCapsule> capsules,
                                              unsigned jobs,
                                              const std::function<void(PastRun&)>& told);

// "3 played: 2 passed, 1 failed (0 of them quarantined)"
std::string past_text(std::span<const PastRun> past);

// The heaviest of what failed and is not quarantined, or 0.
int exit_code_of(std::span<const PastRun> past);

}  // namespace holdfast::tools
