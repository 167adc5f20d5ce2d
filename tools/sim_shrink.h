#pragma once

// From a failing run to the smallest one that fails in the same way (scenarios/shrink.h).

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "scenarios/run_plan.h"
#include "tools/sim_choice.h"
#include "tools/sim_failure.h"

namespace holdfast::tools {

struct ShrinkOptions {
  unsigned jobs = 1;
  // Real time; what there is then is the result.
  std::optional<Duration> budget;
  // And as much for what the bug needs; none: do not ask.
  std::optional<Duration> explain = Duration::seconds(20);
  // Shows what is going on, on a terminal.
  bool progress = true;
};

PlanSize size_of(const scenarios::RunPlan& plan, const SeedRecord& record);

// "5 members, 23 faults, 120 operations, 14 settings, 8213 events"
std::string to_string(const PlanSize& size);

struct Shrunk {
  scenarios::RunPlan plan;
  FailureName name;
  PlanSize before;
  PlanSize after;
  // What the small one broke, played to its end.
  SeedRecord record;
  // The events of the protocol up to there, a line each; empty: too many to read.
  std::string events;
  // What it needs and when it was decided (sim_explain.h).
  std::string explanation;
  std::uint64_t runs = 0;
  std::int64_t real_ns = 0;
  // All passes came to an end; else the budget or Ctrl-C ended them.
  bool complete = false;
};

// Plays in workers.  An error says why there is nothing to shrink.
tl::expected<Shrunk, std::string> shrink(const scenarios::RunPlan& plan,
                                         const ShrinkOptions& options);

struct ShrinkCommand {
  // A seed, or the path of a decision file.
  std::string what;
  // For a seed: how its plan is drawn.
  Choice choice;
  ShrinkOptions options;
  // Where the small one goes; empty: beside the file, or into holdfast-failures.
  std::string out;
  // As this program was called.
  std::string program = "holdfast-sim";
};

// The path for the small version of a decision file: a.plan gives a.small.plan.
std::string small_path_of(const std::string& path);

// Writes the small plan to `path`; what is wrong, or nothing.
std::string write_small_plan(const Shrunk& shrunk, const std::string& path);

// The account: how much smaller, what is left of it, and what happens in it.
std::string story_of(const Shrunk& shrunk);

// Where the small plan lies, and the line that replays it.
std::string where_text(const std::string& program, const std::string& path);

// Returns the exit code.
int shrink_command(const ShrinkCommand& command);

}  // namespace holdfast::tools
