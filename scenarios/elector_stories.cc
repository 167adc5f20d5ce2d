#include "scenarios/elector_stories.h"

#include <algorithm>
#include <string>

#include "sim/keyed_random.h"

namespace holdfast::scenarios {
namespace {

using sim::Fault;
using sim::FaultKind;
using sim::NodeSet;
using sim::Role;

constexpr Duration ms(std::int64_t n) {
  return Duration::milliseconds(n);
}

constexpr Duration s(std::int64_t n) {
  return Duration::seconds(n);
}

sim::KeyedRandom key_of(std::uint64_t seed, std::string_view name) {
  return sim::KeyedRandom(seed).at("elector").at(name);
}

NodeId any_node(const RunPlan& plan, std::uint64_t draw) {
  return NodeId{static_cast<std::uint8_t>(sim::uniform(draw, 1, plan.world.nodes))};
}

// Members that elect by themselves, in a world that breaks nothing by itself but drifts; clients
// ask any member, who sends them to the coordinator.
RunPlan stage(std::string_view name, std::uint64_t seed, sim::Profile profile, int members) {
  RunPlan plan;
  plan.scenario = std::string(name);
  const sim::WorldOptions drawn = sim::draw_world_options(seed, profile, members);
  plan.world.seed = seed;
  plan.world.nodes = members;
  plan.world.quorum = members / 2 + 1;
  plan.world.profile = profile;
  plan.world.network.delay_base = std::min(drawn.network.delay_base, ms(2));
  plan.world.network.delay_spread = std::min(drawn.network.delay_spread, ms(10));
  plan.world.clock = drawn.clock;
  plan.cluster.store = draw_cluster_options(seed).store;
  plan.cluster.elector = 1;
  return plan;
}

void append_anywhere(RunPlan& plan, Duration every) {
  const auto key = key_of(plan.world.seed, "appends");
  std::uint64_t i = 0;
  for (Duration at = every; at < plan.world.length; at = at + every) {
    plan.operations.push_back({.at = at,
                               .node = any_node(plan, key.draw(++i)),
                               .kind = OperationKind::kAppend,
                               .arg = 1});
  }
}

// What a member suffers in a steady run, one thing at a time, all of it shorter than the timeout
// where it silences a member.
Fault trouble(const RunPlan& plan, const sim::KeyedRandom& key, Duration at) {
  const Duration silence = plan.cluster.election_timeout / 2;
  Fault fault{.at = at};
  if (sim::chance(key.draw(1), 500'000)) {
    fault.target = Role::kCoordinator;
  } else {
    fault.target = any_node(plan, key.draw(2));
  }
  switch (sim::below(key.draw(3), 5)) {
    case 0:
      fault.kind = FaultKind::kJump;
      fault.arg = sim::log_uniform(key.draw(4), ms(10), s(3000)).ns();
      break;
    case 1:
      fault.kind = FaultKind::kDiskSlow;
      fault.duration = s(2);
      fault.arg = 100;
      break;
    case 2:
      fault.kind = FaultKind::kDiskStall;
      fault.duration = s(2);
      break;
    case 3:
      fault.kind = FaultKind::kPause;
      fault.duration = silence;
      break;
    default:
      fault.kind = FaultKind::kSlow;
      fault.duration = s(2);
      fault.arg = (silence / 4).ns();
      break;
  }
  return fault;
}

}  // namespace

Duration leaderless_bound(const ClusterOptions& options) {
  // Silence and a turn, on a clock that is slow by a fifth; two split canvasses; the election.
  return options.election_timeout * 5 + ms(500);
}

RunPlan draw_elector_steady(std::uint64_t seed, sim::Profile profile) {
  RunPlan plan = stage("elector_steady", seed, profile, 5);
  const auto key = key_of(seed, "steady");
  plan.world.length = s(100);
  plan.world.network.loss_ppm = 50'000;
  plan.world.network.duplicate_ppm = 50'000;
  plan.cluster.elections_max = 1;
  plan.cluster.leaderless_max = leaderless_bound(plan.cluster);
  append_anywhere(plan, ms(350));
  std::uint64_t i = 0;
  for (Duration at = s(5); at < plan.world.length - s(5); at = at + s(3))
    plan.faults.push_back(trouble(plan, key.at(++i), at));
  return plan;
}

RunPlan draw_elector_partial_partition(std::uint64_t seed, sim::Profile profile) {
  const auto key = key_of(seed, "partition");
  const bool five = sim::chance(key.draw(), 500'000);
  RunPlan plan = stage("elector_partial_partition", seed, profile, five ? 5 : 3);
  plan.world.length = s(40);
  plan.cluster.elections_max = 1;
  append_anywhere(plan, ms(200));
  std::uint64_t i = 0;
  for (Duration at = s(4); at < plan.world.length - s(6); at = at + s(6)) {
    const auto one = key.at(++i);
    // So few that a coordinator keeps a quorum, whichever end of the cut it is at.
    NodeSet others = NodeSet::of(any_node(plan, one.draw(1)));
    if (five) others = others | NodeSet::of(any_node(plan, one.draw(2)));
    Fault fault{.kind = FaultKind::kCut,
                .at = at,
                .duration = s(5),
                .group = others.bits,
                .arg = static_cast<std::int64_t>(sim::below(one.draw(3), 3))};
    if (sim::chance(one.draw(4), 700'000)) {
      fault.target = Role::kCoordinator;
    } else {
      fault.target = any_node(plan, one.draw(5));
    }
    plan.faults.push_back(fault);
  }
  return plan;
}

RunPlan draw_elector_failover(std::uint64_t seed, sim::Profile profile) {
  RunPlan plan = stage("elector_failover", seed, profile, 5);
  const auto key = key_of(seed, "failover");
  plan.cluster.election_timeout = sim::log_uniform(key.at("timeout").draw(), ms(200), s(2));
  plan.cluster.heartbeat_interval = plan.cluster.election_timeout / 10;
  plan.cluster.leaderless_max = leaderless_bound(plan.cluster);
  const Duration life = plan.cluster.election_timeout * 6 + s(1);
  plan.world.length = life * 6;
  append_anywhere(plan, ms(25));
  for (std::uint64_t i = 1; i < 6; ++i) {
    const auto at = life * static_cast<std::int64_t>(i);
    plan.faults.push_back(
        {.kind = FaultKind::kCrashLost,
         .at = at + sim::uniform(key.at(i).draw(1), Duration(), plan.cluster.election_timeout),
         .duration = sim::uniform(key.at(i).draw(2), ms(50), life),
         .target = Role::kCoordinator});
  }
  return plan;
}

RunPlan draw_elector_preference(std::uint64_t seed, sim::Profile profile) {
  RunPlan plan = stage("elector_preference", seed, profile, 3);
  const auto key = key_of(seed, "preference");
  plan.cluster.preferred = sim::uniform(key.draw(1), 1, 3);
  const NodeId preferred{static_cast<std::uint8_t>(plan.cluster.preferred)};
  constexpr std::int64_t kFailures = 3;
  plan.world.length = s(15 * (kFailures + 1));
  // Whoever is elected may hand over to the second in the order before the first is healthy.
  plan.cluster.elections_max = 1 + 3 * kFailures;
  plan.cluster.leaderless_max = leaderless_bound(plan.cluster);
  append_anywhere(plan, ms(50));
  for (std::int64_t i = 1; i <= kFailures; ++i) {
    plan.faults.push_back(
        {.kind = FaultKind::kCrashLost,
         .at =
             s(15 * i) + sim::uniform(key.at(static_cast<std::uint64_t>(i)).draw(), ms(0), ms(500)),
         .duration = s(2),
         .target = preferred});
  }
  return plan;
}

}  // namespace holdfast::scenarios
