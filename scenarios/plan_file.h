#pragma once

// A whole run as a text file: "decision file".  Written by every failure, taken by `replay`.
//
// It is a sim plan (sim/plan.h: settings of the world and faults, one per line) whose scenario
// lines hold the rest:
//
//   scenario name swarm              what drew it, for people
//   scenario events_max 3000000
//   scenario liveness_events_max 400000
//   scenario log.window 16           any setting of the cluster (cluster_options.h)
//   scenario recorded.core HEX       who played it, what came out, and what exactly was played:
//   scenario recorded.fingerprint HEX    three lines, all or none, but a run that did not end by
//   scenario recorded.plan HEX           itself has no fingerprint
//   scenario recorded.property agreement   what it broke first
//   scenario recorded.event 416
//   scenario recorded.trail.0 HEX...       what happened, in short: two digits per event of the
//   scenario recorded.trail.1 HEX...       protocol, so that another build can say where it parts
//   operation append at=1500ms node=2 arg=3

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "scenarios/run_plan.h"

namespace holdfast::scenarios {

// The run that a file was written for.
struct Recording {
  // Names the build of the core that played it: a hash of its sources.
  std::uint64_t core = 0;
  // None: the run did not end by itself.
  std::optional<std::uint64_t> fingerprint;
  // The first property that it broke, and the event of the protocol that showed it; empty: none, or
  // a process that died.
  std::string property;
  std::uint64_t event = 0;
  // A byte per event of the protocol (tools/sim_trail.h); empty: not recorded.
  std::string trail;

  bool operator==(const Recording&) const = default;
};

struct PlanFile {
  RunPlan plan;
  std::optional<Recording> recording;
  // The plan is no longer the recorded one: somebody edited the file.  Its fingerprint then means
  // nothing.
  bool edited = false;
  // Lines that this build cannot read, each with the reason; parse_foreign_plan_file() only.
  std::vector<std::string> skipped;
};

// Every line of `comment` becomes a comment at the top.
std::string save_plan_file(const RunPlan& plan,
                           const std::optional<Recording>& recording,
                           std::string_view comment = {});

// The plan is complete and valid.  An error names the line, the item, and what to do.
tl::expected<PlanFile, std::string> parse_plan_file(std::string_view text);

// The same for a file that another build recorded: a line that this one cannot read, say because a
// setting or a kind of fault is no more, is left out and named.
tl::expected<PlanFile, std::string> parse_foreign_plan_file(std::string_view text);

// The core that recorded the file, if it says so, whatever else is in it.
std::optional<std::uint64_t> recorded_core(std::string_view text);

}  // namespace holdfast::scenarios
