#include "real/ports/journal.h"

#include <gtest/gtest.h>

namespace holdfast::real {
namespace {

TEST(OncePerMinute, HoldsBackTheSameAndCounts) {
  OncePerMinute quiet;
  std::uint64_t held_back = 99;
  Instant now = Instant::at(5);
  EXPECT_TRUE(quiet.allows("a", now, held_back));
  EXPECT_EQ(held_back, 0u);
  for (int i = 0; i < 7; ++i)
    EXPECT_FALSE(quiet.allows("a", now + Duration::seconds(i), held_back));
  EXPECT_TRUE(quiet.allows("b", now, held_back));
  now = now + Duration::seconds(60);
  EXPECT_TRUE(quiet.allows("a", now, held_back));
  EXPECT_EQ(held_back, 7u);
  EXPECT_FALSE(quiet.allows("a", now, held_back));
}

TEST(OncePerMinute, RemembersABoundedNumber) {
  OncePerMinute quiet;
  std::uint64_t held_back = 0;
  int said = 0;
  for (int i = 0; i < 5'000; ++i) {
    if (quiet.allows(std::to_string(i), Instant::at(i), held_back)) ++said;
  }
  EXPECT_EQ(said, 1024);
  EXPECT_TRUE(quiet.allows("later", Instant::at(0) + Duration::seconds(61), held_back));
}

}  // namespace
}  // namespace holdfast::real
