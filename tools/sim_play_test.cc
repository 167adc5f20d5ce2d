#include "tools/sim_play.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::tools {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::uint64_t kSeeds = 60;

Choice duel() {
  Choice choice;
  choice.scenario = scenarios::find_scenario("duel");
  choice.sim_time = Duration::milliseconds(300);
  return choice;
}

// The first seed that is played twice, but not in a new process.
SeedRecord first_repeated(Player& player) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SeedRecord record = player.play(seed, {});
    if (record.figures.repeated == 1 && record.figures.repeated_afresh == 0) return record;
  }
  ADD_FAILURE() << "none of " << kSeeds << " seeds is played twice";
  return {};
}

TEST(Player, PlaysSomeSeedsTwice) {
  Player player(duel(), Repeats::kSome);
  const SeedRecord record = first_repeated(player);
  EXPECT_EQ(record.divergence, "");
  EXPECT_EQ(record.exit_code(), kExitPassed);
  Player once(duel(), Repeats::kNone);
  const SeedRecord same = once.play(record.seed, {});
  EXPECT_EQ(same.figures.repeated, 0u);
  EXPECT_EQ(same.figures.fingerprint, record.figures.fingerprint);
}

TEST(Player, NamesTheFirstEventInWhichTwoRunsDiffer) {
  int runs = 0;
  const auto unsteady =
      [&](const scenarios::RunPlan& plan, StackPool& stacks, const scenarios::RunHooks& hooks) {
        scenarios::RunPlan other = plan;
        // As if a clock of the machine had been read.
        if (++runs % 2 == 0) other.world.network.delay_base = Duration::microseconds(777);
        return scenarios::run(other, stacks, hooks);
      };
  Player player(duel(), Repeats::kSome, unsteady);
  SeedRecord record;
  for (std::uint64_t seed = 1; record.divergence.empty() && seed <= kSeeds; ++seed) {
    runs = 0;
    record = player.play(seed, {});
  }
  EXPECT_EQ(record.exit_code(), kExitNotDeterministic);
  EXPECT_THAT(record.divergence, StartsWith("a second run in the same process has fingerprint"));
  EXPECT_THAT(record.divergence, HasSubstr("#"));
  EXPECT_THAT(record.divergence, HasSubstr("delivery"));
}

TEST(Player, RefusesSettingsThatMakeNoRun) {
  Choice choice = duel();
  choice.settings = {{"nodes", "9"}};
  Player player(choice, Repeats::kSome);
  EXPECT_THAT(player.play(1, {}).invalid, HasSubstr("--set nodes=9"));
}

TEST(Choice, DrawsAgainWhatWasDrawnFromSettings) {
  Choice choice;
  choice.scenario = scenarios::find_scenario("swarm");
  const auto plain = plan_of(choice, 3);
  choice.sim_time = Duration::milliseconds(50);
  const auto short_one = plan_of(choice, 3);
  ASSERT_TRUE(plain && short_one);
  EXPECT_EQ(short_one->world.length, Duration::milliseconds(50));
  EXPECT_NE(short_one->operations, plain->operations);
  for (const scenarios::Operation& operation : short_one->operations)
    EXPECT_LT(operation.at, Duration::milliseconds(50));
  // A story of its own is kept.
  choice.scenario = scenarios::find_scenario("duel");
  const auto story = plan_of(choice, 3);
  choice.sim_time.reset();
  ASSERT_TRUE(story && plan_of(choice, 3));
  EXPECT_EQ(story->operations, plan_of(choice, 3)->operations);
}

TEST(Choice, AClusterOfAnotherSizeHasItsMajority) {
  Choice choice;
  choice.scenario = scenarios::find_scenario("swarm");
  for (const int nodes : {1, 4, 7}) {
    choice.settings = {{"nodes", std::to_string(nodes)}};
    const auto plan = plan_of(choice, 11);
    ASSERT_TRUE(plan.has_value()) << plan.error();
    EXPECT_EQ(plan->world.quorum, nodes / 2 + 1);
  }
}

}  // namespace
}  // namespace holdfast::tools
