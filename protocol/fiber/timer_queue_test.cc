#include "protocol/fiber/timer_queue.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace holdfast::internal {
namespace {

TEST(TimerQueue, IsEmptyAtFirst) {
  TimerQueue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.earliest(), Instant::never());
  EXPECT_EQ(queue.pop_due(Instant::never()), nullptr);
}

TEST(TimerQueueDeathTest, ATimerIsArmedOnce) {
  TimerQueue queue;
  Timer timer;
  queue.arm(timer, Instant::at(1));
  EXPECT_DEATH(queue.arm(timer, Instant::at(2)), "require failed.*armed");
}

struct ModelTimer {
  std::int64_t at;
  std::uint64_t sequence;
  std::size_t id;

  bool operator<(const ModelTimer& other) const {
    return at != other.at ? at < other.at : sequence < other.sequence;
  }
};

// Against a sorted vector: arm, disarm and pop in any order.
RC_GTEST_PROP(TimerQueue, PopsInOrderWhateverHappened, (std::vector<std::uint32_t> choices)) {
  TimerQueue queue;
  std::array<Timer, 32> timers;
  std::vector<ModelTimer> model;
  std::uint64_t sequence = 0;
  for (const std::uint32_t choice : choices) {
    const std::size_t id = choice % timers.size();
    const auto at = static_cast<std::int64_t>(choice / timers.size() % 16);
    const auto armed = std::find_if(
        model.begin(), model.end(), [&](const ModelTimer& timer) { return timer.id == id; });
    RC_ASSERT(timers[id].armed() == (armed != model.end()));
    if (choice % 7 == 0) {
      std::sort(model.begin(), model.end());
      const Timer* const popped = queue.pop_due(Instant::at(at));
      if (model.empty() || model.front().at > at) {
        RC_ASSERT(popped == nullptr);
      } else {
        RC_ASSERT(popped == &timers[model.front().id]);
        model.erase(model.begin());
      }
    } else if (armed != model.end()) {
      queue.disarm(timers[id]);
      model.erase(armed);
    } else {
      queue.arm(timers[id], Instant::at(at));
      model.push_back({at, ++sequence, id});
    }
    RC_ASSERT(queue.size() == model.size());
  }
  std::sort(model.begin(), model.end());
  for (const ModelTimer& timer : model) {
    RC_ASSERT(queue.earliest() == Instant::at(timer.at));
    RC_ASSERT(queue.pop_due(Instant::at(timer.at)) == &timers[timer.id]);
  }
  RC_ASSERT(queue.empty());
}

}  // namespace
}  // namespace holdfast::internal
