#include "protocol/learner.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

Action chosen(std::uint64_t position, Value value) {
  return {.position = {position},
          .promised = {7},
          .performed = {7},
          .learned = true,
          .value = std::move(value)};
}

LearnerView from(std::uint64_t begin) {
  return {.begin = {Position{begin}, std::nullopt}, .learned = false};
}

TEST(Learner, StoresWhatItDidNotKnow) {
  EXPECT_EQ(on_learned(from(5), chosen(5, Value::nop())), LearnStep::kStore);
}

TEST(Learner, DropsWhatIsTruncated) {
  EXPECT_EQ(on_learned(from(5), chosen(4, Value::nop())), LearnStep::kDrop);
  EXPECT_EQ(on_learned(from(5), chosen(4, Value::truncate({9}))), LearnStep::kDrop);
}

TEST(Learner, KnowsWhatItLearnedBefore) {
  LearnerView view = from(5);
  view.learned = true;
  EXPECT_EQ(on_learned(view, chosen(6, Value::nop())), LearnStep::kKnown);
}

TEST(Learner, ATruncateMovesBeginOnlyForward) {
  EXPECT_EQ(on_learned(from(5), chosen(9, Value::truncate({6}))), LearnStep::kStoreBegin);
  EXPECT_EQ(on_learned(from(5), chosen(9, Value::truncate({5}))), LearnStep::kStore);
  EXPECT_EQ(on_learned(from(5), chosen(9, Value::truncate({2}))), LearnStep::kStore);
}

TEST(Learner, ATombstoneMovesBeginPastItself) {
  EXPECT_EQ(on_learned(from(5), chosen(5, Value::tombstone_for({9}))), LearnStep::kStoreBegin);
}

TEST(LearnerDeathTest, RefusesWhatIsNotLearned) {
  Action action = chosen(5, Value::nop());
  action.learned = false;
  EXPECT_DEATH((void)on_learned(from(0), action), "learned");
}

TEST(Learner, TombstoneStandsJustBelowBeginAndNamesTheTruncate) {
  const auto tombstone = tombstone_for({Position{8}, Position{11}}, {Position{3}, Position{4}});
  ASSERT_TRUE(tombstone);
  EXPECT_EQ(tombstone->position, Position{7});
  EXPECT_TRUE(tombstone->learned);
  EXPECT_TRUE(tombstone->value->tombstone);
  EXPECT_EQ(tombstone->value->begin_at, Position{11});
  EXPECT_EQ(begin_from(*tombstone), Position{8});
}

TEST(Learner, NoTombstoneWhereBeginDoesNotMove) {
  EXPECT_FALSE(tombstone_for({Position{3}, Position{9}}, {Position{3}, Position{4}}));
  EXPECT_FALSE(tombstone_for({Position{2}, std::nullopt}, {Position{3}, Position{4}}));
  EXPECT_FALSE(tombstone_for({}, {}));
}

TEST(Learner, TombstoneOfABeginThatMesosMadeNamesNoTruncate) {
  const auto tombstone = tombstone_for({Position{8}, std::nullopt}, {});
  ASSERT_TRUE(tombstone);
  EXPECT_FALSE(tombstone->value->begin_at);
}

}  // namespace
}  // namespace holdfast
