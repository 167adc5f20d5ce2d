#include "tools/latency_histogram.h"

#include <gtest/gtest.h>

namespace holdfast::tools {
namespace {

TEST(LatencyHistogram, OfNothingIsZero) {
  const LatencyHistogram none;
  EXPECT_EQ(none.count(), 0u);
  EXPECT_EQ(none.percentile(500), Duration());
}

TEST(LatencyHistogram, KnowsSmallTimesExactly) {
  LatencyHistogram times;
  for (const int ns : {1, 2, 3, 60})
    times.add(Duration::nanoseconds(ns));
  EXPECT_EQ(times.percentile(0), Duration::nanoseconds(1));
  EXPECT_EQ(times.percentile(500), Duration::nanoseconds(2));
  EXPECT_EQ(times.percentile(750), Duration::nanoseconds(3));
  EXPECT_EQ(times.percentile(1000), Duration::nanoseconds(60));
  EXPECT_EQ(times.max(), Duration::nanoseconds(60));
}

// A percentile is never below what it stands for, and at most a 64th above.
TEST(LatencyHistogram, IsRightToAFewParts) {
  for (std::int64_t ns = 1; ns < 4'000'000'000'000; ns = ns * 3 + 1) {
    LatencyHistogram times;
    times.add(Duration::nanoseconds(ns));
    times.add(Duration::seconds(100'000));
    const std::int64_t said = times.percentile(500).ns();
    EXPECT_GE(said, ns);
    EXPECT_LE(said, ns + ns / 64);
  }
}

TEST(LatencyHistogram, TakesTimesOfAnyLength) {
  LatencyHistogram times;
  times.add(Duration::nanoseconds(-5));
  times.add(Duration::seconds(9'000'000'000));
  EXPECT_EQ(times.percentile(500), Duration());
  EXPECT_EQ(times.percentile(1000), Duration::seconds(9'000'000'000));
}

TEST(LatencyHistogram, CountsAll) {
  LatencyHistogram times;
  for (int i = 1; i <= 1000; ++i)
    times.add(Duration::microseconds(i));
  EXPECT_EQ(times.count(), 1000u);
  EXPECT_NEAR(static_cast<double>(times.percentile(990).ns()), 990e3, 16e3);
  EXPECT_NEAR(static_cast<double>(times.percentile(500).ns()), 500e3, 8e3);
}

}  // namespace
}  // namespace holdfast::tools
