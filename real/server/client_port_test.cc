#include "real/server/client_port.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "real/client/codec.h"
#include "real/ports/test_machine.h"

namespace holdfast::real {
namespace {

class ClientPortTest : public ::testing::Test {
 protected:
  // What came back on one connection.
  struct Caller {
    ConnectionPtr connection;
    std::vector<std::string> frames;
    std::string ended;
  };

  ClientPortTest() {
    options_.address = loopback_members(loop_, 1)[0].address;
    options_.hello = {.party = Party::kClient, .cluster = 5, .log = 1, .sender = NodeId{1}};
  }

  ClientPort& open() {
    port_ = std::make_unique<ClientPort>(
        loop_, journal_, options_, [this](Request request, ClientPort::Reply reply) {
          requests_.emplace_back(std::move(request), std::move(reply));
        });
    const auto opened = port_->open();
    EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error());
    return *port_;
  }

  Hello hello() const {
    return {.party = Party::kClient, .cluster = 5, .log = 1, .receiver = NodeId{1}};
  }

  // A connection that says these frames.
  std::unique_ptr<Caller> call(std::vector<std::string> frames) {
    auto caller = std::make_unique<Caller>();
    Caller* const raw = caller.get();
    raw->connection = dial(loop_,
                           options_.address,
                           {.frame_bytes_max = 1 << 20, .queue_bytes_max = 1 << 20},
                           {.connected = [raw, frames = std::move(frames)] { say(*raw, frames); },
                            .frame = [raw](const Frame& frame) { raw->frames.push_back(*frame); },
                            .closed = [raw](const std::string& why) { raw->ended = why; }});
    return caller;
  }

  static void say(Caller& caller, const std::vector<std::string>& frames) {
    for (const std::string& frame : frames)
      caller.connection->send(std::make_shared<const std::string>(frame));
  }

  static std::string status_request(std::uint64_t id) {
    return encode(Request{id, Duration::seconds(1), StatusRequest{}});
  }

  bool run(const std::function<bool()>& condition) { return run_until(loop_, condition); }

  EventLoop loop_;
  KeptJournal journal_;
  ClientPortOptions options_;
  std::vector<std::pair<Request, ClientPort::Reply>> requests_;
  std::unique_ptr<ClientPort> port_;
};

TEST_F(ClientPortTest, RequestsGoInAndAnswersComeBackInAnyOrder) {
  open();
  const auto caller = call({encode(hello()), status_request(1), status_request(2)});
  ASSERT_TRUE(run([&] { return requests_.size() == 2; }));
  EXPECT_EQ(port_->waiting(), 2u);
  requests_[1].second({2, Written{Position{20}}});
  requests_[0].second({1, Written{Position{10}}});
  ASSERT_TRUE(run([&] { return caller->frames.size() == 3; }));
  EXPECT_EQ(decode_response(caller->frames[1])->id, 2u);
  EXPECT_EQ(decode_response(caller->frames[2])->id, 1u);
  EXPECT_EQ(port_->waiting(), 0u);
}

TEST_F(ClientPortTest, StrangersAreToldWhyAndSentAway) {
  open();
  Hello other = hello();
  other.cluster = 6;
  Hello member = hello();
  member.party = Party::kMember;
  const std::pair<std::string, Verdict> strangers[] = {{encode(other), Verdict::kCluster},
                                                       {encode(member), Verdict::kParty},
                                                       {"garbage", Verdict::kGarbage}};
  for (const auto& [first, verdict] : strangers) {
    const auto caller = call({first, status_request(1)});
    ASSERT_TRUE(run([&] { return !caller->ended.empty(); }));
    ASSERT_EQ(caller->frames.size(), 1u);
    EXPECT_EQ(decode_welcome(caller->frames[0])->verdict, verdict);
  }
  EXPECT_TRUE(requests_.empty());
  EXPECT_EQ(journal_.count("connection_refused"), 3u);
}

TEST_F(ClientPortTest, ARequestThatCannotBeUnderstoodEndsTheConnection) {
  open();
  const auto caller = call({encode(hello()), "no request"});
  ASSERT_TRUE(run([&] { return !caller->ended.empty(); }));
  EXPECT_TRUE(requests_.empty());
  EXPECT_EQ(journal_.count("does not match its checksum"), 1u);
}

TEST_F(ClientPortTest, NoMoreIsReadThanMayWait) {
  options_.requests_max = 3;
  open();
  std::vector<std::string> frames = {encode(hello())};
  for (std::uint64_t id = 1; id <= 10; ++id)
    frames.push_back(status_request(id));
  const auto caller = call(frames);
  ASSERT_TRUE(run([&] { return requests_.size() == 3; }));
  const auto other = call({encode(hello()), status_request(99)});
  ASSERT_TRUE(run([&] { return requests_.size() == 4; })) << "one client keeps the others out";
  EXPECT_EQ(requests_.back().first.id, 99u);
  for (std::size_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(run([&] { return requests_.size() > i; })) << i;
    const auto id = requests_[i].first.id;
    requests_[i].second({id, Written{Position{id}}});
  }
  EXPECT_TRUE(run([&] { return caller->frames.size() >= 10; }));
}

TEST_F(ClientPortTest, AnAnswerForWhoHasLeftGoesNowhere) {
  open();
  auto caller = call({encode(hello()), status_request(1), status_request(2)});
  ASSERT_TRUE(run([&] { return requests_.size() == 2; }));
  caller->connection->close();
  const auto other = call({encode(hello()), status_request(3)});
  ASSERT_TRUE(run([&] { return requests_.size() == 3; }));
  requests_[0].second({1, Written{Position{1}}});
  EXPECT_EQ(port_->waiting(), 2u);
  // Nor does one after the port's own end.
  const ClientPort::Reply late = requests_[1].second;
  port_.reset();
  late({2, Written{Position{1}}});
  EXPECT_LE(other->frames.size(), 1u);
}

TEST_F(ClientPortTest, WindingDownAnswersThatItStops) {
  open();
  const auto caller = call({encode(hello()), status_request(1)});
  ASSERT_TRUE(run([&] { return requests_.size() == 1; }));
  port_->wind_down();
  say(*caller, {status_request(2)});
  ASSERT_TRUE(run([&] { return caller->frames.size() == 2; }));
  EXPECT_EQ(std::get<Failed>(decode_response(caller->frames[1])->body).kind, ErrorKind::kStopping);
  requests_[0].second({1, Written{Position{1}}});
  ASSERT_TRUE(run([&] { return caller->frames.size() == 3; }));
  EXPECT_EQ(port_->waiting(), 0u);
  const auto late = call({encode(hello())});
  EXPECT_TRUE(run([&] { return !late->ended.empty(); }));
}

TEST_F(ClientPortTest, ConnectionsAreBounded) {
  options_.connections_max = 2;
  open();
  const auto one = call({encode(hello())});
  const auto two = call({encode(hello())});
  ASSERT_TRUE(run([&] { return !one->frames.empty() && !two->frames.empty(); }));
  const auto three = call({encode(hello())});
  ASSERT_TRUE(run([&] { return !three->ended.empty(); }));
  EXPECT_TRUE(three->frames.empty());
  one->connection->close();
  const auto four = call({encode(hello())});
  EXPECT_TRUE(run([&] { return !four->frames.empty() || !four->ended.empty(); }));
}

TEST_F(ClientPortTest, WhoSaysNothingIsSentAway) {
  options_.hello_deadline = Duration::milliseconds(30);
  open();
  const auto caller = call({});
  ASSERT_TRUE(run([&] { return !caller->ended.empty(); }));
  EXPECT_EQ(journal_.count("it did not say hello in time"), 1u);
}

}  // namespace
}  // namespace holdfast::real
