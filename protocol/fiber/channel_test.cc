#include "protocol/fiber/channel.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/fiber/manual_clock.h"

namespace holdfast {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Duration kTick = Duration::milliseconds(1);

class ChannelTest : public ::testing::Test {
 protected:
  ~ChannelTest() override { scheduler_.shut_down(); }

  ManualClock clock_;
  std::vector<std::string> said_;
  Scheduler scheduler_{clock_};
  Channel<int> channel_{scheduler_, 2};
};

TEST_F(ChannelTest, HoldsNoMoreThanItsCapacity) {
  EXPECT_TRUE(channel_.try_push(1));
  EXPECT_TRUE(channel_.try_push(2));
  EXPECT_FALSE(channel_.try_push(3));
  EXPECT_EQ(channel_.size(), 2u);
  std::vector<int> popped;
  scheduler_.spawn([&] {
    while (!channel_.empty())
      popped.push_back(channel_.pop());
  });
  scheduler_.run();
  EXPECT_THAT(popped, ElementsAre(1, 2));
}

TEST_F(ChannelTest, PushWaitsForRoomAndItemsKeepTheirOrder) {
  std::size_t most = 0;
  std::vector<int> popped;
  scheduler_.spawn([&] {
    for (int i = 0; i < 100; ++i) {
      channel_.push(i);
      most = std::max(most, channel_.size());
    }
  });
  scheduler_.spawn([&] {
    for (int i = 0; i < 100; ++i) {
      popped.push_back(channel_.pop());
      if (i % 3 == 0) scheduler_.yield();
    }
  });
  scheduler_.run();
  EXPECT_EQ(scheduler_.fibers(), 0u);
  EXPECT_EQ(most, 2u);
  std::vector<int> expected;
  for (int i = 0; i < 100; ++i)
    expected.push_back(i);
  EXPECT_EQ(popped, expected);
}

TEST_F(ChannelTest, ConsumersTakeTurns) {
  for (const char* name : {"a", "b"}) {
    scheduler_.spawn([this, name] {
      for (;;)
        said_.push_back(name + std::to_string(channel_.pop()));
    });
  }
  scheduler_.run();
  for (int item : {1, 2, 3}) {
    EXPECT_TRUE(channel_.try_push(item));
    scheduler_.run();
  }
  EXPECT_THAT(said_, ElementsAre("a1", "b2", "a3"));
}

TEST_F(ChannelTest, WhoRunsFirstMayTakeWhatAnotherWasWokenFor) {
  for (const char* name : {"a", "b"}) {
    scheduler_.spawn([this, name] {
      for (;;)
        said_.push_back(name + std::to_string(channel_.pop()));
    });
  }
  scheduler_.run();
  EXPECT_TRUE(channel_.try_push(1));
  EXPECT_TRUE(channel_.try_push(2));
  scheduler_.run();
  EXPECT_THAT(said_, ElementsAre("a1", "a2"));
  EXPECT_TRUE(channel_.try_push(3));
  scheduler_.run();
  EXPECT_EQ(said_.size(), 3u);
}

TEST_F(ChannelTest, PopUntilGivesUpAtTheDeadline) {
  scheduler_.spawn([this] {
    const Instant deadline = scheduler_.now() + kTick;
    EXPECT_EQ(channel_.pop_until(deadline), std::nullopt);
    EXPECT_EQ(scheduler_.now(), deadline);
    EXPECT_EQ(channel_.pop_until(scheduler_.now() + kTick), 7);
    said_.push_back("done");
  });
  scheduler_.spawn([this] {
    scheduler_.sleep_for(kTick + Duration::microseconds(1));
    channel_.push(7);
  });
  clock_.run_to_end(scheduler_);
  EXPECT_THAT(said_, ElementsAre("done"));
}

TEST_F(ChannelTest, ACancelledConsumerLosesNoItem) {
  std::vector<int> popped;
  Fiber first = scheduler_.spawn([&] { popped.push_back(channel_.pop()); });
  scheduler_.spawn([&] { popped.push_back(channel_.pop()); });
  scheduler_.run();
  EXPECT_TRUE(channel_.try_push(1));
  first.cancel();
  scheduler_.run();
  EXPECT_TRUE(first.done());
  EXPECT_THAT(popped, ElementsAre(1));
}

TEST_F(ChannelTest, ACancelledProducerLeavesTheRoomToTheNext) {
  EXPECT_TRUE(channel_.try_push(1));
  EXPECT_TRUE(channel_.try_push(2));
  Fiber third = scheduler_.spawn([this] { channel_.push(3); });
  scheduler_.spawn([this] { channel_.push(4); });
  scheduler_.run();
  scheduler_.spawn([&] {
    EXPECT_EQ(channel_.pop(), 1);
    third.cancel();
  });
  scheduler_.run();
  EXPECT_EQ(scheduler_.fibers(), 0u);
  EXPECT_EQ(channel_.size(), 2u);
}

TEST_F(ChannelTest, CarriesWhatCanOnlyMove) {
  Channel<std::unique_ptr<int>> channel(scheduler_, 1);
  scheduler_.spawn([&] { channel.push(std::make_unique<int>(5)); });
  scheduler_.spawn([&] { said_.push_back(std::to_string(*channel.pop())); });
  scheduler_.run();
  EXPECT_THAT(said_, ElementsAre("5"));
}

using ChannelDeathTest = ChannelTest;

TEST_F(ChannelDeathTest, HasRoom) {
  EXPECT_DEATH(Channel<int>(scheduler_, 0), "require failed.*capacity");
}

}  // namespace
}  // namespace holdfast
