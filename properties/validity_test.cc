#include "properties/validity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/story_for_test.h"

namespace holdfast::properties {
namespace {

TEST(Validity, AProposalNobodyAskedFor) {
  Story run;
  run.boot_all();
  run.proposed(1, 0, ballot(5), entry(1));
  EXPECT_EQ(run.count("validity"), 1u);
}

TEST(Validity, ALearnedValueNobodyAskedFor) {
  Story run;
  run.boot_all();
  run.learned(1, 0, entry(1));
  EXPECT_EQ(run.count("validity"), 1u);
}

TEST(Validity, AChosenValueNobodyAskedFor) {
  Story run;
  run.boot_all();
  run.accepted(1, 0, ballot(5), entry(1));
  run.accepted(2, 0, ballot(5), entry(1));
  EXPECT_EQ(run.count("validity"), 1u);
}

TEST(Validity, AskedForAfterItWasProposed) {
  Story run;
  run.boot_all();
  run.proposed(1, 0, ballot(5), entry(1));
  run.append_called(1, 1, entry(1));
  EXPECT_EQ(run.count("validity"), 1u);
}

TEST(Validity, ANopNeedsNoClient) {
  Story run;
  run.boot_all();
  run.choose(0, Value::nop());
  run.learn_all(0, Value::nop());
  EXPECT_CLEAN(run);
}

TEST(Validity, ATruncateToWhereNobodyAsked) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.truncate_called(1, 2, 1);
  run.proposed(1, 1, ballot(5), Value::truncate({0}));
  EXPECT_EQ(run.count("validity"), 1u);
}

TEST(Validity, ATruncateLearnedWithAnotherTarget) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.truncate_called(1, 2, 1);
  const Value truncate = Value::truncate({1});
  run.choose(1, truncate);
  run.event(1, EventKind::kLearned, {1, event_flags(truncate, true), truncate.digest(), 9});
  EXPECT_EQ(run.count("validity"), 1u);
}

TEST(Validity, ATombstoneIsNeverVotedOn) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.append(2, 1);
  run.truncate(3, 1, 2);
  run.proposed(1, 0, ballot(9), Value::tombstone_for({2}));
  EXPECT_EQ(run.count("validity"), 1u);
}

TEST(Validity, AnAppendLabelledAsATruncate) {
  Story run;
  run.boot_all();
  run.append_called(1, 1, entry(1));
  run.event(1,
            EventKind::kProposed,
            {0, ballot(5).value, event_flags(Value::truncate({0}), false), entry(1).digest()});
  EXPECT_EQ(run.count("validity"), 1u);
}

}  // namespace
}  // namespace holdfast::properties
