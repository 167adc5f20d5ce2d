#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "scenarios/explore/exploration.h"
#include "scenarios/explore/log_referee.h"

namespace holdfast::scenarios {
namespace {

using explore::Disks;
using explore::Ending;
using explore::Identity;

const Configuration& named(const std::string& name) {
  for (const Configuration& configuration : configurations())
    if (configuration.name == name) return configuration;
  ADD_FAILURE() << "no configuration " << name;
  return configurations().front();
}

// Small ones: the reference takes its time.
struct Case {
  const char* name;
  const char* configuration;
  std::function<void(explore::Bounds&, ExploreOptions&)> change;
};

class Engines : public testing::TestWithParam<Case> {};

TEST_P(Engines, MeetTheSameStates) {
  Configuration configuration = named(GetParam().configuration);
  ExploreOptions options;
  GetParam().change(configuration.bounds, options);
  const Explored memo = explore_log(configuration, options, {});
  options.engine = Engine::kReplay;
  const Explored replay = explore_log(configuration, options, {});
  EXPECT_EQ(memo.result.ending, Ending::kExhausted) << memo.result.violation.text;
  EXPECT_EQ(replay.result.ending, Ending::kExhausted) << replay.result.violation.text;
  EXPECT_GT(memo.result.progress.states, 50u);
  EXPECT_EQ(memo.result.progress.states, replay.result.progress.states);
  EXPECT_EQ(memo.result.progress.transitions, replay.result.progress.transitions);
  EXPECT_EQ(memo.result.states_sum, replay.result.states_sum);
  EXPECT_EQ(memo.result.terminals_sum, replay.result.terminals_sum);
}

// Two appends, or the operations of the budget.
void connect(explore::Bounds& bounds, explore::Budget budget) {
  if (budget.operations == explore::Budget().operations) budget.operations[1] = 2;
  bounds.budget = budget;
  bounds.links = explore::Links::kConnections;
}

const Case kCases[] = {
    {.name = "crash", .configuration = "boot-2", .change = [](auto&, auto&) {}},
    {.name = "slow_disks",
     .configuration = "boot-2",
     .change =
         [](auto& bounds, auto& options) {
           bounds.budget.crashes = 0;
           options.terms.disks = Disks::kSlow;
         }},
    {.name = "histories",
     .configuration = "boot-2",
     .change =
         [](auto& bounds, auto& options) {
           bounds.budget = {};
           bounds.budget.operations[0] = 1;
           bounds.budget.duplicates = 1;
           options.terms.identity = Identity::kHistory;
         }},
    {.name = "wipe",
     .configuration = "boot-2",
     .change =
         [](auto& bounds, auto&) {
           bounds.budget = {};
           bounds.budget.operations[0] = 1;
           bounds.budget.wipes = 1;
         }},
    {.name = "no_frame_is_dead",
     .configuration = "boot-2",
     .change = [](auto&, auto& options) { options.reductions.dead_frames = false; }},
    {.name = "alarm",
     .configuration = "boot-2",
     .change =
         [](auto& bounds, auto&) {
           bounds.budget = {};
           bounds.budget.operations[0] = 1;
           bounds.budget.alarms = 1;
         }},
    {.name = "connections",
     .configuration = "boot-2",
     .change = [](auto& bounds, auto&) { bounds.links = explore::Links::kConnections; }},
    {.name = "connections_and_duplicates",
     .configuration = "running",
     .change = [](auto& bounds, auto&) { connect(bounds, {.duplicates = 1}); }},
    {.name = "connections_that_are_cut",
     .configuration = "running",
     .change = [](auto& bounds, auto&) { connect(bounds, {.cuts = 1}); }},
    {.name = "connections_and_elections",
     .configuration = "running",
     .change = [](auto& bounds, auto&) { connect(bounds, {.operations = {1}}); }},
    {.name = "connections_and_wipes",
     .configuration = "running",
     .change =
         [](auto& bounds, auto&) {
           connect(bounds, {.wipes = 1});
           bounds.budget.operations = {};
         }},
    {.name = "connections_crashes_and_wipes",
     .configuration = "boot-2",
     .change = [](auto& bounds,
                  auto&) { connect(bounds, {.operations = {1}, .crashes = 1, .wipes = 1}); }},
    {.name = "disk_errors",
     .configuration = "boot-2",
     .change =
         [](auto& bounds, auto&) {
           bounds.budget = {};
           bounds.budget.operations[0] = 1;
           bounds.budget.operations[1] = 1;
           bounds.budget.disk_errors = 1;
         }},
    {.name = "where",
     .configuration = "running",
     .change =
         [](auto& bounds, auto&) {
           connect(bounds, {.crashes = 1});
           bounds.where.crashes = 0b010;
         }},
    {.name = "who_stays_down",
     .configuration = "running",
     .change =
         [](auto& bounds, auto&) {
           connect(bounds, {.crashes = 1});
           bounds.where.boots = 0b101;
         }},
    {.name = "overreach",
     .configuration = "running",
     .change =
         [](auto& bounds, auto&) {
           connect(bounds, {});
           bounds.budget.operations[static_cast<std::size_t>(LogOperation::kOverreach)] = 1;
         }},
    {.name = "running",
     .configuration = "running",
     .change = [](auto& bounds, auto&) { bounds.budget.operations[1] = 1; }},
};

INSTANTIATE_TEST_SUITE_P(Small, Engines, testing::ValuesIn(kCases), [](const auto& each) {
  return std::string(each.param.name);
});

TEST(Configurations, ScriptsArePossible) {
  for (const Configuration& configuration : configurations()) {
    const Explored explored = explore_log(configuration, {}, {.states = 1});
    EXPECT_EQ(explored.result.progress.states, 1u) << configuration.name;
    EXPECT_TRUE(explored.unreachable.empty()) << configuration.name << ": " << explored.unreachable;
  }
}

TEST(Configurations, AScriptThatIsNotPossibleIsNamedAndExploresNothing) {
  Configuration configuration = named("boot");
  configuration.script.assign(2, {.what = explore::Command::What::kBoot});
  const Explored explored = explore_log(configuration, {}, {});
  EXPECT_EQ(explored.unreachable, "line 2 of the script is not possible there");
  EXPECT_EQ(explored.result.ending, Ending::kStopped);
  EXPECT_EQ(explored.result.progress.states, 0u);
}

// Member 5 came back, and then 3 lost its disk.
TEST(Configurations, LostVotesBeginsWithAMemberThatHasRecovered) {
  const Configuration configuration = named("lost-votes");
  const LogCompany company(configuration.company);
  const LogReferee referee(configuration.company.members);
  explore::Members members(company, {.disks = Disks::kEager});
  explore::Bounds bounds = configuration.bounds;
  bounds.budget = {.operations = {1, 1}, .wipes = 2};
  explore::ClusterSpace space(members, referee, bounds, {});
  ASSERT_EQ(space.start_after(configuration.script), "");
  explore::Transitions start;
  space.initial(start);
  const auto votes = [&](explore::Node node) {
    return (members.local(start.next(0)[node]).standing.asks & 1) != 0;
  };
  for (const explore::Node node : {0u, 1u, 3u, 4u})
    EXPECT_TRUE(votes(node)) << node + 1;
  EXPECT_FALSE(votes(2));
}

// Frames that are taken away lead nowhere: members are in the same states without them.
TEST(DeadFrames, LeadToNoStateOfAMember) {
  for (const char* const name : {"running", "elected", "two-terms"}) {
    Configuration configuration = named(name);
    configuration.bounds.budget = {};
    configuration.bounds.budget.operations[1] = 2;
    configuration.bounds.budget.duplicates = 1;
    ExploreOptions options;
    const Explored without = explore_log(configuration, options, {});
    options.reductions.dead_frames = false;
    const Explored with = explore_log(configuration, options, {});
    EXPECT_EQ(without.result.ending, Ending::kExhausted) << name << without.result.violation.text;
    EXPECT_EQ(with.result.ending, Ending::kExhausted) << name << with.result.violation.text;
    EXPECT_LT(without.result.progress.states, with.result.progress.states) << name;
    EXPECT_EQ(without.locals, with.locals) << name;
  }
}

// --- what is found

TEST(Gaps, APromiseThatAVoteDoesNotRaise) {
  const Explored g1 = explore_log(named("mesos_g1"), {}, {});
  ASSERT_EQ(g1.result.ending, Ending::kViolation);
  EXPECT_EQ(g1.confirmed, g1.result.violation.text);
  EXPECT_EQ(g1.result.violation.events.size(), 10u) << g1.result.violation.text;
}

TEST(Walks, AreTheSameAgainAndFindTheGap) {
  ExploreOptions options;
  options.walks = {.walks = 2000, .seed = 7};
  const Explored first = explore_log(named("mesos_g3"), options, {});
  const Explored again = explore_log(named("mesos_g3"), options, {});
  ASSERT_EQ(first.result.ending, Ending::kViolation);
  EXPECT_EQ(first.confirmed, first.result.violation.text);
  EXPECT_EQ(first.result.violation.events, again.result.violation.events);
  EXPECT_EQ(first.walked->walks, again.walked->walks);

  const Explored repaired = explore_log(named("two-terms"), options, {});
  EXPECT_EQ(repaired.result.ending, Ending::kExhausted) << repaired.result.violation.text;
  EXPECT_EQ(repaired.walked->walks, 2000u);
  EXPECT_GT(repaired.walked->longest, 8u);
}

TEST(Gaps, TheWinnersBallot) {
  const Explored g3 = explore_log(named("mesos_g3"), {}, {});
  ASSERT_EQ(g3.result.ending, Ending::kViolation);
  EXPECT_EQ(g3.confirmed, g3.result.violation.text);
  EXPECT_EQ(g3.result.violation.events.size(), 3u) << g3.result.violation.text;
  const Explored repaired = explore_log(named("two-terms"), {}, {});
  EXPECT_EQ(repaired.result.ending, Ending::kExhausted) << repaired.result.violation.text;
}

TEST(Orders, MeetTheSameStates) {
  Configuration configuration = named("running");
  configuration.bounds.budget.duplicates = 1;
  const Explored breadth = explore_log(configuration, {}, {});
  const Explored depth = explore_log(configuration, {.order = explore::Order::kDepthFirst}, {});
  EXPECT_EQ(breadth.result.ending, Ending::kExhausted) << breadth.result.violation.text;
  EXPECT_EQ(breadth.result.states_sum, depth.result.states_sum);
  EXPECT_EQ(breadth.result.terminals_sum, depth.result.terminals_sum);
  EXPECT_LT(breadth.first_runs, breadth.result.progress.transitions);
}

}  // namespace
}  // namespace holdfast::scenarios
