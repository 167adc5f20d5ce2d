// The scenario of a million seeds (docs/soak.md), as many as fit a few seconds.

#include "scenarios/wipes.h"

#include <array>
#include <string_view>

#include <gtest/gtest.h>

#include "scenarios/run.h"

namespace holdfast::scenarios {
namespace {

#ifdef __SANITIZE_ADDRESS__
// Ten times as slow; what it looks for is the same everywhere.
constexpr std::uint64_t kSeeds = 400;
#else
constexpr std::uint64_t kSeeds = 5000;
#endif

// Points must be reached within so many seeds.
constexpr std::uint64_t kSeedsToReach = 2000;

TEST(Wipes, PassAndReachEveryPathOfARecovery) {
  StackPool stacks;
  PointCounts reached{};
  std::uint64_t wipes = 0;
  std::uint64_t events = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const RunResult result = run(draw_wipes(seed, sim::Profile::kDefault), stacks);
    EXPECT_EQ(result.outcome, RunOutcome::kPassed) << "seed " << seed << ": " << result.note;
    for (const properties::Violation& violation : result.violations)
      ADD_FAILURE() << "seed " << seed << ": " << violation.describe();
    wipes += result.counters.injected_of(sim::FaultKind::kWipe);
    events += result.counters.events;
    for (std::size_t i = 0; seed <= kSeedsToReach && i < reached.size(); ++i)
      reached[i] += result.points[i];
  }
  EXPECT_GE(wipes, kSeeds * 2);
  EXPECT_LE(events, kSeeds * 1000) << "too long for a million";
  constexpr std::array kPoints{Point::kFormerIncarnation,
                               Point::kRangeClosed,
                               Point::kStartingAll,
                               Point::kVotingFirst,
                               Point::kVotingFollows,
                               Point::kRecoveryBegins,
                               Point::kRecoveryResumed,
                               Point::kRecoveryCloses,
                               Point::kRecoveryBallots,
                               Point::kRecoveryDone,
                               Point::kOutnumbered,
                               Point::kRenumberedVoting};
  for (const Point point : kPoints) {
    EXPECT_GT(reached[static_cast<std::size_t>(point)], 0)
        << points()[static_cast<std::size_t>(point)].name;
  }
}

// Whether it would notice: with Mesos' rule for lost disks (D2) entries are lost.
TEST(Wipes, FindTheGapOfMesosWithinAHundredSeeds) {
  StackPool stacks;
  std::uint64_t disagree = 0;
  std::uint64_t lose = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    RunPlan plan = draw_wipes(seed, sim::Profile::kDefault);
    plan.cluster.compat_d2 = 1;
    bool agreement = false;
    bool durability = false;
    for (const properties::Violation& violation : run(plan, stacks).violations) {
      agreement = agreement || violation.property == std::string_view("agreement");
      durability = durability || violation.property == std::string_view("durability");
    }
    disagree += agreement ? 1 : 0;
    lose += durability ? 1 : 0;
  }
  EXPECT_GE(disagree, 3);
  EXPECT_GE(lose, 1);
}

}  // namespace
}  // namespace holdfast::scenarios
