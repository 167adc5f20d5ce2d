#include "protocol/fiber/state_watch.h"

#include <functional>
#include <string_view>

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
    other_event.notify_all();
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
  Event other_event{scheduler};
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

// Whether what a fiber saw is still in its name while it waits there.
bool counts_what_was_seen(const std::function<void(Watched&)>& wait) {
  Watched a;
  Watched b;
  see_and_wait(a, 0, [&] { wait(a); });
  see_and_wait(b, 7, [&] { wait(b); });
  return a.name() != b.name();
}

TEST(StackNote, LeavesAWaitThatIsNotNotedItsHistory) {
  EXPECT_TRUE(counts_what_was_seen([](Watched& node) {
    const StackNote note(node.scheduler, "a", [](StateHash&) {});
    node.event.wait();
  }));
  EXPECT_FALSE(counts_what_was_seen([](Watched& node) {
    const StackNote note(node.scheduler, "a", [](StateHash&) {});
    const NotedWait noted(node.scheduler, "b");
    node.event.wait();
  }));
}

// What was seen may be on the stack of whoever goes on.
TEST(StackNote, ForgetsNothingOverAWaitThatWasNone) {
  EXPECT_TRUE(counts_what_was_seen([](Watched& node) {
    { const NotedWait none(node.scheduler, "a"); }
    node.event.wait();
  }));
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

// Two parents that wait for a child each, at `first` and at `second`, of which "x" has an event of
// its own: who waits before whom must not tell them apart.
void spawn_parents(Watched& node, std::string_view first, std::string_view second) {
  const auto parent = [&node](std::uint64_t value, std::string_view site) {
    const StackNote note(node.scheduler, "a", [&](StateHash& hash) { hash.add(value); });
    Scope scope(node.scheduler);
    scope.spawn([&node, site] {
      while (node.number != 99) {
        const NotedWait wait(node.scheduler, site);
        (site == "x" ? node.event : node.other_event).wait();
      }
    });
    const NotedWait wait(node.scheduler, "children");
    scope.join();
  };
  node.step(1, [&] {
    node.scheduler.spawn([=] { parent(1, first); });
    node.scheduler.spawn([=] { parent(2, second); });
  });
}

// The same notes of parents and the same of children, but otherwise together.
TEST(StackNote, OfAParentCountsForItsChildren) {
  Watched a;
  Watched b;
  Watched c;
  spawn_parents(a, "x", "y");
  spawn_parents(b, "x", "y");
  spawn_parents(c, "y", "x");
  EXPECT_EQ(a.name(), b.name());
  EXPECT_NE(a.name(), c.name());
}

// What it wrote into the frames of its parent the parent names itself.
TEST(StackNote, OfAParentNamesWhatAChildDid) {
  Watched a;
  spawn_parents(a, "x", "y");
  const StateName before = a.name();
  a.wake_while(7);
  EXPECT_EQ(a.name(), before);
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
