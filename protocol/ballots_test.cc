#include "protocol/ballots.h"

#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/test_cluster.h"

namespace holdfast {
namespace {

using test::Cluster;
using test::Fate;
using test::Mail;

std::vector<Ballot> elections(const Cluster& cluster, std::uint8_t id) {
  std::vector<Ballot> ballots;
  for (const auto& said : cluster.trace.said) {
    if (said.node == NodeId{id} && said.kind == EventKind::kElecting) {
      ballots.push_back({said.words[0]});
    }
  }
  return ballots;
}

TEST(Ballots, NoMessageCarriesARoundBeforeItIsDurable) {
  Cluster cluster;
  int promises = 0;
  std::uint64_t round = 0;
  cluster.rule = [&](const Mail& mail) {
    if (const auto* request = mail.as<PromiseRequest>()) {
      ++promises;
      round = request->ballot.round();
    }
    return Fate::kDeliver;
  };
  cluster.hold_disk(1);
  const auto elected = cluster.start_elect(1);
  cluster.run_for(Duration::seconds(1));
  EXPECT_EQ(promises, 0);
  EXPECT_EQ(cluster.member(1).image.metadata->rounds_reserved, 0u);
  cluster.free_disk(1);
  EXPECT_TRUE(cluster.wait(elected).ok());
  EXPECT_GT(promises, 0);
  EXPECT_GE(cluster.member(1).image.metadata->rounds_reserved, round);
}

TEST(Ballots, ARestartContinuesAboveEveryRoundReserved) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  const std::uint64_t reserved = cluster.member(1).image.metadata->rounds_reserved;
  cluster.restart(1);
  ASSERT_TRUE(cluster.elect(1).ok());
  EXPECT_GT(elections(cluster, 1).back().round(), reserved);
}

TEST(Ballots, EveryAttemptTakesAFreshBallot) {
  Cluster cluster;
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(cluster.elect(1).ok());
  const auto ballots = elections(cluster, 1);
  for (std::size_t i = 1; i < ballots.size(); ++i)
    EXPECT_GT(ballots[i].round(), ballots[i - 1].round());
  // Rounds are reserved in blocks, not one by one.
  EXPECT_LT(cluster.member(1).image.batches.size(), 5u * 4u);
}

TEST(Ballots, IdsKeepProposersOfOneRoundApart) {
  Cluster cluster;
  const auto one = cluster.start_elect(1);
  const auto two = cluster.start_elect(2);
  const auto three = cluster.start_elect(3);
  cluster.wait(one);
  cluster.wait(two);
  cluster.wait(three);
  std::set<Ballot> all;
  std::set<std::uint64_t> rounds;
  for (std::uint8_t id = 1; id <= 3; ++id) {
    all.insert(elections(cluster, id).at(0));
    rounds.insert(elections(cluster, id).at(0).round());
  }
  EXPECT_EQ(all.size(), 3u);
  EXPECT_EQ(rounds.size(), 1u);
}

TEST(Ballots, ARefusedElectionTriesAboveTheOneThatRefused) {
  Cluster cluster;
  for (int i = 0; i < 40; ++i)
    ASSERT_TRUE(cluster.elect(1).ok());
  // Member 3 was cut off: its own promise is far behind.
  cluster.crash(3);
  cluster.member(3).image.metadata->promised = Ballot{};
  cluster.boot(3);
  cluster.run_for(Duration::milliseconds(10));
  EXPECT_EQ(cluster.elect(3).failure, Failure::kRejected);
  EXPECT_TRUE(cluster.elect(3).ok()) << "one refusal is enough to catch up";
}

TEST(Ballots, AMesosPromiseIsBelowEveryBallotOfOurs) {
  Cluster cluster;
  for (std::uint8_t id = 1; id <= 3; ++id) {
    cluster.crash(id);
    cluster.member(id).image.metadata = Metadata{.status = Status::kVoting, .promised = {41}};
    cluster.boot(id);
  }
  cluster.run_for(Duration::milliseconds(10));
  EXPECT_TRUE(cluster.elect(2).ok());
  EXPECT_EQ(elections(cluster, 2).back().round(), 1u);
  EXPECT_EQ(cluster.member(2).image.metadata->member, NodeId{2}) << "taken at the first open";
}

}  // namespace
}  // namespace holdfast
