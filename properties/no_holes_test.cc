#include "properties/no_holes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/story_for_test.h"

namespace holdfast::properties {
namespace {

using testing::HasSubstr;

// Entries 1, 2 at positions 0, 1; a NOP at 2; entry 3 at 3.
Story filled() {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.append(2, 1);
  run.choose(2, Value::nop());
  run.learn_all(2, Value::nop());
  run.append(3, 3);
  return run;
}

TEST(NoHoles, WholeAndPartialReadsAreClean) {
  Story run = filled();
  run.read(1, 10, {{0}, {3}}, {{0, 1}, {1, 2}, {3, 3}});
  run.read(2, 11, {{1}, {2}}, {{1, 2}});
  run.read(3, 12, {{2}, {2}}, {});
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(NoHoles, AnEntryIsMissingInTheMiddle) {
  Story run = filled();
  run.read(1, 10, {{0}, {3}}, {{0, 1}, {3, 3}});
  EXPECT_EQ(run.count("no_holes"), 1u);
  EXPECT_THAT(run.describe(), HasSubstr("without position 1"));
}

TEST(NoHoles, AnEntryIsMissingAtTheTail) {
  Story run = filled();
  run.read(1, 10, {{0}, {3}}, {{0, 1}, {1, 2}});
  EXPECT_EQ(run.count("no_holes"), 1u);
}

TEST(NoHoles, AReadPastTheLog) {
  Story run = filled();
  run.read(1, 10, {{0}, {5}}, {{0, 1}, {1, 2}, {3, 3}});
  EXPECT_EQ(run.count("no_holes"), 2u);  // Not learned, and not chosen.
}

TEST(NoHoles, AnotherValue) {
  Story run = filled();
  run.read(1, 10, {{0}, {1}}, {{0, 1}, {1, 3}});
  EXPECT_EQ(run.count("no_holes"), 1u);
}

TEST(NoHoles, AnEntryWhereANopIs) {
  Story run = filled();
  run.read(1, 10, {{1}, {2}}, {{1, 2}, {2, 3}});
  EXPECT_EQ(run.count("no_holes"), 1u);
}

TEST(NoHoles, OutOfOrderTwiceAndOutOfRange) {
  Story run = filled();
  run.read(1, 10, {{0}, {1}}, {{1, 2}, {0, 1}});
  EXPECT_EQ(run.count("no_holes"), 2u);  // Position 0 is missing before 1, then out of order.
  run.read(1, 11, {{0}, {1}}, {{0, 1}, {0, 1}, {1, 2}});
  EXPECT_EQ(run.count("no_holes"), 3u);
  run.read(1, 12, {{0}, {1}}, {{0, 1}, {1, 2}, {3, 3}});
  EXPECT_EQ(run.count("no_holes"), 4u);
}

TEST(NoHoles, AFailedReadPromisesNothing) {
  Story run = filled();
  run.read(1, 10, {{0}, {3}}, {{0, 1}}, Outcome::kFailed);
  EXPECT_EQ(run.count("no_holes"), 0u) << run.describe();
}

TEST(NoHoles, WhatSaysHowFarAReadMayGoHasLearnedItAll) {
  for (const auto& [called, returned] :
       {std::pair(EventKind::kCatchupCalled, EventKind::kCatchupReturned),
        std::pair(EventKind::kBarrierCalled, EventKind::kBarrierReturned)}) {
    Story run = filled();
    run.append_called(1, 4, entry(4));
    run.choose(4, entry(4));
    run.learned(1, 4, entry(4));
    for (const std::uint8_t node : {1, 2}) {
      run.event(node, called, {10u + node});
      run.event(node, returned, {10u + node, 0, 4});
    }
    EXPECT_EQ(run.count("no_holes"), 1u) << run.describe();
  }
}

TEST(NoHoles, AReadOfAnUnlearnedPosition) {
  Story run = filled();
  run.append_called(1, 4, entry(4));
  run.choose(4, entry(4));
  run.learned(1, 4, entry(4));
  run.read(1, 10, {{3}, {4}}, {{3, 3}, {4, 4}});
  EXPECT_CLEAN(run);
  run.read(2, 11, {{3}, {4}}, {{3, 3}, {4, 4}});
  EXPECT_EQ(run.count("no_holes"), 1u);
}

TEST(NoHoles, AReadFromATruncatedPosition) {
  Story run = filled();
  run.truncate(9, 2, 4);
  run.read(1, 10, {{2}, {4}}, {{3, 3}});
  EXPECT_CLEAN(run);
  run.read(1, 11, {{1}, {4}}, {{1, 2}, {3, 3}});
  EXPECT_EQ(run.count("no_holes"), 1u);
}

TEST(NoHoles, TruncatedWhileAReadThatIsCompleteGoesOn) {
  Story run = filled();
  run.event(2, EventKind::kReadCalled, {10, 0, 1});
  run.event(2, EventKind::kReadEntry, {10, 0, entry(1).digest()});
  run.truncate(9, 2, 4);
  run.event(2, EventKind::kReadEntry, {10, 1, entry(2).digest()});
  run.event(2, EventKind::kReadReturned, {10, 0, 0, 1});
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(NoHoles, TruncatedWhileAReadLosesEntries) {
  Story run = filled();
  run.event(2, EventKind::kReadCalled, {10, 0, 3});
  run.truncate(9, 2, 4);
  run.event(2, EventKind::kReadEntry, {10, 3, entry(3).digest()});
  run.event(2, EventKind::kReadReturned, {10, 0, 0, 3});
  EXPECT_EQ(run.count("no_holes"), 1u);
}

TEST(NoHoles, AnotherRangeThanAskedFor) {
  Story run = filled();
  run.event(2, EventKind::kReadCalled, {10, 0, 3});
  run.event(2, EventKind::kReadReturned, {10, 0, 2, 2});
  EXPECT_EQ(run.count("no_holes"), 1u);
}

TEST(NoHoles, AReadDiesWithItsNode) {
  Story run = filled();
  run.event(2, EventKind::kReadCalled, {10, 0, 3});
  run.crash(2);
  run.event(2, EventKind::kReadReturned, {10, 0, 0, 3});
  EXPECT_EQ(run.count("no_holes"), 0u);
}

TEST(NoHoles, TwoReadsAtOnce) {
  Story run = filled();
  run.event(2, EventKind::kReadCalled, {10, 0, 0});
  run.event(3, EventKind::kReadCalled, {11, 1, 1});
  run.event(3, EventKind::kReadEntry, {11, 1, entry(2).digest()});
  run.event(2, EventKind::kReadEntry, {10, 0, entry(1).digest()});
  run.event(2, EventKind::kReadReturned, {10, 0, 0, 0});
  run.event(3, EventKind::kReadReturned, {11, 0, 1, 1});
  EXPECT_CLEAN(run);
}

}  // namespace
}  // namespace holdfast::properties
