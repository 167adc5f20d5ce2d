// What the stories of the elector show, that the judge of steadiness is awake, and how long a
// cluster is without a coordinator after a crash (docs/PROTOCOL.md 12 quotes what this prints).

#include "scenarios/elector_stories.h"

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "scenarios/run.h"

namespace holdfast::scenarios {
namespace {

using sim::FaultKind;
using sim::Profile;
using sim::Role;

bool objects(const RunResult& result) {
  return std::any_of(result.violations.begin(), result.violations.end(), [](const auto& v) {
    return v.property == "steady";
  });
}

// Everything but a steady coordinator is somebody else's complaint.
std::string others(const RunResult& result) {
  for (const auto& violation : result.violations)
    if (violation.property != "steady") return violation.describe();
  return "";
}

class Watcher : public sim::Observer {
 public:
  void on_event(const sim::TraceEvent&) override {}

  void on_point(NodeId, Point) override {}

  void on_life(const sim::LifeNote&) override {}

  void on_fault(const sim::FaultNote&) override {}

  void on_heal(Instant, sim::NodeSet) override {}
};

TEST(ElectorStories, APauseLongerThanTheTimeoutIsAnElectionAndIsObjectedTo) {
  StackPool stacks;
  RunPlan plan = draw_elector_steady(1, Profile::kDefault);
  plan.world.length = Duration::seconds(20);
  const RunResult quiet = run(plan, stacks);
  EXPECT_EQ(quiet.outcome, RunOutcome::kPassed);
  plan.faults.push_back({.kind = FaultKind::kPause,
                         .at = Duration::seconds(10),
                         .duration = plan.cluster.election_timeout * 4,
                         .target = Role::kCoordinator});
  const RunResult churned = run(plan, stacks);
  EXPECT_TRUE(objects(churned));
  EXPECT_EQ(others(churned), "");
  EXPECT_EQ(churned.exit_code, 11);
}

// How often members ask, run and are elected, until a core is healed.
class Elections : public Watcher {
 public:
  void on_event(const sim::TraceEvent& event) override {
    if (healed_) return;
    canvasses += event.kind == EventKind::kCanvassing;
    runs += event.kind == EventKind::kElecting;
    elected += event.kind == EventKind::kElected;
  }

  void on_heal(Instant, sim::NodeSet) override { healed_ = true; }

  int canvasses = 0;
  int runs = 0;
  int elected = 0;

 private:
  bool healed_ = false;
};

TEST(ElectorStories, InAThousandSecondsNobodyIsElectedButTheFirst) {
  constexpr int kSeeds = 10;
  StackPool stacks;
  for (const bool quiet : {true, false}) {
    int canvasses = 0;
    int runs = 0;
    Duration length;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      RunPlan plan = draw_elector_steady(seed, Profile::kDefault);
      if (quiet) {
        plan.faults.clear();
        plan.world.network.loss_ppm = plan.world.network.duplicate_ppm = 0;
      }
      Elections elections;
      const RunResult result = run(plan, stacks, {.watcher = &elections});
      EXPECT_EQ(result.outcome, RunOutcome::kPassed) << seed;
      EXPECT_EQ(elections.elected, 1) << seed;
      canvasses += elections.canvasses;
      runs += elections.runs;
      length = length + plan.world.length;
    }
    EXPECT_EQ(length, Duration::seconds(1000));
    std::cout << "1000 s, " << (quiet ? "quiet" : "troubled") << ": " << kSeeds
              << " first elections, " << runs - kSeeds << " more; " << canvasses << " canvasses\n";
    EXPECT_EQ(runs, kSeeds);
  }
}

// What a member without a canvass does: whoever is cut off runs at once.
TEST(ElectorStories, RunningWithoutACanvassIsChurnAndIsObjectedTo) {
  StackPool stacks;
  RunPlan plan = draw_elector_partial_partition(1, Profile::kDefault);
  EXPECT_EQ(run(plan, stacks).outcome, RunOutcome::kPassed);
  for (const std::uint8_t node : {1, 2, 3}) {
    for (std::int64_t at = 5; at < 35; at += 6) {
      plan.operations.push_back({.at = Duration::seconds(at),
                                 .node = NodeId{node},
                                 .kind = OperationKind::kElect,
                                 .arg = 1});
    }
  }
  const RunResult churned = run(plan, stacks);
  EXPECT_TRUE(objects(churned));
  EXPECT_EQ(others(churned), "");
}

TEST(ElectorStories, ThePreferredMemberIsHandedTheLogAfterEachOfItsFailures) {
  class HandOvers : public Watcher {
   public:
    explicit HandOvers(NodeId preferred) : preferred_(preferred) {}

    void on_event(const sim::TraceEvent& event) override {
      if (event.kind != EventKind::kHandedOver || healed_) return;
      if (event.words.begin()[0] == preferred_.value) ++seen;
    }

    void on_heal(Instant, sim::NodeSet) override { healed_ = true; }

    int seen = 0;

   private:
    NodeId preferred_;
    bool healed_ = false;
  };

  StackPool stacks;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const RunPlan plan = draw_elector_preference(seed, Profile::kDefault);
    HandOvers hand_overs(NodeId{static_cast<std::uint8_t>(plan.cluster.preferred)});
    const RunResult result = run(plan, stacks, {.watcher = &hand_overs});
    EXPECT_EQ(result.outcome, RunOutcome::kPassed) << seed;
    EXPECT_EQ(hand_overs.seen, 3) << seed;
  }
}

// From the loss of the coordinator's machine to the next append that a client is told of.
class FailoverTimes : public Watcher {
 public:
  void on_event(const sim::TraceEvent& event) override {
    const auto& words = event.words;
    if (event.kind == EventKind::kElected) coordinator_ = event.node;
    const bool acknowledged = event.kind == EventKind::kAppendReturned &&
                              words.begin()[1] == static_cast<std::uint64_t>(Outcome::kOk);
    if (!acknowledged || !lost_at_) return;
    times.push_back(event.at - *lost_at_);
    lost_at_.reset();
  }

  void on_life(const sim::LifeNote& note) override {
    if (note.moment != sim::LifeMoment::kPowerLost || note.node != coordinator_ || healed_) return;
    if (!lost_at_) lost_at_ = note.at;
  }

  void on_heal(Instant, sim::NodeSet) override {
    healed_ = true;
    lost_at_.reset();
  }

  std::vector<Duration> times;

 private:
  std::optional<NodeId> coordinator_;
  std::optional<Instant> lost_at_;
  bool healed_ = false;
};

// The story of a seed with another timeout, and clocks that agree.
RunPlan failover(std::uint64_t seed, Duration timeout) {
  RunPlan plan = draw_elector_failover(seed, Profile::kDefault);
  const Duration apart = Duration::seconds(12);
  plan.world.clock.drift_max_ppm = 0;
  plan.cluster.election_timeout = timeout;
  plan.cluster.heartbeat_interval = timeout / 10;
  plan.cluster.leaderless_max = leaderless_bound(plan.cluster);
  for (std::size_t i = 0; i < plan.faults.size(); ++i) {
    plan.faults[i].at = apart * static_cast<std::int64_t>(i + 1) +
                        Duration::nanoseconds(plan.faults[i].at.ns() % timeout.ns());
    plan.faults[i].duration = std::min(plan.faults[i].duration, apart / 2);
  }
  plan.world.length = apart * static_cast<std::int64_t>(plan.faults.size() + 1);
  for (std::size_t i = 0; i < plan.operations.size(); ++i)
    plan.operations[i].at = Duration::milliseconds(25) * static_cast<std::int64_t>(i + 1);
  const std::size_t per_run = static_cast<std::size_t>(plan.world.length.ns() / 25'000'000);
  for (std::size_t i = 0; plan.operations.size() < per_run; ++i) {
    Operation again = plan.operations[i];
    again.at = Duration::milliseconds(25) * static_cast<std::int64_t>(plan.operations.size() + 1);
    plan.operations.push_back(again);
  }
  return plan;
}

TEST(ElectorStories, AfterACrashAppendsGoOnWithinAFewTimeouts) {
  constexpr std::uint64_t kSeeds = 10;
  StackPool stacks;
  for (const std::int64_t timeout_ms : {250, 500, 1000, 2000}) {
    std::vector<Duration> times;
    RunPlan plan;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      plan = failover(seed, Duration::milliseconds(timeout_ms));
      FailoverTimes watcher;
      const RunResult result = run(plan, stacks, {.watcher = &watcher});
      EXPECT_EQ(result.outcome, RunOutcome::kPassed) << seed;
      times.insert(times.end(), watcher.times.begin(), watcher.times.end());
    }
    std::sort(times.begin(), times.end());
    ASSERT_GT(times.size(), kSeeds);
    std::cout << "election_timeout " << timeout_ms << " ms: " << times.size()
              << " crashes, next append after " << times[times.size() / 2].ns() / 1'000'000
              << " ms (median), " << times.back().ns() / 1'000'000 << " ms (longest)\n";
    EXPECT_LE(times.back(), leaderless_bound(plan.cluster));
  }
}

}  // namespace
}  // namespace holdfast::scenarios
