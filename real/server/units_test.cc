#include "real/server/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::real {
namespace {

TEST(Units, TimesAreRead) {
  EXPECT_EQ(parse_duration("0ms"), Duration());
  EXPECT_EQ(parse_duration("15us"), Duration::microseconds(15));
  EXPECT_EQ(parse_duration("250ms"), Duration::milliseconds(250));
  EXPECT_EQ(parse_duration("2s"), Duration::seconds(2));
  EXPECT_EQ(parse_duration("5m"), Duration::seconds(300));
  EXPECT_EQ(parse_duration("1h"), Duration::seconds(3'600));
}

TEST(Units, SizesAreRead) {
  EXPECT_EQ(parse_size("7B"), 7u);
  EXPECT_EQ(parse_size("3KiB"), 3u << 10);
  EXPECT_EQ(parse_size("4MiB"), 4u << 20);
  EXPECT_EQ(parse_size("2GiB"), std::uint64_t{2} << 30);
}

TEST(Units, AnythingElseIsRefusedWithTheWayToWriteIt) {
  for (const char* text : {"",
                           "10",
                           "s",
                           "1.5s",
                           "-1s",
                           "1 s",
                           "1S",
                           "1sec",
                           "99999999999999999999s",
                           "9999999999h"}) {
    const auto time = parse_duration(text);
    ASSERT_FALSE(time.has_value()) << text;
    EXPECT_THAT(time.error(), ::testing::HasSubstr("\"" + std::string(text) + "\""));
    EXPECT_THAT(time.error(), ::testing::HasSubstr("250ms"));
  }
  for (const char* text : {"", "1", "1KB", "1k", "-1B", "99999999999GiB", "1MiB "}) {
    const auto size = parse_size(text);
    ASSERT_FALSE(size.has_value()) << text;
    EXPECT_THAT(size.error(), ::testing::HasSubstr("512KiB"));
  }
}

}  // namespace
}  // namespace holdfast::real
