#include "properties/real_time_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/story_for_test.h"

namespace holdfast::properties {
namespace {

using testing::HasSubstr;

TEST(RealTimeOrder, ALaterAppendLandsBelow) {
  Story run;
  run.boot_all();
  run.choose(0, Value::nop());
  run.append(1, 1);
  run.append_called(2, 2, entry(2));
  run.append_returned(2, 2, Outcome::kOk, 0);
  EXPECT_EQ(run.count("real_time_order"), 1u);
}

TEST(RealTimeOrder, AnUnacknowledgedAppendIsChosenBelow) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.choose(1, entry(1));
  run.choose(0, Value::nop());
  run.append_returned(1, 1, Outcome::kOk, 1);
  run.append_called(2, 2, entry(2));
  run.accepted(1, 0, ballot(7, 2), entry(2));
  run.accepted(2, 0, ballot(7, 2), entry(2));
  EXPECT_EQ(run.count("real_time_order"), 1u);
}

TEST(RealTimeOrder, AnAppendThatBeganBeforeMayLandBelow) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.append_called(2, 2, entry(2));
  run.choose(0, entry(1));
  run.choose(1, entry(2));
  run.append_returned(2, 2, Outcome::kOk, 1);
  run.append_returned(1, 1, Outcome::kOk, 0);
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(RealTimeOrder, AcknowledgedAboveAGap) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.append_called(1, 2, entry(2));
  run.accepted(1, 0, ballot(5), entry(1));
  run.choose(1, entry(2));
  run.append_returned(1, 2, Outcome::kOk, 1);
  EXPECT_EQ(run.count("real_time_order"), 1u);
  EXPECT_THAT(run.describe(), HasSubstr("position 0 is not chosen"));
}

TEST(RealTimeOrder, ChosenOutOfOrderInAWindowIsFine) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.append_called(1, 2, entry(2));
  run.choose(1, entry(2));
  run.choose(0, entry(1));
  run.append_returned(1, 1, Outcome::kOk, 0);
  run.append_returned(1, 2, Outcome::kOk, 1);
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(RealTimeOrder, ANodesAppendsSwapPlaces) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.append_called(1, 2, entry(2));
  run.choose(0, entry(2));
  run.choose(1, entry(1));
  run.append_returned(1, 2, Outcome::kOk, 0);
  EXPECT_CLEAN(run);
  run.append_returned(1, 1, Outcome::kOk, 1);
  EXPECT_EQ(run.count("real_time_order"), 1u);
}

TEST(RealTimeOrder, ARetryOfAnUnknownOutcomeMayBeFoundAtTheFirstPlace) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.accepted(1, 0, ballot(5), entry(1));
  run.append_returned(1, 1, Outcome::kUnknown);
  run.append_called(2, 2, entry(2));
  run.choose(1, entry(2), ballot(6));
  run.append_called(2, 3, entry(1));
  run.accepted(2, 0, ballot(7, 2), entry(1));
  run.accepted(3, 0, ballot(7, 2), entry(1));
  run.append_returned(2, 2, Outcome::kOk, 1);
  run.finish();
  EXPECT_CLEAN(run);
}

}  // namespace
}  // namespace holdfast::properties
