#include <gtest/gtest.h>

#include "sim/explore/automata.h"

#include "scenarios/calibration/catalog.h"
#include "scenarios/calibration/registers.h"
#include "scenarios/calibration/specifications.h"
#include "scenarios/calibration/voting.h"

namespace holdfast::scenarios {
namespace {

class Published : public testing::TestWithParam<Calibration> {};

TEST_P(Published, FiguresAreFound) {
  const Calibration& calibration = GetParam();
  const Count count = calibration.run({});
  EXPECT_EQ(count.ending, explore::Ending::kExhausted) << count.violation;
  const Figures& found = count.figures;
  EXPECT_TRUE(agrees(calibration.expected, found))
      << found.states.value_or(0) << " states, " << found.generated.value_or(0) << " generated, "
      << found.depth.value_or(0) << " deep, " << found.traces.value_or(0) << " traces";
}

std::string name_of(const testing::TestParamInfo<Calibration>& info) {
  std::string name = info.param.name;
  for (char& c : name)
    if (c == '-') c = '_';
  return name;
}

// The slow one is left to calibrate_figures.
std::vector<Calibration> quick_ones() {
  std::vector<Calibration> quick;
  for (const Calibration& calibration : calibrations())
    if (calibration.name != "lastzero-15") quick.push_back(calibration);
  return quick;
}

INSTANTIATE_TEST_SUITE_P(Calibration, Published, testing::ValuesIn(quick_ones()), name_of);

TEST(Orders, AgreeOnAllStates) {
  const RegisterSystem system = decided_register(3, 2);
  explore::Automata automata(*system.behaviour, *system.judge);
  const explore::Result breadth = search(automata, explore::Order::kBreadthFirst, {});
  const explore::Result depth = search(automata, explore::Order::kDepthFirst, {});
  EXPECT_EQ(breadth.states_sum, depth.states_sum);
  EXPECT_EQ(breadth.terminals_sum, depth.terminals_sum);
  EXPECT_EQ(breadth.progress.transitions, depth.progress.transitions);
  // The code ran once for each local state and message, not once for each transition.
  EXPECT_EQ(automata.executions(), 916u);
}

// With two servers that know nothing of each other a client does not find what it wrote.
TEST(Judges, FindThatTwoCopiesAreNoRegister) {
  const RegisterSystem system = single_copy_register(2, 2);
  explore::Automata automata(*system.behaviour, *system.judge);
  const explore::Result result = search(automata, explore::Order::kBreadthFirst, {});
  ASSERT_EQ(result.ending, explore::Ending::kViolation);
  EXPECT_EQ(result.violation.text, "no order of the operations explains what clients were told");
  // Put, its answer, Get, its answer.
  EXPECT_EQ(result.violation.events.size(), 4u);
}

// Orbits have as many members as there are states, in all.
TEST(Symmetry, OrbitsCoverAllStates) {
  ConsensusModel model{.acceptors = 3, .values = 2, .ballots = 2, .symmetric = true};
  const std::vector<Renaming> renamings = renamings_of(model);
  EXPECT_EQ(renamings.size(), 12u);
  VotingSpace plain({.acceptors = 3, .values = 2, .ballots = 2, .symmetric = false});
  VotingSpace symmetric(model);
  EXPECT_EQ(search(plain, explore::Order::kBreadthFirst, {}).progress.states, 599u);
  EXPECT_EQ(search(symmetric, explore::Order::kDepthFirst, {}).progress.states, 77u);
}

TEST(Voting, RefusesWhatCouldGoWrong) {
  Voting voting(3);
  EXPECT_EQ(voting.raise(0, 1), std::nullopt);
  EXPECT_EQ(voting.raise(0, 1), "ballot 1 is not above 1");
  EXPECT_EQ(voting.vote(0, 0, 7), "it will not vote below ballot 1");
  // Nobody else has promised anything.
  const std::string unsafe =
      "no quorum shows that no other value can have been chosen in a lower ballot";
  EXPECT_EQ(voting.vote(0, 1, 7), unsafe);
  EXPECT_EQ(voting.raise(1, 1), std::nullopt);
  EXPECT_EQ(voting.vote(0, 1, 7), std::nullopt);
  EXPECT_EQ(voting.vote(0, 1, 7), "it has voted in that ballot");
  EXPECT_EQ(voting.vote(1, 1, 8), "acceptor 0 has voted for another value in that ballot");
  EXPECT_TRUE(voting.chosen().empty());
  EXPECT_EQ(voting.vote(1, 1, 7), std::nullopt);
  EXPECT_EQ(voting.chosen(), std::vector<Voting::Value>{7});
  // Every quorum of a higher ballot has one that voted for 7.
  EXPECT_EQ(voting.raise(2, 2), std::nullopt);
  EXPECT_EQ(voting.raise(1, 2), std::nullopt);
  EXPECT_EQ(voting.vote(2, 2, 8), unsafe);
  EXPECT_EQ(voting.ways_to_show(2, 8), 0u);
  EXPECT_EQ(voting.ways_to_show(2, 7), 1u);
  EXPECT_EQ(voting.vote(2, 2, 7), std::nullopt);
}

}  // namespace
}  // namespace holdfast::scenarios
