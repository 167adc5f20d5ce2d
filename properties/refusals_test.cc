#include "properties/refusals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/read_error.h"

#include "properties/story_for_test.h"

namespace holdfast::properties {
namespace {

using testing::HasSubstr;
using Kind = ReadError::Kind;

// Entries at 0 to 3, truncated to 2 by position 4; position 5 is not learned by node 3.
Story truncated() {
  Story run;
  run.boot_all();
  for (std::uint64_t p = 0; p < 4; ++p)
    run.append(p + 1, p);
  run.truncate(5, 2, 4);
  run.append_called(1, 6, entry(6));
  run.choose(5, entry(6));
  run.learned(1, 5, entry(6));
  run.append_returned(1, 6, Outcome::kOk, 5);
  return run;
}

void read_refused(Story& run, std::uint8_t node, Interval range, Kind kind, std::uint64_t at) {
  run.event(node, EventKind::kReadCalled, {50, range.first.value, range.last.value});
  run.event(node, EventKind::kReadRefused, {50, static_cast<std::uint64_t>(kind), at});
  run.event(node, EventKind::kReadReturned, {50, 1, range.first.value, range.last.value});
}

struct Case {
  Kind kind;
  Interval range;
  std::uint64_t at;
  std::uint8_t node = 3;
};

TEST(Refusals, EveryReasonThatHoldsIsAccepted) {
  for (const Case& each : {Case{Kind::kBadRange, {{3}, {2}}, 3},
                           Case{Kind::kTruncated, {{1}, {3}}, 1},
                           Case{Kind::kPastEnd, {{3}, {9}}, 9},
                           Case{Kind::kPending, {{3}, {5}}, 5},
                           Case{Kind::kMissing, {{3}, {5}}, 5}}) {
    Story run = truncated();
    read_refused(run, each.node, each.range, each.kind, each.at);
    run.finish();
    EXPECT_CLEAN(run) << static_cast<int>(each.kind);
  }
}

TEST(Refusals, AReasonThatDoesNotHoldIsNone) {
  for (const Case& each : {Case{Kind::kBadRange, {{2}, {3}}, 2},
                           Case{Kind::kTruncated, {{2}, {3}}, 2},
                           Case{Kind::kPastEnd, {{2}, {4}}, 4},
                           Case{Kind::kPending, {{2}, {5}}, 5, 1},
                           Case{Kind::kMissing, {{2}, {4}}, 3},
                           Case{Kind::kMissing, {{2}, {4}}, 9},
                           Case{Kind::kNotCaughtUp, {{2}, {5}}, 5},
                           Case{Kind::kNoQuorum, {{2}, {5}}, 5},
                           Case{Kind::kNotVoting, {{2}, {5}}, 5},
                           Case{static_cast<Kind>(99), {{2}, {5}}, 5}}) {
    Story run = truncated();
    read_refused(run, each.node, each.range, each.kind, each.at);
    EXPECT_EQ(run.count("refusals"), 1u) << static_cast<int>(each.kind) << run.describe();
  }
}

TEST(Refusals, AReadFailsWithoutAReason) {
  Story run = truncated();
  run.read(3, 50, {{2}, {4}}, {}, Outcome::kFailed);
  EXPECT_EQ(run.count("refusals"), 1u);
  EXPECT_THAT(run.describe(), HasSubstr("without a reason"));
}

TEST(Refusals, WhatAsksOthersHasReasonsOfItsOwn) {
  constexpr auto kNoQuorum = static_cast<std::uint64_t>(Kind::kNoQuorum);
  constexpr auto kNotVoting = static_cast<std::uint64_t>(Kind::kNotVoting);
  constexpr auto kMissing = static_cast<std::uint64_t>(Kind::kMissing);
  for (const auto& [reason, objections] :
       {std::pair(kNoQuorum, 0u), {kNotVoting, 1u}, {kMissing, 1u}}) {
    Story run = truncated();
    run.event(3, EventKind::kBarrierCalled, {50});
    run.event(3, EventKind::kReadRefused, {50, reason, 5});
    run.event(3, EventKind::kBarrierReturned, {50, 1, kNoPosition});
    EXPECT_EQ(run.count("refusals"), objections) << reason;
  }
}

TEST(Refusals, AMemberThatDoesNotVoteMaySaySo) {
  Story run;
  run.boot_all({.status = Status::kEmpty});
  run.event(3, EventKind::kCatchupCalled, {50});
  run.event(3, EventKind::kReadRefused, {50, static_cast<std::uint64_t>(Kind::kNotVoting), 0});
  run.event(3, EventKind::kCatchupReturned, {50, 1, 0});
  EXPECT_EQ(run.count("refusals"), 0u) << run.describe();
}

TEST(Refusals, ACatchUpOfAnEmptyLogHasNoEndAndNoReason) {
  Story run;
  run.boot_all();
  run.event(3, EventKind::kCatchupCalled, {50});
  run.event(3, EventKind::kCatchupReturned, {50, 1, 0});
  EXPECT_CLEAN(run);
}

}  // namespace
}  // namespace holdfast::properties
