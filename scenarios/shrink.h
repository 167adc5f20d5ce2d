#pragma once

// Makes a failing run small: delta debugging (Zeller and Hildebrandt 2002) over a plan.
//
// Each pass lists simpler plans; the first of a list that still fails takes the place of the plan,
// and the rest of the list goes on from there.  Passes run until none finds anything:
//
//   time       what comes after the failure
//   store      memory instead of LevelDB, which is also faster
//   classes    all faults of a class or kind, all operations of a kind or node
//   items      faults and operations, half of them at once, then quarters, ... then one by one
//   settings   back to their defaults: all, those of a group, one by one
//   members    two fewer, one fewer
//   pairs      two faults or operations at once, when few are left
//   phases     what a phase makes a member do, without the links it holds
//   values     fewer links, shorter, smaller, rounder, sooner
//
// Settings and values change only if the story does not become longer by it.
//
// Which plan comes out depends on the plan that goes in and on what fails, not on how many
// candidates are tried at once.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scenarios/run_plan.h"

namespace holdfast::scenarios {

// Plans to try, in this order; made when they are asked for.
struct ShrinkCandidates {
  std::size_t count = 0;
  // Requires: index < count.  Valid plans only.
  std::function<RunPlan(std::size_t index)> make;
  // One that takes more events of the protocol to fail does not count; none: any does.
  std::optional<std::uint64_t> events_max;
};

// Where a plan fails.
struct FailurePoint {
  // Since the world began.
  Duration at;
  // The number of the event of the protocol that shows it.
  std::uint64_t event = 0;
};

struct ShrinkHit {
  std::size_t index = 0;
  // None: that is not known.
  std::optional<FailurePoint> point;
};

struct ShrinkHooks {
  // The first of the candidates that fails in the same way; none: none does, or `stopped`.
  std::function<std::optional<ShrinkHit>(const ShrinkCandidates&)> first_failing;
  // True: what there is so far is good enough.
  std::function<bool()> stopped;
  // The plan became smaller.  May be empty.
  std::function<void(const RunPlan& plan, std::string_view pass)> improved;
};

// Requires: `plan` is valid and fails, at `point` if that is known.
RunPlan shrink(RunPlan plan, std::optional<FailurePoint> point, const ShrinkHooks& hooks);

// Name and value of the settings that are not at their defaults; those that only say how a plan is
// drawn left out.
std::vector<std::pair<std::string, std::string>> list_unusual_settings(const RunPlan& plan);

// Back to its default.  Requires: it is one of those.
void reset_setting(RunPlan& plan, std::string_view name);

}  // namespace holdfast::scenarios
