// A standby that reads under constant truncation (docs/TESTING.md: ten thousand seeds were played).

#include <array>

#include <gtest/gtest.h>

#include "scenarios/catalog.h"
#include "scenarios/run.h"

namespace holdfast::scenarios {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t kSeeds = 20;
#else
constexpr std::uint64_t kSeeds = 100;
#endif

TEST(Standby, ReadsNoHoleAndIsRefusedForAReason) {
  const Scenario* scenario = find_scenario("standby");
  ASSERT_NE(scenario, nullptr);
  StackPool stacks;
  PointCounts reached{};
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const RunResult result = run(scenario->draw(seed, sim::Profile::kDefault), stacks);
    EXPECT_EQ(result.outcome, RunOutcome::kPassed) << "seed " << seed << ": " << result.note;
    for (const properties::Violation& violation : result.violations)
      ADD_FAILURE() << "seed " << seed << ": " << violation.describe();
    for (std::size_t i = 0; i < reached.size(); ++i)
      reached[i] += result.points[i];
  }
  // It would notice nothing if truncation did not race with what it reads.
  for (const Point point : {Point::kCopyRetried, Point::kBarrierWaits, Point::kTombstoneStored}) {
    EXPECT_GT(reached[static_cast<std::size_t>(point)], 0)
        << points()[static_cast<std::size_t>(point)].name;
  }
}

}  // namespace
}  // namespace holdfast::scenarios
