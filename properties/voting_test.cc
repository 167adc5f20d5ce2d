#include "properties/voting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/story_for_test.h"

namespace holdfast::properties {
namespace {

using testing::HasSubstr;

// Every promise is told by the test.
Story told(std::vector<NodeId> ids, std::size_t quorum) {
  Story run(std::move(ids), quorum);
  run.promises_are_told();
  run.boot_all();
  return run;
}

Story told() {
  return told({{1}, {2}, {3}}, 2);
}

void vouches(Story& run, std::uint8_t node, std::uint8_t of, std::uint64_t incarnation) {
  run.event(node, EventKind::kKnown, {of, incarnation, 0});
  run.event(node, EventKind::kVouched, {of, incarnation, 0});
}

void becomes_voting(Story& run, std::uint8_t node, std::uint64_t incarnation, Ballot promised) {
  run.event(node,
            EventKind::kStatus,
            {static_cast<std::uint64_t>(Status::kVoting), incarnation, promised.value});
}

TEST(Voting, AVoteAtABallotThatOneMemberPromised) {
  Story run = told();
  run.promised(1, ballot(5));
  run.accepted(1, 0, ballot(5), entry(1));
  EXPECT_EQ(run.count("voting"), 1u);
  EXPECT_THAT(run.describe(), HasSubstr("2 members may still vote for anything at lower ballots"));
}

TEST(Voting, AVoteAtABallotThatAQuorumPromised) {
  Story run = told();
  run.promised(1, ballot(5));
  run.promised(2, ballot(5));
  run.accepted(1, 0, ballot(5), entry(1));
  run.accepted(3, 0, ballot(5), entry(1));
  EXPECT_EQ(run.count("voting"), 0u);
}

// Nobody has accepted the lower value but one, and it is not chosen: it could still be.
TEST(Voting, ALowerVoteThatAnotherMemberCanStillJoin) {
  Story run = told();
  run.promised(1, ballot(5));
  run.promised(2, ballot(5));
  run.accepted(1, 0, ballot(5), entry(1));
  run.promised(1, 0, ballot(8, 3));
  run.promised(3, 0, ballot(8, 3));
  run.accepted(3, 0, ballot(8, 3), entry(2));
  EXPECT_EQ(run.count("voting"), 1u);
  EXPECT_THAT(run.describe(), HasSubstr("was, or could still be, chosen at ballot"));
}

TEST(Voting, ALowerVoteThatNobodyCanJoinAnyMore) {
  Story run = told();
  run.promised(1, ballot(5));
  run.promised(2, ballot(5));
  run.accepted(1, 0, ballot(5), entry(1));
  run.promised(2, 0, ballot(8, 3));
  run.promised(3, 0, ballot(8, 3));
  run.accepted(3, 0, ballot(8, 3), entry(2));
  EXPECT_EQ(run.count("voting"), 0u);
}

TEST(Voting, AnotherValueThanTheChosenOneAboveItsBallot) {
  Story run = told();
  run.promised(1, ballot(5));
  run.promised(2, ballot(5));
  run.choose(0, entry(1), ballot(5));
  for (const std::uint8_t n : {1, 2, 3})
    run.promised(n, 0, ballot(8, 3));
  run.accepted(3, 0, ballot(8, 3), entry(1));
  EXPECT_EQ(run.count("voting"), 0u);
  run.accepted(3, 0, ballot(9, 3), entry(2));
  EXPECT_GE(run.count("voting"), 1u);
}

// An implicit promise is not one of positions that have a record already.
TEST(Voting, APromiseOfEverythingLeavesWhatWasPromisedOfAPosition) {
  Story run = told();
  run.promised(2, 0, ballot(3));
  run.promised(3, 0, ballot(3));
  run.accepted(3, 0, ballot(3), entry(1));
  run.promised(1, ballot(8));
  run.promised(2, ballot(8));
  run.accepted(1, 0, ballot(8), entry(2));
  EXPECT_GE(run.count("voting"), 1u);
}

TEST(Voting, WhatADirectoryHoldsIsPromisedWithoutBeingSaid) {
  Story run;
  run.promises_are_told();
  run.boot(1, {.promised = ballot(9)});
  run.boot(2, {.promised = ballot(9)});
  run.boot(3);
  run.accepted(1, 0, ballot(9), entry(1));
  EXPECT_EQ(run.count("voting"), 0u);
}

// Gap G2(a) of Mesos: whoever promised with a disk that is lost could vote at lower ballots again.
TEST(Voting, ANewDiskThatForgotAPromise) {
  for (const bool adopts : {false, true}) {
    Story run = told();
    run.promised(1, ballot(5));
    run.promised(3, ballot(5));
    run.accepted(1, 0, ballot(5), entry(1));
    run.wipe(3);
    run.boot(3, {.status = Status::kEmpty, .rounds = 0});
    EXPECT_EQ(run.count("voting"), 0u) << "it cannot vote yet";
    for (const std::uint8_t n : {1, 2})
      vouches(run, n, 3, 1);
    becomes_voting(run, 3, 1, adopts ? ballot(5) : Ballot{});
    EXPECT_EQ(run.count("voting"), adopts ? 0u : 1u);
  }
}

// Gap G2(b): the lost vote goes on being counted by those who do not know of the new disk.
TEST(Voting, ALostVoteThatIsStillCounted) {
  for (const bool known : {false, true}) {
    Story run = told({{1}, {2}, {3}, {4}, {5}}, 3);
    for (const std::uint8_t n : {1, 2, 5})
      run.promised(n, ballot(5));
    run.accepted(1, 0, ballot(5), entry(1));
    run.accepted(5, 0, ballot(5), entry(1));
    run.wipe(5);
    run.boot(5, {.status = Status::kEmpty, .rounds = 0});
    for (const std::uint8_t n : {2, 3, 4})
      if (known) vouches(run, n, 5, 1);
    becomes_voting(run, 5, 1, ballot(5));
    for (const std::uint8_t n : {3, 4, 5})
      run.promised(n, ballot(8, 4));
    run.accepted(4, 0, ballot(8, 4), entry(2));
    // Member 2 could join members 1 and 5.
    EXPECT_EQ(run.count("voting"), known ? 0u : 1u) << run.describe();
  }
}

// Who comes back takes over what those it asked know of others' lives: 5 recovered with the help of
// 3, which then lost its disk as well.
TEST(Voting, ANewDiskThatKnowsOfOthers) {
  for (const bool adopts : {false, true}) {
    Story run = told({{1}, {2}, {3}, {4}, {5}}, 3);
    for (const std::uint8_t n : {2, 3, 5})
      run.promised(n, ballot(5, 2));
    run.accepted(2, 0, ballot(5, 2), entry(1));
    run.accepted(5, 0, ballot(5, 2), entry(1));
    run.wipe(5);
    run.boot(5, {.status = Status::kEmpty, .rounds = 0});
    for (const std::uint8_t n : {1, 3, 4})
      vouches(run, n, 5, 1);
    becomes_voting(run, 5, 1, ballot(5, 2));
    run.wipe(3);
    run.boot(3, {.status = Status::kEmpty, .rounds = 0});
    for (const std::uint8_t n : {1, 4, 5})
      vouches(run, n, 3, 1);
    if (adopts) run.event(3, EventKind::kKnown, {5, 1, 1});
    becomes_voting(run, 3, 1, ballot(5, 2));
    for (const std::uint8_t n : {1, 4, 5})
      run.promised(n, ballot(8, 4));
    run.accepted(4, 0, ballot(8, 4), entry(2));
    // Member 3 could join members 2 and 5.
    EXPECT_EQ(run.count("voting"), adopts ? 0u : 1u) << run.describe();
  }
}

}  // namespace
}  // namespace holdfast::properties
