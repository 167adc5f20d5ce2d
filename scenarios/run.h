#pragma once

// One run: a plan played to its end in a world of its own, with every judge watching.  The one
// runner behind seeds, decision files and RapidCheck.
//
//   1. every member boots; faults begin and applications act until world.length
//   2. unless the plan goes beyond the fault budget: a core of members is healed, everything else
//      freezes as it is, and an append by a member of the core must be acknowledged
//   3. members of the core catch up and read everything; when the last was told, the run is over

#include <cstdint>
#include <string>
#include <vector>

#include "properties/verdict.h"
#include "scenarios/cluster.h"
#include "scenarios/run_plan.h"

namespace holdfast::scenarios {

enum class RunOutcome : std::uint8_t {
  kPassed,
  kViolated,
  // The events ran out before the end, or the members that are left cannot decide anything: neither
  // passed nor failed.
  kUndecided,
};

struct RunResult {
  RunOutcome outcome = RunOutcome::kPassed;
  std::uint64_t fingerprint = 0;
  Duration simulated;
  sim::WorldCounters counters;
  PointCounts points{};
  std::uint64_t operations = 0;
  // In the order they were found.
  std::vector<properties::Violation> violations;
  // 0, or 10, 11, 12 by the heaviest class of violation.
  int exit_code = 0;
  // Why it is undecided, or who waits for what when liveness failed.
  std::string note;
};

// Who else looks on, and for how long.
struct RunHooks {
  // Sees what the judges see.
  sim::Observer* watcher = nullptr;
  // Sees every event of the world.
  sim::EventSink* events = nullptr;
  // The run ends after so many events of the world; 0: at its own end.
  std::uint64_t until_event = 0;
  // The run ends with the first violation, for those who only ask which it is.
  bool until_violation = false;
  // Asked now and then; true ends the run undecided.
  std::function<bool()> interrupted;
  // Called once, when every member was booted and before the first event of the world.
  std::function<void(Cluster&)> at_start;
  // Called once, after the event at which a judge objected for the first time, with the violations
  // so far: the run goes on, and who knows whether it comes to its end.
  std::function<void(const std::vector<properties::Violation>&)> at_violation;
  // Called once, when the run is over and the cluster still stands.
  std::function<void(Cluster&)> at_end;
};

// Requires: validate(plan) found nothing.
RunResult run(const RunPlan& plan, StackPool& stacks, const RunHooks& hooks = {});

}  // namespace holdfast::scenarios
