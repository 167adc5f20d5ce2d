// Reader and Writer as their users know them: fencing, keys, read levels, errors.

#include "protocol/log.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "protocol/test_cluster.h"

namespace holdfast {
namespace {

using test::Cluster;
using test::Fate;
using test::Later;
using test::Mail;
using test::text;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = ReadError::Kind;

constexpr IdempotencyKey key(std::uint64_t n) {
  return {.client = 9, .sequence = n};
}

void idle(Cluster& cluster) {
  cluster.run_for(Duration::seconds(3));
}

Later<WriteResult> start_append(Cluster& cluster,
                                std::uint8_t id,
                                std::string bytes,
                                IdempotencyKey k) {
  return cluster.spawn(id, [&cluster, id, bytes = std::move(bytes), k](Node&) {
    return cluster.member(id).writer->append(text(bytes), k);
  });
}

WriteResult append(Cluster& cluster, std::uint8_t id, std::string bytes, IdempotencyKey k) {
  return cluster.wait(start_append(cluster, id, std::move(bytes), k));
}

ReadResult<std::optional<Position>> barrier(Cluster& cluster,
                                            std::uint8_t id,
                                            Duration patience = Duration::seconds(1)) {
  return cluster.wait(
      cluster.spawn(id, [patience](Node& n) { return n.log().reader().barrier(patience); }));
}

ReadResult<void> await(Cluster& cluster,
                       std::uint8_t id,
                       Position to,
                       Duration patience = Duration::seconds(1)) {
  return cluster.wait(
      cluster.spawn(id, [to, patience](Node& n) { return n.log().reader().await(to, patience); }));
}

test::Rule drop_writes_of(std::uint8_t id) {
  return [id](const Mail& m) {
    return m.from.value == id && m.as<WriteRequest>() ? Fate::kDrop : Fate::kDeliver;
  };
}

class LogTest : public ::testing::Test {
 protected:
  static void agree(const Cluster& cluster) { EXPECT_THAT(cluster.trace.disagreements, IsEmpty()); }
};

// --- fencing

TEST_F(LogTest, AWriterThatWasNeverStartedSaysSo) {
  Cluster cluster;
  const WriteResult result = cluster.append(1, "a");
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_EQ(result.failure, Failure::kNotElected);
  EXPECT_EQ(result.ended_by, Failure::kNone);
  EXPECT_EQ(result.text(), "failed: not elected: start the writer");
}

TEST_F(LogTest, AFailedWriterStaysFailedUntilItIsStartedAgain) {
  Cluster cluster({.change = [](NodeOptions& o) { o.write_deadline = Duration::seconds(1); }});
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.rule = Cluster::isolate(1);
  const WriteResult lost = cluster.append(1, "a");
  EXPECT_EQ(lost.outcome, Outcome::kUnknown);
  EXPECT_THAT(lost.text(), HasSubstr("unknown: no quorum answered in time"));
  cluster.rule = {};
  for (int i = 0; i < 3; ++i) {
    const WriteResult after = cluster.append(1, "b");
    EXPECT_EQ(after.outcome, Outcome::kFailed);
    EXPECT_EQ(after.failure, Failure::kNotElected);
    EXPECT_EQ(after.ended_by, Failure::kDeadline);
    EXPECT_THAT(after.text(), HasSubstr("start it again"));
    idle(cluster);
  }
  ASSERT_TRUE(cluster.elect(1).ok());
  EXPECT_TRUE(cluster.append(1, "c").ok());
  agree(cluster);
}

TEST_F(LogTest, AnotherWriterOfTheSameMemberEndsTheFirst) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  Log::Writer second = cluster.node(1).log().writer();
  ASSERT_TRUE(cluster.wait(cluster.spawn(1, [&](Node&) { return second.start(); })).ok());
  const WriteResult first = cluster.append(1, "a");
  EXPECT_EQ(first.failure, Failure::kNotElected);
  EXPECT_EQ(first.ended_by, Failure::kRestarted);
  EXPECT_TRUE(cluster.wait(cluster.spawn(1, [&](Node&) { return second.append(text("b")); })).ok());
}

TEST_F(LogTest, ARefusedArgumentLeavesTheWriterAsItIs) {
  Cluster cluster({.change = [](NodeOptions& o) { o.entry_bytes_max = 3; }});
  ASSERT_TRUE(cluster.elect(1).ok());
  EXPECT_EQ(cluster.append(1, "four").failure, Failure::kTooLarge);
  EXPECT_EQ(cluster.truncate(1, {2}).failure, Failure::kBadTruncate);
  EXPECT_TRUE(cluster.append(1, "abc").ok());
}

TEST_F(LogTest, AHigherPairEndsATermByItsOwnName) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  // 1 hears nothing of the election, only what the new coordinator says later.
  cluster.rule = [](const Mail& m) {
    return m.to.value == 1 && !m.as<ChosenNotice>() ? Fate::kDrop : Fate::kDeliver;
  };
  ASSERT_TRUE(cluster.elect(2).ok());
  idle(cluster);
  const WriteResult after = cluster.append(1, "a");
  EXPECT_EQ(after.failure, Failure::kNotElected);
  EXPECT_EQ(after.ended_by, Failure::kHigherPair);
  EXPECT_TRUE(cluster.reached(Point::kStepDownPair));
}

TEST_F(LogTest, ACancelledAppendMayHappenAndHarmsNobody) {
  Cluster cluster({.window = 1});
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.rule = drop_writes_of(1);
  Node& node = cluster.node(1);
  // One in flight, one queued; both fibers go before anything is decided.
  std::vector<Fiber> fibers;
  for (const std::uint64_t n : {1, 2}) {
    fibers.push_back(node.scheduler().spawn(
        [&, n] { cluster.member(1).writer->append(text("cancelled"), key(n)); }));
  }
  node.on_alarm();
  for (Fiber& fiber : fibers)
    fiber.cancel();
  node.on_alarm();
  EXPECT_TRUE(fibers[0].done() && fibers[1].done());
  cluster.rule = {};
  idle(cluster);
  // The writer goes on, and whoever asks again is told what became of the first.
  EXPECT_EQ(append(cluster, 1, "cancelled", key(1)).position, Position{1});
  EXPECT_EQ(append(cluster, 1, "cancelled", key(2)).position, Position{2});
  EXPECT_EQ(cluster.append(1, "next").position, Position{3});
  EXPECT_THAT(cluster.texts(1, 0, 3), ElementsAre("cancelled", "cancelled", "next"));
}

TEST_F(LogTest, ACancelledFiberThatJoinedAnAppendLeavesItAlone) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.rule = drop_writes_of(1);
  const auto first = start_append(cluster, 1, "a", key(1));
  Node& node = cluster.node(1);
  Fiber second =
      node.scheduler().spawn([&] { cluster.member(1).writer->append(text("a"), key(1)); });
  node.on_alarm();
  EXPECT_TRUE(cluster.reached(Point::kAppendJoined));
  second.cancel();
  node.on_alarm();
  EXPECT_TRUE(second.done());
  cluster.rule = {};
  EXPECT_EQ(cluster.wait(first).position, Position{1});
}

TEST_F(LogTest, ACancelledStartIsNotStarted) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  Node& node = cluster.node(1);
  Fiber start = node.scheduler().spawn([&] { cluster.member(1).writer->start(); });
  node.on_alarm();
  start.cancel();
  node.on_alarm();
  EXPECT_TRUE(start.done());
  EXPECT_EQ(cluster.append(1, "a").failure, Failure::kNotElected);
  EXPECT_TRUE(cluster.elect(1).ok());
}

// --- keys

TEST_F(LogTest, AppendingAKeyAgainIsToldWhereItIs) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  EXPECT_EQ(append(cluster, 1, "a", key(1)).position, Position{1});
  EXPECT_EQ(append(cluster, 1, "b", key(2)).position, Position{2});
  EXPECT_EQ(append(cluster, 1, "a", key(1)).position, Position{1});
  EXPECT_EQ(append(cluster, 1, "other bytes", key(1)).position, Position{1});
  EXPECT_TRUE(cluster.reached(Point::kAppendKnown));
  EXPECT_EQ(append(cluster, 1, "c", key(3)).position, Position{3});
}

TEST_F(LogTest, WithoutAKeyNothingIsFiltered) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  EXPECT_EQ(cluster.append(1, "a").position, Position{1});
  EXPECT_EQ(cluster.append(1, "a").position, Position{2});
}

TEST_F(LogTest, EveryMemberThatIsElectedHasTheKeysAlsoAfterARestart) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  for (std::uint64_t n = 1; n <= 5; ++n)
    ASSERT_EQ(append(cluster, 1, "a", key(n)).position, Position{n});
  idle(cluster);
  for (const std::uint8_t id : {2, 3, 1}) {
    cluster.restart(id);
    ASSERT_TRUE(cluster.elect(id).ok());
    for (std::uint64_t n = 1; n <= 5; ++n)
      EXPECT_EQ(append(cluster, id, "a", key(n)).position, Position{n});
  }
}

TEST_F(LogTest, ARetryFindsWhatAnElectionFinished) {
  Cluster cluster({.change = [](NodeOptions& o) { o.write_deadline = Duration::seconds(1); }});
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.rule = [](const Mail& m) { return m.as<WriteReply>() ? Fate::kDrop : Fate::kDeliver; };
  EXPECT_EQ(append(cluster, 1, "a", key(1)).outcome, Outcome::kUnknown);
  cluster.rule = {};
  ASSERT_TRUE(cluster.elect(2).ok());
  EXPECT_EQ(append(cluster, 2, "a", key(1)).position, Position{1});
  EXPECT_THAT(cluster.texts(2, 0, 1), ElementsAre("a"));
}

// The first attempt left a vote at a member that the next coordinator cannot reach, above where
// that coordinator appends the same entry again.  Whoever is elected later must not bring it back.
TEST_F(LogTest, AVoteOfADeposedCoordinatorDoesNotComeBack) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  idle(cluster);
  cluster.rule = drop_writes_of(1);
  const auto other = cluster.start_append(1, "other");
  const auto first = start_append(cluster, 1, "a", key(1));
  cluster.run_for(Duration::milliseconds(5));
  cluster.rule = Cluster::isolate(1);
  ASSERT_TRUE(cluster.elect(2).ok());
  EXPECT_EQ(append(cluster, 2, "a", key(1)).position, Position{1});
  cluster.crash(2);
  cluster.rule = {};
  const ElectResult elected = cluster.elect(3);
  ASSERT_TRUE(elected.ok());
  EXPECT_EQ(elected.end, Position{2}) << "the vote was seen";
  EXPECT_TRUE(cluster.reached(Point::kFillVoid));
  EXPECT_THAT(cluster.texts(3, 0, 2), ElementsAre("a"));
  EXPECT_EQ(cluster.wait(first).outcome, Outcome::kUnknown);
  agree(cluster);
}

TEST_F(LogTest, WhatSettledIsRememberedAcrossARestartOfEverybody) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  idle(cluster);
  cluster.rule = drop_writes_of(1);
  cluster.start_append(1, "other");
  start_append(cluster, 1, "a", key(1));
  cluster.run_for(Duration::milliseconds(5));
  cluster.rule = Cluster::isolate(1);
  ASSERT_TRUE(cluster.elect(2).ok());
  EXPECT_EQ(append(cluster, 2, "a", key(1)).position, Position{1});
  for (const std::uint8_t id : {1, 2, 3})
    cluster.crash(id);
  cluster.rule = {};
  cluster.boot(1);
  cluster.boot(3);
  cluster.run_for(Duration::milliseconds(10));
  ASSERT_TRUE(cluster.elect(3).ok());
  EXPECT_TRUE(cluster.reached(Point::kFillVoid));
  EXPECT_THAT(cluster.texts(3, 0, 2), ElementsAre("a"));
}

TEST_F(LogTest, AnElectionOvertakenBeforeItSettlesIsLost) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(3).ok());
  idle(cluster);
  // 1 has its promises; before it settles, 2 is elected.
  cluster.rule = [](const Mail& m) {
    const auto* promise = m.as<PromiseRequest>();
    return m.from.value == 1 && promise && promise->settles ? Fate::kHold : Fate::kDeliver;
  };
  const auto first = cluster.start_elect(1);
  ASSERT_TRUE(cluster.run_until([&] { return !cluster.held.empty(); }));
  ASSERT_FALSE(first->has_value()) << (*first)->text();
  ASSERT_TRUE(cluster.elect(2).ok());
  cluster.rule = {};
  cluster.release();
  EXPECT_FALSE(cluster.wait(first).ok());
  EXPECT_TRUE(cluster.node(2).coordinating());
  EXPECT_TRUE(cluster.append(2, "a").ok());
}

TEST_F(LogTest, KeysAreForgottenWithTheirEntriesAndFarBelow) {
  Cluster cluster({.change = [](NodeOptions& o) { o.key_positions = 4; }});
  ASSERT_TRUE(cluster.elect(1).ok());
  for (std::uint64_t n = 1; n <= 6; ++n)
    ASSERT_EQ(append(cluster, 1, "a", key(n)).position, Position{n});
  EXPECT_EQ(append(cluster, 1, "a", key(3)).position, Position{3});
  EXPECT_EQ(append(cluster, 1, "a", key(1)).position, Position{7}) << "more than 4 below";
  ASSERT_TRUE(cluster.truncate(1, {7}).ok());
  idle(cluster);
  EXPECT_EQ(append(cluster, 1, "a", key(6)).position, Position{9}) << "truncated";
  EXPECT_EQ(append(cluster, 1, "a", key(1)).position, Position{7});
}

// --- how far a read may go

TEST_F(LogTest, LearnedIsTheEndOfWhatHasNoGap) {
  Cluster cluster;
  const auto learned = [&](std::uint8_t id) { return cluster.node(id).log().reader().learned(); };
  EXPECT_EQ(learned(3), std::nullopt);
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.rule = [](const Mail& m) {
    const auto* write = m.as<WriteRequest>();
    const bool lost = (write && write->position == Position{2}) || m.as<FetchReply>();
    return m.to.value == 3 && lost ? Fate::kDrop : Fate::kDeliver;
  };
  for (int i = 0; i < 4; ++i)
    ASSERT_TRUE(cluster.append(1, "a").ok());
  idle(cluster);
  EXPECT_EQ(learned(1), Position{4});
  EXPECT_EQ(learned(3), Position{1});
}

TEST_F(LogTest, AwaitReadsOnesOwnWritesOnAnyMember) {
  Cluster cluster({.change = [](NodeOptions& o) { o.chosen_interval = Duration::seconds(60); }});
  ASSERT_TRUE(cluster.elect(1).ok());
  const Position at = cluster.append(1, "a").position;
  ASSERT_NE(cluster.node(3).log().reader().learned(), at);
  ASSERT_TRUE(await(cluster, 3, at));
  EXPECT_TRUE(cluster.reached(Point::kAwaitWaits));
  EXPECT_THAT(cluster.texts(3, at.value, at.value), ElementsAre("a"));
  EXPECT_TRUE(cluster.node(1).coordinating());
}

TEST_F(LogTest, AwaitOfWhatIsNotThereEndsInTime) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  const Instant before = cluster.now();
  const auto waited = await(cluster, 2, {5}, Duration::milliseconds(500));
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().kind, Kind::kNotCaughtUp);
  EXPECT_GE(cluster.now() - before, Duration::milliseconds(500));
  EXPECT_LE(cluster.now() - before, Duration::milliseconds(700));
}

TEST_F(LogTest, ABarrierFindsWhatWasAcknowledgedAMomentAgo) {
  Cluster cluster({.change = [](NodeOptions& o) { o.chosen_interval = Duration::seconds(60); }});
  ASSERT_TRUE(cluster.elect(1).ok());
  idle(cluster);
  // 3 voted for nothing of it and heard of nothing.
  cluster.rule = [](const Mail& m) {
    return m.to.value == 3 && m.as<WriteRequest>() ? Fate::kDrop : Fate::kDeliver;
  };
  for (const char* word : {"a", "b"})
    ASSERT_TRUE(cluster.append(1, word).ok());
  const auto end = barrier(cluster, 3);
  ASSERT_TRUE(end);
  EXPECT_EQ(*end, Position{2});
  EXPECT_TRUE(cluster.reached(Point::kBarrierWaits));
  EXPECT_THAT(cluster.texts(3, 0, 2), ElementsAre("a", "b"));
  EXPECT_TRUE(cluster.node(1).coordinating()) << "it deposes nobody";
}

TEST_F(LogTest, ABarrierOnAnEmptyLogIsPassedAtOnce) {
  Cluster cluster;
  const auto end = barrier(cluster, 2);
  ASSERT_TRUE(end);
  EXPECT_EQ(*end, std::nullopt);
}

TEST_F(LogTest, ABarrierWaitsForAQuorumAndSaysSo) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.rule = Cluster::isolate(3);
  EXPECT_EQ(barrier(cluster, 3).error().kind, Kind::kNoQuorum);
  EXPECT_TRUE(cluster.reached(Point::kBarrierFails));
}

TEST_F(LogTest, ABarrierDoesNotPassAWriteThatNobodyFinishes) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  idle(cluster);
  cluster.rule = [](const Mail& m) { return m.as<WriteReply>() ? Fate::kDrop : Fate::kDeliver; };
  cluster.start_append(1, "a");
  cluster.run_for(Duration::milliseconds(5));
  cluster.crash(1);
  cluster.rule = {};
  const auto refused = barrier(cluster, 3);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Kind::kNotCaughtUp);
  EXPECT_EQ(refused.error().position, Position{1});
  // An election decides it.
  ASSERT_TRUE(cluster.elect(2).ok());
  const auto end = barrier(cluster, 3);
  ASSERT_TRUE(end);
  EXPECT_THAT(cluster.texts(3, 0, end->value().value), ElementsAre("a"));
}

TEST_F(LogTest, AMemberThatDoesNotVotePassesNoBarrier) {
  Cluster cluster({.empty = {3}});
  ASSERT_TRUE(cluster.elect(1).ok());
  EXPECT_EQ(barrier(cluster, 3).error().kind, Kind::kNotVoting);
}

TEST_F(LogTest, ACopyIsReadAgainWhenATruncationOvertakesIt) {
  Cluster cluster({.window = 1});
  ASSERT_TRUE(cluster.elect(1).ok());
  for (int i = 1; i <= 20; ++i)
    ASSERT_TRUE(cluster.append(1, std::to_string(i)).ok());
  idle(cluster);
  // The copy of 3 waits for its disk while the log is truncated there.
  cluster.member(3).disk.held = true;
  const auto copying =
      cluster.spawn(3, [](Node& n) { return n.log().reader().copy(Duration::seconds(30)); });
  test::ToyDisk& disk = cluster.member(3).disk;
  ASSERT_TRUE(cluster.run_until([&] { return disk.waiting(Lane::kBulk) > 0; }));
  ASSERT_TRUE(cluster.truncate(1, {15}).ok());
  ASSERT_TRUE(cluster.run_until([&] {
    disk.complete(Lane::kCommit);
    return cluster.image(3).begin().position == Position{15};
  }));
  cluster.free_disk(3);
  const auto copy = cluster.wait(copying);
  ASSERT_TRUE(copy);
  EXPECT_TRUE(cluster.reached(Point::kCopyRetried));
  EXPECT_EQ(copy->begin, Position{15});
  EXPECT_EQ(copy->end, Position{21});
  EXPECT_EQ(copy->entries.size(), 6u);
}

TEST_F(LogTest, ACopyOfAnEmptyLogIsEmpty) {
  Cluster cluster;
  const auto copy = cluster.wait(
      cluster.spawn(2, [](Node& n) { return n.log().reader().copy(Duration::seconds(1)); }));
  ASSERT_TRUE(copy);
  EXPECT_FALSE(copy->end);
  EXPECT_THAT(copy->entries, IsEmpty());
}

TEST_F(LogTest, ACopyThatCannotCatchUpFailsForThatReason) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.rule = Cluster::isolate(2);
  const auto copy = cluster.wait(
      cluster.spawn(2, [](Node& n) { return n.log().reader().copy(Duration::seconds(1)); }));
  ASSERT_FALSE(copy);
  EXPECT_EQ(copy.error().kind, Kind::kNoQuorum);
}

// --- texts

TEST(LogText, EveryErrorHasItsOwn) {
  std::vector<std::string> texts;
  for (int i = 0; i <= static_cast<int>(Failure::kForgone); ++i)
    texts.emplace_back(failure_text(static_cast<Failure>(i)));
  for (int i = 0; i <= static_cast<int>(Kind::kNotCaughtUp); ++i)
    texts.push_back(ReadError{static_cast<Kind>(i), {7}}.text());
  std::sort(texts.begin(), texts.end());
  EXPECT_EQ(std::adjacent_find(texts.begin(), texts.end()), texts.end());
  EXPECT_EQ((ElectResult{.failure = Failure::kBusy}).text(),
            "not elected: an election of this member is under way already");
  EXPECT_EQ((ElectResult{.end = {7}}).text(), "elected, the log ends at 7");
  EXPECT_EQ((WriteResult{.outcome = Outcome::kOk, .position = {7}}).text(), "ok at position 7");
}

// --- the order of one writer's appends (D5)

struct Order {
  std::size_t window = 1;
  std::uint64_t seed = 0;
  std::uint64_t loss = 0;
  std::vector<std::uint8_t> decisions;
};

Fate drawn_fate(const Order& order, std::uint64_t& mails) {
  const std::uint64_t draw = mix(order.seed, ++mails);
  if (draw % 64 < order.loss) return Fate::kDrop;
  return draw / 64 % 8 == 0 ? Fate::kTwice : Fate::kDeliver;
}

// Each append writes its number.
class OneWriterEach {
 public:
  explicit OneWriterEach(const Order& order)
      : order_(order),
        cluster_({.window = order.window, .seed = order.seed, .change = [](NodeOptions& o) {
                    o.resend_min = Duration::milliseconds(5);
                    o.write_deadline = Duration::milliseconds(100);
                    o.election_deadline = Duration::milliseconds(300);
                    o.chosen_interval = Duration::milliseconds(20);
                    o.backoff = Duration::milliseconds(5);
                  }}) {
    cluster_.rule = [this](const Mail&) { return drawn_fate(order_, mails_); };
  }

  void act(std::uint8_t decision) {
    const auto id = static_cast<std::uint8_t>(1 + decision / 8 % 3);
    switch (decision % 8) {
      case 0:
        cluster_.start_elect(id);
        return;
      case 1:
        cluster_.run_for(Duration::milliseconds(1 + decision));
        return;
      default:
        calls_[id].push_back(cluster_.start_append(
            id, std::to_string(id) + ":" + std::to_string(calls_[id].size())));
    }
  }

  // Positions rise in the order of the calls: among those acknowledged, and among those found in
  // the log.
  void judge() {
    order_.loss = 0;
    bool elected = false;
    for (int attempt = 0; attempt < 10 && !elected; ++attempt) {
      cluster_.run_for(Duration::seconds(1));
      elected = cluster_.elect(1).ok();
    }
    RC_ASSERT(elected);
    cluster_.run_for(Duration::seconds(2));
    for (auto& [id, calls] : calls_) {
      std::optional<Position> last;
      for (const auto& call : calls) {
        if (!call->has_value() || !(*call)->ok()) continue;
        RC_ASSERT(!last || *last < (*call)->position);
        last = (*call)->position;
      }
    }
    const LogImage& image = cluster_.image(1);
    const auto entries = cluster_.read(1, 0, image.voting_end().value);
    RC_ASSERT(entries.has_value());
    std::map<std::string, std::size_t> next;
    for (const Entry& entry : *entries) {
      const std::string writer = entry.bytes->substr(0, 1);
      const std::size_t number = std::stoul(entry.bytes->substr(2));
      RC_ASSERT(number >= next[writer]);
      next[writer] = number + 1;
    }
    RC_ASSERT(cluster_.trace.disagreements.empty());
  }

 private:
  Order order_;
  std::uint64_t mails_ = 0;
  std::map<std::uint8_t, std::vector<Later<WriteResult>>> calls_;
  Cluster cluster_;
};

RC_GTEST_PROP(LogOrder, OneWritersAppendsLandInTheOrderOfTheCallsUnderAnyWindow, ()) {
  Order order;
  order.window = *rc::gen::inRange<std::size_t>(1, 20);
  order.seed = *rc::gen::arbitrary<std::uint64_t>();
  order.loss = *rc::gen::inRange<std::uint64_t>(0, 20);
  const auto decisions = *rc::gen::container<std::vector<std::uint8_t>>(
      *rc::gen::inRange<std::size_t>(1, 120),
      rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<std::uint8_t>()));
  OneWriterEach run(order);
  for (const std::uint8_t decision : decisions)
    run.act(decision);
  run.judge();
}

}  // namespace
}  // namespace holdfast
