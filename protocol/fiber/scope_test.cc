#include "protocol/fiber/scope.h"

#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/fiber/event.h"
#include "protocol/fiber/manual_clock.h"

namespace holdfast {
namespace {

using ::testing::ElementsAre;

constexpr Duration kTick = Duration::milliseconds(1);

class ScopeTest : public ::testing::Test {
 protected:
  ManualClock clock_;
  std::vector<std::string> said_;
  Scheduler scheduler_{clock_};
};

TEST_F(ScopeTest, JoinWaitsForAllChildren) {
  scheduler_.spawn([this] {
    Scope scope(scheduler_);
    for (int ticks : {3, 1, 2}) {
      scope.spawn([this, ticks] {
        scheduler_.sleep_for(kTick * ticks);
        said_.push_back(std::to_string(ticks));
      });
    }
    scope.join();
    said_.push_back("joined");
    scope.join();
  });
  clock_.run_to_end(scheduler_);
  EXPECT_THAT(said_, ElementsAre("1", "2", "3", "joined"));
}

TEST_F(ScopeTest, JoinWaitsForChildrenOfChildrenToo) {
  int ended = 0;
  scheduler_.spawn([&] {
    Scope scope(scheduler_);
    for (int i = 0; i < 20; ++i) {
      scope.spawn([&, i] {
        scheduler_.sleep_for(kTick * (i % 3));
        scope.spawn([&, i] {
          scheduler_.sleep_for(kTick * (i % 5));
          ++ended;
        });
      });
    }
    scope.join();
    EXPECT_EQ(ended, 20);
    said_.push_back("joined");
  });
  clock_.run_to_end(scheduler_);
  EXPECT_THAT(said_, ElementsAre("joined"));
}

TEST_F(ScopeTest, CancelAndJoinEndsAllChildrenInOrder) {
  Event event(scheduler_);
  scheduler_.spawn([&] {
    Scope scope(scheduler_);
    for (const char* name : {"a", "b"}) {
      scope.spawn([&, name] {
        try {
          event.wait();
        } catch (const Cancelled&) {
          said_.push_back(name);
          throw;
        }
      });
    }
    scheduler_.yield();
    scope.spawn([this] { said_.push_back("never runs"); });
    scope.cancel_and_join();
    said_.push_back("joined");
  });
  scheduler_.run();
  EXPECT_THAT(said_, ElementsAre("a", "b", "joined"));
  EXPECT_EQ(scheduler_.fibers(), 0u);
}

TEST_F(ScopeTest, ACancelledOwnerCancelsItsChildren) {
  Fiber child;
  Fiber owner = scheduler_.spawn([&] {
    Event event(scheduler_);
    Scope scope(scheduler_);
    child = scope.spawn([&] { event.wait(); });
    scope.join();
  });
  scheduler_.run();
  owner.cancel();
  scheduler_.run();
  EXPECT_TRUE(owner.done());
  EXPECT_TRUE(child.done());
}

TEST_F(ScopeTest, AnExceptionOfTheOwnerCancelsItsChildren) {
  Fiber child;
  scheduler_.spawn([&] {
    Scope scope(scheduler_);
    child = scope.spawn([this] { scheduler_.sleep_for(kTick); });
    scheduler_.yield();
    throw std::runtime_error("owner fails");
  });
  EXPECT_THROW(scheduler_.run(), std::runtime_error);
  EXPECT_FALSE(child.done());
  scheduler_.run();
  EXPECT_TRUE(child.done());
}

TEST_F(ScopeTest, ShutDownUnwindsNestedScopes) {
  scheduler_.spawn([this] {
    Scope outer(scheduler_);
    outer.spawn([this] {
      Scope inner(scheduler_);
      inner.spawn([this] { scheduler_.sleep_for(kTick); });
      inner.join();
    });
    outer.join();
  });
  scheduler_.run();
  EXPECT_EQ(scheduler_.fibers(), 3u);
  scheduler_.shut_down();
  EXPECT_EQ(scheduler_.fibers(), 0u);
}

TEST_F(ScopeTest, ALongLivedScopeSeesManyChildren) {
  Scope scope(scheduler_);
  int ran = 0;
  for (int i = 0; i < 10'000; ++i) {
    scope.spawn([&] { ++ran; });
    if (i % 7 == 0) scheduler_.run();
  }
  scheduler_.run();
  EXPECT_EQ(ran, 10'000);
}

using ScopeDeathTest = ScopeTest;

TEST_F(ScopeDeathTest, AScopeMustBeJoined) {
  EXPECT_DEATH(
      {
        Scope scope(scheduler_);
        scope.spawn([] {});
      },
      "a scope ends before its fibers");
}

}  // namespace
}  // namespace holdfast
