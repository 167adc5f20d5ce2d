// What a member does with a rule of Mesos switched back (mesos_compat.h): it must be what Mesos
// does, or a clean run with the repair in would prove nothing.

#include "protocol/mesos_compat.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/test_cluster.h"

namespace holdfast {
namespace {

using test::Cluster;
using test::ClusterOptions;
using test::Fate;
using test::Mail;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

ClusterOptions with(MesosCompat compat, std::size_t window = 1) {
  return {.window = window, .change = [compat](NodeOptions& o) { o.mesos_compat = compat; }};
}

void idle(Cluster& cluster) {
  cluster.run_for(Duration::seconds(3));
}

TEST(MesosCompat, NothingIsSwitchedBackByDefault) {
  EXPECT_EQ(NodeOptions{}.mesos_compat, MesosCompat{});
  EXPECT_FALSE(MesosCompat{}.d1 || MesosCompat{}.d2 || MesosCompat{}.d3 || MesosCompat{}.d8 ||
               MesosCompat{}.d14);
}

// --- D1

// Gap G1 in full: an acknowledged entry is replaced, and readers learn the other one.
Position lose_an_acknowledged_entry(Cluster& cluster) {
  EXPECT_TRUE(cluster.elect(1).ok());
  idle(cluster);
  // "old" is voted for by 1 and late at 5; 2 is elected without both.
  cluster.rule = [](const Mail& m) {
    if (m.from.value == 1 && m.to.value == 5 && m.as<WriteRequest>()) return Fate::kHold;
    const bool apart = m.from.value == 1 || m.to.value == 1;
    return apart || m.from.value == 5 || m.to.value == 5 ? Fate::kDrop : Fate::kDeliver;
  };
  const auto old = cluster.start_append(1, "old");
  cluster.run_for(Duration::milliseconds(5));
  EXPECT_TRUE(cluster.elect(2).ok());
  // 2, 3 and 5 vote for "new".
  cluster.rule = [](const Mail& m) {
    const auto away = [](NodeId id) { return id.value == 1 || id.value == 4; };
    return away(m.from) || away(m.to) ? Fate::kDrop : Fate::kDeliver;
  };
  const WriteResult acknowledged = cluster.append(2, "new");
  EXPECT_EQ(acknowledged.outcome, Outcome::kOk);
  // Now 5 gets "old", and {1, 4, 5} elect without 2 and 3.
  cluster.rule = [](const Mail& m) {
    const auto away = [](NodeId id) { return id.value == 2 || id.value == 3; };
    return away(m.from) || away(m.to) ? Fate::kDrop : Fate::kDeliver;
  };
  cluster.release();
  cluster.run_for(Duration::milliseconds(5));
  EXPECT_TRUE(cluster.elect(4).ok());
  return acknowledged.position;
}

TEST(MesosCompat, D1LosesAnAcknowledgedEntry) {
  ClusterOptions options = with({.d1 = true, .d14 = true});
  options.members = 5;
  Cluster cluster(options);
  const Position p = lose_an_acknowledged_entry(cluster);
  EXPECT_THAT(cluster.texts(4, p.value, p.value), ElementsAre("old"));
  EXPECT_THAT(cluster.trace.disagreements, Not(IsEmpty()));
}

TEST(MesosCompat, WithTheRepairOfD1ItStays) {
  ClusterOptions options = with({});
  options.members = 5;
  Cluster cluster(options);
  const Position p = lose_an_acknowledged_entry(cluster);
  EXPECT_THAT(cluster.texts(4, p.value, p.value), ElementsAre("new"));
  EXPECT_THAT(cluster.trace.disagreements, IsEmpty());
}

// --- D2

// Gap G2(a) in short: 3 promised 2, whose election never ended, and then lost its disk.
Ballot promise_and_forget(Cluster& cluster) {
  EXPECT_TRUE(cluster.elect(1).ok());
  // Between two notices of 1, at which 2 would give way.
  cluster.run_for(Duration::milliseconds(250));
  cluster.rule = [](const Mail& m) {
    const bool told = m.from.value == 2 && m.to.value == 3 && m.as<PromiseRequest>();
    return told ? Fate::kDeliver : Fate::kDrop;
  };
  cluster.start_elect(2);
  cluster.run_for(Duration::milliseconds(20));
  const Ballot promised = cluster.image(3).metadata().promised;
  EXPECT_GT(promised, cluster.image(1).metadata().promised);
  cluster.crash(2);
  cluster.boot(2);
  cluster.rule = {};
  cluster.wipe(3);
  EXPECT_TRUE(
      cluster.run_until([&] { return cluster.image(3).metadata().status == Status::kVoting; }));
  return promised;
}

TEST(MesosCompat, D2AWipedMemberVotesWithoutRegisteringAndForgetsItsPromise) {
  Cluster cluster(with({.d2 = true, .disks_lost = 7}));
  promise_and_forget(cluster);
  EXPECT_EQ(cluster.image(3).metadata().promised, Ballot{});
  EXPECT_EQ(cluster.image(3).metadata().incarnation, Incarnation{7}) << "as it was told";
  for (const std::uint8_t id : {1, 2, 3})
    EXPECT_TRUE(cluster.image(id).metadata().known.empty()) << +id;
  EXPECT_THAT(cluster.texts(3, 0, 0), IsEmpty()) << "a NOP: the log was learned";
}

TEST(MesosCompat, WithTheRepairOfD2ItIsRegisteredAndKeepsWhatItsQuorumPromised) {
  Cluster cluster(with({}));
  const Ballot promised = promise_and_forget(cluster);
  EXPECT_GE(cluster.image(3).metadata().promised, promised);
  for (const std::uint8_t id : {1, 2, 3})
    EXPECT_EQ(cluster.image(id).metadata().known.of(NodeId{3}), Incarnation{1}) << +id;
}

// --- D3

// 2 deposes 1, whose client truncates, is refused, and goes on.
void go_on_after_a_refusal(Cluster& cluster) {
  ASSERT_TRUE(cluster.elect(1).ok());
  ASSERT_EQ(cluster.append(1, "a").position, Position{1});
  ASSERT_TRUE(cluster.elect(2).ok());
  idle(cluster);
  EXPECT_NE(cluster.truncate(1, Position{1}).outcome, Outcome::kOk);
}

TEST(MesosCompat, D3AcknowledgesTwoEntriesAtOnePosition) {
  Cluster cluster(with({.d3 = true}));
  go_on_after_a_refusal(cluster);
  EXPECT_TRUE(cluster.node(1).coordinating()) << "in Mesos nothing deposes but the caller";
  cluster.rule = [](const Mail& m) {
    return m.from.value + m.to.value == 3 ? Fate::kDrop : Fate::kDeliver;
  };
  EXPECT_EQ(cluster.append(2, "x").position, Position{2});
  EXPECT_EQ(cluster.append(1, "y").position, Position{2});
  EXPECT_THAT(cluster.trace.disagreements, Not(IsEmpty()));
}

TEST(MesosCompat, WithTheRepairOfD3TheNextAppendFailsCleanly) {
  Cluster cluster(with({}));
  go_on_after_a_refusal(cluster);
  EXPECT_FALSE(cluster.node(1).coordinating());
  EXPECT_EQ(cluster.append(2, "x").position, Position{2});
  EXPECT_EQ(cluster.append(1, "y").failure, Failure::kNotElected);
  idle(cluster);
  EXPECT_THAT(cluster.trace.disagreements, IsEmpty());
}

// --- D8

// Member 3 sleeps while 1 writes `n` entries at 1..n.  Its mark of position 0 was not yet durable.
void write_without_three(Cluster& cluster, int n) {
  ASSERT_TRUE(cluster.elect(1).ok());
  idle(cluster);
  cluster.crash(3);
  for (int i = 1; i <= n; ++i)
    ASSERT_EQ(cluster.append(1, std::to_string(i)).outcome, Outcome::kOk);
  idle(cluster);
}

TEST(MesosCompat, D8RunsOneBallotPerPositionOneAtATime) {
  Cluster cluster(with({.d8 = true}));
  write_without_three(cluster, 8);
  int fetches = 0;
  std::vector<std::uint64_t> asked;
  cluster.rule = [&](const Mail& m) {
    fetches += m.as<FetchRequest>() != nullptr;
    const auto* promise = m.as<PromiseRequest>();
    if (promise && m.to.value == 1) {
      EXPECT_EQ(cluster.image(3).first_missing(Position{}), *promise->position);
      asked.push_back(promise->position->value);
    }
    return Fate::kDeliver;
  };
  cluster.boot(3);
  idle(cluster);
  EXPECT_TRUE(cluster.image(3).missing(Position{1})) << "nobody catches up unless a reader asks";
  const auto upto = cluster.catchup(3);
  ASSERT_TRUE(upto.has_value()) << upto.error().text();
  EXPECT_EQ(*upto, Position{8});
  EXPECT_THAT(asked, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_EQ(fetches, 0);
  EXPECT_THAT(cluster.trace.disagreements, IsEmpty());
}

TEST(MesosCompat, D8SkipsATruncatedPrefixPositionByPosition) {
  Cluster cluster(with({.d8 = true}));
  write_without_three(cluster, 8);
  ASSERT_EQ(cluster.truncate(1, Position{6}).position, Position{9});
  idle(cluster);
  cluster.boot(3);
  idle(cluster);
  const auto upto = cluster.catchup(3);
  ASSERT_TRUE(upto.has_value()) << upto.error().text();
  EXPECT_EQ(cluster.image(3).begin().position, Position{6});
  std::set<std::uint64_t> tombstones;
  for (const WriteBatch& batch : cluster.member(3).image.batches) {
    for (const Action& action : batch.actions)
      if (action.value && action.value->tombstone) tombstones.insert(action.position.value);
  }
  EXPECT_THAT(tombstones, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(cluster.texts(3, 6, 8), ElementsAre("6", "7", "8"));
}

TEST(MesosCompat, D8ElectionsFillWithBallotsToo) {
  Cluster cluster(with({.d8 = true}));
  write_without_three(cluster, 3);
  cluster.boot(3);
  idle(cluster);
  int fetches = 0;
  cluster.rule = [&](const Mail& m) {
    fetches += m.as<FetchRequest>() != nullptr;
    return Fate::kDeliver;
  };
  ASSERT_TRUE(cluster.elect(3).ok());
  EXPECT_EQ(fetches, 0);
  EXPECT_THAT(cluster.texts(3, 1, 3), ElementsAre("1", "2", "3"));
}

}  // namespace
}  // namespace holdfast
