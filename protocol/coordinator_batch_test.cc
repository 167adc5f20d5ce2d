// Several positions in one frame, and what is learned without being written again (docs/adr/0015).

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/test_cluster.h"

namespace holdfast {
namespace {

using test::Cluster;
using test::drop;
using test::Fate;
using test::Later;
using test::Mail;
using test::writes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

void idle(Cluster& cluster) {
  cluster.run_for(Duration::seconds(3));
}

// One step of member 1 in which each of these is appended.
std::vector<Later<WriteResult>> append_together(Cluster& cluster,
                                                const std::vector<std::string>& texts) {
  std::vector<Later<WriteResult>> all;
  Node& node = cluster.node(1);
  node.act([&] {
    for (const std::string& text : texts) {
      all.push_back(std::make_shared<std::optional<WriteResult>>());
      node.scheduler().spawn([&cluster, text, later = all.back()] {
        *later = cluster.member(1).writer->append(test::text(text), {});
      });
    }
  });
  return all;
}

TEST(Together, WhatComesInOneStepTravelsAndIsAnsweredTogether) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  std::vector<std::size_t> writes;
  std::vector<std::uint64_t> votes;
  cluster.rule = [&](const Mail& m) {
    if (const auto* request = m.as<WriteRequest>()) writes.push_back(request->rest.size() + 1);
    if (const auto* reply = m.as<WriteReply>()) votes.push_back(reply->more + 1);
    return Fate::kDeliver;
  };
  const std::size_t batches = cluster.member(2).image.batches.size();
  const auto all = append_together(cluster, {"a", "b", "c"});
  for (std::uint64_t i = 0; i < 3; ++i)
    EXPECT_EQ(cluster.wait(all[i]).position, Position{i + 1});
  cluster.run_for(Duration::milliseconds(20));
  EXPECT_THAT(writes, ElementsAre(3, 3));
  EXPECT_THAT(votes, ElementsAre(3, 3));
  EXPECT_EQ(cluster.member(2).image.batches.size(), batches + 1) << "and is synced together";
  EXPECT_TRUE(cluster.reached(Point::kWritesTogether));
  EXPECT_THAT(cluster.texts(1, 1, 3), ElementsAre("a", "b", "c"));
  EXPECT_THAT(cluster.trace.disagreements, IsEmpty());
}

TEST(Together, SoMuchGoesIntoAFrame) {
  Cluster cluster({.change = [](NodeOptions& options) { options.fetch_bytes_max = 400; }});
  ASSERT_TRUE(cluster.elect(1).ok());
  std::vector<std::size_t> writes;
  cluster.rule = [&](const Mail& m) {
    const auto* request = m.as<WriteRequest>();
    if (request && m.to.value == 2) writes.push_back(request->rest.size() + 1);
    return Fate::kDeliver;
  };
  const std::string part(100, 'x');
  const auto all = append_together(cluster, {part, part, part, std::string(1000, 'y'), part});
  for (std::uint64_t i = 0; i < 5; ++i)
    EXPECT_EQ(cluster.wait(all[i]).position, Position{i + 1});
  EXPECT_THAT(writes, ElementsAre(2, 1, 1, 1)) << "each with what surrounds it; one goes always";
}

// Of several that travelled together each is asked for again by itself.
TEST(Together, AFrameOfSeveralThatIsLostIsMadeUpFor) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.rule = drop([](const Mail& m) {
    const auto* request = m.as<WriteRequest>();
    return request && !request->rest.empty();
  });
  const auto all = append_together(cluster, {"a", "b"});
  for (std::uint64_t i = 0; i < 2; ++i)
    EXPECT_EQ(cluster.wait(all[i]).position, Position{i + 1});
  EXPECT_TRUE(cluster.reached(Point::kWriteResent));
  EXPECT_THAT(cluster.trace.disagreements, IsEmpty());
}

TEST(Together, OnePositionOfAFrameMayBeRefused) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.run_for(Duration::milliseconds(20));
  // 3 promises position 2 to somebody else, and nothing more.
  const Ballot higher = Ballot::of(1000, 0, NodeId{2});
  cluster.spawn(2, [higher](Node&) { return higher; });
  Envelope envelope{.cluster = 1,
                    .log = 1,
                    .config = cluster.node(2).options().membership.digest(),
                    .sender = NodeId{2},
                    .boot = {77},
                    .request = {1},
                    .body = PromiseRequest{.ballot = higher, .position = Position{2}}};
  cluster.deliver(NodeId{3}, Codec().encode(envelope));
  cluster.run_for(Duration::milliseconds(20));
  std::vector<std::pair<Answer, std::uint64_t>> told;
  cluster.rule = [&](const Mail& m) {
    const auto* reply = m.as<WriteReply>();
    if (reply && m.from.value == 3) told.emplace_back(reply->answer, reply->more);
    return m.to.value == 2 ? Fate::kDrop : Fate::kDeliver;
  };
  append_together(cluster, {"a", "b", "c", "d"});
  cluster.run_for(Duration::milliseconds(20));
  EXPECT_THAT(told,
              testing::UnorderedElementsAre(std::pair(Answer::kAccept, std::uint64_t{0}),
                                            std::pair(Answer::kReject, std::uint64_t{0}),
                                            std::pair(Answer::kAccept, std::uint64_t{1})));
  EXPECT_TRUE(cluster.reached(Point::kStepDownRejected));
}

// --- what is learned below a mark

TEST(Mark, WhatAReplicaVotedForIsLearnedWithoutASecondRecord) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  for (const char* text : {"a", "b", "c"})
    ASSERT_TRUE(cluster.append(1, text).ok());
  idle(cluster);
  const test::ToyImage& disk = cluster.member(3).image;
  EXPECT_GE(disk.metadata->learned_below, Position{2});
  std::map<Position, int> written;
  for (const WriteBatch& batch : disk.batches)
    for (const Action& action : batch.actions)
      ++written[action.position];
  EXPECT_EQ(written[Position{1}], 1);
  EXPECT_FALSE(disk.records.at(Position{1}).learned);
  // A restart knows it, before it hears of anybody.
  cluster.crash(3);
  cluster.rule = drop([](const Mail&) { return true; });
  cluster.boot(3);
  cluster.run_for(Duration::milliseconds(20));
  EXPECT_TRUE(cluster.image(3).learned(Position{1}));
  EXPECT_THAT(cluster.texts(3, 1, 1), ElementsAre("a"));
}

TEST(Mark, AboveAHoleWhatIsLearnedIsWrittenAgain) {
  Cluster cluster({.change = [](NodeOptions& options) {
    // The hole stays for a while.
    options.fetch_delay = Duration::seconds(2);
  }});
  ASSERT_TRUE(cluster.elect(1).ok());
  ASSERT_TRUE(cluster.append(1, "a").ok());
  cluster.rule = drop([](const Mail& m) { return writes(m, 2) && m.to.value == 3; });
  for (const char* text : {"b", "c", "d"})
    ASSERT_TRUE(cluster.append(1, text).ok());
  cluster.rule = {};
  ASSERT_TRUE(cluster.append(1, "e").ok());
  cluster.run_for(Duration::milliseconds(20));
  const test::ToyImage& disk = cluster.member(3).image;
  EXPECT_TRUE(disk.records.at(Position{3}).learned);
  EXPECT_LE(disk.metadata->learned_below, Position{2});
  idle(cluster);
  ASSERT_TRUE(cluster.append(1, "f").ok());
  ASSERT_TRUE(cluster.append(1, "g").ok());
  idle(cluster);
  EXPECT_THAT(cluster.texts(3, 1, 6), ElementsAre("a", "b", "c", "d", "e", "f"));
  EXPECT_GE(disk.metadata->learned_below, Position{6}) << "once it is filled the mark goes on";
}

}  // namespace
}  // namespace holdfast
