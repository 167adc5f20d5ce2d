#include "protocol/env/check.h"

#include <string>

#include <gtest/gtest.h>

#include "protocol/env/node_id.h"
#include "protocol/env/time.h"

namespace holdfast {
namespace {

enum class Colour : std::uint8_t { kRed = 3 };

TEST(Check, ATrueConditionDoesNothing) {
  HOLDFAST_CHECK(true);
  HOLDFAST_REQUIRE(1 + 1 == 2, 1);
  maybe(true);
  maybe(false);
}

TEST(Check, TheConditionIsEvaluatedOnceAndOperandsOnlyOnFailure) {
  int conditions = 0;
  int operands = 0;
  HOLDFAST_CHECK(++conditions > 0, ++operands);
  EXPECT_EQ(conditions, 1);
  EXPECT_EQ(operands, 0);
}

TEST(CheckDeathTest, SaysWhereAndWhat) {
  EXPECT_DEATH(HOLDFAST_CHECK(1 + 1 == 3),
               "check_test\\.cc:[0-9]+: check failed in .*1 \\+ 1 == 3");
}

TEST(CheckDeathTest, TellsOurBugFromTheCallers) {
  EXPECT_DEATH(HOLDFAST_REQUIRE(false), "require failed");
}

TEST(CheckDeathTest, PrintsEveryKindOfOperand) {
  const int count = -7;
  const NodeId node{5};
  const Duration wait = Duration::nanoseconds(12);
  const std::string name = "a name";
  EXPECT_DEATH(HOLDFAST_CHECK(count > 0, count, node, wait, name, Colour::kRed),
               "count > 0; count, node, wait, name, Colour::kRed = -7 5 12ns a name 3");
}

TEST(CheckDeathTest, ControlCannotComeHere) {
  EXPECT_DEATH(HOLDFAST_UNREACHABLE("the impossible happened"),
               "unreachable failed in .*the impossible happened");
}

}  // namespace
}  // namespace holdfast
