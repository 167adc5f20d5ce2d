#include "properties/steady.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/story_for_test.h"

namespace holdfast::properties {
namespace {

using testing::HasSubstr;

void elected(Story& run, std::uint8_t node, std::uint64_t round) {
  run.event(node, EventKind::kElecting, {ballot(round, node).value});
  run.event(node, EventKind::kElected, {ballot(round, node).value, 0});
}

void stepped_down(Story& run, std::uint8_t node, std::uint64_t round) {
  run.event(node, EventKind::kSteppedDown, {ballot(round, node).value, 1});
}

// Nothing of these events concerns elections.
void pass_time(Story& run, int events) {
  for (int i = 0; i < events; ++i)
    run.event(3, EventKind::kCanvassing, {0});
}

TEST(Steady, OneElectionMoreThanAllowed) {
  Story run;
  run.boot_all();
  run.panel().steady()->allow({.elections_max = 2});
  elected(run, 1, 5);
  stepped_down(run, 1, 5);
  elected(run, 2, 6);
  EXPECT_EQ(run.count("steady"), 0u);
  stepped_down(run, 2, 6);
  elected(run, 1, 7);
  EXPECT_EQ(run.count("steady"), 1u);
  EXPECT_THAT(run.describe(), HasSubstr("election 3 of the run"));
  EXPECT_EQ(run.panel().verdict().violations().back().failure, FailureClass::kLiveness);
}

TEST(Steady, WithoutLimitsNothingIsChurn) {
  Story run;
  run.boot_all();
  for (std::uint64_t round = 5; round < 50; ++round) {
    elected(run, 1, round);
    stepped_down(run, 1, round);
    pass_time(run, 100);
  }
  EXPECT_EQ(run.count("steady"), 0u);
  EXPECT_EQ(run.panel().steady()->elections(), 45u);
}

// Every event takes a microsecond.
TEST(Steady, NobodyCoordinatesForTooLong) {
  Story run;
  run.boot_all();
  run.panel().steady()->allow({.leaderless_ns_max = 50'000});
  elected(run, 1, 5);
  pass_time(run, 100);
  stepped_down(run, 1, 5);
  pass_time(run, 40);
  elected(run, 2, 6);
  EXPECT_EQ(run.count("steady"), 0u);
  run.crash(2);
  pass_time(run, 60);
  elected(run, 1, 7);
  EXPECT_EQ(run.count("steady"), 1u);
  EXPECT_THAT(run.describe(), HasSubstr("nobody coordinated"));
}

TEST(Steady, ADeposedCoordinatorThatDoesNotKnowYetIsNoGap) {
  Story run;
  run.boot_all();
  run.panel().steady()->allow({.leaderless_ns_max = 10'000});
  elected(run, 1, 5);
  elected(run, 2, 6);
  run.crash(2);
  pass_time(run, 5);
  stepped_down(run, 1, 5);
  pass_time(run, 20);
  run.panel().finish();
  EXPECT_EQ(run.count("steady"), 1u);
}

TEST(Steady, AfterTheCoreIsHealedNothingCounts) {
  Story run;
  run.boot_all();
  run.panel().steady()->allow({.elections_max = 1});
  elected(run, 1, 5);
  const std::vector<NodeId> core{{1}, {2}};
  run.panel().on_heal(core);
  elected(run, 2, 6);
  EXPECT_EQ(run.count("steady"), 0u);
}

}  // namespace
}  // namespace holdfast::properties
