#include "protocol/env/hash.h"

#include <bit>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using std::string_view_literals::operator""sv;

// Values that files and the wire depend on.  A failure here is never repaired by a new number.
TEST(HashBytes, IsPinned) {
  EXPECT_EQ(hash_bytes(""), 0x2d06800538d394c2u);
  EXPECT_EQ(hash_bytes("a"), 0xe6c632b61e964e1fu);
  EXPECT_EQ(hash_bytes("holdfast"), 0x4ddf46ebd3ad850bu);
  EXPECT_EQ(hash_bytes("\0\0\0\0"sv), 0x48b2c92616fc193du);
  // One of each length class of XXH3: 17 to 128, 129 to 240, more than 240, several stripes.
  EXPECT_EQ(hash_bytes(std::string(100, 'x')), 0xc90984ffdf50ce42u);
  EXPECT_EQ(hash_bytes(std::string(200, 'x')), 0x50ef124fb1e4de53u);
  EXPECT_EQ(hash_bytes(std::string(1'000, 'x')), 0xc0a4877b962cba82u);
  EXPECT_EQ(hash_bytes(std::string(100'000, 'x')), 0xd8b99a30e426ac41u);
}

TEST(HashBytes, DoesNotDependOnAlignment) {
  const std::string text = "position 7 was learned under ballot 3";
  for (std::size_t shift = 0; shift < 16; ++shift) {
    const std::string shifted = std::string(shift, '#') + text;
    EXPECT_EQ(hash_bytes(std::string_view(shifted).substr(shift)), hash_bytes(text));
  }
}

TEST(Mix, IsPinned) {
  EXPECT_EQ(mix(0, 0), 0x418913146664a3e2u);
  EXPECT_EQ(mix(0, 1), 0xfdfcdbccceb16053u);
  EXPECT_EQ(mix(1, 0), 0x3b5880fc82567968u);
  EXPECT_EQ(mix(0x123456789abcdefu, 0xfedcba9876543210u), 0xc24b821a4fe3dfaau);
  EXPECT_EQ(mix(UINT64_MAX, UINT64_MAX), 0x0362dea31ede42acu);
}

// The constants of the mixer itself are where a product could be zero.
TEST(Mix, HasNoDeadInputs) {
  for (const std::uint64_t dead : {0x9e3779b97f4a7c15u, 0xe7037ed1a0b428dbu}) {
    std::set<std::uint64_t> values;
    for (std::uint64_t i = 0; i < 1'000; ++i) {
      values.insert(mix(dead, i));
      values.insert(mix(i, dead));
    }
    EXPECT_EQ(values.size(), 2'000u);
  }
}

TEST(Mix, SmallInputsDoNotCollide) {
  std::set<std::uint64_t> values;
  for (std::uint64_t a = 0; a < 300; ++a) {
    for (std::uint64_t b = 0; b < 300; ++b)
      values.insert(mix(a, b));
  }
  EXPECT_EQ(values.size(), 90'000u);
}

TEST(Mix, OneBitOfInputChangesHalfOfTheOutput) {
  std::uint64_t flipped = 0;
  std::uint64_t tried = 0;
  for (std::uint64_t i = 0; i < 500; ++i) {
    const std::uint64_t a = mix(i, 1);
    const std::uint64_t b = mix(i, 2);
    for (unsigned bit = 0; bit < 64; ++bit) {
      const std::uint64_t one = std::uint64_t{1} << bit;
      flipped += static_cast<std::uint64_t>(std::popcount(mix(a, b) ^ mix(a ^ one, b)));
      flipped += static_cast<std::uint64_t>(std::popcount(mix(a, b) ^ mix(a, b ^ one)));
      tried += 2;
    }
  }
  EXPECT_GT(flipped, tried * 31);
  EXPECT_LT(flipped, tried * 33);
}

}  // namespace
}  // namespace holdfast
