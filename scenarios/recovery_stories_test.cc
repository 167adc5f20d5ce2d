// Whatever happened in one story of recovery, or in several one after the other, the log works
// afterwards: an append is acknowledged, and of the members that are healed everybody votes.

#include "scenarios/recovery_stories.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "scenarios/run.h"

namespace holdfast::scenarios {
namespace {

#ifdef __SANITIZE_ADDRESS__
// Eight times as slow; what it looks for is the same everywhere.
constexpr std::uint64_t kThinning = 6;
#else
constexpr std::uint64_t kThinning = 1;
#endif

using Chain = std::vector<const RecoveryStory*>;

std::string name_of(const Chain& chain) {
  std::string name;
  for (const RecoveryStory* story : chain)
    name += (name.empty() ? "" : " + ") + std::string(story->name);
  return name;
}

// What all runs of a test reached together.
struct Account {
  std::uint64_t runs = 0;
  PointCounts points{};

  bool reached(Point point) const { return points[static_cast<std::size_t>(point)] > 0; }
};

void expect_passes(const RunPlan& plan, std::string_view which, Account& account) {
  StackPool stacks;
  const RunResult result = run(plan, stacks);
  EXPECT_EQ(result.outcome, RunOutcome::kPassed)
      << which << ", seed " << plan.world.seed << ": " << result.note;
  for (const properties::Violation& violation : result.violations)
    ADD_FAILURE() << which << ", seed " << plan.world.seed << ": " << violation.describe();
  ++account.runs;
  for (std::size_t i = 0; i < account.points.size(); ++i)
    account.points[i] += result.points[i];
}

// Of which every part has its place: five members.
void expect_works_after(const Chain& chain, std::uint64_t seed, Account& account) {
  constexpr int kMembers = 5;
  expect_passes(draw_recovery_chain(chain, seed, kMembers), name_of(chain), account);
}

// ---- One story

TEST(RecoveryStories, TheLogWorksAfterEach) {
  Account account;
  constexpr std::uint64_t kSeeds = 24 / kThinning;
  for (const RecoveryStory& story : recovery_stories()) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed)
      expect_works_after({&story}, seed, account);
  }
  EXPECT_EQ(account.runs, 8 * kSeeds);
}

// A story that does not reach its path is no test of it.
TEST(RecoveryStories, ReachWhatTheyAreAbout) {
  struct Case {
    RunPlan (*draw)(std::uint64_t, sim::Profile);
    std::vector<Point> points;
  };

  const std::array<Case, 8> cases{{
      {draw_recovery_under_load,
       {Point::kRecoveryBegins,
        Point::kRecoveryCloses,
        Point::kRecoveryBallots,
        Point::kRecoveryDone}},
      {draw_recovery_crash_steps, {Point::kRecoveryResumed}},
      {draw_recovery_wiped_again, {Point::kRecoveryBegins, Point::kRecoveryDone}},
      {draw_recovery_dead_votes, {Point::kFormerIncarnation, Point::kVoteForgotten}},
      {draw_recovery_deposed_writer, {Point::kStepDownRejected, Point::kRecoveryDone}},
      {draw_recovery_truncation, {Point::kTombstoneStored, Point::kRecoveryDone}},
      {draw_recovery_outnumbered, {Point::kOutnumbered, Point::kRenumberedVoting}},
      {draw_first_start, {Point::kStartingAll, Point::kVotingFirst, Point::kVotingFollows}},
  }};
  for (const Case& story : cases) {
    Account account;
    std::string name;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
      const RunPlan plan = story.draw(seed, sim::Profile::kDefault);
      name = plan.scenario;
      expect_passes(plan, name, account);
    }
    for (const Point point : story.points) {
      EXPECT_TRUE(account.reached(point))
          << name << " does not reach " << points()[static_cast<std::size_t>(point)].name;
    }
  }
}

// A crash at the K-th step of a recovery, for every K, by every kind of crash.
TEST(RecoveryStories, TheLogWorksAfterACrashAtEveryStepOfARecovery) {
  Account account;
  constexpr std::uint64_t kRuns = 4 * 48;
  for (std::uint64_t seed = 0; seed < kRuns; ++seed)
    expect_passes(
        draw_recovery_crash_steps(seed, sim::Profile::kDefault), "recovery_crash_steps", account);
  EXPECT_TRUE(account.reached(Point::kRecoveryResumed));
  // Now and then the member is not among those that are healed at the end.
  EXPECT_GE(account.points[static_cast<std::size_t>(Point::kRecoveryDone)], kRuns - 10);
}

// ---- Several

std::vector<Chain> chains_of_two() {
  std::vector<Chain> chains;
  for (const RecoveryStory& first : recovery_stories()) {
    for (const RecoveryStory& second : recovery_stories()) {
      if (!second.from_nothing) chains.push_back({&first, &second});
    }
  }
  return chains;
}

TEST(RecoveryStories, TheLogWorksAfterEveryOrderedPair) {
  Account account;
  constexpr std::uint64_t kSeeds = kThinning == 1 ? 3 : 1;
  for (const Chain& chain : chains_of_two()) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed)
      expect_works_after(chain, seed, account);
  }
  EXPECT_EQ(account.runs, kSeeds * 8 * 7);
}

// The triple of a seed.
Chain draw_triple(std::uint64_t seed) {
  const sim::KeyedRandom key = sim::KeyedRandom(seed).at("triple");
  const auto stories = recovery_stories();
  const auto repeatable =
      static_cast<std::uint64_t>(std::ranges::count(stories, false, &RecoveryStory::from_nothing));
  Chain chain{&stories[sim::below(key.draw(0), stories.size())]};
  std::vector<const RecoveryStory*> later;
  for (const RecoveryStory& story : stories) {
    if (!story.from_nothing) later.push_back(&story);
  }
  chain.push_back(later[sim::below(key.draw(1), repeatable)]);
  chain.push_back(later[sim::below(key.draw(2), repeatable)]);
  return chain;
}

void expect_works_after_triples(std::uint64_t first_seed, std::uint64_t seeds) {
  Account account;
  for (std::uint64_t seed = first_seed; seed < first_seed + seeds; ++seed)
    expect_works_after(draw_triple(seed), seed, account);
  EXPECT_TRUE(account.reached(Point::kRenumberedVoting));
  EXPECT_TRUE(account.reached(Point::kVoteForgotten));
}

TEST(RecoveryStories, TheLogWorksAfterDrawnTriples) {
  expect_works_after_triples(1, 300 / kThinning);
}

TEST(RecoveryStoriesLong, TheLogWorksAfterTenThousandTriples) {
  expect_works_after_triples(1000, 10'000 / kThinning);
}

// ---- The others

TEST(RecoveryStories, AMemberPerMinuteForAnHour) {
  Account account;
  constexpr std::uint64_t kHours = kThinning == 1 ? 6 : 1;
  for (std::uint64_t seed = 1; seed <= kHours; ++seed)
    expect_passes(draw_recovery_hour(seed, sim::Profile::kDefault), "wipe_hour", account);
  // Each life that was lost has come back.
  EXPECT_GE(account.points[static_cast<std::size_t>(Point::kRecoveryDone)], kHours * 55);
}

// Nothing is left that could say what was in the log, so nobody says anything: they stay EMPTY, and
// tell the operator what it takes.
TEST(RecoveryStories, AfterTheLossOfEveryDiskNobodyMakesUpALog) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    RunHooks hooks;
    hooks.at_end = [seed](Cluster& cluster) {
      for (std::uint8_t id = 1; id <= 3; ++id) {
        const Node* node = cluster.node(NodeId{id});
        ASSERT_NE(node, nullptr) << "seed " << seed;
        EXPECT_EQ(node->image().metadata().status, Status::kEmpty) << "seed " << seed;
        EXPECT_EQ(node->recovery().wait, RecoveryReport::Wait::kInitialise) << "seed " << seed;
      }
    };
    StackPool stacks;
    const RunPlan plan = draw_recovery_all_disks(seed, sim::Profile::kBeyond);
    const RunResult result = run(plan, stacks, hooks);
    EXPECT_EQ(result.outcome, RunOutcome::kPassed) << "seed " << seed << ": " << result.note;
  }
}

}  // namespace
}  // namespace holdfast::scenarios
