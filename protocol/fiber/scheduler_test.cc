#include "protocol/fiber/scheduler.h"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/fiber/event.h"
#include "protocol/fiber/manual_clock.h"
#include "protocol/fiber/stack_pool.h"

namespace holdfast {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Duration kTick = Duration::milliseconds(1);

class SchedulerTest : public ::testing::Test {
 protected:
  void say(const std::string& what) { said_.push_back(what); }

  // Says its name in the destructor: what a frame leaves behind when it unwinds.
  class Farewell {
   public:
    Farewell(SchedulerTest& test, std::string name) : test_(test), name_(std::move(name)) {}

    ~Farewell() { test_.say("~" + name_); }

    Farewell(const Farewell&) = delete;
    Farewell& operator=(const Farewell&) = delete;

   private:
    SchedulerTest& test_;
    std::string name_;
  };

  ManualClock clock_;
  std::vector<std::string> said_;
  Scheduler scheduler_{clock_};
};

TEST_F(SchedulerTest, RunsInTheOrderOfCreation) {
  for (const char* name : {"a", "b", "c"})
    scheduler_.spawn([this, name] { say(name); });
  EXPECT_THAT(said_, IsEmpty());
  scheduler_.run();
  EXPECT_THAT(said_, ElementsAre("a", "b", "c"));
  EXPECT_EQ(scheduler_.fibers(), 0u);
}

TEST_F(SchedulerTest, ListsWhatEveryFiberDoes) {
  using State = FiberInfo::State;
  std::vector<FiberInfo> inside;
  scheduler_.spawn([this] { scheduler_.sleep_for(kTick * 7); });
  Fiber second = scheduler_.spawn([this, &inside] {
    inside = scheduler_.list();
    scheduler_.yield();
    scheduler_.sleep_until(Instant::never());
  });
  const std::vector<FiberInfo> before = scheduler_.list();
  ASSERT_EQ(before.size(), 2u);
  EXPECT_EQ(before[0].state, State::kReady);
  EXPECT_EQ(before[0].put_away, nullptr) << "it did not begin";

  scheduler_.run();
  ASSERT_EQ(inside.size(), 2u);
  EXPECT_EQ(inside[0].state, State::kWaiting);
  EXPECT_EQ(inside[1].state, State::kRunning);
  EXPECT_NE(inside[1].put_away, nullptr) << "the loop waits for it";

  const std::vector<FiberInfo> after = scheduler_.list();
  ASSERT_EQ(after.size(), 2u);
  EXPECT_EQ(after[0].wakes, clock_.now() + kTick * 7);
  EXPECT_EQ(after[1].wakes, Instant::never());
  EXPECT_EQ(after[1].state, State::kWaiting);
  EXPECT_NE(after[1].put_away, nullptr);
  EXPECT_NE(after[1].put_away, after[0].put_away);

  second.cancel();
  EXPECT_TRUE(scheduler_.list()[1].cancelled);
  EXPECT_EQ(scheduler_.list()[1].state, State::kReady);
}

TEST_F(SchedulerTest, YieldGoesBehindAllThatAreReady) {
  for (const char* name : {"a", "b"}) {
    scheduler_.spawn([this, name] {
      say(name);
      scheduler_.yield();
      say(name);
    });
  }
  scheduler_.run();
  EXPECT_THAT(said_, ElementsAre("a", "b", "a", "b"));
}

TEST_F(SchedulerTest, AFiberSpawnedByAFiberRunsBehindTheReadyOnes) {
  scheduler_.spawn([this] {
    scheduler_.spawn([this] { say("child"); });
    say("parent");
  });
  scheduler_.spawn([this] { say("sibling"); });
  scheduler_.run();
  EXPECT_THAT(said_, ElementsAre("parent", "sibling", "child"));
}

TEST_F(SchedulerTest, SleepersWakeByDeadlineAndTiesByWhoSleptFirst) {
  for (int ticks : {3, 1, 2, 1, 3}) {
    const std::string name = std::to_string(ticks) + "#" + std::to_string(scheduler_.fibers());
    scheduler_.spawn([this, name, ticks] {
      scheduler_.sleep_for(kTick * ticks);
      say(name);
    });
  }
  clock_.run_to_end(scheduler_);
  EXPECT_THAT(said_, ElementsAre("1#1", "1#3", "2#2", "3#0", "3#4"));
}

TEST_F(SchedulerTest, DueSleepersWakeTogetherWhenTheClockJumps) {
  for (int ticks : {2, 1, 3}) {
    scheduler_.spawn([this, ticks] {
      scheduler_.sleep_for(kTick * ticks);
      say(std::to_string(ticks));
    });
  }
  scheduler_.run();
  clock_.advance(kTick * 10);
  scheduler_.run();
  EXPECT_THAT(said_, ElementsAre("1", "2", "3"));
}

TEST_F(SchedulerTest, ASleepIntoThePastIsAYield) {
  scheduler_.spawn([this] {
    scheduler_.sleep_until(Instant::at(0));
    say("past");
    scheduler_.sleep_for(Duration());
    say("now");
  });
  scheduler_.spawn([this] { say("other"); });
  scheduler_.run();
  EXPECT_THAT(said_, ElementsAre("other", "past", "now"));
  EXPECT_THAT(clock_.alarms(), IsEmpty());
}

TEST_F(SchedulerTest, TheClockStandsStillForAFiberUntilItWaits) {
  const Instant start = clock_.now();
  scheduler_.spawn([&] {
    clock_.advance(kTick);
    EXPECT_EQ(scheduler_.now(), start);
    scheduler_.sleep_for(kTick);
    EXPECT_EQ(scheduler_.now(), start + kTick);
    say("woke");
  });
  scheduler_.run();
  EXPECT_EQ(scheduler_.now(), start + kTick);
  scheduler_.run();
  EXPECT_THAT(said_, ElementsAre("woke"));
}

TEST_F(SchedulerTest, AsksForTheAlarmOnlyWhenItChanges) {
  const Instant start = clock_.now();
  scheduler_.run();
  EXPECT_THAT(clock_.alarms(), IsEmpty());

  scheduler_.spawn([this] { scheduler_.sleep_for(kTick * 5); });
  scheduler_.run();
  scheduler_.spawn([this] { scheduler_.sleep_for(kTick * 7); });
  scheduler_.run();
  scheduler_.run();
  EXPECT_THAT(clock_.alarms(), ElementsAre(start + kTick * 5));

  Fiber early = scheduler_.spawn([this] { scheduler_.sleep_for(kTick * 2); });
  scheduler_.run();
  early.cancel();
  scheduler_.run();
  EXPECT_THAT(clock_.alarms(),
              ElementsAre(start + kTick * 5, start + kTick * 2, start + kTick * 5));

  clock_.advance(kTick * 7);
  scheduler_.run();
  EXPECT_EQ(clock_.alarm(), Instant::never());
}

TEST_F(SchedulerTest, ASleepForEverEndsByCancellationOnly) {
  Fiber sleeper = scheduler_.spawn([this] { scheduler_.sleep_until(Instant::never()); });
  scheduler_.run();
  EXPECT_THAT(clock_.alarms(), IsEmpty());
  EXPECT_FALSE(sleeper.done());
  sleeper.cancel();
  scheduler_.run();
  EXPECT_TRUE(sleeper.done());
}

TEST_F(SchedulerTest, JoinWaitsForTheEnd) {
  Fiber worker = scheduler_.spawn([this] {
    scheduler_.sleep_for(kTick);
    say("worker");
  });
  for (const char* name : {"first", "second"}) {
    scheduler_.spawn([this, worker, name]() mutable {
      worker.join();
      say(name);
      worker.join();
    });
  }
  clock_.run_to_end(scheduler_);
  EXPECT_THAT(said_, ElementsAre("worker", "first", "second"));
}

TEST_F(SchedulerTest, CancelEndsEveryKindOfWait) {
  Event event(scheduler_);
  Fiber other = scheduler_.spawn([&] { event.wait(); });
  const std::vector<std::function<void()>> waits = {
      [&] { event.wait(); },
      [&] { maybe(event.wait_until(scheduler_.now() + kTick)); },
      [&] { maybe(event.wait_until(Instant::never())); },
      [&] { maybe(event.wait_until(Instant::at(0))); },
      [&] { scheduler_.sleep_for(kTick); },
      [&] { scheduler_.yield(); },
      [&] { other.join(); },
  };
  for (const auto& wait : waits) {
    Fiber waiter;
    bool reached = false;
    waiter = scheduler_.spawn([&] {
      const Farewell farewell(*this, "frame");
      wait();
      reached = true;
    });
    // Behind the waiter, so that it finds even one that only yields in its wait.
    scheduler_.spawn([&] { waiter.cancel(); });
    scheduler_.run();
    EXPECT_TRUE(waiter.done());
    EXPECT_FALSE(reached);
  }
  EXPECT_EQ(said_, std::vector<std::string>(waits.size(), "~frame"));
  EXPECT_EQ(clock_.alarm(), Instant::never());
  other.cancel();
  scheduler_.run();
}

TEST_F(SchedulerTest, CancelTakesEffectWhenTheFiberRunsNext) {
  Fiber sleeper = scheduler_.spawn([this] {
    const Farewell farewell(*this, "sleeper");
    scheduler_.sleep_for(kTick);
  });
  scheduler_.run();
  sleeper.cancel();
  sleeper.cancel();
  EXPECT_FALSE(sleeper.done());
  EXPECT_THAT(said_, IsEmpty());
  scheduler_.run();
  EXPECT_TRUE(sleeper.done());
  EXPECT_THAT(said_, ElementsAre("~sleeper"));
  sleeper.cancel();
}

TEST_F(SchedulerTest, AFiberCancelledBeforeItRanNeverRuns) {
  auto captured = std::make_shared<int>(1);
  Fiber fiber = scheduler_.spawn([this, captured] { say("ran"); });
  Fiber joiner = scheduler_.spawn([this, fiber]() mutable {
    fiber.join();
    say("joined");
  });
  fiber.cancel();
  EXPECT_EQ(captured.use_count(), 2);
  scheduler_.run();
  EXPECT_EQ(captured.use_count(), 1);
  EXPECT_TRUE(fiber.done());
  EXPECT_THAT(said_, ElementsAre("joined"));
}

TEST_F(SchedulerTest, ACancelledFiberThrowsFromEveryFurtherWait) {
  Fiber stubborn;
  stubborn = scheduler_.spawn([this] {
    for (int i = 0; i < 2; ++i) {
      try {
        scheduler_.yield();
      } catch (const Cancelled&) {
        say("cancelled");
      }
    }
  });
  scheduler_.spawn([&] { stubborn.cancel(); });
  scheduler_.run();
  EXPECT_THAT(said_, ElementsAre("cancelled", "cancelled"));
  EXPECT_TRUE(stubborn.done());
}

TEST_F(SchedulerTest, TheBodyIsDestroyedWhenTheFiberEnds) {
  auto captured = std::make_shared<int>(1);
  Fiber fiber = scheduler_.spawn([captured] {});
  scheduler_.run();
  EXPECT_TRUE(fiber.done());
  EXPECT_EQ(captured.use_count(), 1);
}

TEST_F(SchedulerTest, AnEscapedExceptionComesOutOfRunAndTheOthersGoOn) {
  scheduler_.spawn([this] { say("a"); });
  Fiber thrower = scheduler_.spawn([] { throw std::runtime_error("disk on fire"); });
  scheduler_.spawn([this] { say("b"); });
  try {
    scheduler_.run();
    FAIL() << "run() swallowed the exception";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "disk on fire");
  }
  EXPECT_TRUE(thrower.done());
  EXPECT_THAT(said_, ElementsAre("a"));
  scheduler_.run();
  EXPECT_THAT(said_, ElementsAre("a", "b"));
}

TEST_F(SchedulerTest, AFiberThatWaitsInACatchBlockKeepsItsException) {
  for (const std::string name : {"a", "b", "c"}) {
    scheduler_.spawn([this, name] {
      try {
        try {
          throw std::runtime_error(name);
        } catch (const std::runtime_error&) {
          scheduler_.yield();
          EXPECT_EQ(std::uncaught_exceptions(), 0);
          throw;
        }
      } catch (const std::runtime_error& error) {
        EXPECT_EQ(error.what(), name);
        say(error.what());
      }
    });
  }
  try {
    throw std::logic_error("outside");
  } catch (const std::logic_error&) {
    scheduler_.run();
    try {
      throw;
    } catch (const std::logic_error& error) {
      EXPECT_STREQ(error.what(), "outside");
    }
  }
  EXPECT_THAT(said_, ElementsAre("a", "b", "c"));
}

TEST_F(SchedulerTest, ShutDownWhileTheCallerUnwindsStillUnwindsFibers) {
  struct ShutsDown {
    Scheduler& scheduler;

    ~ShutsDown() { scheduler.shut_down(); }
  };

  scheduler_.spawn([this] {
    const Farewell farewell(*this, "fiber");
    scheduler_.sleep_for(kTick);
  });
  scheduler_.run();
  try {
    const ShutsDown shuts_down{scheduler_};
    throw std::runtime_error("a failed property");
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "a failed property");
  }
  EXPECT_THAT(said_, ElementsAre("~fiber"));
}

TEST_F(SchedulerTest, ShutDownUnwindsInTheOrderOfCreation) {
  Event event(scheduler_);
  for (const char* name : {"a", "b", "c", "d"}) {
    scheduler_.spawn([&, name] {
      const Farewell outer(*this, std::string(name) + "1");
      const Farewell inner(*this, std::string(name) + "2");
      if (*name == 'a') event.wait();
      if (*name == 'b') scheduler_.sleep_for(kTick);
      if (*name == 'c') maybe(event.wait_until(scheduler_.now() + kTick));
      if (*name == 'd') scheduler_.yield();
      event.wait();
    });
  }
  Fiber ended = scheduler_.spawn([] {});
  scheduler_.run();
  scheduler_.spawn([this] { say("never runs"); });
  scheduler_.shut_down();
  scheduler_.shut_down();
  EXPECT_THAT(said_, ElementsAre("~a2", "~a1", "~b2", "~b1", "~c2", "~c1", "~d2", "~d1"));
  EXPECT_EQ(scheduler_.fibers(), 0u);
  scheduler_.run();
}

TEST_F(SchedulerTest, ShutDownFreesWaitersOfAnEventOnAnOlderFibersStack) {
  scheduler_.spawn([this] {
    Event event(scheduler_);
    for (int i = 0; i < 3; ++i)
      scheduler_.spawn([&event] { event.wait(); });
    scheduler_.yield();
    event.notify_one();
    scheduler_.spawn([&event] { event.wait(); });
    scheduler_.sleep_for(kTick);
  });
  scheduler_.run();
  EXPECT_EQ(scheduler_.fibers(), 4u);
  scheduler_.shut_down();
  EXPECT_EQ(scheduler_.fibers(), 0u);
}

TEST_F(SchedulerTest, ShutDownRethrowsAfterAllUnwound) {
  Fiber thrower = scheduler_.spawn([this] {
    try {
      scheduler_.sleep_for(kTick);
    } catch (const Cancelled&) {
      throw std::runtime_error("while unwinding");
    }
  });
  Fiber other = scheduler_.spawn([this] { scheduler_.sleep_for(kTick); });
  scheduler_.run();
  EXPECT_THROW(scheduler_.shut_down(), std::runtime_error);
  EXPECT_TRUE(thrower.done());
  EXPECT_TRUE(other.done());
}

TEST_F(SchedulerTest, HandlesOutliveTheScheduler) {
  Fiber fiber;
  {
    Scheduler scheduler(clock_);
    fiber = scheduler.spawn([&] { scheduler.sleep_for(kTick); });
    scheduler.run();
    EXPECT_FALSE(fiber.done());
  }
  EXPECT_TRUE(fiber.done());
  fiber.cancel();
}

TEST_F(SchedulerTest, TenThousandFibers) {
  constexpr int kFibers = 10'000;
  Event event(scheduler_);
  int woken = 0;
  for (int i = 0; i < kFibers; ++i) {
    scheduler_.spawn([&] {
      event.wait();
      ++woken;
      scheduler_.sleep_for(kTick);
      ++woken;
    });
  }
  scheduler_.run();
  EXPECT_EQ(scheduler_.fibers(), static_cast<std::size_t>(kFibers));
  event.notify_all();
  clock_.run_to_end(scheduler_);
  EXPECT_EQ(woken, 2 * kFibers);
  EXPECT_EQ(scheduler_.fibers(), 0u);
}

TEST_F(SchedulerTest, SchedulersShareAPoolOfStacks) {
  StackPool stacks;
  for (int life = 0; life < 100; ++life) {
    Scheduler scheduler(clock_, &stacks);
    for (int i = 0; i < 3; ++i)
      scheduler.spawn([&] { scheduler.sleep_for(kTick); });
    scheduler.run();
    EXPECT_EQ(stacks.idle(), stacks.mapped() - 3);
  }
  EXPECT_EQ(stacks.mapped(), 3u);
  EXPECT_EQ(stacks.idle(), 3u);
}

TEST_F(SchedulerTest, AStackIsReusedOnceItsFiberEnded) {
  StackPool stacks;
  Scheduler scheduler(clock_, &stacks);
  for (int i = 0; i < 1'000; ++i) {
    scheduler.spawn([] {});
    Fiber cancelled = scheduler.spawn([] {});
    cancelled.cancel();
    scheduler.run();
  }
  EXPECT_EQ(stacks.mapped(), 1u);
}

TEST_F(SchedulerTest, ASchedulerMayRunInAFiberOfAnother) {
  scheduler_.spawn([this] {
    Scheduler inner(clock_);
    inner.spawn([&] {
      EXPECT_TRUE(inner.in_fiber());
      say("inner");
      inner.yield();
      say("inner again");
    });
    inner.run();
    EXPECT_TRUE(scheduler_.in_fiber());
    scheduler_.yield();
    say("outer");
  });
  scheduler_.run();
  EXPECT_FALSE(scheduler_.in_fiber());
  EXPECT_THAT(said_, ElementsAre("inner", "inner again", "outer"));
}

TEST_F(SchedulerTest, FloatingPointFlagsDoNotReachOtherFibers) {
  volatile double third = 0;
  for (int i = 1; i <= 3; ++i) {
    scheduler_.spawn([&, i] {
      third = third + static_cast<double>(i) / 3;
      scheduler_.yield();
      third = third + static_cast<double>(i) / 3;
    });
  }
  scheduler_.run();
  EXPECT_DOUBLE_EQ(third, 4.0);
}

using SchedulerDeathTest = SchedulerTest;

TEST_F(SchedulerDeathTest, AWaitInADestructorThatUnwindsIsABug) {
  struct WaitsInDestructor {
    Scheduler& scheduler;

    ~WaitsInDestructor() { scheduler.yield(); }
  };

  EXPECT_DEATH(
      {
        Scheduler scheduler(clock_);
        scheduler.spawn([&] {
          const WaitsInDestructor bad{scheduler};
          scheduler.sleep_for(kTick);
        });
        scheduler.run();
        scheduler.shut_down();
      },
      "a destructor waits while its fiber unwinds");
}

TEST_F(SchedulerDeathTest, MisuseIsNamed) {
  EXPECT_DEATH(scheduler_.yield(), "require failed.*in_fiber");
  EXPECT_DEATH(Fiber().cancel(), "require failed.*valid");
  EXPECT_DEATH(scheduler_.spawn(nullptr), "require failed.*body");
  Fiber self;
  self = scheduler_.spawn([&] {
    EXPECT_DEATH(self.cancel(), "require failed.*is_current");
    EXPECT_DEATH(self.join(), "require failed.*is_current");
    EXPECT_DEATH(scheduler_.run(), "require failed.*in_fiber");
    EXPECT_DEATH(scheduler_.shut_down(), "require failed.*in_fiber");
  });
  scheduler_.run();
  scheduler_.shut_down();
  EXPECT_DEATH(scheduler_.spawn([] {}), "require failed.*shut_down");
}

}  // namespace
}  // namespace holdfast
