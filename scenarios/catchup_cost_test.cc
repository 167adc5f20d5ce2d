// What catching up costs, in simulated time, against the rule of Mesos (D8: one ballot round per
// position, one after the other).  docs/benchmarks.md quotes the figures this prints.

#include <cstdint>
#include <iostream>

#include <gtest/gtest.h>

#include "scenarios/cluster.h"
#include "scenarios/cost_for_test.h"

namespace holdfast::scenarios {
namespace {

constexpr std::uint64_t kPositions = 100'000;
constexpr std::size_t kEntryBytes = 32;
constexpr NodeId kWriter{1};
constexpr NodeId kSleeper{3};

// Three members whose settings are those a member has by itself (protocol/options.h).
ClusterOptions members(std::int64_t compat_d8) {
  const NodeOptions usual;
  ClusterOptions options = usual_members();
  options.window = 512;
  options.rounds_per_reservation = static_cast<std::int64_t>(usual.rounds_per_reservation);
  // A reader's patience too.
  options.election_deadline = Duration::seconds(3600);
  options.compat_d8 = compat_d8;
  return options;
}

class CatchUpCost : public testing::Test {
 protected:
  // How long a member that missed kPositions needs to learn them all, from its reader's catchup().
  static Duration measure(std::int64_t compat_d8) {
    StackPool stacks;
    Cluster cluster(world_of_three(), members(compat_d8), stacks);
    sim::World& world = cluster.world();
    world.run_until(world.now() + Duration::seconds(1));
    cluster.perform({.at = {}, .node = kWriter, .kind = OperationKind::kElect});
    world.run_until(world.now() + Duration::seconds(1));
    world.crash(kSleeper, {.commit = {}, .bulk = {}, .power = std::nullopt});
    write(cluster);
    world.boot(kSleeper);
    run(cluster, [&] { return cluster.node(kSleeper)->is_ready(); });

    const Instant begin = world.now();
    cluster.perform({.at = {}, .node = kSleeper, .kind = OperationKind::kCatchUp});
    run(cluster, [&] {
      return cluster.node(kSleeper)->image().first_missing(Position{}) > Position{kPositions};
    });
    EXPECT_TRUE(cluster.panel().verdict().clean());
    return world.now() - begin;
  }

 private:
  template <typename Done>
  static void run(Cluster& cluster, Done done) {
    ASSERT_EQ(cluster.world().run_until(done, 100'000'000), sim::RunEnd::kReached);
  }

  static void write(Cluster& cluster) {
    const Node& writer = *cluster.node(kWriter);
    std::uint64_t sent = 0;
    while (sent < kPositions) {
      const std::uint64_t burst = std::min<std::uint64_t>(512, kPositions - sent);
      cluster.with_application(kWriter, [&](Application& application) {
        for (std::uint64_t i = 0; i < burst; ++i)
          application.append_sized(kEntryBytes);
      });
      sent += burst;
      run(cluster, [&] { return writer.image().first_missing(Position{}) > Position{sent}; });
    }
  }
};

TEST_F(CatchUpCost, IsATwentiethOfMesosRuleAtMost) {
  const Duration ours = measure(0);
  const Duration mesos = measure(1);
  std::cout << kPositions << " positions: " << ours.ns() / 1'000'000 << " ms by fetching, "
            << mesos.ns() / 1'000'000 << " ms by ballots (D8 switched back), a factor of "
            << mesos.ns() / ours.ns() << "\n";
  EXPECT_GT(ours.ns(), 0);
  EXPECT_GE(mesos.ns(), 20 * ours.ns());
}

}  // namespace
}  // namespace holdfast::scenarios
