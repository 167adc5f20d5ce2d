#include "sim/explore/walk.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace holdfast::explore {
namespace {

// Threads that take so many steps each, and one fault that may befall at any time.  What is wrong
// is up to the test.
class Threads : public StateSpace {
 public:
  Threads(std::uint32_t threads, std::uint32_t steps) : threads_(threads), steps_(steps) {}

  // The last word says whether the fault befell.
  void initial(Transitions& out) override { out.add(0, std::vector<std::uint32_t>(threads_ + 1)); }

  void successors(Words state, Transitions& out) override {
    for (std::uint32_t i = 0; i <= threads_; ++i) {
      if (state[i] == (i == threads_ ? 1 : steps_)) continue;
      std::vector<std::uint32_t> next(state.begin(), state.end());
      ++next[i];
      out.add(i, next);
    }
  }

  std::string violation(Words state) override {
    return std::equal(state.begin(), state.end(), wrong.begin(), wrong.end()) ? "wrong" : "";
  }

  Mover mover_of(EventName event) const override {
    return {.thread = event, .fault = event == threads_};
  }

  std::vector<std::uint32_t> wrong;

 private:
  std::uint32_t threads_;
  std::uint32_t steps_;
};

struct Found : Walked {
  Violation violation;
};

Found walked(Threads& space, std::uint64_t walks, Choice choice, std::uint32_t bug_depth = 1) {
  Found found;
  const WalkOptions options{.walks = walks, .seed = 3, .choice = choice, .bug_depth = bug_depth};
  static_cast<Walked&>(found) = walk(space, options, {}, found.violation);
  return found;
}

TEST(Walk, EndsWhenNothingCanHappen) {
  Threads space(2, 10);
  for (const Choice choice : {Choice::kUniform, Choice::kPriorities}) {
    const Found all = walked(space, 50, choice, 4);
    EXPECT_EQ(all.walks, 50u);
    EXPECT_EQ(all.steps, 50u * 21);
    EXPECT_EQ(all.longest, 21u);
    EXPECT_FALSE(all.stopped);
  }
}

// One thread is through before the other begins: one of 2^30 ways, and half of all orders.
TEST(Walk, ByPrioritiesMeetsWhatNeedsOneOrder) {
  Threads space(2, 30);
  space.wrong = {30, 0, 1};
  EXPECT_EQ(walked(space, 1000, Choice::kUniform).violation.text, "");
  const Found found = walked(space, 1000, Choice::kPriorities);
  ASSERT_EQ(found.violation.text, "wrong");
  EXPECT_LT(found.walks, 20u);
  EXPECT_EQ(found.violation.events.size(), 31u);
  EXPECT_EQ(found.violation.states.size(), 32u);
}

// The other thread comes in between, exactly there: that takes a change of priorities.
TEST(Walk, ByPrioritiesMeetsWhatNeedsAChange) {
  Threads space(2, 30);
  space.wrong = {17, 13, 0};
  EXPECT_EQ(walked(space, 20'000, Choice::kPriorities, 1).violation.text, "");
  EXPECT_EQ(walked(space, 20'000, Choice::kPriorities, 2).violation.text, "wrong");
}

TEST(Walk, IsTheSameAgain) {
  Threads space(3, 8);
  space.wrong = {5, 5, 5, 1};
  for (const Choice choice : {Choice::kUniform, Choice::kPriorities}) {
    const Found first = walked(space, 100'000, choice, 5);
    const Found again = walked(space, 100'000, choice, 5);
    EXPECT_EQ(first.walks, again.walks);
    EXPECT_EQ(first.violation.events, again.violation.events);
  }
}

TEST(Walk, StopsWhenAsked) {
  Threads space(2, 4);
  Violation violation;
  const Walked stopped = walk(
      space, {.walks = 100}, [](const Walked& so_far) { return so_far.walks < 7; }, violation);
  EXPECT_TRUE(stopped.stopped);
  EXPECT_EQ(stopped.walks, 7u);
}

}  // namespace
}  // namespace holdfast::explore
