#include "storage/key_format.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace holdfast::storage {
namespace {

std::string key(std::uint64_t position) {
  return std::string(RecordKey(Position{position}).view());
}

TEST(KeyFormat, IsThatOfMesos) {
  EXPECT_EQ(key(0), "0000000001");
  EXPECT_EQ(key(5), "0000000006");
  EXPECT_EQ(key((1ull << 31) - 2), "2147483647");
  EXPECT_EQ(key((1ull << 31) - 1), "2147483648");
  EXPECT_EQ(key(1ull << 32), "4294967297");
  EXPECT_EQ(key(9'999'999'998), "9999999999");
  EXPECT_EQ(key(9'999'999'999), "A00000000010000000000");
  EXPECT_EQ(key(Position::max().value), "A18446744073709551615");
}

TEST(KeyFormat, AscendsAcrossEveryBoundary) {
  for (const std::uint64_t at : {std::uint64_t{1} << 31,
                                 std::uint64_t{1} << 32,
                                 std::uint64_t{10'000'000'000},
                                 Position::max().value - 20}) {
    for (std::uint64_t p = at - 20; p < at + 20; ++p) {
      EXPECT_LT(key(p), key(p + 1)) << p;
      EXPECT_EQ(position_of(key(p)), Position{p}) << p;
    }
  }
  EXPECT_LT(kMetadataKey, key(0));
}

TEST(KeyFormat, OtherTextIsNoKey) {
  for (const char* text : {"",
                           "0000000000",
                           "000000001",
                           "00000000001",
                           "000000000x",
                           "-000000001",
                           "A00000000009999999999",
                           "A18446744073709551616",
                           "B00000000010000000000",
                           "A0000000001000000000"})
    EXPECT_EQ(position_of(text), std::nullopt) << text;
}

TEST(KeyFormat, KnowsTheWrappedKeysOfOldMesos) {
  EXPECT_EQ(wrapped_key({0}), "0000000001");
  EXPECT_EQ(wrapped_key({(1ull << 31) - 2}), "2147483647");
  EXPECT_EQ(wrapped_key({(1ull << 31) - 1}), "-2147483648");
  EXPECT_EQ(wrapped_key({(1ull << 32) - 1}), "0000000000");
  EXPECT_EQ(wrapped_key({(1ull << 32) + 4}), "0000000005");
}

RC_GTEST_PROP(KeyFormat, AscendsWithPositions, (std::uint64_t a, std::uint64_t b)) {
  RC_PRE(a < b && b <= Position::max().value);
  RC_ASSERT(key(a) < key(b));
  RC_ASSERT(position_of(key(a)) == Position{a});
  RC_ASSERT(position_of(key(b)) == Position{b});
}

}  // namespace
}  // namespace holdfast::storage
