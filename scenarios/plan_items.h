#pragma once

// The items of a plan, faults and operations alike, in the order of their times: what shrinking
// takes away and moves.

#include <algorithm>
#include <cstddef>

#include "scenarios/run_plan.h"

namespace holdfast::scenarios {

inline std::size_t item_count(const RunPlan& plan) {
  return plan.faults.size() + plan.operations.size();
}

// Takes out the items number `from` to `end` (exclusive), by time; a fault comes before an
// operation of its time.  What is left keeps its order.
void erase_items(RunPlan& plan, std::size_t from, std::size_t end);

// Of the last item; 0: there is none.
Duration last_time(const RunPlan& plan);

// Calls visit(time&) for every item: faults, then operations.
template <typename Plan, typename Visit>
void for_each_time(Plan& plan, Visit&& visit) {
  for (auto& fault : plan.faults)
    visit(fault.at);
  for (auto& operation : plan.operations)
    visit(operation.at);
}

// The same cluster without `member`; members above it take the number below theirs.  What concerned
// that member alone is gone.  The quorum is a majority.  Requires: two members at least.
RunPlan without_member(const RunPlan& plan, NodeId member);

// Leaves the items whose time the predicate likes.
template <typename Which>
void keep(RunPlan& plan, Which&& which) {
  std::erase_if(plan.faults, [&](const sim::Fault& fault) { return !which(fault.at); });
  std::erase_if(plan.operations, [&](const Operation& operation) { return !which(operation.at); });
}

}  // namespace holdfast::scenarios
