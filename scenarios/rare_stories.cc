#include "scenarios/rare_stories.h"

#include <algorithm>

#include "sim/keyed_random.h"

namespace holdfast::scenarios {
namespace {

using sim::FaultKind;

constexpr Duration ms(std::int64_t n) {
  return Duration::milliseconds(n);
}

sim::NodeSet node(std::uint8_t id) {
  return sim::NodeSet::of(NodeId{id});
}

RunPlan stage(const char* name, std::uint64_t seed, sim::Profile profile, int nodes) {
  RunPlan plan;
  plan.scenario = name;
  const sim::WorldOptions drawn = sim::draw_world_options(seed, profile, nodes);
  plan.world.seed = seed;
  plan.world.nodes = nodes;
  plan.world.quorum = nodes / 2 + 1;
  plan.world.profile = profile;
  plan.world.network.delay_base = std::min(drawn.network.delay_base, ms(2));
  plan.world.network.delay_spread = std::min(drawn.network.delay_spread, ms(4));
  plan.world.disk.directories = drawn.disk.directories;
  plan.cluster.store = draw_cluster_options(seed).store;
  plan.cluster.first_position = draw_cluster_options(seed).first_position;
  return plan;
}

void act(RunPlan& plan, Duration at, std::uint8_t node, OperationKind kind, std::uint32_t arg = 1) {
  plan.operations.push_back({.at = at, .node = NodeId{node}, .kind = kind, .arg = arg});
}

void suffer(RunPlan& plan, Duration from, Duration to, FaultKind kind, std::uint8_t node) {
  plan.faults.push_back({.kind = kind, .at = from, .duration = to - from, .target = NodeId{node}});
}

}  // namespace

// n1 coordinates, is cut off, and goes on writing to positions that n2 decides and truncates, whom
// n3 and n4 have elected.  n5 hears of it afterwards and is started anew: of n2's election it only
// had a memory, but where its log begins is on its disk.  Now n1 and n5 are alone, and n5 has
// nothing to refuse n1 by but the beginning of its log.
RunPlan draw_deposed_by_truncation(std::uint64_t seed, sim::Profile profile) {
  RunPlan plan = stage("deposed_by_truncation", seed, profile, 5);
  const sim::KeyedRandom key = sim::KeyedRandom(seed).at(plan.scenario);
  const auto later = [&](std::uint64_t i) { return sim::uniform(key.draw(i), ms(0), ms(60)); };
  plan.world.length = Duration::seconds(3);
  plan.cluster.window = 8;
  plan.cluster.write_deadline = Duration::seconds(10);
  plan.cluster.resend_min = ms(20);
  plan.cluster.resend_max = ms(100);

  act(plan, ms(10), 1, OperationKind::kAppend, 4);
  suffer(plan, ms(400), ms(1500) + later(0), FaultKind::kIsolate, 1);
  suffer(plan, ms(400), ms(800) + later(1), FaultKind::kIsolate, 5);
  act(plan, ms(420) + later(2), 1, OperationKind::kAppend, 3);
  act(plan, ms(520) + later(3), 2, OperationKind::kAppend, 12);
  act(plan, ms(900) + later(4), 2, OperationKind::kTruncate, 1);
  plan.faults.push_back({.kind = FaultKind::kSplit,
                         .at = ms(1300),
                         .duration = ms(900),
                         .group = (node(2) | node(3) | node(4)).bits});
  suffer(plan, ms(1320) + later(5), ms(1450), FaultKind::kCrashLost, 5);
  act(plan, ms(2500), 3, OperationKind::kAppend, 2);
  return plan;
}

// n3's files are copied, its disk is lost, it recovers under a new number and votes; then whoever
// looks after it brings the copy back.
RunPlan draw_restored_backup(std::uint64_t seed, sim::Profile) {
  RunPlan plan = stage("restored_backup", seed, sim::Profile::kBeyond, 3);
  const sim::KeyedRandom key = sim::KeyedRandom(seed).at(plan.scenario);
  const auto later = [&](std::uint64_t i) { return sim::uniform(key.draw(i), ms(0), ms(200)); };
  plan.world.length = Duration::seconds(6);
  // Files are what is copied.
  plan.cluster.store = StoreKind::kLevelDb;

  act(plan, ms(10), 1, OperationKind::kAppend, 4);
  suffer(plan, ms(400) + later(0), ms(3500) + later(1), FaultKind::kStaleCopy, 3);
  suffer(plan, ms(700) + later(2), ms(1000) + later(3), FaultKind::kWipe, 3);
  for (std::int64_t at = 1200; at < 6000; at += 150)
    act(plan, ms(at), 1, OperationKind::kAppend, 2);
  return plan;
}

}  // namespace holdfast::scenarios
