// The client library against members that do what a test tells them.

#include "real/client/client.h"

#include <atomic>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "real/client/codec.h"
#include "real/ports/connection.h"

namespace holdfast::real {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Duration kPatience = Duration::seconds(5);

// Members on a loop of their own; a test says what each answers.
class ClientTest : public ::testing::Test {
 protected:
  // None: the connection ends instead of an answer.
  using Answer = std::function<std::optional<Response>(const Request&)>;

  ClientTest() {
    for (std::uint8_t id = 1; id <= 3; ++id) {
      auto listener = Listener::open(loop_,
                                     {"127.0.0.1", 0},
                                     {.frame_bytes_max = 10'000, .queue_bytes_max = 1 << 20},
                                     [this, id](const ConnectionPtr& c) { accept(NodeId{id}, c); });
      EXPECT_TRUE(listener.has_value());
      options_.members.push_back({NodeId{id}, {"127.0.0.1", (*listener)->port()}});
      listeners_.push_back(std::move(*listener));
    }
    options_.cluster = 5;
    options_.log = 1;
    options_.pause = Duration::milliseconds(5);
    answers_.resize(4, [](const Request& r) { return Response{r.id, Written{Position{42}}}; });
    thread_ = std::thread([this] { loop_.run_until([this] { return ended_.load(); }); });
  }

  ~ClientTest() override {
    ended_ = true;
    loop_.post([] {});
    thread_.join();
  }

  void answer(std::uint8_t id, Answer answer) {
    const std::lock_guard lock(mutex_);
    answers_[id] = std::move(answer);
  }

  static Answer fails(ErrorKind kind, std::optional<NodeId> coordinator = std::nullopt) {
    return [=](const Request& r) {
      return Response{r.id, Failed{.kind = kind, .text = "as told", .coordinator = coordinator}};
    };
  }

  // Nobody listens there any more.
  void take_down(std::uint8_t id) {
    std::atomic<bool> done = false;
    loop_.post([&] {
      listeners_[id - 1u].reset();
      done = true;
    });
    while (!done)
      std::this_thread::yield();
  }

  // Which members were asked, in order.
  std::vector<int> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  ClientOptions options_;
  Verdict verdict_ = Verdict::kWelcome;

 private:
  void accept(NodeId id, const ConnectionPtr& connection) {
    connections_.push_back(connection);
    Connection* const raw = connection.get();
    connection->start({.connected = nullptr,
                       .frame = [this, id, raw](const Frame& frame) { on_frame(id, *raw, *frame); },
                       .closed = nullptr});
  }

  void on_frame(NodeId id, Connection& connection, const std::string& bytes) {
    if (const auto hello = decode_hello(bytes)) {
      const Welcome welcome{hello->receiver == id ? verdict_ : Verdict::kWrongReceiver, 10'000};
      connection.send(std::make_shared<const std::string>(encode(welcome)));
      return;
    }
    const auto request = decode_request(bytes);
    ASSERT_TRUE(request.has_value());
    const std::lock_guard lock(mutex_);
    asked_.push_back(id.value);
    if (const auto response = answers_[id.value](*request)) {
      connection.send(std::make_shared<const std::string>(encode(*response)));
    } else {
      connection.close();
    }
  }

  std::mutex mutex_;
  std::vector<Answer> answers_;
  std::vector<int> asked_;
  EventLoop loop_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<ConnectionPtr> connections_;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

TEST_F(ClientTest, AnAppendFollowsRedirectsAndRemembersTheCoordinator) {
  answer(1, fails(ErrorKind::kNotCoordinator, NodeId{3}));
  Client client(options_);
  EXPECT_EQ(client.append("x", kPatience), Position{42});
  EXPECT_EQ(client.append("y", kPatience), Position{42});
  EXPECT_THAT(asked(), ElementsAre(1, 3, 3));
}

TEST_F(ClientTest, AnUnknownOutcomeIsSentAgainUnderItsKey) {
  std::vector<IdempotencyKey> keys;
  const auto note = [&keys](const Request& r) {
    keys.push_back(std::get<AppendRequest>(r.body).key);
  };
  answer(1, [&](const Request& r) -> std::optional<Response> {
    note(r);
    return std::nullopt;
  });
  answer(2, [&](const Request& r) -> std::optional<Response> {
    note(r);
    return Response{r.id, Failed{.kind = ErrorKind::kUnknown, .text = "as told"}};
  });
  answer(3, [&](const Request& r) -> std::optional<Response> {
    note(r);
    return Response{r.id, Written{Position{42}}};
  });
  Client client(options_);
  EXPECT_EQ(client.append("x", kPatience, {7, 1}), Position{42});
  EXPECT_THAT(asked(), ElementsAre(1, 2, 3));
  EXPECT_THAT(keys, Each(IdempotencyKey{7, 1}));
}

TEST_F(ClientTest, WhatWasOnceUnknownStaysSoWhateverTheOthersRefuse) {
  answer(1, fails(ErrorKind::kUnknown));
  answer(2, fails(ErrorKind::kDeadline));
  answer(3, fails(ErrorKind::kNotVoting));
  Client client(options_);
  const auto told = client.append("x", Duration::milliseconds(300), {7, 1});
  ASSERT_FALSE(told.has_value());
  EXPECT_EQ(told.error().kind, ErrorKind::kUnknown);
}

TEST_F(ClientTest, WithoutAKeyAnUnknownOutcomeIsNeverSentAgain) {
  answer(1, fails(ErrorKind::kUnknown));
  Client client(options_);
  const auto told = client.append("x", kPatience);
  ASSERT_FALSE(told.has_value());
  EXPECT_EQ(told.error().kind, ErrorKind::kUnknown);
  EXPECT_THAT(asked(), ElementsAre(1));
}

TEST_F(ClientTest, AConnectionThatEndsAfterTheQuestionLeavesTheOutcomeUnknown) {
  answer(1, [](const Request&) { return std::nullopt; });
  Client client(options_);
  const auto told = client.append("x", kPatience);
  ASSERT_FALSE(told.has_value());
  EXPECT_EQ(told.error().kind, ErrorKind::kUnknown);
  EXPECT_THAT(asked(), ElementsAre(1));
}

TEST_F(ClientTest, ASilentMemberLeavesTheOutcomeUnknownAtTheDeadline) {
  answer(1, [](const Request& r) { return Response{r.id + 1, Written{Position{1}}}; });
  Client client(options_);
  const auto told = client.append("x", Duration::milliseconds(100));
  ASSERT_FALSE(told.has_value());
  EXPECT_EQ(told.error().kind, ErrorKind::kUnknown) << told.error().text;
}

TEST_F(ClientTest, WhatPassesIsTriedAgainElsewhere) {
  for (const ErrorKind kind : {ErrorKind::kLostElection,
                               ErrorKind::kTooFewVoters,
                               ErrorKind::kNotVoting,
                               ErrorKind::kDeadline,
                               ErrorKind::kNotReady,
                               ErrorKind::kOverloaded,
                               ErrorKind::kStopping}) {
    answer(1, fails(kind));
    Client client(options_);
    EXPECT_EQ(client.append("x", kPatience), Position{42}) << error_name(kind);
  }
}

TEST_F(ClientTest, WhatDoesNotPassIsTold) {
  for (const ErrorKind kind :
       {ErrorKind::kTooLarge, ErrorKind::kBadTruncate, ErrorKind::kBadRequest}) {
    answer(1, fails(kind));
    Client client(options_);
    const auto told = client.truncate(Position{1}, kPatience);
    ASSERT_FALSE(told.has_value());
    EXPECT_EQ(told.error().kind, kind);
    EXPECT_EQ(told.error().text, "as told");
  }
}

TEST_F(ClientTest, ADeadMemberIsPassedOver) {
  take_down(1);
  Client client(options_);
  EXPECT_EQ(client.append("x", kPatience), Position{42});
  EXPECT_THAT(asked(), ElementsAre(2));
}

TEST_F(ClientTest, WithAllMembersDeadNothingWasWritten) {
  for (const std::uint8_t id : {1, 2, 3})
    take_down(id);
  Client client(options_);
  const auto told = client.append("x", Duration::milliseconds(100));
  ASSERT_FALSE(told.has_value());
  EXPECT_EQ(told.error().kind, ErrorKind::kUnreachable);
  EXPECT_THAT(told.error().text, HasSubstr("127.0.0.1:"));
}

TEST_F(ClientTest, ARefusalSaysWhy) {
  verdict_ = Verdict::kCluster;
  Client client(options_);
  const auto told = client.status(NodeId{2}, kPatience);
  ASSERT_FALSE(told.has_value());
  EXPECT_EQ(told.error().kind, ErrorKind::kRefused);
  EXPECT_THAT(told.error().text, HasSubstr("the cluster id differs"));
}

TEST_F(ClientTest, WhatTheMemberWouldNotReadIsNotSent) {
  Client client(options_);
  const auto told = client.append(std::string(20'000, 'x'), kPatience);
  ASSERT_FALSE(told.has_value());
  EXPECT_EQ(told.error().kind, ErrorKind::kTooLarge);
  EXPECT_TRUE(asked().empty());
}

TEST_F(ClientTest, AnAnswerToAnotherQuestionIsBroken) {
  answer(2, [](const Request& r) { return Response{r.id, Written{Position{1}}}; });
  Client client(options_);
  const auto told = client.status(NodeId{2}, kPatience);
  ASSERT_FALSE(told.has_value());
  EXPECT_EQ(told.error().kind, ErrorKind::kBroken);
}

TEST_F(ClientTest, ReadsCatchUpsAndStatusGoToTheMemberNamed) {
  answer(3, [](const Request& r) {
    Response response;
    response.id = r.id;
    if (std::holds_alternative<StatusRequest>(r.body)) {
      response.body = MemberStatus{.member = NodeId{3}};
    } else if (std::holds_alternative<CatchupRequest>(r.body)) {
      response.body = CaughtUp{Position{8}};
    } else {
      response.body = Entries{{}, Position{9}};
    }
    return response;
  });
  Client client(options_);
  EXPECT_EQ(client.status(NodeId{3}, kPatience)->member, NodeId{3});
  EXPECT_EQ(client.catchup(NodeId{3}, kPatience).value(), Position{8});
  EXPECT_EQ(client.read(NodeId{3}, {}, kPatience)->next, Position{9});
  EXPECT_THAT(asked(), ElementsAre(3, 3, 3));
}

}  // namespace
}  // namespace holdfast::real
