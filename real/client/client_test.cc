// The client library against members that do what a test tells them.

#include "real/client/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "real/client/test_members.h"

namespace holdfast::real {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using ClientTest = TestMembers;

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

TEST_F(ClientTest, ASilentMemberIsPassedOverByWhatHasAKey) {
  answer(1, is_silent());
  options_.silence = kSilence;
  Client client(options_);
  EXPECT_EQ(client.append("x", kPatience, {7, 1}), Position{42});
  EXPECT_THAT(asked(), ElementsAre(1, 2));
  const auto told = Client(options_).append("x", Duration::milliseconds(100));
  ASSERT_FALSE(told.has_value());
  EXPECT_EQ(told.error().kind, ErrorKind::kUnknown);
  EXPECT_THAT(asked(), ElementsAre(1, 2, 1));
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
