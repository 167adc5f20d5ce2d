// Several positions in one frame (docs/adr/0015).

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
using ::testing::ElementsAre;
using ::testing::IsEmpty;

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

}  // namespace
}  // namespace holdfast
