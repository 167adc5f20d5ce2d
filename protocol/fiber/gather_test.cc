#include "protocol/fiber/gather.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/fiber/manual_clock.h"

namespace holdfast {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

constexpr Duration kTick = Duration::milliseconds(1);

class GatherTest : public ::testing::Test {
 protected:
  ~GatherTest() override { scheduler_.shut_down(); }

  // Answers `reply` in the name of `node` after so many ticks.
  void answer(int ticks, std::uint8_t node, const std::string& reply) {
    scheduler_.spawn([=, this] {
      scheduler_.sleep_for(kTick * ticks);
      gather_.offer(NodeId{node}, reply);
    });
  }

  // What a quorum call of two answers within ten ticks comes to, and how many ticks it took.
  void call() {
    scheduler_.spawn([this] {
      const Instant start = scheduler_.now();
      enough_ = gather_.wait_until(start + kTick * 10,
                                   [](const auto& replies) { return replies.size() >= 2; });
      took_ = scheduler_.now() - start;
    });
  }

  ManualClock clock_;
  Scheduler scheduler_{clock_};
  Gather<std::string> gather_{scheduler_};
  std::optional<bool> enough_;
  Duration took_;
};

TEST_F(GatherTest, EndsWithTheAnswerThatMakesItEnough) {
  answer(3, 3, "c");
  answer(1, 1, "a");
  answer(2, 2, "b");
  call();
  clock_.run_to_end(scheduler_);
  EXPECT_EQ(enough_, true);
  EXPECT_EQ(took_, kTick * 2);
  EXPECT_THAT(gather_.replies(),
              ElementsAre(Pair(NodeId{1}, "a"), Pair(NodeId{2}, "b"), Pair(NodeId{3}, "c")));
}

TEST_F(GatherTest, EndsAtTheDeadline) {
  answer(1, 1, "a");
  answer(11, 2, "b");
  call();
  clock_.run_to_end(scheduler_);
  EXPECT_EQ(enough_, false);
  EXPECT_EQ(took_, kTick * 10);
}

TEST_F(GatherTest, AnAnswerAtTheVeryDeadlineCounts) {
  answer(1, 1, "a");
  call();
  scheduler_.run();
  clock_.advance(kTick);
  scheduler_.run();
  clock_.advance(kTick * 9);
  EXPECT_TRUE(gather_.offer(NodeId{2}, "b"));
  scheduler_.run();
  EXPECT_EQ(enough_, true);
}

TEST_F(GatherTest, ANodeAnswersOnce) {
  EXPECT_TRUE(gather_.offer(NodeId{1}, "a"));
  EXPECT_FALSE(gather_.offer(NodeId{1}, "other"));
  EXPECT_TRUE(gather_.answered(NodeId{1}));
  EXPECT_FALSE(gather_.answered(NodeId{2}));
  call();
  scheduler_.run();
  EXPECT_FALSE(gather_.offer(NodeId{1}, "again"));
  scheduler_.run();
  EXPECT_EQ(enough_, std::nullopt);
  EXPECT_THAT(gather_.replies(), ElementsAre(Pair(NodeId{1}, "a")));
  EXPECT_TRUE(gather_.offer(NodeId{2}, "b"));
  scheduler_.run();
  EXPECT_EQ(enough_, true);
}

TEST_F(GatherTest, AsksAtOnce) {
  gather_.offer(NodeId{1}, "a");
  gather_.offer(NodeId{2}, "b");
  call();
  scheduler_.run();
  EXPECT_EQ(enough_, true);
  EXPECT_EQ(took_, Duration());
  EXPECT_EQ(clock_.alarm(), Instant::never());
}

TEST_F(GatherTest, LateAnswersAreKeptButWakeNobody) {
  call();
  clock_.run_to_end(scheduler_);
  EXPECT_EQ(enough_, false);
  EXPECT_TRUE(gather_.offer(NodeId{1}, "late"));
  scheduler_.run();
  EXPECT_EQ(gather_.replies().size(), 1u);
}

}  // namespace
}  // namespace holdfast
