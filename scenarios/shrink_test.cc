#include "scenarios/shrink.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "scenarios/catalog.h"
#include "scenarios/plan_items.h"
#include "scenarios/shrink_for_test.h"

namespace holdfast::scenarios {
namespace {

using sim::Fault;
using sim::FaultKind;

using Fails = std::function<bool(const RunPlan&)>;

// Shrinks by a rule instead of by runs.
RunPlan shrink_by(
    const RunPlan& plan, const Fails& fails, const std::function<bool()>& stopped = [] {
      return false;
    }) {
  ShrinkHooks hooks;
  hooks.first_failing = [&](const ShrinkCandidates& candidates) -> std::optional<ShrinkHit> {
    for (std::size_t i = 0; i < candidates.count; ++i)
      if (fails(candidates.make(i))) return ShrinkHit{.index = i, .point = {}};
    return std::nullopt;
  };
  hooks.stopped = stopped;
  return shrink(plan, std::nullopt, hooks);
}

bool has(const RunPlan& plan, FaultKind kind) {
  return std::ranges::any_of(plan.faults, [&](const Fault& f) { return f.kind == kind; });
}

bool has(const RunPlan& plan, OperationKind kind) {
  return std::ranges::any_of(plan.operations, [&](const Operation& o) { return o.kind == kind; });
}

// One that has both kinds.
RunPlan drawn_with(FaultKind fault, OperationKind operation) {
  for (std::uint64_t seed = 1;; ++seed) {
    RunPlan plan = draw_swarm(seed, sim::Profile::kDefault);
    if (plan.faults.size() > 30 && has(plan, fault) && has(plan, operation)) return plan;
  }
}

TEST(Shrink, LeavesWhatTheFailureNeedsAndNothingElse) {
  const RunPlan plan = drawn_with(FaultKind::kPause, OperationKind::kTruncate);
  const RunPlan small = shrink_by(plan, [](const RunPlan& p) {
    return has(p, FaultKind::kPause) && has(p, OperationKind::kTruncate);
  });
  ASSERT_EQ(small.faults.size(), 1u);
  EXPECT_EQ(small.faults[0].kind, FaultKind::kPause);
  ASSERT_EQ(small.operations.size(), 1u);
  EXPECT_EQ(small.operations[0].kind, OperationKind::kTruncate);
  EXPECT_EQ(small.operations[0].arg, 1u);
  EXPECT_LE(small.world.nodes, 2);
  EXPECT_TRUE(list_unusual_settings(small).empty());
  EXPECT_EQ(small.cluster.store, StoreKind::kMemory);
}

TEST(Shrink, KeepsTheOneSettingThatMatters) {
  RunPlan plan = draw_swarm(3, sim::Profile::kDefault);
  plan.cluster.window = 7;
  const RunPlan small = shrink_by(plan, [](const RunPlan& p) { return p.cluster.window == 7; });
  const std::vector<std::pair<std::string, std::string>> expected{{"log.window", "7"}};
  EXPECT_EQ(list_unusual_settings(small), expected);
  EXPECT_EQ(item_count(small), 0u);
}

// Two that are of use only together are found out as well, when few are left.
TEST(Shrink, TakesOutPairs) {
  RunPlan plan;
  for (int i = 1; i <= 6; ++i) {
    plan.operations.push_back(
        {.at = Duration::milliseconds(i), .node = NodeId{1}, .kind = OperationKind::kAppend});
  }
  // An even number fails, none does not.
  const RunPlan small = shrink_by(
      plan, [](const RunPlan& p) { return !p.operations.empty() && p.operations.size() % 2 == 0; });
  EXPECT_EQ(small.operations.size(), 2u);
}

TEST(Shrink, EndsWhenItIsToldToWithWhatThereIs) {
  const RunPlan plan = drawn_with(FaultKind::kPause, OperationKind::kTruncate);
  int asked = 0;
  const Fails fails = [&](const RunPlan& p) {
    ++asked;
    return has(p, FaultKind::kPause);
  };
  const RunPlan some = shrink_by(plan, fails, [&] { return asked >= 5; });
  EXPECT_TRUE(has(some, FaultKind::kPause)) << "what it has fails still";
  EXPECT_LT(item_count(some), item_count(plan));
  EXPECT_GT(item_count(some), 1u);
  EXPECT_LT(asked, 200);
}

RC_GTEST_PROP(Shrink, WhatComesOutFailsAndIsNoLargerWhateverTheRule, ()) {
  const RunPlan plan = draw_swarm(*rc::gen::inRange<std::uint64_t>(1, 200), sim::Profile::kDefault);
  // Fails if some items are there, told by their times' low bits, which rounding changes.
  const auto mask = *rc::gen::inRange<std::int64_t>(1, 64);
  const auto fails = [mask](const RunPlan& p) {
    return std::ranges::count_if(
               p.faults, [mask](const Fault& f) { return (f.at.ns() & mask) == mask; }) >= 1 ||
           p.operations.size() >= 3;
  };
  if (!fails(plan)) RC_DISCARD("passes");
  const RunPlan small = shrink_by(plan, fails);
  RC_ASSERT(fails(small));
  RC_ASSERT(validate(small).empty());
  RC_ASSERT(item_count(small) <= 3u);
  RC_ASSERT(small == shrink_by(plan, fails));
}

TEST(Shrink, TheCanaryOfARealRunBecomesAShortStory) {
  const RunPlan plan = find_scenario("canary")->draw(132, sim::Profile::kDefault);
  ASSERT_FALSE(play_to_violation(plan).violations.empty());
  const RunPlan small = shrink_here(plan);
  EXPECT_LE(small.faults.size(), 3u);
  EXPECT_LE(small.operations.size(), 4u);
  EXPECT_LE(small.world.nodes, 3);
  const RunResult result = play_to_violation(small);
  ASSERT_FALSE(result.violations.empty());
  EXPECT_LE(result.violations.front().seq, 100u);
  RunPlan repaired = small;
  repaired.cluster.canary = 0;
  EXPECT_TRUE(play_to_violation(repaired).violations.empty()) << "it needs what was planted";
}

// --- the items of a plan

TEST(PlanItems, AreTakenOutByTime) {
  RunPlan plan;
  plan.faults = {{.kind = FaultKind::kPause, .at = Duration::milliseconds(5)},
                 {.kind = FaultKind::kSlow, .at = Duration::milliseconds(1)}};
  plan.operations = {{.at = Duration::milliseconds(1), .kind = OperationKind::kAppend},
                     {.at = Duration::milliseconds(9), .kind = OperationKind::kRead}};
  // slow, append, pause, read
  RunPlan less = plan;
  erase_items(less, 1, 3);
  ASSERT_EQ(less.faults.size(), 1u);
  EXPECT_EQ(less.faults[0].kind, FaultKind::kSlow);
  ASSERT_EQ(less.operations.size(), 1u);
  EXPECT_EQ(less.operations[0].kind, OperationKind::kRead);
  EXPECT_EQ(last_time(plan), Duration::milliseconds(9));
  EXPECT_EQ(last_time(RunPlan{}), Duration());
}

TEST(PlanItems, AMemberGoesAndThoseAboveTakeTheNumberBelow) {
  RunPlan plan;
  plan.world.nodes = 5;
  plan.world.quorum = 3;
  plan.cluster.preferred = 4;
  plan.faults = {
      {.kind = FaultKind::kPause, .target = NodeId{2}},
      {.kind = FaultKind::kPause, .target = NodeId{5}},
      {.kind = FaultKind::kSplit, .group = 0b10110},
      {.kind = FaultKind::kSplit, .group = 0b00010},
      {.kind = FaultKind::kLoss,
       .group =
           (sim::LinkSet::of(NodeId{1}, NodeId{2}) | sim::LinkSet::of(NodeId{4}, NodeId{1})).bits}};
  plan.operations = {{.node = NodeId{2}}, {.node = NodeId{1}}, {.node = NodeId{3}}};
  const RunPlan fewer = without_member(plan, NodeId{2});
  EXPECT_EQ(fewer.world.nodes, 4);
  EXPECT_EQ(fewer.world.quorum, 3);
  EXPECT_EQ(fewer.cluster.preferred, 3);
  ASSERT_EQ(fewer.faults.size(), 3u);
  EXPECT_EQ(std::get<NodeId>(fewer.faults[0].target), NodeId{4});
  EXPECT_EQ(fewer.faults[1].group, 0b1010u);
  EXPECT_EQ(fewer.faults[2].group, sim::LinkSet::of(NodeId{3}, NodeId{1}).bits);
  ASSERT_EQ(fewer.operations.size(), 2u);
  EXPECT_EQ(fewer.operations[0].node, NodeId{1});
  EXPECT_EQ(fewer.operations[1].node, NodeId{2});
}

}  // namespace
}  // namespace holdfast::scenarios
