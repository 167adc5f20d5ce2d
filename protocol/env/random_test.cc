#include "protocol/env/random.h"

#include <cstdint>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace holdfast {
namespace {

// Draws what it is told to.
class FixedRandom : public Random {
 public:
  explicit FixedRandom(std::uint64_t value) : value_(value) {}

  std::uint64_t draw(RandomStream) override { return value_; }

 private:
  std::uint64_t value_;
};

TEST(Random, TheEndsOfARangeAreReached) {
  FixedRandom lowest(0);
  FixedRandom highest(UINT64_MAX);
  EXPECT_EQ(lowest.below(RandomStream::kBackoff, 10), 0u);
  EXPECT_EQ(highest.below(RandomStream::kBackoff, 10), 9u);
  EXPECT_EQ(highest.below(RandomStream::kBackoff, UINT64_MAX), UINT64_MAX - 1);
  const Duration from = Duration::nanoseconds(-5);
  const Duration to = Duration::nanoseconds(5);
  EXPECT_EQ(lowest.between(RandomStream::kBackoff, from, to), from);
  EXPECT_EQ(highest.between(RandomStream::kBackoff, from, to).ns(), 4);
}

RC_GTEST_PROP(Random, BelowIsBelowAndKeepsOrder, (std::uint64_t a, std::uint64_t b)) {
  const std::uint64_t bound = *rc::gen::nonZero<std::uint64_t>();
  const std::uint64_t low = FixedRandom(std::min(a, b)).below(RandomStream::kWorkload, bound);
  const std::uint64_t high = FixedRandom(std::max(a, b)).below(RandomStream::kWorkload, bound);
  RC_ASSERT(high < bound);
  RC_ASSERT(low <= high);
}

}  // namespace
}  // namespace holdfast
