#include "properties/truncation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/story_for_test.h"

namespace holdfast::properties {
namespace {

// Entries 1 to 4 at positions 0 to 3; TRUNCATE to 2 at 4, applied by all.
Story truncated() {
  Story run;
  run.boot_all();
  for (std::uint64_t p = 0; p < 4; ++p)
    run.append(p + 1, p);
  run.truncate(9, 2, 4);
  return run;
}

TEST(Truncation, AppliedAndRestoredIsClean) {
  Story run = truncated();
  run.crash(2);
  run.boot(2, {.begin = 2, .begin_at = 4, .learned = {{2, 4}}});
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(Truncation, BeginMovesBack) {
  Story run = truncated();
  run.begin(2, 1, 4);
  EXPECT_EQ(run.count("truncation"), 1u);
}

TEST(Truncation, BeginIsLostInACrash) {
  Story run = truncated();
  run.crash(2);
  run.boot(2, {.begin = 0, .learned = {{0, 4}}});
  EXPECT_EQ(run.count("truncation"), 1u);
}

TEST(Truncation, OnlyAWipeExcusesThat) {
  Story run = truncated();
  run.wipe(2);
  run.boot(2, {.status = Status::kEmpty, .begin = 0, .rounds = 0});
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(Truncation, ABeginThatWasNotSaidMayBeFoundLater) {
  Story run;
  run.boot_all();
  for (std::uint64_t p = 0; p < 4; ++p)
    run.append(p + 1, p);
  run.truncate_called(1, 9, 2);
  run.choose(4, Value::truncate({2}));
  run.learned(2, 4, Value::truncate({2}));
  run.crash(2);
  run.boot(2, {.begin = 2, .begin_at = 4, .learned = {{2, 4}}});
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(Truncation, BeginIsBeyondEveryChosenTruncate) {
  Story run = truncated();
  run.begin(2, 3);
  EXPECT_EQ(run.count("truncation"), 1u);
}

TEST(Truncation, BeginIsFoundBeyondEveryChosenTruncate) {
  Story run = truncated();
  run.crash(2);
  run.boot(2, {.begin = 3, .learned = {{3, 4}}});
  EXPECT_EQ(run.count("truncation"), 1u);
}

TEST(Truncation, BeginIsSaidToBeMadeByAnAppend) {
  Story run;
  run.boot_all();
  for (std::uint64_t p = 0; p < 4; ++p)
    run.append(p + 1, p);
  run.truncate_called(1, 9, 2);
  run.choose(4, Value::truncate({2}));
  run.begin(2, 2, 3);
  EXPECT_EQ(run.count("truncation"), 1u);
}

TEST(Truncation, ATruncatedPositionIsLearnedAgain) {
  Story run = truncated();
  run.learned(2, 1, entry(2));
  EXPECT_EQ(run.count("truncation"), 1u);
}

TEST(Truncation, ATruncatedPositionIsVotedOnAgain) {
  Story run = truncated();
  run.accepted(2, 1, ballot(9, 3), entry(2));
  EXPECT_EQ(run.count("truncation"), 1u);
}

TEST(Truncation, ANodeThatHasNotTruncatedMayStillLearn) {
  Story run;
  run.boot_all();
  for (std::uint64_t p = 0; p < 4; ++p) {
    run.append_called(1, p + 1, entry(p + 1));
    run.choose(p, entry(p + 1));
    run.learned(1, p, entry(p + 1));
  }
  run.truncate_called(1, 9, 2);
  run.choose(4, Value::truncate({2}));
  run.learned(1, 4, Value::truncate({2}));
  run.begin(1, 2, 4);
  run.learned(3, 1, entry(2));
  run.accepted(3, 0, ballot(5), entry(1));
  EXPECT_CLEAN(run);
}

TEST(Truncation, WithinAStepTheOrderIsFree) {
  Story run;
  run.boot_all();
  for (std::uint64_t p = 0; p < 4; ++p)
    run.append(p + 1, p);
  run.truncate_called(1, 9, 2);
  run.choose(4, Value::truncate({2}));
  run.one_step();
  run.begin(3, 2, 4);
  run.accepted(3, 1, ballot(5), entry(2));
  run.learned(3, 1, Value::tombstone_for({4}));
  EXPECT_CLEAN(run);
}

TEST(Truncation, TheTombstoneThatCarriesBeginIsNotBelowIt) {
  Story run;
  run.boot_all();
  for (std::uint64_t p = 0; p < 4; ++p)
    run.append(p + 1, p);
  run.truncate_called(1, 9, 2);
  run.choose(4, Value::truncate({2}));
  run.begin(3, 2, 4);
  run.learned(3, 1, Value::tombstone_for({4}));
  EXPECT_CLEAN(run);
}

TEST(Truncation, ATruncateReachesBeyondWhatIsChosen) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.truncate_called(1, 9, 2);
  run.choose(3, Value::truncate({2}));
  EXPECT_EQ(run.count("truncation"), 1u);
}

TEST(Truncation, ATruncateReachesBeyondItself) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.truncate_called(1, 9, 2);
  run.choose(1, Value::truncate({2}));
  EXPECT_EQ(run.count("truncation"), 1u);
}

TEST(Truncation, ALogThatStartsHigh) {
  const std::uint64_t start = 9'999'999'990;
  Story run;
  run.boot_all({.begin = start, .begin_at = start - 1});
  run.append(1, start);
  run.append(2, start + 1);
  run.truncate(9, start + 1, start + 2);
  run.crash(3);
  run.boot(3, {.begin = start + 1, .begin_at = start + 2, .learned = {{start + 1, start + 2}}});
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(Truncation, LongHistoriesAreForgottenWithoutFalseAlarms) {
  Story run;
  run.boot_all();
  std::uint64_t p = 0;
  std::uint64_t op = 0;
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 9; ++i)
      run.append(++op, p++);
    run.truncate(++op, p - 2, p);
    ++p;
  }
  EXPECT_GT(run.panel().facts().chosen().forgotten().value, 1500u);
  run.wipe(3);
  run.boot(3, {.status = Status::kRecovering, .rounds = 0});
  run.learned(3, 5, entry(6));
  run.learned(3, p - 1, Value::truncate({p - 3}));
  run.finish();
  EXPECT_CLEAN(run);
}

}  // namespace
}  // namespace holdfast::properties
