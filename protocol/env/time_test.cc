#include "protocol/env/time.h"

#include <cstdint>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

TEST(Duration, UnitsAgree) {
  EXPECT_EQ(Duration::seconds(2), Duration::milliseconds(2'000));
  EXPECT_EQ(Duration::milliseconds(2), Duration::microseconds(2'000));
  EXPECT_EQ(Duration::microseconds(2), Duration::nanoseconds(2'000));
  EXPECT_EQ(Duration().ns(), 0);
}

TEST(Duration, Arithmetic) {
  const Duration d = Duration::milliseconds(3);
  EXPECT_EQ((d + d).ns(), 6'000'000);
  EXPECT_EQ((d - d * 2).ns(), -3'000'000);
  EXPECT_EQ((d / 2).ns(), 1'500'000);
  EXPECT_LT(d - d * 2, Duration());
  EXPECT_LT(d, Duration::max());
}

TEST(Instant, DistanceAndBack) {
  const Instant a = Instant::at(-5);
  const Instant b = Instant::at(7);
  EXPECT_EQ((b - a).ns(), 12);
  EXPECT_EQ(a + (b - a), b);
  EXPECT_EQ((a - b).ns(), -12);
  EXPECT_LT(a, b);
}

TEST(Instant, AdditionSaturatesAtNever) {
  const Instant late = Instant::at(INT64_MAX - 10);
  EXPECT_EQ((late + Duration::nanoseconds(9)).ns(), INT64_MAX - 1);
  EXPECT_EQ(late + Duration::nanoseconds(10), Instant::never());
  EXPECT_EQ(late + Duration::nanoseconds(11), Instant::never());
  EXPECT_EQ(late + Duration::max(), Instant::never());
  EXPECT_EQ(Instant::never() + Duration::nanoseconds(1), Instant::never());
  EXPECT_EQ(Instant::never() + Duration(), Instant::never());
}

TEST(Instant, AClockWithANegativeOriginCanWait) {
  const Instant early = Instant::at(-1'000);
  EXPECT_EQ((early + Duration::nanoseconds(1)).ns(), -999);
  EXPECT_EQ((early + Duration::seconds(1)).ns(), 999'999'000);
  EXPECT_EQ((Instant::at(INT64_MIN) + Duration::seconds(1)).ns(), INT64_MIN + 1'000'000'000);
}

TEST(Instant, NeverIsLaterThanAll) {
  EXPECT_GT(Instant::never(), Instant::at(INT64_MAX - 1));
  EXPECT_GT(Instant::never(), Instant());
}

}  // namespace
}  // namespace holdfast
