#include "properties/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/story_for_test.h"

namespace holdfast::properties {
namespace {

using testing::HasSubstr;

// Only what a client sees: the other judges have nothing to go by and are not asked.
class Clients : public Story {
 public:
  void ack(std::uint64_t op, std::uint64_t number, std::uint64_t p) {
    append_called(1, op, entry(number));
    append_returned(1, op, Outcome::kOk, p);
  }

  std::uint64_t found_here() const { return count("history"); }
};

TEST(History, AcknowledgedAndRead) {
  Clients run;
  run.ack(1, 1, 0);
  run.ack(2, 2, 1);
  run.read(2, 10, {{0}, {1}}, {{0, 1}, {1, 2}});
  run.read(3, 11, {{0}, {0}}, {{0, 1}});
  EXPECT_EQ(run.found_here(), 0u) << run.describe();
}

TEST(History, TwoAcknowledgedAtOnePosition) {
  Clients run;
  run.append_called(1, 1, entry(1));
  run.append_called(1, 2, entry(2));
  run.append_returned(1, 1, Outcome::kOk, 0);
  EXPECT_EQ(run.found_here(), 0u);
  run.append_returned(1, 2, Outcome::kOk, 0);
  EXPECT_GE(run.found_here(), 1u);
}

TEST(History, OneValueAcknowledgedTwiceAtOnePosition) {
  Clients run;
  const Value bare = Value::append(std::make_shared<const std::string>("no key"), {});
  run.append_called(1, 1, bare);
  run.append_called(1, 2, bare);
  run.append_returned(1, 1, Outcome::kOk, 0);
  run.append_returned(1, 2, Outcome::kOk, 0);
  EXPECT_EQ(run.found_here(), 1u);
}

TEST(History, AnAppendUnderAKnownKeyIsToldThePositionOfTheFirst) {
  Clients run;
  run.append_called(1, 1, entry(1));
  run.append_returned(1, 1, Outcome::kOk, 0);
  run.ack(1, 2, 1);
  run.append_called(2, 3, entry(1));
  run.append_returned(2, 3, Outcome::kOk, 0);
  EXPECT_EQ(run.found_here(), 0u);
}

TEST(History, ABarrierMissesWhatWasAcknowledgedBefore) {
  for (const std::uint64_t end : {kNoPosition, std::uint64_t{4}, std::uint64_t{5}}) {
    Clients run;
    run.ack(1, 1, 5);
    run.event(2, EventKind::kBarrierCalled, {7});
    run.ack(1, 2, 6);
    run.event(2, EventKind::kBarrierReturned, {7, 0, end});
    EXPECT_EQ(run.found_here(), end == 5 ? 0u : 1u) << end;
  }
}

TEST(History, ABarrierThatFailedPromisesNothing) {
  Clients run;
  run.ack(1, 1, 5);
  run.event(2, EventKind::kBarrierCalled, {7});
  run.event(2, EventKind::kBarrierReturned, {7, 1, kNoPosition});
  EXPECT_EQ(run.found_here(), 0u);
}

TEST(History, ALaterAppendLandsBelow) {
  Clients run;
  run.ack(1, 1, 5);
  run.ack(2, 2, 4);
  EXPECT_EQ(run.found_here(), 1u);
}

TEST(History, ConcurrentAppendsMayLandEitherWay) {
  Clients run;
  run.append_called(1, 1, entry(1));
  run.append_called(2, 2, entry(2));
  run.append_returned(2, 2, Outcome::kOk, 5);
  run.append_returned(1, 1, Outcome::kOk, 4);
  EXPECT_EQ(run.found_here(), 0u);
}

TEST(History, AnAcknowledgedAppendIsMissingInARead) {
  Clients run;
  run.ack(1, 1, 0);
  run.ack(2, 2, 1);
  run.read(2, 10, {{0}, {1}}, {{0, 1}});
  EXPECT_EQ(run.found_here(), 1u);
  EXPECT_THAT(run.describe(), HasSubstr("operation 2"));
}

TEST(History, AnAppendIsAcknowledgedWhereAReadSawNone) {
  Clients run;
  run.append_called(1, 1, entry(1));
  run.read(2, 10, {{0}, {1}}, {});
  run.append_returned(1, 1, Outcome::kOk, 1);
  EXPECT_EQ(run.found_here(), 1u);
}

TEST(History, TwoReadsDiffer) {
  Clients run;
  run.append_called(1, 1, entry(1));
  run.append_called(1, 2, entry(2));
  run.read(1, 10, {{0}, {0}}, {{0, 1}});
  run.read(2, 11, {{0}, {0}}, {{0, 2}});
  EXPECT_EQ(run.found_here(), 1u);
}

TEST(History, WhatWasReadOnceStays) {
  Clients run;
  run.append_called(1, 1, entry(1));
  run.read(1, 10, {{0}, {0}}, {{0, 1}});
  run.append_returned(1, 1, Outcome::kUnknown);
  run.read(1, 11, {{0}, {0}}, {});
  EXPECT_EQ(run.found_here(), 1u);
}

TEST(History, AnUnknownOutcomeAppearsLater) {
  Clients run;
  run.append_called(1, 1, entry(1));
  run.append_returned(1, 1, Outcome::kUnknown);
  run.ack(2, 2, 1);
  run.read(2, 10, {{0}, {1}}, {{0, 1}, {1, 2}});
  EXPECT_EQ(run.found_here(), 0u) << run.describe();
}

TEST(History, AFailedAppendIsRead) {
  Clients run;
  run.append_called(1, 1, entry(1));
  run.append_returned(1, 1, Outcome::kFailed);
  run.read(2, 10, {{0}, {0}}, {{0, 1}});
  EXPECT_EQ(run.found_here(), 1u);
}

TEST(History, APhantomIsRead) {
  Clients run;
  run.read(2, 10, {{0}, {0}}, {{0, 1}});
  EXPECT_EQ(run.found_here(), 1u);
}

TEST(History, OneAppendAtTwoPositions) {
  Clients run;
  run.ack(1, 1, 0);
  run.read(2, 10, {{0}, {1}}, {{0, 1}, {1, 1}});
  EXPECT_EQ(run.found_here(), 1u);
}

TEST(History, ACalledTruncateExcusesWhatItCovers) {
  Clients run;
  run.ack(1, 1, 0);
  run.ack(2, 2, 1);
  run.truncate_called(1, 3, 1);
  run.read(2, 10, {{0}, {1}}, {{1, 2}});
  EXPECT_EQ(run.found_here(), 0u) << run.describe();
  run.read(2, 11, {{0}, {1}}, {});
  EXPECT_EQ(run.found_here(), 1u);
}

TEST(History, AnAppendWhereATruncateWasAcknowledged) {
  Clients run;
  run.ack(1, 1, 0);
  run.truncate_called(1, 3, 1);
  run.truncate_ok(1, 3, 1);
  run.append_called(1, 4, entry(4));
  run.append_returned(1, 4, Outcome::kOk, 1);
  EXPECT_GE(run.found_here(), 1u);
}

TEST(History, ElectedWithoutWhatWasAcknowledged) {
  Clients run;
  run.ack(1, 1, 3);
  run.event(2, EventKind::kElectCalled, {8});
  run.ack(2, 2, 4);
  run.event(2, EventKind::kElectReturned, {8, 0, 3});
  EXPECT_EQ(run.found_here(), 0u) << run.describe();
  run.event(2, EventKind::kElectCalled, {9});
  run.event(2, EventKind::kElectReturned, {9, 0, 3});
  EXPECT_EQ(run.found_here(), 1u);
}

TEST(History, EntriesOutOfOrder) {
  Clients run;
  run.ack(1, 1, 0);
  run.ack(2, 2, 1);
  run.read(2, 10, {{0}, {1}}, {{1, 2}, {0, 1}});
  EXPECT_GE(run.found_here(), 1u);
}

}  // namespace
}  // namespace holdfast::properties
