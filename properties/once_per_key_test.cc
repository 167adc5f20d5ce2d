#include "properties/once_per_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/story_for_test.h"

namespace holdfast::properties {
namespace {

using testing::HasSubstr;

// Keys are remembered for eight positions.
Story remembering() {
  Story run({{1}, {2}, {3}}, 2, Profile::kBudget, 8);
  run.boot_all();
  return run;
}

TEST(OncePerKey, ARetryIsToldWhereTheFirstOneIs) {
  Story run = remembering();
  run.append_called(1, 1, entry(1));
  run.choose(0, entry(1));
  run.append_returned(1, 1, Outcome::kUnknown);
  run.append(2, 1);
  run.append_called(2, 3, entry(1));
  run.append_returned(2, 3, Outcome::kOk, 0);
  run.append_called(2, 4, entry(1));
  run.append_returned(2, 4, Outcome::kOk, 0);
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(OncePerKey, TheRetryIsChosenAgain) {
  Story run = remembering();
  run.append_called(1, 1, entry(1));
  run.choose(0, entry(1));
  run.append_returned(1, 1, Outcome::kUnknown);
  run.append_called(1, 2, entry(1));
  run.choose(1, entry(1));
  EXPECT_EQ(run.found(), std::set<std::string>{"once_per_key"});
  EXPECT_THAT(run.describe(), HasSubstr("at positions 0 and 1"));
}

TEST(OncePerKey, TheFirstOneIsChosenAfterTheRetry) {
  Story run = remembering();
  run.append_called(1, 1, entry(1));
  run.append_returned(1, 1, Outcome::kUnknown);
  run.append_called(1, 2, entry(1));
  run.choose(1, entry(1));
  run.append_returned(1, 2, Outcome::kOk, 1);
  run.choose(0, entry(1));
  EXPECT_EQ(run.count("once_per_key"), 1u);
}

TEST(OncePerKey, OtherBytesUnderTheSameKeyAreTheSameAppend) {
  Story run = remembering();
  const Value other = Value::append(std::make_shared<const std::string>("other"), entry(1).key);
  run.append_called(1, 1, entry(1));
  run.choose(0, entry(1));
  run.append_called(1, 2, other);
  run.choose(1, other);
  EXPECT_EQ(run.count("once_per_key"), 1u);
}

TEST(OncePerKey, AnAnswerNamesAnotherPosition) {
  Story run = remembering();
  run.append(1, 0);
  run.append(2, 1);
  run.append_called(2, 3, entry(1));
  run.append_returned(2, 3, Outcome::kOk, 1);
  EXPECT_EQ(run.count("once_per_key"), 1u);
}

TEST(OncePerKey, ATruncatedKeyIsForgotten) {
  Story run = remembering();
  run.append(1, 0);
  run.truncate(2, 1, 1);
  run.append_called(1, 3, entry(1));
  run.choose(2, entry(1));
  run.append_returned(1, 3, Outcome::kOk, 2);
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(OncePerKey, AKeyFarBelowIsForgottenButNotBefore) {
  for (const std::uint64_t later : {8u, 9u}) {
    Story run = remembering();
    run.append(1, 0);
    for (std::uint64_t p = 1; p < later; ++p)
      run.append(p + 1, p);
    run.append_called(1, 100, entry(1));
    run.choose(later, entry(1));
    EXPECT_EQ(run.count("once_per_key"), later == 8 ? 1u : 0u) << later;
  }
}

TEST(OncePerKey, WithoutAKeyEqualBytesAreTwoEntries) {
  Story run = remembering();
  const Value bare = Value::append(std::make_shared<const std::string>("x"), {});
  run.append_called(1, 1, bare);
  run.choose(0, bare);
  run.append_called(1, 2, bare);
  run.choose(1, bare);
  run.finish();
  EXPECT_CLEAN(run);
}

}  // namespace
}  // namespace holdfast::properties
