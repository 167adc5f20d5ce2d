#include "properties/exactly_once.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/story_for_test.h"

namespace holdfast::properties {
namespace {

TEST(ExactlyOnce, OneCallAtTwoPositions) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.choose(0, entry(1));
  EXPECT_CLEAN(run);
  run.choose(1, entry(1));
  EXPECT_EQ(run.count("exactly_once"), 1u);
}

TEST(ExactlyOnce, TheClientRetriedItself) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.choose(0, entry(1));
  run.append_returned(1, 1, Outcome::kUnknown);
  run.append_called(1, 2, entry(1));
  run.choose(1, entry(1));
  run.append_returned(1, 2, Outcome::kOk, 1);
  run.finish();
  EXPECT_EQ(run.found(), std::set<std::string>{"once_per_key"});
}

TEST(ExactlyOnce, MoreVotesForTheSamePositionAreOneDecision) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.choose(0, entry(1));
  run.accepted(3, 0, ballot(5), entry(1));
  run.accepted(2, 0, ballot(9, 3), entry(1));
  run.accepted(3, 0, ballot(9, 3), entry(1));
  EXPECT_CLEAN(run);
}

TEST(ExactlyOnce, AFailedAppendWasChosenAlready) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.choose(0, entry(1));
  run.append_returned(1, 1, Outcome::kFailed);
  EXPECT_EQ(run.count("exactly_once"), 1u);
}

TEST(ExactlyOnce, AFailedAppendIsChosenLater) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.append_returned(1, 1, Outcome::kFailed);
  EXPECT_CLEAN(run);
  run.choose(0, entry(1));
  EXPECT_EQ(run.count("exactly_once"), 1u);
}

}  // namespace
}  // namespace holdfast::properties
