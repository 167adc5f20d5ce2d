#include "protocol/fiber/state_watch.h"

#include <functional>

#include <gtest/gtest.h>

#include "protocol/fiber/event.h"
#include "protocol/fiber/manual_clock.h"
#include "protocol/fiber/scheduler.h"
#include "protocol/fiber/scope.h"
#include "protocol/fiber/stack_note.h"

namespace holdfast {
namespace {

constexpr Duration kTick = Duration::milliseconds(1);

// A node with one number that everybody sees.
class Watched final : public StateWatch {
 public:
  Watched() { scheduler.watch(*this); }

  ~Watched() override { scheduler.shut_down(); }

  void add_surroundings(StateHash& hash) const override { hash.add(number); }

  void step(
      std::uint64_t input, const std::function<void()>& action = [] {}) {
    StateHash hash;
    hash.add(input);
    scheduler.begin_step(hash.name());
    action();
    scheduler.run();
  }

  // Gives all that wait a turn while the number is another one.
  void wake_while(std::uint64_t other) {
    number = other;
    event.notify_all();
    step(2);
    number = 0;
  }

  StateName name() const {
    StateHash hash;
    add_surroundings(hash);
    scheduler.add_state(hash);
    return hash.name();
  }

  ManualClock clock;
  std::uint64_t number = 0;
  Scheduler scheduler{clock};
  Event event{scheduler};
};

TEST(StateWatch, WhatWasOnceThereStaysOnTheStack) {
  Watched a;
  Watched b;
  for (Watched* node : {&a, &b}) {
    node->step(1, [&] {
      node->scheduler.spawn([node] {
        const std::uint64_t before = node->number;
        node->event.wait();
        node->number = before;
      });
    });
  }
  EXPECT_EQ(a.name(), b.name());
  a.number = 7;
  EXPECT_NE(a.name(), b.name());
  a.number = 0;
  EXPECT_EQ(a.name(), b.name());

  // The same, but one of them began when there was a 7.
  Watched c;
  c.number = 7;
  c.step(1, [&] { c.scheduler.spawn([&] { c.event.wait(); }); });
  c.number = 0;
  EXPECT_NE(a.name(), c.name());
}

TEST(StateWatch, WhatAFiberIsSpawnedWithCounts) {
  Watched a;
  Watched b;
  a.step(1, [&] { a.scheduler.spawn([&] { a.event.wait(); }); });
  b.step(2, [&] { b.scheduler.spawn([&] { b.event.wait(); }); });
  EXPECT_NE(a.name(), b.name());
}

TEST(StateWatch, ATurnInVainDoesNotCount) {
  Watched a;
  bool ready = false;
  a.step(1, [&] {
    a.scheduler.spawn([&] {
      a.event.await([&] { return ready; });
      a.event.wait();
    });
  });
  const StateName before = a.name();
  a.wake_while(7);
  EXPECT_EQ(a.name(), before);
  ready = true;
  a.event.notify_all();
  a.step(3);
  EXPECT_NE(a.name(), before);
}

TEST(StateWatch, AFiberAtRestIsWhatItWasAtRest) {
  Watched a;
  a.step(1, [&] {
    a.scheduler.spawn([&] {
      while (true) {
        a.scheduler.rest("idle");
        a.event.wait();
      }
    });
  });
  const StateName before = a.name();
  a.wake_while(7);
  EXPECT_EQ(a.name(), before);
}

TEST(StateWatch, ChildrenWriteIntoTheFramesOfTheirParents) {
  const auto parent = [](Watched& node) {
    node.step(1, [&] {
      node.scheduler.spawn([&] {
        std::uint64_t seen = 0;
        {
          Scope scope(node.scheduler);
          scope.spawn([&] {
            node.event.wait();
            seen = node.number;
          });
          scope.join();
        }
        node.event.wait();
        node.number = seen;
      });
    });
  };
  Watched a;
  Watched b;
  parent(a);
  parent(b);
  EXPECT_EQ(a.name(), b.name());
  a.number = 7;
  for (Watched* node : {&a, &b}) {
    node->event.notify_all();
    node->step(2);
    node->number = 0;
  }
  EXPECT_NE(a.name(), b.name());
}

// What a fiber saw, a 7 or nothing, and then where it waits.
void see_and_wait(Watched& node, std::uint64_t seen, const std::function<void()>& wait) {
  node.step(1, [&] {
    node.scheduler.spawn([&node, wait] {
      node.event.wait();
      wait();
    });
  });
  node.wake_while(seen);
}

TEST(StackNote, NamesAWaitInsteadOfWhatWasSeen) {
  Watched a;
  Watched b;
  Watched c;
  const auto wait = [](Watched& node, std::uint64_t value) {
    return [&node, value] {
      const StackNote note(node.scheduler, "a", [&](StateHash& hash) { hash.add(value); });
      const NotedWait noted(node.scheduler, "b");
      node.event.wait();
    };
  };
  see_and_wait(a, 0, wait(a, 1));
  see_and_wait(b, 7, wait(b, 1));
  see_and_wait(c, 0, wait(c, 2));
  EXPECT_EQ(a.name(), b.name());
  EXPECT_NE(a.name(), c.name());
}

TEST(StackNote, LeavesAWaitThatIsNotNotedItsHistory) {
  Watched a;
  Watched b;
  const auto wait = [](Watched& node) {
    return [&node] {
      const StackNote note(node.scheduler, "a", [](StateHash&) {});
      node.event.wait();
    };
  };
  see_and_wait(a, 0, wait(a));
  see_and_wait(b, 7, wait(b));
  EXPECT_NE(a.name(), b.name());
}

// What was seen may be on the stack of whoever goes on.
TEST(StackNote, ForgetsNothingOverAWaitThatWasNone) {
  Watched a;
  Watched b;
  const auto wait = [](Watched& node) {
    return [&node] {
      { const NotedWait none(node.scheduler, "a"); }
      node.event.wait();
    };
  };
  see_and_wait(a, 0, wait(a));
  see_and_wait(b, 7, wait(b));
  EXPECT_NE(a.name(), b.name());
}

TEST(StackNote, TellsWhereTheFiberWaits) {
  Watched a;
  Watched b;
  const auto wait = [](Watched& node, const char* site) {
    return [&node, site] {
      const NotedWait noted(node.scheduler, site);
      node.event.wait();
    };
  };
  see_and_wait(a, 0, wait(a, "a"));
  see_and_wait(b, 0, wait(b, "b"));
  EXPECT_NE(a.name(), b.name());
}

// Also of what others write meanwhile.
TEST(StackNote, IsAskedAtTheWait) {
  Watched a;
  std::uint64_t value = 1;
  a.step(1, [&] {
    a.scheduler.spawn([&] {
      const StackNote note(a.scheduler, "a", [&](StateHash& hash) { hash.add(value); });
      const NotedWait wait(a.scheduler, "b");
      a.event.wait();
    });
  });
  const StateName before = a.name();
  value = 2;
  EXPECT_NE(a.name(), before);
  value = 1;
  EXPECT_EQ(a.name(), before);
}

// A child is told apart by the frames that it was spawned from, and what it does is not told of
// parents that note it.
TEST(StackNote, OfAParentCountsForItsChildren) {
  const auto parent = [](Watched& node, std::uint64_t& value) {
    node.step(1, [&] {
      node.scheduler.spawn([&] {
        const StackNote note(node.scheduler, "a", [&](StateHash& hash) { hash.add(value); });
        Scope scope(node.scheduler);
        scope.spawn([&] {
          const NotedWait wait(node.scheduler, "child");
          node.event.wait();
          node.event.wait();
        });
        const NotedWait wait(node.scheduler, "children");
        scope.join();
      });
    });
  };
  Watched a;
  Watched b;
  std::uint64_t one = 1;
  std::uint64_t other = 2;
  parent(a, one);
  parent(b, other);
  EXPECT_NE(a.name(), b.name());
  other = 1;
  EXPECT_EQ(a.name(), b.name());
}

TEST(StateWatch, TheOrderOfWaitingCounts) {
  const auto wait = [](Watched& node, std::uint64_t first, std::uint64_t second) {
    for (const std::uint64_t input : {first, second})
      node.step(input, [&] { node.scheduler.spawn([&] { node.event.wait(); }); });
  };
  Watched a;
  Watched b;
  Watched c;
  wait(a, 1, 2);
  wait(b, 1, 2);
  wait(c, 2, 1);
  EXPECT_EQ(a.name(), b.name());
  EXPECT_NE(a.name(), c.name());
}

TEST(StateWatch, DeadlinesCount) {
  const auto sleep = [](Watched& node, Duration length) {
    node.step(1,
              [&] { node.scheduler.spawn([&node, length] { node.scheduler.sleep_for(length); }); });
  };
  Watched a;
  Watched b;
  sleep(a, kTick);
  sleep(b, kTick * 2);
  EXPECT_NE(a.name(), b.name());
}

}  // namespace
}  // namespace holdfast
