#include "protocol/coordinator.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/test_cluster.h"

namespace holdfast {
namespace {

using test::Cluster;
using test::ClusterOptions;
using test::drop;
using test::Fate;
using test::hold;
using test::Later;
using test::Mail;
using test::writes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

void idle(Cluster& cluster) {
  cluster.run_for(Duration::seconds(3));
}

class CoordinatorTest : public ::testing::Test {
 protected:
  static void agree(const Cluster& cluster) { EXPECT_THAT(cluster.trace.disagreements, IsEmpty()); }
};

// --- election

TEST_F(CoordinatorTest, TheFirstElectionFillsPositionZeroAndDataStartsAtOne) {
  Cluster cluster;
  const ElectResult elected = cluster.elect(1);
  ASSERT_TRUE(elected.ok()) << failure_text(elected.failure);
  EXPECT_EQ(elected.end, Position{0});
  EXPECT_TRUE(cluster.reached(Point::kFillNop));
  const WriteResult first = cluster.append(1, "a");
  EXPECT_EQ(first.outcome, Outcome::kOk);
  EXPECT_EQ(first.position, Position{1});
  EXPECT_THAT(cluster.texts(1, 0, 1), ElementsAre("a")) << "a writer reads its own writes";
  agree(cluster);
}

TEST_F(CoordinatorTest, EveryMemberReadsWhatWasAppendedAfterTheIdleNotice) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(2).ok());
  for (const char* word : {"a", "b", "c"})
    ASSERT_EQ(cluster.append(2, word).outcome, Outcome::kOk);
  idle(cluster);
  for (std::uint8_t id = 1; id <= 3; ++id)
    EXPECT_THAT(cluster.texts(id, 0, 3), ElementsAre("a", "b", "c")) << int(id);
  EXPECT_TRUE(cluster.reached(Point::kLearnedByMark)) << "without the value being sent again";
  agree(cluster);
}

TEST_F(CoordinatorTest, ALogMayStartFarUp) {
  for (const std::uint64_t first : {1ULL, 1ULL << 31, 1ULL << 32, 10'000'000'000ULL}) {
    Cluster cluster({.first = {first}});
    ASSERT_TRUE(cluster.elect(1).ok());
    EXPECT_EQ(cluster.append(1, "a").position, Position{first});
    idle(cluster);
    EXPECT_THAT(cluster.texts(3, first, first), ElementsAre("a"));
    agree(cluster);
  }
}

TEST_F(CoordinatorTest, AClusterOfOneNeedsNobody) {
  Cluster cluster({.members = 1});
  ASSERT_TRUE(cluster.elect(1).ok());
  EXPECT_EQ(cluster.append(1, "a").position, Position{1});
  cluster.restart(1);
  ASSERT_TRUE(cluster.elect(1).ok());
  EXPECT_EQ(cluster.append(1, "b").position, Position{2});
  EXPECT_THAT(cluster.texts(1, 0, 2), ElementsAre("a", "b"));
}

TEST_F(CoordinatorTest, AnElectionWithoutAQuorumMissesItsDeadline) {
  Cluster cluster;
  cluster.rule = Cluster::isolate(1);
  EXPECT_EQ(cluster.elect(1).failure, Failure::kDeadline);
  cluster.rule = {};
  EXPECT_TRUE(cluster.elect(1).ok());
}

TEST_F(CoordinatorTest, TooFewVotersIsAnOutcome) {
  Cluster cluster({.empty = {2, 3}});
  EXPECT_EQ(cluster.elect(1).failure, Failure::kTooFewVoters);
  EXPECT_TRUE(cluster.reached(Point::kNonVoterAsked));
}

// One voter of three is not enough to bring it back.
TEST_F(CoordinatorTest, AnEmptyMemberIsNotElectedAndItsLogStaysEmpty) {
  Cluster cluster({.empty = {2, 3}});
  EXPECT_EQ(cluster.elect(3).failure, Failure::kNotVoting);
  EXPECT_EQ(cluster.elect(1).failure, Failure::kTooFewVoters);
  idle(cluster);
  EXPECT_FALSE(cluster.image(3).end());
  EXPECT_EQ(cluster.catchup(3).error().kind, ReadError::Kind::kNotVoting);
  EXPECT_TRUE(cluster.member(3).image.records.empty());
}

TEST_F(CoordinatorTest, TwoElectionsOfOneMemberAtOnceAreRefused) {
  Cluster cluster;
  const auto first = cluster.start_elect(1);
  EXPECT_EQ(cluster.elect(1).failure, Failure::kBusy);
  EXPECT_TRUE(cluster.wait(first).ok());
}

TEST_F(CoordinatorTest, ElectingAgainEndsTheFormerTerm) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  Log::Writer other = cluster.node(1).log().writer();
  ASSERT_TRUE(cluster.wait(cluster.spawn(1, [&](Node&) { return other.start(); })).ok());
  const WriteResult lost = cluster.append(1, "a");
  EXPECT_EQ(lost.outcome, Outcome::kFailed);
  EXPECT_EQ(lost.failure, Failure::kNotElected);
}

TEST_F(CoordinatorTest, PromisesAreAskedForAgainWhenTheyGetLost) {
  Cluster cluster;
  int lost = 0;
  cluster.rule = drop([&](const Mail& m) { return m.as<PromiseReply>() && lost++ < 4; });
  EXPECT_TRUE(cluster.elect(1).ok());
  EXPECT_TRUE(cluster.reached(Point::kPromiseResent));
}

TEST_F(CoordinatorTest, DoubledMessagesAreCountedOnce) {
  Cluster cluster({.members = 5});
  // Only 2 answers, everything twice: 1 and 2 are no quorum of five.
  cluster.rule = [](const Mail& m) {
    const bool among = m.from.value <= 2 && m.to.value <= 2;
    return among ? Fate::kTwice : Fate::kDrop;
  };
  EXPECT_EQ(cluster.elect(1).failure, Failure::kDeadline);
  agree(cluster);
}

// --- the window

TEST_F(CoordinatorTest, WritesAreChosenOutOfOrderButAcknowledgedInOrder) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.rule = hold([](const Mail& m) { return writes(m, 1); });
  const auto a = cluster.start_append(1, "a");
  const auto b = cluster.start_append(1, "b");
  const auto c = cluster.start_append(1, "c");
  cluster.run_for(Duration::milliseconds(50));
  EXPECT_TRUE(cluster.reached(Point::kWindowOutOfOrder));
  EXPECT_FALSE(a->has_value());
  EXPECT_FALSE(b->has_value());
  cluster.rule = {};
  cluster.release();
  EXPECT_EQ(cluster.wait(a).position, Position{1});
  EXPECT_EQ(cluster.wait(b).position, Position{2});
  EXPECT_EQ(cluster.wait(c).position, Position{3});
  EXPECT_THAT(cluster.texts(1, 1, 3), ElementsAre("a", "b", "c"));
  agree(cluster);
}

TEST_F(CoordinatorTest, AppendsBeyondTheWindowQueue) {
  Cluster cluster({.window = 2});
  ASSERT_TRUE(cluster.elect(1).ok());
  std::uint64_t highest = 0;
  cluster.rule = [&](const Mail& m) {
    if (const auto* write = m.as<WriteRequest>())
      highest = std::max(highest, write->position.value);
    return m.as<WriteRequest>() ? Fate::kHold : Fate::kDeliver;
  };
  std::vector<Later<WriteResult>> all;
  for (int i = 0; i < 7; ++i)
    all.push_back(cluster.start_append(1, std::to_string(i)));
  cluster.run_for(Duration::milliseconds(20));
  EXPECT_EQ(highest, 2u);
  EXPECT_TRUE(cluster.reached(Point::kWindowQueued));
  cluster.rule = {};
  cluster.release();
  for (std::uint64_t i = 0; i < 7; ++i)
    EXPECT_EQ(cluster.wait(all[i]).position, Position{i + 1});
  EXPECT_THAT(cluster.texts(1, 1, 7), ElementsAre("0", "1", "2", "3", "4", "5", "6"));
}

TEST_F(CoordinatorTest, AWindowOfOneIsMesos) {
  Cluster cluster({.window = 1});
  ASSERT_TRUE(cluster.elect(1).ok());
  std::vector<Later<WriteResult>> all;
  for (int i = 0; i < 5; ++i)
    all.push_back(cluster.start_append(1, std::to_string(i)));
  for (std::uint64_t i = 0; i < 5; ++i)
    EXPECT_EQ(cluster.wait(all[i]).position, Position{i + 1});
  EXPECT_FALSE(cluster.reached(Point::kWindowOutOfOrder));
}

TEST_F(CoordinatorTest, ALostWriteIsSentAgain) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  int lost = 0;
  cluster.rule = drop([&](const Mail& m) { return m.as<WriteRequest>() && lost++ < 2; });
  EXPECT_EQ(cluster.append(1, "a").outcome, Outcome::kOk);
  EXPECT_TRUE(cluster.reached(Point::kWriteResent));
}

TEST_F(CoordinatorTest, ALostAnswerIsGivenAgainFromTheVote) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  int lost = 0;
  cluster.rule = drop([&](const Mail& m) { return m.as<WriteReply>() && lost++ < 2; });
  EXPECT_EQ(cluster.append(1, "a").outcome, Outcome::kOk);
  EXPECT_TRUE(cluster.reached(Point::kWriteResendAccepted));
}

TEST_F(CoordinatorTest, NoAnswerLeavesBeforeTheVoteIsDurable) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.run_for(Duration::milliseconds(20));
  int answers = 0;
  cluster.rule = [&](const Mail& m) {
    if (m.as<WriteReply>()) ++answers;
    return Fate::kDeliver;
  };
  cluster.hold_disk(2);
  cluster.hold_disk(3);
  const auto a = cluster.start_append(1, "a");
  cluster.run_for(Duration::seconds(1));
  EXPECT_EQ(answers, 0) << "also not to the write that was sent again";
  EXPECT_FALSE(a->has_value());
  cluster.free_disk(2);
  EXPECT_EQ(cluster.wait(a).outcome, Outcome::kOk);
}

TEST_F(CoordinatorTest, TheCoordinatorsOwnVoteCountsOnlyOnceDurable) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.run_for(Duration::milliseconds(20));
  cluster.rule = drop([](const Mail& m) { return m.to.value == 3; });
  cluster.hold_disk(1);
  const auto a = cluster.start_append(1, "a");
  cluster.run_for(Duration::seconds(1));
  EXPECT_FALSE(a->has_value()) << "2 voted, 1 has not";
  cluster.free_disk(1);
  EXPECT_EQ(cluster.wait(a).outcome, Outcome::kOk);
}

TEST_F(CoordinatorTest, AnEntryOverTheLimitIsRefusedAndTheTermGoesOn) {
  Cluster cluster({.change = [](NodeOptions& o) { o.entry_bytes_max = 3; }});
  ASSERT_TRUE(cluster.elect(1).ok());
  EXPECT_EQ(cluster.append(1, "abcd").failure, Failure::kTooLarge);
  EXPECT_EQ(cluster.append(1, "abc").outcome, Outcome::kOk);
}

// --- stepping down (D3)

TEST_F(CoordinatorTest, ADeposedCoordinatorStepsDownAndTheNextAppendFailsCleanly) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  ASSERT_EQ(cluster.append(1, "a").outcome, Outcome::kOk);
  cluster.rule = Cluster::isolate(1);
  ASSERT_TRUE(cluster.elect(2).ok());
  cluster.rule = {};
  EXPECT_TRUE(cluster.node(1).coordinating()) << "it was told nothing yet";
  const WriteResult refused = cluster.append(1, "b");
  EXPECT_EQ(refused.outcome, Outcome::kUnknown);
  const WriteResult after = cluster.append(1, "c");
  EXPECT_EQ(after.outcome, Outcome::kFailed);
  EXPECT_EQ(after.failure, Failure::kNotElected);
  EXPECT_EQ(cluster.append(2, "d").outcome, Outcome::kOk) << "the winner's ballot was not taken";
  idle(cluster);
  agree(cluster);
}

TEST_F(CoordinatorTest, AMemberThatPromisedAnotherStepsDownAtOnce) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  const auto won = cluster.start_elect(2);
  EXPECT_TRUE(cluster.wait(won).ok());
  cluster.run_for(Duration::milliseconds(5));
  EXPECT_FALSE(cluster.node(1).coordinating());
  EXPECT_TRUE(cluster.reached(Point::kStepDownPromise));
}

TEST_F(CoordinatorTest, AMissedDeadlineLeavesTheWindowUnknownAndTheQueueUndone) {
  Cluster cluster({.window = 2});
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.rule = Cluster::isolate(1);
  std::vector<Later<WriteResult>> all;
  for (int i = 0; i < 4; ++i)
    all.push_back(cluster.start_append(1, std::to_string(i)));
  EXPECT_EQ(cluster.wait(all[0]).outcome, Outcome::kUnknown);
  EXPECT_EQ(cluster.wait(all[0]).failure, Failure::kDeadline);
  EXPECT_EQ(cluster.wait(all[1]).outcome, Outcome::kUnknown);
  EXPECT_EQ(cluster.wait(all[2]).outcome, Outcome::kFailed) << "never sent";
  EXPECT_EQ(cluster.wait(all[3]).outcome, Outcome::kFailed);
  EXPECT_FALSE(cluster.node(1).coordinating());
  EXPECT_TRUE(cluster.reached(Point::kStepDownFull));
}

TEST_F(CoordinatorTest, AnUnknownWriteMayTurnOutToHaveHappened) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.rule = drop([](const Mail& m) { return m.as<WriteReply>() != nullptr; });
  EXPECT_EQ(cluster.append(1, "a").outcome, Outcome::kUnknown);
  cluster.rule = {};
  const ElectResult elected = cluster.elect(2);
  ASSERT_TRUE(elected.ok());
  EXPECT_EQ(elected.end, Position{1});
  EXPECT_TRUE(cluster.reached(Point::kFillAdopts));
  EXPECT_THAT(cluster.texts(2, 0, 1), ElementsAre("a"));
  agree(cluster);
}

TEST_F(CoordinatorTest, AnUnknownWriteThatReachedNobodyElseMayBeReplacedByANop) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.rule = Cluster::isolate(1);
  EXPECT_EQ(cluster.append(1, "a").outcome, Outcome::kUnknown);
  ASSERT_TRUE(cluster.elect(2).ok());
  EXPECT_EQ(cluster.append(2, "b").position, Position{1});
  cluster.rule = {};
  ASSERT_TRUE(cluster.elect(1).ok());
  EXPECT_THAT(cluster.texts(1, 0, 1), ElementsAre("b"));
  agree(cluster);
}

TEST_F(CoordinatorTest, AfterAFailoverAnEarlierAppendMayBeMissingWhileALaterOneSurvives) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.rule = drop([](const Mail& m) { return m.as<WriteReply>() || writes(m, 1); });
  const auto a = cluster.start_append(1, "a");
  const auto b = cluster.start_append(1, "b");
  EXPECT_EQ(cluster.wait(a).outcome, Outcome::kUnknown);
  EXPECT_EQ(cluster.wait(b).outcome, Outcome::kUnknown);
  cluster.rule = Cluster::isolate(1);
  ASSERT_TRUE(cluster.elect(2).ok());
  EXPECT_THAT(cluster.texts(2, 0, 2), ElementsAre("b"));
  cluster.rule = {};
  idle(cluster);
  agree(cluster);
}

// --- old messages

TEST_F(CoordinatorTest, ADelayedWriteOfAnOldCoordinatorOverwritesNothing) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  // The write of 1 reaches nobody in time.
  cluster.rule = hold([](const Mail& m) { return m.as<WriteRequest>() && m.from.value == 1; });
  const auto a = cluster.start_append(1, "old");
  cluster.run_for(Duration::milliseconds(5));
  cluster.rule = [](const Mail& m) {
    const bool one = m.from.value == 1 || m.to.value == 1;
    return one ? Fate::kDrop : Fate::kDeliver;
  };
  ASSERT_TRUE(cluster.elect(2).ok());
  ASSERT_EQ(cluster.append(2, "new").position, Position{1});
  cluster.release();
  idle(cluster);
  cluster.rule = {};
  EXPECT_EQ(cluster.wait(a).outcome, Outcome::kUnknown);
  ASSERT_TRUE(cluster.elect(3).ok());
  EXPECT_THAT(cluster.texts(3, 1, 1), ElementsAre("new"));
  agree(cluster);
}

TEST_F(CoordinatorTest, ALatePromiseOfAnEarlierElectionIsNotCounted) {
  Cluster cluster({.members = 5});
  // The promises of 2 and 3 to the first election arrive during the second.
  cluster.rule = [](const Mail& m) {
    if (m.as<PromiseReply>() && m.to.value == 1) return Fate::kHold;
    return Fate::kDeliver;
  };
  EXPECT_EQ(cluster.elect(1).failure, Failure::kDeadline);
  cluster.rule = drop([](const Mail& m) { return m.as<PromiseReply>() != nullptr; });
  const auto second = cluster.start_elect(1);
  cluster.run_for(Duration::milliseconds(5));
  cluster.release();
  EXPECT_EQ(cluster.wait(second).failure, Failure::kDeadline);
  EXPECT_TRUE(cluster.reached(Point::kStaleAnswer));
}

TEST_F(CoordinatorTest, AnswersToAnEarlierLifeAreNotCounted) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.rule = hold([](const Mail& m) { return m.as<PromiseReply>() && m.to.value == 1; });
  cluster.start_elect(1);
  cluster.run_for(Duration::milliseconds(20));
  cluster.restart(1);
  cluster.rule = drop([](const Mail& m) { return m.as<PromiseReply>() && m.to.value == 1; });
  const auto next = cluster.start_elect(1);
  cluster.run_for(Duration::milliseconds(5));
  cluster.release();
  EXPECT_EQ(cluster.wait(next).failure, Failure::kDeadline);
}

TEST_F(CoordinatorTest, TheNoticeThatAPositionIsChosenMayOvertakeItsWrite) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.run_for(Duration::milliseconds(20));
  cluster.rule = [](const Mail& m) {
    if (m.to.value != 3) return Fate::kDeliver;
    if (writes(m, 1)) return Fate::kHold;
    // No fetching: the mark alone must do.
    return Fate::kDeliver;
  };
  ASSERT_EQ(cluster.append(1, "a").outcome, Outcome::kOk);
  ASSERT_EQ(cluster.append(1, "b").outcome, Outcome::kOk);
  cluster.run_for(Duration::milliseconds(10));
  EXPECT_FALSE(cluster.image(3).learned(Position{1}));
  cluster.release();
  cluster.run_for(Duration::milliseconds(10));
  EXPECT_TRUE(cluster.image(3).learned(Position{1}));
  agree(cluster);
}

TEST_F(CoordinatorTest, AWriteToALearnedPositionIsAnswered) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  // 3 learns position 1 by asking; only then the write arrives there, twice.
  cluster.rule = hold([](const Mail& m) { return writes(m, 1) && m.to.value == 3; });
  ASSERT_EQ(cluster.append(1, "a").outcome, Outcome::kOk);
  idle(cluster);
  ASSERT_TRUE(cluster.image(3).learned(Position{1}));
  EXPECT_TRUE(cluster.reached(Point::kFetchLearns));
  int answers = 0;
  cluster.rule = [&](const Mail& m) {
    const auto* reply = m.as<WriteReply>();
    if (reply && m.from.value == 3 && reply->answer == Answer::kAccept) ++answers;
    return Fate::kDeliver;
  };
  cluster.release();
  cluster.run_for(Duration::milliseconds(10));
  EXPECT_GE(answers, 1);
  EXPECT_TRUE(cluster.reached(Point::kWriteOnLearned));
  agree(cluster);
}

TEST_F(CoordinatorTest, APositionLearnedFromAnotherCoordinatorStepsTheOldOneDown) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.rule = Cluster::isolate(1);
  const auto a = cluster.start_append(1, "a");
  cluster.run_for(Duration::milliseconds(5));
  ASSERT_TRUE(cluster.elect(2).ok());
  ASSERT_EQ(cluster.append(2, "b").outcome, Outcome::kOk);
  // 1 hears of nothing but the learned action itself.
  const Action chosen = *cluster.image(2).find(Position{1});
  cluster.rule = {};
  Codec codec;
  cluster.deliver(NodeId{1},
                  codec.encode({.cluster = 1,
                                .log = 1,
                                .config = cluster.node(1).options().membership.digest(),
                                .sender = NodeId{3},
                                .boot = {77},
                                .body = Learned{chosen}}));
  EXPECT_EQ(cluster.wait(a).failure, Failure::kLearned);
  EXPECT_EQ(cluster.wait(a).outcome, Outcome::kUnknown);
  agree(cluster);
}

// --- truncation

TEST_F(CoordinatorTest, TruncateForgetsAndEveryMemberFollows) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  for (int i = 1; i <= 5; ++i)
    ASSERT_EQ(cluster.append(1, std::to_string(i)).outcome, Outcome::kOk);
  const WriteResult truncated = cluster.truncate(1, Position{4});
  EXPECT_EQ(truncated.position, Position{6});
  idle(cluster);
  for (std::uint8_t id = 1; id <= 3; ++id) {
    EXPECT_EQ(cluster.image(id).begin(), (Begin{Position{4}, Position{6}})) << int(id);
    EXPECT_THAT(cluster.texts(id, 4, 6), ElementsAre("4", "5"));
    EXPECT_EQ(cluster.read(id, 3, 6).error().kind, ReadError::Kind::kTruncated);
    EXPECT_GE(cluster.member(id).image.records.begin()->first, Position{3}) << "erased";
  }
  agree(cluster);
}

TEST_F(CoordinatorTest, TruncateIsValidated) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  for (int i = 1; i <= 3; ++i)
    ASSERT_EQ(cluster.append(1, std::to_string(i)).outcome, Outcome::kOk);
  EXPECT_EQ(cluster.truncate(1, Position{5}).failure, Failure::kBadTruncate);
  EXPECT_EQ(cluster.truncate(1, Position{4}).outcome, Outcome::kOk) << "one past the frontier";
  cluster.run_for(Duration::milliseconds(10));
  EXPECT_EQ(cluster.truncate(1, Position{3}).failure, Failure::kBadTruncate) << "below begin";
  EXPECT_EQ(cluster.truncate(1, Position{4}).outcome, Outcome::kOk) << "begin itself";
  EXPECT_EQ(cluster.append(1, "x").outcome, Outcome::kOk) << "the term goes on";
}

TEST_F(CoordinatorTest, TruncateNamesTheAcknowledgedFrontierAlsoInsideAWindow) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.rule = hold([](const Mail& m) { return m.as<WriteRequest>() != nullptr; });
  const auto a = cluster.start_append(1, "a");
  EXPECT_EQ(cluster.truncate(1, Position{2}).failure, Failure::kBadTruncate)
      << "position 1 is in flight";
  cluster.rule = {};
  cluster.release();
  cluster.wait(a);
}

TEST_F(CoordinatorTest, ABeginIsShownOnlyOnceItsTruncateIsDurable) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  for (int i = 1; i <= 3; ++i)
    ASSERT_EQ(cluster.append(1, std::to_string(i)).outcome, Outcome::kOk);
  idle(cluster);
  cluster.rule = [&](const Mail& m) {
    // 2 gets the TRUNCATE as a learned action, and its disk stands still.
    return m.to.value == 2 && m.as<WriteRequest>() ? Fate::kDrop : Fate::kDeliver;
  };
  ASSERT_EQ(cluster.truncate(1, Position{3}).outcome, Outcome::kOk);
  cluster.hold_disk(2);
  idle(cluster);
  EXPECT_TRUE(cluster.image(2).learned(Position{4}));
  EXPECT_EQ(cluster.image(2).begin().position, Position{0});
  cluster.restart(2);
  cluster.free_disk(2);
  cluster.rule = {};
  idle(cluster);
  EXPECT_EQ(cluster.image(2).begin().position, Position{3});
  agree(cluster);
}

// --- restarts

TEST_F(CoordinatorTest, ARestartRestoresPromisesVotesAndBegin) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  for (int i = 1; i <= 4; ++i)
    ASSERT_EQ(cluster.append(1, std::to_string(i)).outcome, Outcome::kOk);
  ASSERT_EQ(cluster.truncate(1, Position{3}).outcome, Outcome::kOk);
  ASSERT_EQ(cluster.append(1, "6").outcome, Outcome::kOk);
  for (std::uint8_t id = 1; id <= 3; ++id)
    cluster.restart(id);
  EXPECT_EQ(cluster.image(2).begin().position, Position{3});
  const ElectResult elected = cluster.elect(3);
  ASSERT_TRUE(elected.ok());
  EXPECT_EQ(elected.end, Position{6});
  EXPECT_THAT(cluster.texts(3, 3, 6), ElementsAre("3", "4", "6"));
  agree(cluster);
}

TEST_F(CoordinatorTest, AcknowledgedWritesSurviveThePowerOfEveryMember) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  std::vector<Later<WriteResult>> all;
  for (int i = 0; i < 20; ++i)
    all.push_back(cluster.start_append(1, std::to_string(i)));
  cluster.run_until([&] { return all[7]->has_value(); });
  std::uint64_t acknowledged = 0;
  for (const auto& later : all) {
    if (later->has_value() && (*later)->outcome == Outcome::kOk) ++acknowledged;
  }
  for (std::uint8_t id = 1; id <= 3; ++id)
    cluster.crash(id);
  for (std::uint8_t id = 1; id <= 3; ++id)
    cluster.boot(id);
  cluster.run_for(Duration::milliseconds(10));
  const ElectResult elected = cluster.elect(2);
  ASSERT_TRUE(elected.ok());
  ASSERT_GE(elected.end.value, acknowledged);
  const auto texts = cluster.texts(2, 1, acknowledged);
  for (std::size_t i = 0; i < acknowledged; ++i)
    EXPECT_EQ(texts.at(i), std::to_string(i));
  agree(cluster);
}

// --- the store

TEST_F(CoordinatorTest, AFailedWriteStopsTheMember) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.run_for(Duration::milliseconds(20));
  int answers = 0;
  cluster.rule = [&](const Mail& m) {
    answers += m.from.value == 2;
    return Fate::kDeliver;
  };
  cluster.member(2).image.fail_write = StoreError{StoreError::Kind::kFull, "no space left"};
  EXPECT_EQ(cluster.append(1, "a").outcome, Outcome::kOk) << "1 and 3 are a quorum";
  cluster.run_for(Duration::seconds(1));
  ASSERT_TRUE(cluster.member(2).stopped);
  EXPECT_EQ(cluster.member(2).stopped->text, "no space left");
  EXPECT_TRUE(cluster.reached(Point::kStoreFull));
  EXPECT_EQ(answers, 0) << "the vote was not durable, so it was never said";
}

TEST_F(CoordinatorTest, AStoppedMemberSendsNothingAlsoWhenAnotherJobEndsWell) {
  Cluster cluster({.window = 1});
  ASSERT_TRUE(cluster.elect(1).ok());
  for (int i = 0; i < 8; ++i)
    ASSERT_EQ(cluster.append(1, "a").outcome, Outcome::kOk);
  idle(cluster);
  ASSERT_TRUE(cluster.image(2).on_disk_only(Position{1}));
  // A vote waits for the commit lane while a read fails.
  cluster.member(2).disk.held = true;
  cluster.start_append(1, "b");
  cluster.run_for(Duration::milliseconds(5));
  cluster.spawn(
      2, [](Node& n) { return n.log().reader().read(Position{1}, Position{1}).has_value(); });
  cluster.member(2).image.fail_read = StoreError{StoreError::Kind::kIo, "bad sector"};
  cluster.member(2).disk.complete(Lane::kBulk);
  ASSERT_TRUE(cluster.member(2).stopped);
  int sent = 0;
  cluster.rule = [&](const Mail& m) {
    sent += m.from.value == 2;
    return Fate::kDeliver;
  };
  ASSERT_EQ(cluster.member(2).disk.waiting(Lane::kCommit), 1u);
  cluster.member(2).disk.complete(Lane::kCommit);
  EXPECT_EQ(sent, 0);
}

TEST_F(CoordinatorTest, ADirectoryThatDoesNotOpenStopsTheMember) {
  Cluster cluster;
  cluster.crash(2);
  cluster.member(2).image.fail_open = StoreError{StoreError::Kind::kCorrupt, "record 7"};
  cluster.boot(2);
  cluster.run_for(Duration::milliseconds(10));
  ASSERT_TRUE(cluster.member(2).stopped);
  EXPECT_EQ(cluster.member(2).stopped->kind, StoreError::Kind::kCorrupt);
}

TEST_F(CoordinatorTest, ForeignDirectoriesAreRefusedWithBothNames) {
  const auto refused = [](auto change) {
    Cluster cluster;
    cluster.crash(2);
    change(*cluster.member(2).image.metadata);
    const auto before = cluster.member(2).image.batches.size();
    cluster.boot(2);
    cluster.run_for(Duration::milliseconds(10));
    EXPECT_EQ(cluster.member(2).image.batches.size(), before) << "nothing was written";
    if (!cluster.member(2).stopped) return std::string("it started");
    EXPECT_EQ(cluster.member(2).stopped->kind, StoreError::Kind::kForeign);
    return cluster.member(2).stopped->text;
  };
  EXPECT_THAT(refused([](Metadata& m) { m.cluster = 77; }),
              ::testing::HasSubstr("belongs to cluster 77, the configuration says 1"));
  EXPECT_THAT(refused([](Metadata& m) { m.log = 8; }), ::testing::HasSubstr("log 8"));
  EXPECT_THAT(refused([](Metadata& m) { m.member = NodeId{3}; }),
              ::testing::HasSubstr("belongs to member 3, the configuration says 2"));
  EXPECT_THAT(
      refused([](Metadata& m) { m.config = 5; }),
      ::testing::HasSubstr("another member list (digest 5), the configuration says 1, 2, 3"));
  EXPECT_THAT(refused([](Metadata& m) {
                m.config = Membership({NodeId{1}, NodeId{2}, NodeId{9}}).digest();
              }),
              ::testing::HasSubstr("the members 1, 2, 9, the configuration says 1, 2, 3"));
}

}  // namespace
}  // namespace holdfast
