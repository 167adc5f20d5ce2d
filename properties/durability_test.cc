#include "properties/durability.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/story_for_test.h"

namespace holdfast::properties {
namespace {

TEST(Durability, AcknowledgedBeforeAQuorum) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.accepted(1, 0, ballot(5), entry(1));
  run.append_returned(1, 1, Outcome::kOk, 0);
  EXPECT_EQ(run.count("durability"), 1u);
}

TEST(Durability, AcknowledgedAtAnothersPosition) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.append_called(1, 2, entry(2));
  run.append_returned(1, 2, Outcome::kOk, 0);
  EXPECT_EQ(run.count("durability"), 1u);
}

TEST(Durability, AnAcknowledgedValueIsReplaced) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.accepted(2, 0, ballot(9, 3), Value::nop());
  run.accepted(3, 0, ballot(9, 3), Value::nop());
  run.learned(3, 0, Value::nop());
  EXPECT_EQ(run.count("durability"), 2u);
}

TEST(Durability, ATombstoneReplacesOnlyWhatIsTruncated) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.append(2, 1);
  run.truncate(3, 1, 2);
  run.learned(3, 0, Value::tombstone_for({2}));
  EXPECT_EQ(run.count("durability"), 0u);
  run.learned(3, 1, Value::tombstone_for({2}));
  EXPECT_EQ(run.count("durability"), 1u);
}

TEST(Durability, AnUnknownOutcomeMayAppearLaterOrNever) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.append_called(1, 2, entry(2));
  run.accepted(1, 0, ballot(5), entry(1));
  run.append_returned(1, 1, Outcome::kUnknown);
  run.append_returned(1, 2, Outcome::kUnknown);
  run.accepted(2, 0, ballot(6, 2), entry(1));
  run.accepted(3, 0, ballot(6, 2), entry(1));
  run.learn_all(0, entry(1));
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(Durability, TheOneCopyLeftIsEnough) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.choose(0, entry(1));
  run.append_returned(1, 1, Outcome::kOk, 0);
  run.wipe(2);
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(Durability, NoCopyIsLeftAtTheEnd) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.choose(0, entry(1));
  run.append_returned(1, 1, Outcome::kOk, 0);
  run.wipe(1);
  run.wipe(2);
  run.finish();
  EXPECT_EQ(run.count("durability"), 1u);
}

TEST(Durability, AnAcknowledgedTruncateIsHeldToo) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.truncate_called(1, 2, 1);
  run.truncate_ok(1, 2, 1);
  EXPECT_EQ(run.count("durability"), 1u);
}

TEST(Durability, AcknowledgedWithoutACall) {
  Story run;
  run.boot_all();
  run.append_returned(1, 1, Outcome::kOk, 0);
  EXPECT_EQ(run.count("durability"), 1u);
}

}  // namespace
}  // namespace holdfast::properties
