#include "properties/monotonic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/story_for_test.h"

namespace holdfast::properties {
namespace {

using testing::HasSubstr;
using Record = Directory::Record;

// Node 2 voted for entry 1 at position 0, ballot 5, and then crashed.
Story voted_and_crashed() {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.promised(2, ballot(5));
  run.accepted(2, 0, ballot(5), entry(1));
  run.crash(2);
  return run;
}

Record record(std::uint64_t p, Ballot promised, Ballot performed, std::optional<Value> value) {
  return {.position = p, .promised = promised, .performed = performed, .value = std::move(value)};
}

TEST(Monotonic, EverythingSaidIsThere) {
  Story run = voted_and_crashed();
  run.boot(2, {.promised = ballot(5), .records = {record(0, ballot(5), ballot(5), entry(1))}});
  run.promised(2, ballot(6));
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(Monotonic, MoreThanWasSaidMayBeThere) {
  Story run = voted_and_crashed();
  run.append_called(1, 2, entry(2));
  run.boot(
      2,
      {.promised = ballot(9),
       .records = {record(0, ballot(7), ballot(6, 3), entry(2)), record(1, ballot(8), {}, {})}});
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(Monotonic, TheVoteMayBeLearnedByThen) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.crash(2);
  run.boot(2, {.promised = ballot(5), .learned = {{0, 0}}});
  run.finish();
  EXPECT_CLEAN(run);
}

// Node 2 said that it knows member 3 as incarnation 2, of which 1 was about to vote.
Story vouched_and_crashed() {
  Story run;
  run.boot_all();
  run.event(2, EventKind::kKnown, {3, 2, 1});
  run.event(2, EventKind::kVouched, {3, 2, 1});
  run.crash(2);
  run.boot(2, {});
  return run;
}

TEST(Monotonic, TheNumbersThatWereSaidOrHigherOnesAreThere) {
  for (const std::uint64_t voted : {1, 2}) {
    Story run = vouched_and_crashed();
    run.event(2, EventKind::kKnown, {3, 2, voted});
    run.finish();
    EXPECT_CLEAN(run);
  }
}

TEST(Monotonic, ANumberThatIsRegisteredIsLost) {
  Story run = vouched_and_crashed();
  run.event(2, EventKind::kKnown, {3, 1, 1});
  run.finish();
  EXPECT_THAT(run.describe(), HasSubstr("incarnation 1 of member 3 is registered, but 2 was said"));
}

TEST(Monotonic, ANumberThatWasAboutToVoteIsLost) {
  Story run = vouched_and_crashed();
  run.event(2, EventKind::kKnown, {3, 2, 0});
  run.finish();
  EXPECT_THAT(run.describe(), HasSubstr("incarnation 0 of member 3 was about to vote, but 1"));
}

TEST(Monotonic, TheImplicitPromiseIsLost) {
  Story run = voted_and_crashed();
  run.boot(2, {.promised = ballot(4), .records = {record(0, ballot(5), ballot(5), entry(1))}});
  EXPECT_EQ(run.count("monotonic"), 1u);
}

TEST(Monotonic, TheVoteIsLost) {
  Story run = voted_and_crashed();
  run.boot(2, {.promised = ballot(5)});
  EXPECT_EQ(run.count("monotonic"), 0u);  // The directory may have more to say.
  run.promised(2, ballot(6));
  EXPECT_EQ(run.count("monotonic"), 1u);
  EXPECT_THAT(run.describe(), HasSubstr("position 0"));
}

TEST(Monotonic, TheVoteIsLostAndTheNodeSaysNothingMore) {
  for (const bool crash : {true, false}) {
    Story run = voted_and_crashed();
    run.boot(2, {.promised = ballot(5)});
    if (crash) run.crash(2);
    if (!crash) run.finish();
    EXPECT_EQ(run.count("monotonic"), 1u);
  }
}

TEST(Monotonic, TheVoteIsAnotherValue) {
  Story run = voted_and_crashed();
  run.boot(2, {.promised = ballot(5), .records = {record(0, ballot(5), ballot(5), entry(2))}});
  EXPECT_EQ(run.count("monotonic"), 1u);
}

TEST(Monotonic, TheVoteIsAnOlderOne) {
  Story run = voted_and_crashed();
  run.boot(2, {.promised = ballot(5), .records = {record(0, ballot(5), ballot(3), entry(1))}});
  EXPECT_EQ(run.count("monotonic"), 1u);
}

TEST(Monotonic, TheVoteDidNotRaiseThePositionsPromise) {
  Story run = voted_and_crashed();
  run.boot(2, {.promised = ballot(5), .records = {record(0, ballot(3), ballot(5), entry(1))}});
  EXPECT_EQ(run.count("monotonic"), 1u);
}

TEST(Monotonic, AnExplicitPromiseIsLost) {
  Story run;
  run.boot_all();
  run.promised(2, 7, ballot(5));
  run.crash(2);
  run.boot(2, {.records = {record(7, ballot(4), {}, {})}});
  EXPECT_EQ(run.count("monotonic"), 1u);
}

TEST(Monotonic, AWipedDiskOwesNothing) {
  Story run = voted_and_crashed();
  run.wipe(2);
  run.boot(2, {.status = Status::kEmpty, .rounds = 0});
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(Monotonic, WhatIsTruncatedNeedsNoRecord) {
  Story run;
  run.boot_all();
  for (std::uint64_t p = 0; p < 3; ++p)
    run.append(p + 1, p);
  run.truncate(9, 2, 3);
  run.crash(2);
  run.boot(2, {.promised = ballot(5), .begin = 2, .begin_at = 3, .learned = {{2, 3}}});
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(Monotonic, ALearnedMarkInMemoryOnlyMayBeLost) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.choose(0, entry(1));
  run.learned(2, 0, entry(1));
  // Answered from the learned action, which nobody stored.
  run.promised(2, 0, ballot(9, 3));
  run.learned(3, 0, entry(1));
  run.accepted(3, 0, ballot(5), entry(1));
  run.crash(2);
  run.crash(3);
  run.boot(2, {.records = {record(0, ballot(5), ballot(5), entry(1))}});
  run.boot(3);
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(Monotonic, ALearnedMarkThatWasOnDiskMayNot) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.crash(3);
  run.boot(3, {.learned = {{0, 0}}});
  run.crash(3);
  run.boot(3, {.records = {record(0, ballot(5), ballot(5), entry(1))}});
  run.finish();
  EXPECT_EQ(run.count("monotonic"), 1u);
}

TEST(Monotonic, TheReservedRoundsAreLost) {
  Story run;
  run.boot_all();
  run.proposed(2, 0, ballot(50, 2), Value::nop());
  run.crash(2);
  run.boot(2, {.rounds = 49});
  EXPECT_EQ(run.count("monotonic"), 1u);
}

TEST(Monotonic, TheStatusGoesBack) {
  Story run = voted_and_crashed();
  run.boot(2,
           {.status = Status::kEmpty,
            .promised = ballot(5),
            .records = {record(0, ballot(5), ballot(5), entry(1))}});
  EXPECT_EQ(run.count("monotonic"), 1u);
}

TEST(Monotonic, AVoteBelowAnExplicitPromise) {
  Story run;
  run.boot_all();
  run.promised(2, 0, ballot(7, 3));
  run.accepted(2, 0, ballot(5), Value::nop());
  EXPECT_EQ(run.count("monotonic"), 1u);
}

TEST(Monotonic, AVoteBelowAnEarlierVote) {
  Story run;
  run.boot_all();
  run.accepted(2, 0, ballot(7, 3), Value::nop());
  run.accepted(2, 0, ballot(5), Value::nop());
  EXPECT_EQ(run.count("monotonic"), 1u);
}

TEST(Monotonic, AVoteBelowTheImplicitPromise) {
  Story run;
  run.promises_are_told();
  run.boot_all();
  run.promised(2, ballot(7, 3));
  run.accepted(2, 0, ballot(5), Value::nop());
  EXPECT_EQ(run.count("monotonic"), 1u);
}

TEST(Monotonic, AnImplicitPromiseDoesNotCoverAPositionWithARecord) {
  Story run;
  run.boot_all();
  run.accepted(2, 0, ballot(5), Value::nop());
  run.promised(2, ballot(7, 3));
  run.accepted(2, 0, ballot(5), Value::nop());
  EXPECT_CLEAN(run);
}

TEST(Monotonic, TwoSayingsOfOneStepHaveNoOrder) {
  Story run;
  run.promises_are_told();
  run.boot_all();
  for (const std::uint8_t n : {1, 3})
    run.promised(n, ballot(5));
  run.one_step();
  run.promised(2, ballot(7, 3));
  run.accepted(2, 0, ballot(5), Value::nop());
  EXPECT_CLEAN(run);
}

TEST(Monotonic, ImplicitPromisesGoDown) {
  Story run;
  run.boot_all();
  run.promised(2, ballot(7));
  run.promised(2, ballot(7));
  EXPECT_CLEAN(run);
  run.promised(2, ballot(6));
  EXPECT_EQ(run.count("monotonic"), 1u);
}

TEST(Monotonic, ExplicitPromisesGoDown) {
  Story run;
  run.boot_all();
  run.promised(2, 3, ballot(7));
  run.promised(2, 3, ballot(7));
  EXPECT_CLEAN(run);
  run.promised(2, 3, ballot(6));
  EXPECT_EQ(run.count("monotonic"), 1u);
}

TEST(Monotonic, AnExplicitPromiseBelowTheImplicitOne) {
  Story run;
  run.boot_all();
  run.promised(2, ballot(7));
  run.promised(2, 3, ballot(6));
  EXPECT_EQ(run.count("monotonic"), 1u);
}

TEST(Monotonic, TwoValuesAtOneBallot) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.proposed(1, 0, ballot(5), entry(1));
  run.proposed(1, 1, ballot(5), Value::nop());
  run.proposed(1, 0, ballot(6), Value::nop());
  run.proposed(1, 0, ballot(5), entry(1));
  EXPECT_CLEAN(run);
  run.proposed(1, 0, ballot(5), Value::nop());
  EXPECT_EQ(run.count("monotonic"), 2u);  // Against both proposals of entry 1.
}

TEST(Monotonic, TwoProposersAtOneBallot) {
  Story run;
  run.boot_all();
  run.proposed(1, 0, ballot(5), Value::nop());
  run.proposed(2, 0, ballot(5), Value::nop());
  EXPECT_EQ(run.count("monotonic"), 1u);
}

TEST(Monotonic, OneReplicaVotesForTwoValuesAtOneBallot) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.accepted(2, 0, ballot(5), entry(1));
  run.accepted(2, 0, ballot(5), entry(1));
  EXPECT_CLEAN(run);
  run.accepted(2, 0, ballot(5), Value::nop());
  EXPECT_EQ(run.count("monotonic"), 1u);
}

TEST(Monotonic, AnElectionBallotIsUsedAgainAfterACrash) {
  Story run;
  run.boot_all();
  run.electing(2, ballot(5, 2));
  run.crash(2);
  run.boot(2);
  run.electing(2, ballot(6, 2));
  EXPECT_CLEAN(run);
  run.electing(2, ballot(5, 2));
  EXPECT_EQ(run.count("monotonic"), 1u);
}

}  // namespace
}  // namespace holdfast::properties
