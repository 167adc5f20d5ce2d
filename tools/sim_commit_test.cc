#include "tools/sim_commit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::tools {
namespace {

using testing::HasSubstr;

constexpr const char* kId = "d72140b1f0e8a5d7c3b29604f8e1d5a7b3c09e42";

// Also what `printf %s ID | xxhsum -H3` prints, less six digits: reports of old runs name such
// seeds.
TEST(Commit, SeedsNeverChange) {
  EXPECT_EQ(first_seed_of(kId), 0x8db1eb18f3u);
  EXPECT_EQ(first_seed_of(std::string(64, 'a')), 0x2dddcef07du);
}

TEST(Commit, IsAWholeIdInLowerCase) {
  EXPECT_EQ(find_commit("D72140B1F0E8A5D7C3B29604F8E1D5A7B3C09E42"), kId);
  EXPECT_EQ(find_commit(std::string(64, 'A')), std::string(64, 'a'));
  for (const char* wrong : {"", "d72140b", "main", "g72140b1f0e8a5d7c3b29604f8e1d5a7b3c09e42"}) {
    const auto refused = find_commit(wrong);
    ASSERT_FALSE(refused.has_value()) << wrong;
    EXPECT_THAT(refused.error(), HasSubstr("git rev-parse HEAD"));
  }
}

}  // namespace
}  // namespace holdfast::tools
