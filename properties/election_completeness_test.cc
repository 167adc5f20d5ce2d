#include "properties/election_completeness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "properties/story_for_test.h"

namespace holdfast::properties {
namespace {

using testing::HasSubstr;

TEST(ElectionCompleteness, ElectedWithEverything) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.append(2, 1);
  run.electing(2, ballot(8, 2));
  run.elected(2, ballot(8, 2), 1);
  EXPECT_CLEAN(run);
}

TEST(ElectionCompleteness, AnEmptyLogHasNoEnd) {
  Story run;
  run.boot_all();
  run.electing(2, ballot(8, 2));
  run.elected(2, ballot(8, 2), kNoPosition);
  EXPECT_CLEAN(run);
}

TEST(ElectionCompleteness, TheEndIsBelowAnAcknowledgedPosition) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.append(2, 1);
  run.electing(2, ballot(8, 2));
  run.elected(2, ballot(8, 2), 0);
  EXPECT_EQ(run.count("election_completeness"), 1u);
  EXPECT_THAT(run.describe(), HasSubstr("position 1 was acknowledged"));
}

TEST(ElectionCompleteness, NoEndAtAll) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.electing(2, ballot(8, 2));
  run.elected(2, ballot(8, 2), kNoPosition);
  EXPECT_EQ(run.count("election_completeness"), 1u);
}

// Comparing with what is acknowledged when the election ends is wrong.
TEST(ElectionCompleteness, WhatIsAcknowledgedDuringTheElectionDoesNotCount) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.electing(2, ballot(8, 2));
  run.append_called(1, 2, entry(2));
  run.choose(1, entry(2));
  run.append_returned(1, 2, Outcome::kOk, 1);
  run.elected(2, ballot(8, 2), 0);
  EXPECT_CLEAN(run);
}

TEST(ElectionCompleteness, TheReplicaBesideHasAHole) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.append_called(1, 2, entry(2));
  run.choose(1, entry(2));
  run.learned(1, 1, entry(2));
  run.append_returned(1, 2, Outcome::kOk, 1);
  run.append(3, 2);
  run.electing(3, ballot(8, 3));
  run.elected(3, ballot(8, 3), 2);
  EXPECT_EQ(run.count("election_completeness"), 1u);
  EXPECT_THAT(run.describe(), HasSubstr("has not learned position 1"));
}

TEST(ElectionCompleteness, WhatWasLearnedInMemoryIsGoneAfterACrash) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.crash(3);
  run.boot(3);
  run.electing(3, ballot(8, 3));
  run.elected(3, ballot(8, 3), 0);
  EXPECT_EQ(run.count("election_completeness"), 1u);
}

TEST(ElectionCompleteness, ATruncatedPrefixCountsAsLearned) {
  Story run;
  run.boot_all();
  for (std::uint64_t p = 0; p < 4; ++p)
    run.append(p + 1, p);
  run.truncate(9, 3, 4);
  run.crash(3);
  run.boot(3, {.begin = 3, .begin_at = 4, .learned = {{3, 4}}});
  run.electing(3, ballot(8, 3));
  run.elected(3, ballot(8, 3), 4);
  run.finish();
  EXPECT_CLEAN(run);
}

TEST(ElectionCompleteness, ElectedAtABallotNobodyAnnounced) {
  Story run;
  run.boot_all();
  run.electing(2, ballot(8, 2));
  run.elected(2, ballot(9, 2), kNoPosition);
  EXPECT_EQ(run.count("election_completeness"), 1u);
}

TEST(ElectionCompleteness, AnElectionDiesWithItsNode) {
  Story run;
  run.boot_all();
  run.electing(2, ballot(8, 2));
  run.crash(2);
  run.boot(2);
  run.elected(2, ballot(8, 2), kNoPosition);
  EXPECT_EQ(run.count("election_completeness"), 1u);
}

TEST(ElectionCompleteness, TheCoordinatorWritesInsideItsFill) {
  Story run;
  run.boot_all();
  run.append(1, 0);
  run.append_called(2, 2, entry(2));
  run.electing(2, ballot(8, 2));
  run.elected(2, ballot(8, 2), 0);
  run.proposed(2, 1, ballot(8, 2), entry(2));
  EXPECT_CLEAN(run);
  run.proposed(2, 0, ballot(8, 2), entry(2));
  EXPECT_EQ(run.count("election_completeness"), 1u);
}

}  // namespace
}  // namespace holdfast::properties
