#include "protocol/fiber/event.h"

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

class EventTest : public ::testing::Test {
 protected:
  // Says `name` when notified, "name late" when the deadline came first.
  Fiber wait_until(const std::string& name, Instant deadline) {
    return scheduler_.spawn(
        [=, this] { said_.push_back(event_.wait_until(deadline) ? name : name + " late"); });
  }

  Fiber wait(const std::string& name) {
    return scheduler_.spawn([=, this] {
      event_.wait();
      said_.push_back(name);
    });
  }

  ~EventTest() override { scheduler_.shut_down(); }

  ManualClock clock_;
  std::vector<std::string> said_;
  Scheduler scheduler_{clock_};
  Event event_{scheduler_};
};

TEST_F(EventTest, ANotificationWithoutWaiterIsLost) {
  event_.notify_all();
  event_.notify_one();
  wait("a");
  scheduler_.run();
  EXPECT_THAT(said_, IsEmpty());
}

TEST_F(EventTest, NotifyAllWakesInTheOrderOfWaiting) {
  wait("a");
  wait_until("b", clock_.now() + kTick);
  wait("c");
  scheduler_.run();
  event_.notify_all();
  EXPECT_THAT(said_, IsEmpty());
  scheduler_.run();
  EXPECT_THAT(said_, ElementsAre("a", "b", "c"));
  EXPECT_EQ(clock_.alarm(), Instant::never());
}

TEST_F(EventTest, NotifyOneWakesTheOneThatWaitsLongest) {
  for (const char* name : {"a", "b", "c"})
    wait(name);
  scheduler_.run();
  event_.notify_one();
  scheduler_.run();
  EXPECT_THAT(said_, ElementsAre("a"));
  event_.notify_one();
  event_.notify_one();
  event_.notify_one();
  scheduler_.run();
  EXPECT_THAT(said_, ElementsAre("a", "b", "c"));
}

TEST_F(EventTest, WhoWaitsAgainDoesSoBehindTheOthers) {
  for (const char* name : {"a", "b"}) {
    scheduler_.spawn([this, name] {
      for (;;) {
        event_.wait();
        said_.push_back(name);
      }
    });
  }
  scheduler_.run();
  for (int i = 0; i < 3; ++i) {
    event_.notify_one();
    scheduler_.run();
  }
  EXPECT_THAT(said_, ElementsAre("a", "b", "a"));
}

TEST_F(EventTest, ADeadlineEndsTheWait) {
  wait_until("a", clock_.now() + kTick);
  wait("b");
  scheduler_.run();
  EXPECT_EQ(clock_.alarm(), clock_.now() + kTick);
  clock_.advance(kTick);
  scheduler_.run();
  EXPECT_THAT(said_, ElementsAre("a late"));
  event_.notify_one();
  scheduler_.run();
  EXPECT_THAT(said_, ElementsAre("a late", "b"));
}

TEST_F(EventTest, ANotificationInTheStepOfTheDeadlineIsInTime) {
  wait_until("a", clock_.now() + kTick);
  scheduler_.run();
  clock_.advance(kTick);
  event_.notify_one();
  scheduler_.run();
  EXPECT_THAT(said_, ElementsAre("a"));
}

// What arrives in a step is often handed on by a fiber: it must run before the deadline strikes.
TEST_F(EventTest, ReadyFibersRunBeforeDeadlinesOfTheStep) {
  wait_until("a", clock_.now() + kTick);
  scheduler_.run();
  clock_.advance(kTick * 2);
  scheduler_.spawn([this] {
    said_.push_back("answer");
    event_.notify_one();
  });
  scheduler_.run();
  EXPECT_THAT(said_, ElementsAre("answer", "a"));
}

TEST_F(EventTest, ADeadlineInThePastYieldsOnce) {
  wait_until("a", clock_.now());
  scheduler_.spawn([this] { said_.push_back("other"); });
  scheduler_.run();
  EXPECT_THAT(said_, ElementsAre("other", "a late"));
  EXPECT_THAT(clock_.alarms(), IsEmpty());
}

TEST_F(EventTest, ADeadlineInThePastMayBeNotifiedMeanwhile) {
  wait_until("a", clock_.now());
  wait_until("b", clock_.now());
  scheduler_.spawn([this] { event_.notify_one(); });
  scheduler_.run();
  EXPECT_THAT(said_, ElementsAre("a", "b late"));
}

TEST_F(EventTest, ACancelledWaiterLeavesAtOnce) {
  Fiber a = wait("a");
  wait("b");
  scheduler_.run();
  a.cancel();
  event_.notify_one();
  scheduler_.run();
  EXPECT_THAT(said_, ElementsAre("b"));
}

// Two wait; the first is notified and, before it runs, cancelled.  Were the notification lost with
// it, the second would wait for ever although there is something for it.
TEST_F(EventTest, ANotificationOfACancelledWaiterGoesToTheNext) {
  Fiber a = wait("a");
  wait("b");
  wait("c");
  scheduler_.run();
  event_.notify_one();
  a.cancel();
  scheduler_.run();
  EXPECT_THAT(said_, ElementsAre("b"));
  EXPECT_TRUE(a.done());
}

TEST_F(EventTest, ANotificationOfAllIsNotHandedOn) {
  Fiber a = wait("a");
  scheduler_.run();
  event_.notify_all();
  wait("b");
  Fiber canceller = scheduler_.spawn([&] { a.cancel(); });
  a.cancel();
  scheduler_.run();
  EXPECT_THAT(said_, IsEmpty());
  EXPECT_EQ(scheduler_.fibers(), 1u);
}

TEST_F(EventTest, WaitingForEverByDeadlineSetsNoAlarm) {
  wait_until("a", Instant::never());
  scheduler_.run();
  EXPECT_THAT(clock_.alarms(), IsEmpty());
  event_.notify_one();
  scheduler_.run();
  EXPECT_THAT(said_, ElementsAre("a"));
}

using EventDeathTest = EventTest;

TEST_F(EventDeathTest, AnEventMustOutliveItsWaiters) {
  auto event = std::make_unique<Event>(scheduler_);
  scheduler_.spawn([&] { event->wait(); });
  scheduler_.run();
  EXPECT_DEATH(event.reset(), "an event dies while fibers wait for it");
  scheduler_.shut_down();
}

}  // namespace
}  // namespace holdfast
