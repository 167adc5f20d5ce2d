#include "protocol/fiber/stack_pool.h"

#include <cstdint>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/fiber/manual_clock.h"
#include "protocol/fiber/sanitizer.h"
#include "protocol/fiber/scheduler.h"

namespace holdfast {
namespace {

TEST(StackPool, GivesStacksThatCanBeWrittenWhole) {
  StackPool pool;
  std::vector<std::span<std::byte>> stacks;
  std::set<std::uintptr_t> starts;
  for (int i = 0; i < 40; ++i) {
    stacks.push_back(pool.take());
    const std::span<std::byte> stack = stacks.back();
    EXPECT_GE(stack.size(), StackPool::kStackBytes);
    const auto end = reinterpret_cast<std::uintptr_t>(stack.data() + stack.size());
    EXPECT_EQ(end % 64, 0u);
    starts.insert(reinterpret_cast<std::uintptr_t>(stack.data()));
    for (std::byte& b : stack)
      b = std::byte(i);
  }
  EXPECT_EQ(starts.size(), stacks.size());
  for (std::size_t i = 0; i < stacks.size(); ++i) {
    EXPECT_EQ(stacks[i].front(), std::byte(i));
    EXPECT_EQ(stacks[i].back(), std::byte(i));
    pool.give_back(stacks[i]);
  }
}

TEST(StackPool, TakesTheLastGivenBackFirst) {
  StackPool pool;
  const auto a = pool.take();
  const auto b = pool.take();
  pool.give_back(a);
  pool.give_back(b);
  EXPECT_EQ(pool.take().data(), b.data());
  EXPECT_EQ(pool.take().data(), a.data());
  EXPECT_EQ(pool.mapped(), 2u);
  EXPECT_EQ(pool.idle(), 0u);
  pool.give_back(a);
  pool.give_back(b);
}

TEST(StackPoolDeathTest, EveryStackComesBack) {
  EXPECT_DEATH({ StackPool().take(); }, "require failed.*idle_");
}

int recurse(int depth) {
  volatile char frame[512] = {};
  frame[0] = static_cast<char>(depth);
  if (depth == 0) return frame[0];
  return recurse(depth - 1) + frame[0];
}

TEST(StackPoolDeathTest, AnOverflowHitsTheGuardPage) {
  if (internal::kAddressSanitizer) GTEST_SKIP() << "the sanitizer reports the overflow its own way";
  ManualClock clock;
  Scheduler scheduler(clock);
  int sum = 0;
  scheduler.spawn([&] { sum = recurse(50); });
  scheduler.run();
  EXPECT_GT(sum, 0);
  scheduler.spawn([&] { sum = recurse(100'000); });
  EXPECT_EXIT(scheduler.run(), ::testing::KilledBySignal(SIGSEGV), "");
}

}  // namespace
}  // namespace holdfast
