#include "tools/sim_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::tools {
namespace {

using testing::HasSubstr;

SoakRange range_of(std::uint64_t core, std::uint64_t first, std::uint64_t seeds) {
  return {.date = "2026-11-22",
          .core = core,
          .scenario = "swarm",
          .profile = "default",
          .first = first,
          .seeds = seeds,
          .events = 10 * seeds,
          .simulated_s = seeds,
          .result = "passed"};
}

Ledger example() {
  Ledger ledger;
  ledger.add(range_of(7, Ledger::first_seed_of(7), 100), {{"cut", 5}, {"disk: wipe", 1}});
  ledger.add(range_of(8, Ledger::first_seed_of(8), 30), {{"cut", 2}});
  ledger.add(range_of(7, Ledger::first_seed_of(7) + 100, 50), {{"cut", 3}, {"freeze", 4}});
  return ledger;
}

std::string error_of(const std::string& text) {
  const auto parsed = Ledger::parse(text);
  return parsed ? "no error" : parsed.error();
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Ledger, ReadsBackWhatItWrote) {
  const Ledger ledger = example();
  const auto again = Ledger::parse(ledger.format());
  ASSERT_TRUE(again.has_value()) << again.error();
  EXPECT_EQ(again->ranges(), ledger.ranges());
  ASSERT_NE(again->faults(7), nullptr);
  EXPECT_EQ(*again->faults(7), (SoakFaults{{"cut", 8}, {"disk: wipe", 1}, {"freeze", 4}}));
  EXPECT_EQ(again->format(), ledger.format());
}

TEST(Ledger, KeepsWhatPeopleWroteAboveTheTable) {
  const std::string text = "# Our soak\n\nMind the gap.\n\n" +
                           example().format().substr(example().format().find("## Runs"));
  const auto parsed = Ledger::parse(text);
  ASSERT_TRUE(parsed.has_value()) << parsed.error();
  EXPECT_EQ(parsed->format(), text);
}

TEST(Ledger, OnlyEqualCoresAddUp) {
  const Ledger ledger = example();
  EXPECT_EQ(ledger.total(range_of(7, 0, 0)).seeds, 150u);
  EXPECT_EQ(ledger.total(range_of(7, 0, 0)).ranges, 2u);
  EXPECT_EQ(ledger.total(range_of(8, 0, 0)).seeds, 30u);
  EXPECT_EQ(ledger.total(range_of(9, 0, 0)).seeds, 0u);
  SoakRange other = range_of(7, 0, 0);
  other.profile = "beyond";
  EXPECT_EQ(ledger.total(other).seeds, 0u);
}

TEST(Ledger, RangesNeverRepeat) {
  const Ledger ledger = example();
  EXPECT_EQ(ledger.next_seed(range_of(7, 0, 0)), Ledger::first_seed_of(7) + 150);
  EXPECT_EQ(ledger.next_seed(range_of(9, 0, 0)), Ledger::first_seed_of(9));
  EXPECT_NE(Ledger::first_seed_of(7), Ledger::first_seed_of(8));
}

TEST(Ledger, CountsRangesThatFailed) {
  Ledger ledger = example();
  SoakRange failed = range_of(7, 1, 1);
  failed.result = "failed: safety 17";
  ledger.add(failed, {});
  EXPECT_EQ(ledger.total(failed).ranges_failed, 1u);
  EXPECT_THAT(to_string(ledger.total(failed)), HasSubstr("failures in 1 of them"));
}

TEST(Ledger, NamesTheLineItCannotRead) {
  const std::string text = example().format();
  EXPECT_THAT(error_of(replaced(text, "| 100 |", "| many |")),
              AllOf(HasSubstr("line"), HasSubstr("'many' is no number")));
  EXPECT_THAT(error_of(replaced(text, "| passed |", "|")), HasSubstr("9 cells, not 8"));
  EXPECT_THAT(error_of(replaced(text, "| cut | 8 |", "| cut |")), HasSubstr("a row of faults"));
  EXPECT_THAT(error_of(replaced(text, "## Core 0", "## Core x")), HasSubstr("names no core"));
}

}  // namespace
}  // namespace holdfast::tools
