#include "properties/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/progress_report.h"
#include "properties/story_for_test.h"

namespace holdfast::properties {
namespace {

using testing::HasSubstr;

const std::vector<NodeId> kCore{{1}, {2}};

Story healed() {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.panel().on_heal(kCore);
  return run;
}

TEST(Progress, NothingRequiredNothingJudged) {
  Story run;
  run.boot_all();
  run.finish();
  EXPECT_CLEAN(run);
  EXPECT_TRUE(run.panel().progress()->done());
}

TEST(Progress, CompletedInTime) {
  Story run = healed();
  run.panel().progress()->require({.goal = Goal::kAppend, .by = {}, .within_events = 100});
  EXPECT_FALSE(run.panel().progress()->done());
  run.append(2, 1);
  EXPECT_TRUE(run.panel().progress()->done());
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(Progress, CompletedTooLate) {
  Story run = healed();
  run.panel().progress()->require({.goal = Goal::kAppend, .by = {}, .within_events = 3});
  run.append(2, 1);
  EXPECT_EQ(run.count("progress"), 1u);
  EXPECT_EQ(run.panel().verdict().exit_code(), 11);
}

TEST(Progress, NeverCompleted) {
  Story run = healed();
  run.panel().progress()->require({.goal = Goal::kElect, .by = NodeId{2}, .within_events = 5});
  run.event(2, EventKind::kElectCalled, {50});
  run.electing(2, ballot(9, 2));
  EXPECT_FALSE(run.panel().progress()->overdue(10));
  EXPECT_TRUE(run.panel().progress()->overdue(100));
  run.finish();
  EXPECT_EQ(run.count("progress"), 1u);
  EXPECT_THAT(run.describe(), HasSubstr("operation 50 (elect_called"));
  EXPECT_THAT(run.describe(), HasSubstr("its election at ballot"));
}

TEST(Progress, FailedAttemptsAndStrangersDoNotCount) {
  Story run = healed();
  run.panel().progress()->require({.goal = Goal::kElect, .by = {}, .within_events = 100});
  run.event(1, EventKind::kElectCalled, {50});
  run.event(1, EventKind::kElectReturned, {50, 1, 0});
  run.event(3, EventKind::kElectCalled, {51});
  run.event(3, EventKind::kElectReturned, {51, 0, 0});
  EXPECT_FALSE(run.panel().progress()->done());
  run.event(1, EventKind::kElectCalled, {52});
  run.event(1, EventKind::kElectReturned, {52, 0, 0});
  EXPECT_TRUE(run.panel().progress()->done());
  EXPECT_CLEAN(run);
}

TEST(Progress, WhatWasCalledBeforeDoesNotCount) {
  Story run = healed();
  run.event(1, EventKind::kElectCalled, {50});
  run.panel().progress()->require({.goal = Goal::kElect, .by = {}, .within_events = 100});
  run.event(1, EventKind::kElectReturned, {50, 0, 0});
  EXPECT_FALSE(run.panel().progress()->done());
}

TEST(Progress, AMemberThatIsToVoteMaySayItOrComeBackVoting) {
  constexpr auto kVotes = static_cast<std::uint64_t>(Status::kVoting);
  for (const bool restarts : {false, true}) {
    Story run;
    run.boot_all();
    run.wipe(2);
    run.boot(2, {.status = Status::kEmpty, .rounds = 0});
    run.panel().on_heal(std::vector<NodeId>{{1}, {2}, {3}});
    run.panel().progress()->require({.goal = Goal::kVote, .by = NodeId{2}, .within_events = 100});
    run.event(2, EventKind::kStatus, {static_cast<std::uint64_t>(Status::kRecovering), 1, 0});
    EXPECT_FALSE(run.panel().progress()->done());
    if (restarts) {
      run.crash(2);
      run.boot(2);
    } else {
      run.event(2, EventKind::kStatus, {kVotes, 1, 0});
    }
    EXPECT_TRUE(run.panel().progress()->done()) << (restarts ? "restarts" : "says it");
  }
}

TEST(Progress, ACoreWithTooFewVotersIsNoFailure) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.wipe(2);
  run.boot(2, {.status = Status::kEmpty, .rounds = 0});
  run.panel().on_heal(kCore);
  run.panel().progress()->require({.goal = Goal::kAppend, .by = {}, .within_events = 5});
  ASSERT_TRUE(run.panel().progress()->cannot_recover());
  EXPECT_THAT(*run.panel().progress()->cannot_recover(), HasSubstr("2 (EMPTY)"));
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(ProgressReport, NamesStateLastEventAndWhatIsWaitedFor) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.append_called(1, 2, entry(2));
  run.event(3, EventKind::kCatchingUp, {0, 9});
  run.crash(2);
  const auto report = progress_report(run.panel().facts());
  ASSERT_EQ(report.size(), 3u);
  EXPECT_EQ(report[0].waits_for.substr(0, 11), "operation 2");
  EXPECT_EQ(report[0].frontier, Position{1});
  EXPECT_FALSE(report[1].live);
  EXPECT_EQ(report[2].waits_for, "catch-up of [0, 9]");
  EXPECT_EQ(report[2].last_event, "catching_up");
  EXPECT_THAT(to_text(report), HasSubstr("node 2: down, VOTING"));
}

}  // namespace
}  // namespace holdfast::properties
