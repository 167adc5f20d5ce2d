// Each story takes the path it is there for, and nothing breaks there.

#include "scenarios/rare_stories.h"

#include <gtest/gtest.h>

#include "scenarios/catalog.h"
#include "scenarios/run.h"

namespace holdfast::scenarios {
namespace {

constexpr std::uint64_t kSeeds = 20;

void expect_all_reached(const Scenario& scenario, StackPool& stacks) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const RunResult result = run(scenario.draw(seed, sim::Profile::kDefault), stacks);
    EXPECT_EQ(result.outcome, RunOutcome::kPassed) << "seed " << seed << ": " << result.note;
    for (const properties::Violation& violation : result.violations)
      ADD_FAILURE() << "seed " << seed << ": " << violation.describe();
    for (const Point point : scenario.reaches) {
      EXPECT_GT(result.points[static_cast<std::size_t>(point)], 0)
          << "seed " << seed << " " << points()[static_cast<std::size_t>(point)].name;
    }
  }
}

TEST(RareStories, TakeTheirPathWithEverySeed) {
  StackPool stacks;
  for (const char* name : {"deposed_by_truncation", "restored_backup"}) {
    SCOPED_TRACE(name);
    const Scenario* scenario = find_scenario(name);
    ASSERT_NE(scenario, nullptr);
    ASSERT_FALSE(scenario->reaches.empty());
    expect_all_reached(*scenario, stacks);
  }
}

}  // namespace
}  // namespace holdfast::scenarios
