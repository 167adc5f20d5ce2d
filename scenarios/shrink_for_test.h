#pragma once

// Shrinking in the test's own process, one run after the other.

#include <functional>
#include <optional>
#include <string>

#include "scenarios/run.h"
#include "scenarios/shrink.h"

namespace holdfast::scenarios {

inline std::optional<FailurePoint> failure_point(const RunResult& result) {
  if (result.violations.empty()) return std::nullopt;
  const properties::Violation& first = result.violations.front();
  return FailurePoint{.at = Duration::nanoseconds(first.time_ns), .event = first.seq};
}

inline RunResult play_to_violation(const RunPlan& plan) {
  StackPool stacks;
  RunHooks hooks;
  hooks.until_violation = true;
  return run(plan, stacks, hooks);
}

// As long as the first property that is broken is the same.  Requires: `plan` fails.
inline RunPlan shrink_here(const RunPlan& plan) {
  const RunResult first = play_to_violation(plan);
  const auto name = first.violations.at(0).property;
  ShrinkHooks hooks;
  hooks.first_failing = [name](const ShrinkCandidates& candidates) -> std::optional<ShrinkHit> {
    for (std::size_t i = 0; i < candidates.count; ++i) {
      const RunResult result = play_to_violation(candidates.make(i));
      const auto point = failure_point(result);
      if (!point || result.violations.front().property != name) continue;
      if (candidates.events_max && point->event > *candidates.events_max) continue;
      return ShrinkHit{.index = i, .point = point};
    }
    return std::nullopt;
  };
  hooks.stopped = [] { return false; };
  return shrink(plan, failure_point(first), hooks);
}

}  // namespace holdfast::scenarios
