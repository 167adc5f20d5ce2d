#include "properties/agreement.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/story_for_test.h"

namespace holdfast::properties {
namespace {

TEST(Agreement, OneValueLearnedByAllIsClean) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.append(2, 1);
  run.learned(3, 1, entry(2));
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(Agreement, TwoValuesLearnedAtOnePosition) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.append_called(2, 2, entry(2));
  run.learned(3, 0, entry(2));
  EXPECT_EQ(run.count("agreement"), 1u);
  EXPECT_THAT(run.describe(), testing::HasSubstr("position 0"));
}

TEST(Agreement, NopAgainstAppend) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.learned(2, 0, Value::nop());
  EXPECT_EQ(run.count("agreement"), 1u);
}

TEST(Agreement, TwoQuorumsForTwoValuesAreSeenBeforeAnybodyLearns) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.append_called(2, 2, entry(2));
  run.accepted(1, 0, ballot(5), entry(1));
  run.accepted(2, 0, ballot(5), entry(1));
  EXPECT_CLEAN(run);
  run.accepted(2, 0, ballot(6), entry(2));
  EXPECT_EQ(run.found(), std::set<std::string>{"voting"}) << run.describe();
  run.accepted(3, 0, ballot(6), entry(2));
  EXPECT_EQ(run.count("agreement"), 1u);
}

TEST(Agreement, AMinorityValueReplacedByAnotherIsNoDisagreement) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.accepted(1, 0, ballot(5), entry(1));
  run.append_called(2, 2, entry(2));
  run.accepted(2, 0, ballot(6), entry(2));
  run.accepted(3, 0, ballot(6), entry(2));
  run.learn_all(0, entry(2));
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(Agreement, ATombstoneBelowATruncateStandsForAnyValue) {
  Story run;
  run.boot_all();
  for (std::uint64_t p = 0; p < 4; ++p)
    run.append(p + 1, p);
  run.truncate_called(1, 9, 3);
  run.choose(4, Value::truncate({3}));
  run.learned(1, 4, Value::truncate({3}));
  run.begin(1, 3, 4);
  run.learned(3, 2, Value::tombstone_for({4}));
  run.begin(3, 3, 4);
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(Agreement, ATombstoneAtTheFirstKeptPositionIsNot) {
  Story run;
  run.boot_all();
  for (std::uint64_t p = 0; p < 4; ++p)
    run.append(p + 1, p);
  run.truncate(9, 3, 4);
  run.learned(3, 3, Value::tombstone_for({4}));
  run.finish();
  EXPECT_EQ(run.count("agreement"), 1u);
}

TEST(Agreement, AtHighPositions) {
  for (const std::uint64_t start : {(std::uint64_t{1} << 31) - 2,
                                    (std::uint64_t{1} << 32) - 2,
                                    std::uint64_t{9'999'999'998},
                                    ~std::uint64_t{0} - 300}) {
    Story run;
    run.boot_all({.begin = start});
    for (std::uint64_t i = 0; i < 5; ++i)
      run.append(i + 1, start + i);
    EXPECT_CLEAN(run);
    run.learned(2, start + 3, Value::nop());
    EXPECT_EQ(run.count("agreement"), 1u);
  }
}

}  // namespace
}  // namespace holdfast::properties
