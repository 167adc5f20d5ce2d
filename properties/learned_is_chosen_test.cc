#include "properties/learned_is_chosen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/story_for_test.h"

namespace holdfast::properties {
namespace {

using testing::HasSubstr;

TEST(LearnedIsChosen, LearnedOnTheFirstAck) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.accepted(1, 0, ballot(5), entry(1));
  run.learned(1, 0, entry(1));
  EXPECT_EQ(run.count("learned_is_chosen"), 1u);
  EXPECT_THAT(run.describe(), HasSubstr("by 1"));
}

TEST(LearnedIsChosen, OneMemberVotingTwiceIsNoQuorum) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.accepted(1, 0, ballot(5), entry(1));
  run.accepted(1, 0, ballot(5), entry(1));
  run.learned(1, 0, entry(1));
  EXPECT_EQ(run.count("learned_is_chosen"), 1u);
}

TEST(LearnedIsChosen, VotesAtTwoBallotsDoNotAddUp) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.accepted(1, 0, ballot(5), entry(1));
  run.accepted(2, 0, ballot(6), entry(1));
  run.learned(1, 0, entry(1));
  EXPECT_EQ(run.count("learned_is_chosen"), 1u);
}

TEST(LearnedIsChosen, AStrangersVoteDoesNotCount) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.accepted(1, 0, ballot(5), entry(1));
  run.accepted(9, 0, ballot(5), entry(1));
  run.learned(1, 0, entry(1));
  EXPECT_EQ(run.count("learned_is_chosen"), 1u);
}

TEST(LearnedIsChosen, ALifeKilledBeforeItSaidItsNumberVotesUnderIt) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.event(1, EventKind::kKnown, {2, 1, 0});
  run.wipe(2);
  // It became VOTING under number 1, which reached the disk and no judge.
  run.boot(2, {.incarnation = {1}});
  run.accepted(1, 0, ballot(5), entry(1));
  run.accepted(2, 0, ballot(5), entry(1));
  run.learned(1, 0, entry(1));
  EXPECT_EQ(run.count("learned_is_chosen"), 0u);
}

TEST(LearnedIsChosen, TheVoteOfALaterWipedNodeHappened) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.accepted(1, 0, ballot(5), entry(1));
  run.accepted(2, 0, ballot(5), entry(1));
  run.wipe(2);
  run.chosen(1, 0, ballot(5), entry(1));
  run.learned(1, 0, entry(1));
  run.learned(3, 0, entry(1));
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(LearnedIsChosen, SaidChosenBelowAQuorumAtThatBallot) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.choose(0, entry(1), ballot(5));
  run.accepted(3, 0, ballot(8), entry(1));
  EXPECT_CLEAN(run);
  run.chosen(3, 0, ballot(8), entry(1));
  EXPECT_EQ(run.count("learned_is_chosen"), 1u);
  EXPECT_THAT(run.describe(), HasSubstr("no 2 members said ACCEPT at that ballot"));
}

TEST(LearnedIsChosen, AFillMayChooseTheSameValueAgain) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.choose(0, entry(1), ballot(5));
  run.accepted(2, 0, ballot(8, 3), entry(1));
  run.accepted(3, 0, ballot(8, 3), entry(1));
  run.chosen(3, 0, ballot(8, 3), entry(1));
  run.learn_all(0, entry(1));
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(LearnedIsChosen, ATombstoneBeforeAnyTruncateIsChosen) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.append(2, 1);
  run.truncate_called(1, 3, 1);
  run.accepted(1, 2, ballot(5), Value::truncate({1}));
  run.learned(3, 0, Value::tombstone_for({2}));
  EXPECT_EQ(run.count("learned_is_chosen"), 1u);
}

TEST(LearnedIsChosen, ALearnedMarkFoundOnDiskNeedsAQuorum) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.append_called(1, 2, entry(2));
  run.accepted(3, 1, ballot(5), entry(2));
  run.crash(3);
  run.boot(3, {.learned = {{0, 1}}});
  EXPECT_EQ(run.count("learned_is_chosen"), 1u);
  EXPECT_THAT(run.describe(), HasSubstr("position 1"));
}

TEST(LearnedIsChosen, ADirectoryFromBeforeTheRunIsTakenForGranted) {
  Story run;
  run.boot_all({.begin = 100, .learned = {{100, 120}}});
  run.learned(2, 110, entry(1));
  run.append(2, 121);
  run.crash(2);
  run.boot(2, {.begin = 100, .learned = {{100, 121}}});
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(LearnedIsChosen, VotesFoundBeforeTheRunMakeAQuorumWithThoseOfIt) {
  Story run;
  run.boot(
      1,
      {.records = {
           {.position = 0, .promised = ballot(3), .performed = ballot(3), .value = Value::nop()}}});
  run.boot(2);
  run.boot(3);
  run.accepted(2, 0, ballot(3), Value::nop());
  run.learned(2, 0, Value::nop());
  EXPECT_CLEAN(run);
}

}  // namespace
}  // namespace holdfast::properties
