#include "real/ports/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::real {
namespace {

TEST(Address, IsReadAsItIsWritten) {
  for (const char* text : {"127.0.0.1:7000", "[::1]:7000", "replica-1.example.net:65535", "h:0"}) {
    const auto address = Address::parse(text);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(address->text(), text);
  }
  EXPECT_EQ(Address::parse("[::1]:7000")->host, "::1");
  EXPECT_EQ(Address::parse("h:0010")->port, 10);
}

TEST(Address, RefusesWhatIsNone) {
  for (const char* text : {"",
                           ":",
                           "host",
                           "host:",
                           ":1",
                           "::1:7000",
                           "host:65536",
                           "host:-1",
                           "host:1x",
                           "host: 1"}) {
    const auto address = Address::parse(text);
    ASSERT_FALSE(address.has_value()) << text;
    EXPECT_THAT(address.error(), ::testing::HasSubstr(std::string("\"") + text + "\""));
    EXPECT_THAT(address.error(), ::testing::HasSubstr("HOST:PORT"));
  }
}

}  // namespace
}  // namespace holdfast::real
