#include "real/client/append_stream.h"

#include <chrono>
#include <map>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "real/client/test_members.h"
#include "real/ports/monotonic.h"

namespace holdfast::real {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A log of its own: what is appended under a key that it has is not appended again.
class AppendStreamTest : public TestMembers {
 protected:
  AppendStreamTest() {
    for (std::uint8_t id = 1; id <= 3; ++id)
      answer(id, [this](const Request& request) { return write(request); });
  }

  std::optional<Response> write(const Request& request) {
    const auto& append = std::get<AppendRequest>(request.body);
    const auto [at, fresh] = log_.try_emplace(append.key.sequence, log_.size());
    if (fresh) entries_.push_back(*append.entry);
    return Response{request.id, Written{Position{at->second}}};
  }

  // Appends "0", "1", and so on, and waits for all.
  void append_all(AppendStream& stream, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      stream.append(std::to_string(i), {7, i + 1}, [this](const auto& result) {
        results_.push_back(result);
      });
    }
    finish(stream);
  }

  void finish(AppendStream& stream) {
    const Instant late = monotonic_now() + Duration::seconds(20);
    while (stream.outstanding() > 0 && monotonic_now() < late)
      stream.wait(late);
    ASSERT_EQ(stream.outstanding(), 0u);
  }

  std::map<std::uint64_t, std::uint64_t> log_;
  std::vector<std::string> entries_;
  std::vector<ClientResult<Position>> results_;
};

TEST_F(AppendStreamTest, HasManyOutstandingAndKeepsTheirOrder) {
  AppendStream stream(options_, kPatience);
  append_all(stream, 1000);
  ASSERT_EQ(results_.size(), 1000u);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(results_[i], Position{i});
    EXPECT_EQ(entries_[i], std::to_string(i));
  }
}

TEST_F(AppendStreamTest, ACallbackMayAppend) {
  AppendStream stream(options_, kPatience);
  std::uint64_t next = 0;
  const std::function<void(const ClientResult<Position>&)> again = [&](const auto& result) {
    EXPECT_EQ(result, Position{next - 1});
    if (next < 5) stream.append("x", {7, ++next}, again);
  };
  stream.append("x", {7, ++next}, again);
  finish(stream);
  EXPECT_EQ(entries_.size(), 5u);
}

TEST_F(AppendStreamTest, FollowsTheCoordinator) {
  answer(1, fails(ErrorKind::kNotCoordinator, NodeId{3}));
  AppendStream stream(options_, kPatience);
  append_all(stream, 10);
  EXPECT_EQ(entries_.size(), 10u);
  for (const auto& result : results_)
    EXPECT_TRUE(result.has_value());
  EXPECT_EQ(asked().back(), 3);
}

// The first connection ends after three answers; what was written is not written again.
TEST_F(AppendStreamTest, SendsAgainWhatABrokenConnectionLeft) {
  int left = 3;
  answer(1, [&](const Request& request) -> std::optional<Response> {
    const auto response = write(request);
    return left-- > 0 ? response : std::nullopt;
  });
  AppendStream stream(options_, kPatience);
  append_all(stream, 10);
  ASSERT_EQ(results_.size(), 10u);
  EXPECT_EQ(entries_.size(), 10u);
  EXPECT_THAT(std::vector(entries_.begin(), entries_.begin() + 4), ElementsAre("0", "1", "2", "3"));
}

TEST_F(AppendStreamTest, AnUnknownOutcomeIsAskedForAgain) {
  int left = 1;
  answer(1, [&](const Request& request) -> std::optional<Response> {
    write(request);
    if (left-- > 0) return Response{request.id, Failed{.kind = ErrorKind::kUnknown, .text = "?"}};
    return write(request);
  });
  AppendStream stream(options_, kPatience);
  append_all(stream, 3);
  EXPECT_EQ(entries_.size(), 3u);
  for (const auto& result : results_)
    EXPECT_TRUE(result.has_value());
}

TEST_F(AppendStreamTest, ARefusalThatStaysIsToldAndTheRestGoesOn) {
  answer(1, [&](const Request& request) -> std::optional<Response> {
    if (std::get<AppendRequest>(request.body).key.sequence == 2) {
      return Response{request.id, Failed{.kind = ErrorKind::kTooLarge, .text = "too large"}};
    }
    return write(request);
  });
  AppendStream stream(options_, kPatience);
  append_all(stream, 3);
  ASSERT_EQ(results_.size(), 3u);
  EXPECT_EQ(results_[1].error().kind, ErrorKind::kTooLarge);
  EXPECT_TRUE(results_[2].has_value());
}

// It was written before the connection broke, and whoever is asked then does not take it.
TEST_F(AppendStreamTest, ARefusalSaysNothingOfWhatWasSentBefore) {
  answer(1, [&](const Request& request) -> std::optional<Response> {
    write(request);
    return std::nullopt;
  });
  for (std::uint8_t id = 2; id <= 3; ++id)
    answer(id, fails(ErrorKind::kTooLarge));
  AppendStream stream(options_, kPatience);
  append_all(stream, 1);
  ASSERT_EQ(results_.size(), 1u);
  EXPECT_EQ(results_[0].error().kind, ErrorKind::kUnknown);
  EXPECT_THAT(results_[0].error().text, HasSubstr("as told"));
  EXPECT_EQ(entries_.size(), 1u);
}

TEST_F(AppendStreamTest, ASilentMemberIsPassedOver) {
  answer(1, is_silent());
  options_.silence = kSilence;
  AppendStream stream(options_, kPatience);
  append_all(stream, 3);
  EXPECT_THAT(results_, ElementsAre(Position{0}, Position{1}, Position{2}));
  EXPECT_THAT(asked(), ElementsAre(1, 1, 1, 2, 2, 2));
}

// What it owed has expired, and it owes that all the same.
TEST_F(AppendStreamTest, ASilentMemberIsPassedOverAfterDeadlinesThatComeFirst) {
  answer(1, is_silent());
  options_.silence = Duration::milliseconds(60);
  AppendStream stream(options_, Duration::milliseconds(40));
  append_all(stream, 1);
  ASSERT_EQ(results_.size(), 1u);
  EXPECT_EQ(results_[0].error().kind, ErrorKind::kUnknown);
  for (int i = 0; i < 100 && !results_.back().has_value(); ++i)
    append_all(stream, 2);
  EXPECT_TRUE(results_.back().has_value());
}

// What has arrived meanwhile is looked at first.
TEST_F(AppendStreamTest, AProgramThatWasBusyDoesNotTakeItsMemberForSilent) {
  options_.silence = kSilence;
  AppendStream stream(options_, kPatience);
  stream.append("0", {7, 1}, [this](const auto& r) { results_.push_back(r); });
  stream.progress();
  std::this_thread::sleep_for(std::chrono::nanoseconds(2 * kSilence.ns()));
  stream.progress();
  EXPECT_THAT(results_, ElementsAre(Position{0}));
  EXPECT_THAT(asked(), ElementsAre(1));
}

TEST_F(AppendStreamTest, WhatNoMemberReadsIsNotSent) {
  AppendStream stream(options_, kPatience);
  stream.append(std::string(20'000, 'x'), {7, 1}, [this](const auto& r) { results_.push_back(r); });
  finish(stream);
  ASSERT_EQ(results_.size(), 1u);
  EXPECT_EQ(results_[0].error().kind, ErrorKind::kTooLarge);
  EXPECT_THAT(asked(), IsEmpty());
}

TEST_F(AppendStreamTest, WhenTheTimeIsUpWhatWasSentIsUnknown) {
  for (std::uint8_t id = 1; id <= 3; ++id)
    answer(id, fails(ErrorKind::kTooFewVoters));
  AppendStream stream(options_, Duration::milliseconds(100));
  append_all(stream, 2);
  ASSERT_EQ(results_.size(), 2u);
  for (const auto& result : results_)
    EXPECT_EQ(result.error().kind, ErrorKind::kUnknown);
}

TEST_F(AppendStreamTest, WhenNobodyIsThereNothingWasWritten) {
  for (std::uint8_t id = 1; id <= 3; ++id)
    take_down(id);
  AppendStream stream(options_, Duration::milliseconds(100));
  append_all(stream, 2);
  ASSERT_EQ(results_.size(), 2u);
  for (const auto& result : results_) {
    EXPECT_EQ(result.error().kind, ErrorKind::kUnreachable);
    EXPECT_THAT(result.error().text, HasSubstr("127.0.0.1:"));
  }
}

}  // namespace
}  // namespace holdfast::real
