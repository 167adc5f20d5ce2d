// What the conformance suite does not ask: strangers, garbage, and members that come and go.

#include "real/ports/member_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "real/ports/test_machine.h"

namespace holdfast::real {
namespace {

class MemberNetworkTest : public ::testing::Test {
 protected:
  struct Member {
    std::vector<std::string> received;
    std::unique_ptr<MemberNetwork> network;
    std::vector<NodeId> disconnected;
  };

  MemberNetworkTest() : members_(loopback_members(loop_, 3)) {}

  std::unique_ptr<Member> make(NetworkOptions options) {
    auto member = std::make_unique<Member>();
    Member* const raw = member.get();
    member->network = std::make_unique<MemberNetwork>(
        loop_,
        random_,
        journal_,
        std::move(options),
        MemberNetwork::Callbacks{
            .deliver = [raw](const Frame& frame) { raw->received.push_back(*frame); },
            .disconnected = [raw](NodeId id) { raw->disconnected.push_back(id); }});
    return member;
  }

  std::unique_ptr<Member> open(NetworkOptions options) {
    auto member = make(std::move(options));
    const auto opened = member->network->open();
    EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error());
    return member;
  }

  std::unique_ptr<Member> open(std::uint8_t id) {
    return open(network_options(NodeId{id}, members_));
  }

  // Calls member 1 and says `frames`; returns what came back until the connection ended.
  std::vector<std::string> call(const std::vector<std::string>& frames) {
    std::vector<std::string> answers;
    bool ended = false;
    ConnectionPtr connection;
    connection = dial(loop_,
                      members_[0].address,
                      {.frame_bytes_max = 1024, .queue_bytes_max = 1 << 20},
                      {.connected =
                           [&] {
                             for (const std::string& frame : frames)
                               connection->send(std::make_shared<const std::string>(frame));
                           },
                       .frame = [&](const Frame& frame) { answers.push_back(*frame); },
                       .closed = [&](const std::string&) { ended = true; }});
    EXPECT_TRUE(run_until(loop_, [&] { return ended; })) << "the connection did not end";
    return answers;
  }

  Frame frame(std::string bytes) { return std::make_shared<const std::string>(std::move(bytes)); }

  EventLoop loop_;
  OsRandom random_;
  KeptJournal journal_;
  std::vector<MemberAddress> members_;
};

TEST_F(MemberNetworkTest, AMemberThatComesLaterIsReached) {
  const auto one = open(1);
  ASSERT_TRUE(run_until(loop_, [&] { return journal_.count("member_unreachable member=2") > 0; }));
  one->network->send({2}, frame("lost, or not"));
  auto two = open(2);
  ASSERT_TRUE(run_until(loop_, [&] { return one->network->connected() == 1; }));
  one->network->send({2}, frame("first"));
  ASSERT_TRUE(run_until(loop_, [&] { return !two->received.empty(); }));
  EXPECT_EQ(two->received.back(), "first");

  // It ends, and another life of it takes over.
  two.reset();
  ASSERT_TRUE(run_until(loop_, [&] { return one->network->connected() == 0; }));
  two = open(2);
  ASSERT_TRUE(run_until(loop_, [&] { return one->network->connected() == 1; }));
  one->network->send({2}, frame("again"));
  ASSERT_TRUE(run_until(loop_, [&] { return !two->received.empty(); }));
  EXPECT_EQ(two->received.back(), "again");
  // Once per reason, not once per attempt.
  EXPECT_LE(journal_.count("member_unreachable member=2"), 3u);
}

// Members are replaced by those of the next release one by one, and back.
TEST_F(MemberNetworkTest, AMemberOfTheNextVersionSpeaksThisOne) {
  const auto of_versions = [&](std::uint8_t id, std::uint16_t min, std::uint16_t max) {
    NetworkOptions options = network_options(NodeId{id}, members_);
    options.hello.version_min = min;
    options.hello.version_max = max;
    return open(std::move(options));
  };
  const auto exchange = [&](Member& a, NodeId to_b, Member& b, NodeId to_a) {
    ASSERT_TRUE(run_until(
        loop_, [&] { return a.network->connected() == 1 && b.network->connected() == 1; }));
    a.network->send(to_b, frame("there"));
    b.network->send(to_a, frame("and back"));
    ASSERT_TRUE(run_until(loop_, [&] { return !a.received.empty() && !b.received.empty(); }));
    EXPECT_EQ(b.received.back(), "there");
    EXPECT_EQ(a.received.back(), "and back");
    a.received.clear();
  };
  auto one = of_versions(1, 1, 1);
  auto two = of_versions(2, 1, 2);
  exchange(*one, {2}, *two, {1});
  EXPECT_EQ(
      journal_.count("member_connected member=1") + journal_.count("member_connected member=2"),
      2u);
  EXPECT_EQ(journal_.count("version=1"), 2u);
  two.reset();
  ASSERT_TRUE(run_until(loop_, [&] { return one->network->connected() == 0; }));
  two = of_versions(2, 1, 1);
  exchange(*one, {2}, *two, {1});
  // When all are of the next release they speak the next version, and an old one is told to go.
  one.reset();
  two.reset();
  two = of_versions(2, 2, 2);
  one = of_versions(1, 1, 2);
  exchange(*one, {2}, *two, {1});
  EXPECT_EQ(journal_.count("version=2"), 2u);
  one.reset();
  one = of_versions(1, 1, 1);
  EXPECT_TRUE(run_until(loop_, [&] {
    return journal_.count("it refused us: no version of the wire protocol in common: upgrade") > 0;
  }));
  EXPECT_EQ(two->network->connected(), 0u);
}

TEST_F(MemberNetworkTest, OthersAreToldThatAMembersConnectionEnded) {
  const auto one = open(1);
  auto two = open(2);
  ASSERT_TRUE(run_until(loop_, [&] { return one->network->connected() == 1; }));
  two->network->send({1}, frame("hello"));
  ASSERT_TRUE(run_until(loop_, [&] { return one->received.size() == 1; }));
  EXPECT_TRUE(one->disconnected.empty());
  two.reset();
  ASSERT_TRUE(run_until(loop_, [&] { return !one->disconnected.empty(); }));
  EXPECT_EQ(one->disconnected, (std::vector<NodeId>{NodeId{2}}));
}

TEST_F(MemberNetworkTest, AMemberOfAnotherClusterIsRefusedAndToldWhy) {
  const auto one = open(1);
  NetworkOptions foreign = network_options(NodeId{2}, members_);
  foreign.hello.cluster = 78;
  const auto two = open(std::move(foreign));
  ASSERT_TRUE(run_until(loop_, [&] {
    return journal_.count("connection_refused") > 0 &&
           journal_.count("it refused us: the cluster id differs") > 0;
  }));
  one->network->send({2}, frame("x"));
  two->network->send({1}, frame("y"));
  EXPECT_EQ(one->network->connected(), 0u);
  EXPECT_EQ(two->network->connected(), 0u);
  EXPECT_TRUE(one->received.empty());
}

TEST_F(MemberNetworkTest, StrangersAreRefusedByNameOfTheReason) {
  const auto one = open(1);
  const Hello good = {
      .cluster = 77, .log = 1, .config = 5, .sender = NodeId{2}, .receiver = NodeId{1}};
  const auto verdict_for = [&](const std::string& first) {
    const auto answers = call({first, "a frame that must not be handed over"});
    const auto welcome = answers.empty() ? std::nullopt : decode_welcome(answers[0]);
    return welcome ? std::optional(welcome->verdict) : std::nullopt;
  };
  Hello stranger = good;
  stranger.sender = NodeId{9};
  EXPECT_EQ(verdict_for(encode(stranger)), Verdict::kNoMember);
  Hello itself = good;
  itself.sender = NodeId{1};
  EXPECT_EQ(verdict_for(encode(itself)), Verdict::kNoMember);
  Hello client = good;
  client.party = Party::kClient;
  EXPECT_EQ(verdict_for(encode(client)), Verdict::kParty);
  EXPECT_EQ(verdict_for("short garbage"), Verdict::kGarbage);
  // Longer than any hello: not even answered.
  EXPECT_EQ(verdict_for(std::string(500, 'x')), std::nullopt);
  EXPECT_EQ(one->network->counters().refused, 5u);
  EXPECT_TRUE(one->received.empty());
}

TEST_F(MemberNetworkTest, ManyStrangersAreOneLine) {
  const auto one = open(1);
  for (int i = 0; i < 30; ++i)
    call({"garbage"});
  EXPECT_EQ(journal_.count("connection_refused"), 1u);
  EXPECT_EQ(one->network->counters().refused, 30u);
}

TEST_F(MemberNetworkTest, WhoSaysNothingIsSentAway) {
  NetworkOptions options = network_options(NodeId{1}, members_);
  options.hello_deadline = Duration::milliseconds(50);
  const auto one = open(std::move(options));
  EXPECT_TRUE(call({}).empty());
  EXPECT_EQ(journal_.count("it did not say hello in time"), 1u);
}

TEST_F(MemberNetworkTest, SilentStrangersAreBounded) {
  NetworkOptions options = network_options(NodeId{1}, members_);
  options.strangers_max = 4;
  const auto one = open(std::move(options));
  std::vector<ConnectionPtr> silent;
  int ended = 0;
  for (int i = 0; i < 10; ++i) {
    silent.push_back(dial(
        loop_,
        members_[0].address,
        {.frame_bytes_max = 64, .queue_bytes_max = 64},
        {.connected = nullptr, .frame = nullptr, .closed = [&](const std::string&) { ++ended; }}));
  }
  EXPECT_TRUE(run_until(loop_, [&] { return ended == 6; }));
  for (const ConnectionPtr& connection : silent)
    connection->close();
  const auto two = open(2);
  EXPECT_TRUE(run_until(loop_, [&] { return two->network->connected() == 1; }))
      << "strangers keep a member out for ever";
}

TEST_F(MemberNetworkTest, AQueueThatIsFullDropsAndCounts) {
  NetworkOptions options = network_options(NodeId{1}, members_);
  options.limits.queue_bytes_max = 10'000;
  const auto one = open(std::move(options));
  for (int i = 0; i < 100; ++i)
    one->network->send({2}, frame(std::string(1'000, 'x')));
  EXPECT_EQ(one->network->counters().dropped, 90u);
  EXPECT_EQ(one->network->counters().sent, 10u);
}

TEST_F(MemberNetworkTest, AFrameThatTheOtherSideWouldNotReadIsDropped) {
  NetworkOptions small = network_options(NodeId{1}, members_);
  small.limits.frame_bytes_max = 1'000;
  const auto one = open(std::move(small));
  const auto two = open(2);
  two->network->send({1}, frame(std::string(1'001, 'w')));
  ASSERT_TRUE(run_until(loop_, [&] { return two->network->connected() == 1; }));
  EXPECT_EQ(two->network->counters().dropped, 1u);
  two->network->send({1}, frame(std::string(1'001, 'x')));
  EXPECT_EQ(two->network->counters().dropped, 2u);
  two->network->send({1}, frame(std::string(1'000, 'y')));
  ASSERT_TRUE(run_until(loop_, [&] { return !one->received.empty(); }));
  EXPECT_EQ(one->received, std::vector<std::string>{std::string(1'000, 'y')});
  EXPECT_EQ(two->network->connected(), 1u);
  EXPECT_EQ(journal_.count("frame_too_large"), 1u);
}

TEST_F(MemberNetworkTest, AMemberThatSendsMoreThanIsReadIsCutOff) {
  NetworkOptions small = network_options(NodeId{1}, members_);
  small.limits.frame_bytes_max = 100;
  const auto one = open(std::move(small));
  Hello hello = {.cluster = 77, .log = 1, .config = 5, .sender = NodeId{2}, .receiver = NodeId{1}};
  call({encode(hello), "short", std::string(101, 'x'), "never read"});
  EXPECT_EQ(one->received, std::vector<std::string>{"short"});
}

TEST_F(MemberNetworkTest, APortInUseIsAnErrorThatSaysWhatToDo) {
  const auto one = open(1);
  auto rival = make(network_options(NodeId{1}, members_));
  const auto opened = rival->network->open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_THAT(opened.error(), ::testing::HasSubstr(members_[0].address.text()));
  EXPECT_THAT(opened.error(), ::testing::HasSubstr("another program has this port"));
}

}  // namespace
}  // namespace holdfast::real
