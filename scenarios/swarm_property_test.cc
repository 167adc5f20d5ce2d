// RapidCheck over whole runs: it generates the list of what goes wrong and what applications do,
// and shrinks that list.  The world's own draws (delays, losses) are keyed by the seed and the
// decision, so that taking one fault out leaves the rest of the run as it was.

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <span>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "sim/faults.h"

#include "scenarios/catalog.h"
#include "scenarios/plan_file.h"
#include "scenarios/plan_items.h"
#include "scenarios/run.h"
#include "scenarios/shrink_for_test.h"

namespace holdfast::scenarios {
namespace {

using sim::Fault;
using sim::FaultInfo;

constexpr int kNodes = 3;
constexpr std::int64_t kLengthMs = 2000;

// Uniform whatever RapidCheck's size is: a small size must not mean "only the first kinds".
template <typename T>
rc::Gen<T> uniform(T from, T to_exclusive) {
  return rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(from, to_exclusive));
}

bool survivable(const FaultInfo& kind) {
  return kind.fault_class != sim::FaultClass::kBeyond;
}

Fault draw_fault() {
  std::vector<const FaultInfo*> kinds;
  for (const FaultInfo& kind : sim::kFaultCatalogue) {
    if (survivable(kind)) kinds.push_back(&kind);
  }
  const FaultInfo& kind = **rc::gen::oneOf(rc::gen::elementOf(kinds),
                                           rc::gen::just(&sim::info(sim::FaultKind::kCrashLost)));
  Fault fault;
  fault.kind = kind.kind;
  fault.at = Duration::milliseconds(*rc::gen::noShrink(uniform<std::int64_t>(0, kLengthMs)));
  const auto length = *rc::gen::noShrink(uniform<std::int64_t>(1, 400));
  if (kind.lasts) fault.duration = Duration::milliseconds(length);
  const auto node = *uniform<int>(1, kNodes + 1);
  if (kind.targeted) fault.target = NodeId{static_cast<std::uint8_t>(node)};
  const auto pick = *rc::gen::noShrink(uniform<std::uint32_t>(0, 1'000'000));
  switch (kind.group) {
    case sim::GroupMeaning::kNone:
      break;
    case sim::GroupMeaning::kNodes:
      fault.group = 1 + pick % ((1u << kNodes) - 2);
      break;
    case sim::GroupMeaning::kLinks:
      fault.group =
          sim::LinkSet::of(NodeId{1}, NodeId{2}).bits | sim::LinkSet::of(NodeId{3}, NodeId{1}).bits;
      break;
    case sim::GroupMeaning::kKey:
      fault.group = pick;
      break;
  }
  const std::int64_t span = std::min<std::int64_t>(kind.arg_max - kind.arg_min, 1000);
  fault.arg = kind.arg_min + (span > 0 ? pick % (span + 1) : 0);
  return fault;
}

Operation draw_operation() {
  Operation operation;
  operation.at = Duration::milliseconds(*rc::gen::noShrink(uniform<std::int64_t>(1, kLengthMs)));
  operation.node = NodeId{static_cast<std::uint8_t>(*uniform<int>(1, kNodes + 1))};
  operation.kind = *rc::gen::weightedElement<OperationKind>({{2, OperationKind::kElect},
                                                             {8, OperationKind::kAppend},
                                                             {2, OperationKind::kTruncate},
                                                             {2, OperationKind::kRead},
                                                             {2, OperationKind::kCatchUp}});
  operation.arg = *uniform<std::uint32_t>(1, 12);
  return operation;
}

RunPlan plan_of(std::uint64_t seed, std::vector<Fault> faults, std::vector<Operation> operations) {
  RunPlan plan;
  plan.scenario = "rapidcheck";
  plan.world.seed = seed;
  plan.world.nodes = kNodes;
  plan.world.quorum = 2;
  plan.world.length = Duration::milliseconds(kLengthMs);
  // Slow enough that a crash often finds a commit in flight.
  plan.world.disk.commit.base = Duration::milliseconds(2);
  plan.cluster.store = seed % 2 == 0 ? StoreKind::kLevelDb : StoreKind::kMemory;
  std::erase_if(faults, [](const Fault& fault) { return !sim::validate(fault, kNodes).empty(); });
  plan.faults = std::move(faults);
  plan.operations = std::move(operations);
  return plan;
}

RunPlan draw_plan() {
  const auto seed = *rc::gen::noShrink(rc::gen::arbitrary<std::uint64_t>());
  auto faults = *rc::gen::container<std::vector<Fault>>(rc::gen::exec(draw_fault));
  auto operations = *rc::gen::container<std::vector<Operation>>(rc::gen::exec(draw_operation));
  return plan_of(seed, std::move(faults), std::move(operations));
}

std::string report(const RunResult& result) {
  std::string text;
  for (const properties::Violation& violation : result.violations)
    text += violation.describe() + "\n";
  return text + result.note;
}

RC_GTEST_PROP(SwarmProperty, EveryPropertyHoldsWhateverGoesWrong, ()) {
  const RunPlan plan = draw_plan();
  StackPool stacks;
  const RunResult result = run(plan, stacks);
  RC_CLASSIFY(result.counters.crashes > 0, "crashes");
  if (result.outcome != RunOutcome::kViolated) return;
  RC_FAIL(report(result) + "\nas a decision file, for holdfast-sim shrink and replay:\n" +
          save_plan_file(plan, std::nullopt));
}

RC_GTEST_PROP(SwarmProperty, ARunIsAFunctionOfItsPlan, ()) {
  const RunPlan plan = draw_plan();
  StackPool first;
  StackPool second;
  RC_ASSERT(run(plan, first).fingerprint == run(plan, second).fingerprint);
}

// What the first plan that fails with the bug planted is shrunk to, by RapidCheck and then by the
// passes of scenarios/shrink.h, which know what a plan means; none: it finds none.
std::optional<RunPlan> find_and_shrink(const std::function<void(RunPlan&)>& plant) {
  std::optional<RunPlan> smallest;
  rc::detail::TestParams params;
  params.seed = 1;
  params.maxSuccess = 300;
  params.maxSize = 60;
  const auto result = rc::detail::checkTestable(
      [&] {
        RunPlan plan = draw_plan();
        plant(plan);
        StackPool stacks;
        const RunResult run_result = run(plan, stacks);
        if (run_result.exit_code != 12) return;
        if (!smallest || item_count(plan) < item_count(*smallest)) smallest = plan;
        RC_FAIL(report(run_result));
      },
      rc::detail::TestMetadata(),
      params);
  rc::detail::FailureResult failure;
  if (!result.match(failure) || !smallest) return std::nullopt;
  return shrink_here(*smallest);
}

// It is found, what is left of the plan is little more than what shows it, and nothing fails
// without.
void expect_found(const std::function<void(RunPlan&)>& plant,
                  const std::function<void(RunPlan&)>& repair,
                  std::size_t at_most) {
  const std::optional<RunPlan> smallest = find_and_shrink(plant);
  ASSERT_TRUE(smallest.has_value()) << "the planted bug was not found";
  EXPECT_LE(item_count(*smallest), at_most);
  StackPool stacks;
  EXPECT_EQ(run(*smallest, stacks).exit_code, 12) << "the shrunk plan fails by itself";
  RunPlan repaired = *smallest;
  repair(repaired);
  EXPECT_EQ(run(repaired, stacks).exit_code, 0) << "and only because of what was planted";
}

// A reply before its sync: little more than the crash that shows it.
TEST(SwarmProperty, FindsAndShrinksTheCanary) {
  expect_found([](RunPlan& plan) { plan.cluster.canary = 1; },
               [](RunPlan& plan) { plan.cluster.canary = 0; },
               6);
}

// Gap G3 of the Mesos log: two coordinators and a client that goes on, no fault.
TEST(SwarmProperty, FindsAndShrinksBallotTheft) {
  expect_found(
      [](RunPlan& plan) {
        plan.cluster.compat_d3 = 1;
        plan.cluster.careless_clients = 1;
        plan.cluster.window = 1;
      },
      [](RunPlan& plan) { plan.cluster.compat_d3 = 0; },
      6);
}

}  // namespace
}  // namespace holdfast::scenarios
