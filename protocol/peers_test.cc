#include "protocol/peers.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/points.h"
#include "protocol/requests.h"
#include "protocol/test_cluster.h"

namespace holdfast {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RecordingNetwork final : public Network {
 public:
  void send(NodeId to, Frame frame) override { sent.emplace_back(to, std::move(frame)); }

  std::vector<std::pair<NodeId, Frame>> sent;
};

NodeOptions options_of(std::uint8_t self) {
  NodeOptions options;
  options.self = NodeId{self};
  options.membership = Membership({NodeId{1}, NodeId{2}, NodeId{3}});
  return options;
}

// One member's Peers, and every frame it sent.
class Member {
 public:
  explicit Member(std::uint8_t self, std::uint64_t seed = 1)
      : options(options_of(self)),
        random_(mix(seed, self)) {
    connect();
  }

  void connect() {
    peers = std::make_unique<Peers>(options, Ports{clock_, network, disk_, random_, tracer_});
  }

  bool reached(Point point) const { return trace_.reached.count(point) > 0; }

  Tracer& tracer() { return tracer_; }

  NodeOptions options;
  RecordingNetwork network;
  std::unique_ptr<Peers> peers;

 private:
  Instant time_;
  test::ToyClock clock_{time_};
  test::ToyDisk disk_{[](Lane) {}};
  test::ToyRandom random_;
  test::ToyTrace trace_;
  test::ToyTracer tracer_{trace_, NodeId{1}};
};

Frame question(Member& from, std::uint8_t to) {
  from.peers->ask(NodeId{to}, RequestId{7}, RecoverRequest{});
  return from.network.sent.back().second;
}

TEST(Peers, StampsEveryFrame) {
  Member one(1);
  Member two(2);
  one.peers->set_incarnation({3});
  one.peers->raise_chosen({{9}, {4}});
  const auto envelope = two.peers->accept(question(one, 2));
  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope->cluster, 1u);
  EXPECT_EQ(envelope->log, 1u);
  EXPECT_EQ(envelope->config, one.options.membership.digest());
  EXPECT_EQ(envelope->sender, NodeId{1});
  EXPECT_EQ(envelope->incarnation, Incarnation{3});
  EXPECT_EQ(envelope->boot, one.peers->boot());
  EXPECT_EQ(envelope->echo, BootNonce{});
  EXPECT_EQ(envelope->request, RequestId{7});
  EXPECT_EQ(envelope->chosen, (ChosenUpto{{9}, {4}}));
}

TEST(Peers, DropsForeignFrames) {
  const auto dropped = [](auto change) {
    Member stranger(1);
    change(stranger.options);
    stranger.connect();
    Member two(2);
    const bool accepted = two.peers->accept(question(stranger, 2)).has_value();
    return !accepted && two.reached(Point::kFrameForeign);
  };
  EXPECT_TRUE(dropped([](NodeOptions& o) { o.cluster = 2; }));
  EXPECT_TRUE(dropped([](NodeOptions& o) { o.log = 2; }));
  EXPECT_TRUE(dropped([](NodeOptions& o) {
    o.membership = Membership({NodeId{1}, NodeId{2}, NodeId{4}});
  }));
  EXPECT_TRUE(dropped([](NodeOptions& o) { o.self = NodeId{9}; })) << "not a member";
  EXPECT_FALSE(dropped([](NodeOptions&) {}));
}

TEST(Peers, DropsAFrameThatClaimsToBeFromTheReceiver) {
  Member one(1);
  Member again(1, 2);
  EXPECT_FALSE(again.peers->accept(question(one, 2)));
  EXPECT_TRUE(again.reached(Point::kFrameForeign));
}

TEST(Peers, DropsDamagedFrames) {
  Member one(1);
  const Frame good = question(one, 2);
  for (std::size_t bit = 0; bit < good->size() * 8; ++bit) {
    Member two(2);
    std::string bytes = *good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(two.peers->accept(std::make_shared<const std::string>(bytes))) << bit;
    EXPECT_TRUE(two.reached(Point::kFrameCorrupt)) << bit;
  }
  Member two(2);
  EXPECT_FALSE(two.peers->accept(std::make_shared<const std::string>()));
}

TEST(Peers, AnswersEchoTheBootThatAsked) {
  Member one(1);
  Member two(2);
  const auto asked = two.peers->accept(question(one, 2));
  ASSERT_TRUE(asked);
  two.peers->answer({asked->sender, asked->boot, asked->request}, RecoverReply{});
  ASSERT_EQ(two.network.sent.back().first, NodeId{1});
  const Frame answer = two.network.sent.back().second;
  const auto heard = one.peers->accept(answer);
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->echo, one.peers->boot());
  EXPECT_EQ(heard->request, RequestId{7});

  Member next_life(1, 2);
  ASSERT_NE(next_life.peers->boot(), one.peers->boot());
  EXPECT_FALSE(next_life.peers->accept(answer)) << "an answer to an earlier life";
  EXPECT_TRUE(next_life.reached(Point::kStaleAnswer));
}

// n1 votes as incarnation 1; n2 has heard of its number 2, which nobody who speaks to n1 has.
TEST(Peers, AMemberWhoseVoteIsNotCountedIsToldWhy) {
  Member one(1);
  Member two(2);
  Member three(3);
  one.peers->set_incarnation({1});
  two.peers->set_known({{.member = {2}, .registered = {5}}});
  three.peers->set_known({{.member = {1}, .registered = {2}}});
  ASSERT_TRUE(two.peers->accept(question(three, 2)));
  const auto asked = one.peers->accept(question(two, 1));
  ASSERT_TRUE(asked);
  EXPECT_FALSE(one.peers->outdated(NodeId{1}, Incarnation{1})) << "n2 was told nothing itself";
  one.peers->answer({NodeId{2}, asked->boot, asked->request},
                    WriteReply{.answer = Answer::kAccept});
  EXPECT_FALSE(two.peers->accept(one.network.sent.back().second));
  EXPECT_TRUE(two.reached(Point::kFormerIncarnation));
  ASSERT_EQ(two.network.sent.back().first, NodeId{1});
  const auto notice = one.peers->accept(two.network.sent.back().second);
  ASSERT_TRUE(notice);
  EXPECT_TRUE(std::holds_alternative<ChosenNotice>(notice->body));
  EXPECT_TRUE(one.peers->outdated(NodeId{1}, Incarnation{1}));
  EXPECT_EQ(two.peers->seen().of(NodeId{1}), Incarnation{2});
}

TEST(Peers, WhatAFormerIncarnationSaysOfItselfComesInAndDoesNotCount) {
  Member one(1);
  Member two(2);
  one.peers->set_incarnation({1});
  two.peers->set_known({{.member = {1}, .registered = {2}, .voted = {1}}});
  const auto asked = one.peers->accept(question(two, 1));
  ASSERT_TRUE(asked);
  for (const Status status : {Status::kVoting, Status::kRecovering}) {
    one.peers->answer({NodeId{2}, asked->boot, asked->request}, RecoverReply{.status = status});
    const auto heard = two.peers->accept(one.network.sent.back().second);
    ASSERT_TRUE(heard);
    EXPECT_EQ(two.peers->counts(NodeId{1}, heard->incarnation, heard->body),
              status != Status::kVoting);
    EXPECT_EQ(two.reached(Point::kFormerIncarnation), true);
  }
}

TEST(Peers, HearsOfTheHighestNumbersOfEachKind) {
  Member one(1);
  Member two(2);
  Member three(3);
  int successions = 0;
  three.peers->on_succession([&](NodeId) { ++successions; });
  one.peers->set_known({{.member = {2}, .registered = {5}, .voted = {1}}});
  two.peers->set_known({{.member = {2}, .registered = {4}, .voted = {4}}});
  ASSERT_TRUE(three.peers->accept(question(one, 3)));
  EXPECT_EQ(successions, 1);
  ASSERT_TRUE(three.peers->accept(question(two, 3)));
  EXPECT_EQ(successions, 1) << "no new number";
  EXPECT_EQ(three.peers->seen().of(NodeId{2}), Incarnation{5});
  EXPECT_EQ(three.peers->seen().voted(NodeId{2}), Incarnation{4});
}

TEST(Peers, BroadcastGoesToEveryOtherMemberWanted) {
  Member two(2);
  two.peers->broadcast({}, ChosenNotice{});
  ASSERT_EQ(two.network.sent.size(), 2u);
  EXPECT_EQ(two.network.sent[0].first, NodeId{1});
  EXPECT_EQ(two.network.sent[1].first, NodeId{3});
  EXPECT_EQ(two.network.sent[0].second, two.network.sent[1].second) << "encoded once";
  two.network.sent.clear();
  two.peers->broadcast({}, ChosenNotice{}, [](NodeId id) { return id != NodeId{1}; });
  ASSERT_EQ(two.network.sent.size(), 1u);
  EXPECT_EQ(two.network.sent[0].first, NodeId{3});
}

TEST(Peers, KeepsTheLargestChosenPair) {
  Member one(1);
  one.peers->raise_chosen({{5}, {9}});
  one.peers->raise_chosen({{5}, {8}});
  one.peers->raise_chosen({{4}, {20}});
  EXPECT_EQ(one.peers->chosen(), (ChosenUpto{{5}, {9}}));
  one.peers->raise_chosen({{6}, {9}});
  EXPECT_EQ(one.peers->chosen(), (ChosenUpto{{6}, {9}}));
}

// --- requests

TEST(Requests, AnAnswerReachesItsOwnRequestOnly) {
  Member one(1);
  Requests requests(one.tracer());
  std::vector<std::string> heard;
  const RequestId a =
      requests.open([&](const Speaker& from,
                        Message&) { heard.push_back("a" + std::to_string(from.node.value)); },
                    [](NodeId) {});
  const RequestId b =
      requests.open([&](const Speaker&, Message&) { heard.push_back("b"); }, [](NodeId) {});
  ASSERT_NE(a, b);
  Message reply = RecoverReply{};
  requests.on_reply({NodeId{2}, {}}, a, reply);
  requests.on_reply({NodeId{3}, {}}, a, reply);
  EXPECT_THAT(heard, ElementsAre("a2", "a3"));
}

TEST(Requests, AClosedRequestHearsNothing) {
  Member one(1);
  Requests requests(one.tracer());
  std::vector<int> heard;
  Message reply = RecoverReply{};
  RequestId id;
  {
    OpenRequest open(
        requests, [&](const Speaker&, Message&) { heard.push_back(1); }, [](NodeId) {});
    id = open.id();
  }
  requests.on_reply({NodeId{2}, {}}, id, reply);
  EXPECT_THAT(heard, IsEmpty());
  EXPECT_TRUE(one.reached(Point::kStaleAnswer));
}

TEST(Requests, ASinkMayCloseItsRequest) {
  Member one(1);
  Requests requests(one.tracer());
  std::vector<std::string> heard;
  RequestId id;
  // Longer than any string kept inside a closure's own memory.
  id = requests.open(
      [&, word = std::string(64, 'x')](const Speaker&, Message&) {
        requests.close(id);
        heard.push_back(word);
      },
      [](NodeId) {});
  Message reply = RecoverReply{};
  requests.on_reply({NodeId{2}, {}}, id, reply);
  requests.on_reply({NodeId{2}, {}}, id, reply);
  EXPECT_THAT(heard, ElementsAre(std::string(64, 'x')));
}

}  // namespace
}  // namespace holdfast
