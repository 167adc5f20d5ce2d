#include "scenarios/mesos_stories.h"

#include <string>

#include "sim/keyed_random.h"

namespace holdfast::scenarios {
namespace {

using sim::Fault;
using sim::FaultKind;
using sim::NodeSet;

constexpr Duration ms(std::int64_t n) {
  return Duration::milliseconds(n);
}

NodeSet nodes(std::initializer_list<std::uint8_t> ids) {
  NodeSet set;
  for (const std::uint8_t id : ids)
    set = set | NodeSet::of(NodeId{id});
  return set;
}

// A world that breaks nothing by itself.  Delays are drawn, and short against the steps of a story.
RunPlan stage(std::string_view name, std::uint64_t seed, sim::Profile profile, int members) {
  RunPlan plan;
  const ClusterOptions drawn = draw_cluster_options(seed);
  plan.scenario = std::string(name);
  plan.world.seed = seed;
  plan.world.nodes = members;
  plan.world.quorum = members / 2 + 1;
  plan.world.profile = profile;
  plan.world.length = Duration::seconds(3);
  plan.world.network.delay_base = ms(1);
  plan.world.network.delay_spread = ms(4);
  plan.cluster.store = drawn.store;
  plan.cluster.first_position = drawn.first_position;
  // Mesos writes one position at a time.
  plan.cluster.window = 1;
  // Nor does an election of Mesos leave anything behind that would tell a member which forgot it.
  plan.cluster.compat_d14 = 1;
  // Nobody tells what is chosen unless somebody has something else to say.
  plan.cluster.chosen_interval = Duration::seconds(10);
  return plan;
}

void act(RunPlan& plan, std::int64_t at_ms, std::uint8_t node, OperationKind kind) {
  plan.operations.push_back(
      {.at = ms(at_ms),
       .node = NodeId{node},
       .kind = kind,
       .arg = kind == OperationKind::kTruncate ? std::uint32_t{1000} : std::uint32_t{1}});
}

// Links of `node` to `others`, in one direction or both, from one time to another.
Fault on_links(FaultKind kind,
               std::uint8_t node,
               std::initializer_list<std::uint8_t> others,
               sim::Direction direction) {
  return {.kind = kind,
          .target = NodeId{node},
          .group = nodes(others).bits,
          .arg = static_cast<std::int64_t>(direction)};
}

void during(RunPlan& plan, std::int64_t from_ms, std::int64_t to_ms, Fault fault) {
  fault.at = ms(from_ms);
  fault.duration = ms(to_ms - from_ms);
  plan.faults.push_back(fault);
}

}  // namespace

// Five members.  n1 is elected by all of them, then n2 by n2, n3 and n4.  n5 knows nothing of n2's
// ballot when it votes for x under it, and so completes its quorum {n2, n3, n5}: x is acknowledged.
// An older write y of n1 for the same position comes late.  n5 never promised anybody but n1, and a
// vote raises no promise: y replaces x.  Now {n1, n4, n5} elect n4, which finds y twice and x
// never.
RunPlan draw_mesos_g1(std::uint64_t seed, sim::Profile profile) {
  using sim::Direction;
  RunPlan plan = stage("mesos_g1", seed, profile, 5);
  plan.cluster.compat_d1 = 1;
  constexpr std::int64_t kEnd = 3000;

  act(plan, 10, 1, OperationKind::kElect);
  // y stays on its way to n5.
  during(plan, 300, 800, on_links(FaultKind::kFreeze, 1, {5}, Direction::kOut));
  during(plan, 300, 1000, on_links(FaultKind::kCut, 1, {2, 3, 4}, Direction::kBoth));
  act(plan, 310, 1, OperationKind::kAppend);
  // n2 is elected without n1 and n5.
  during(plan, 350, 600, on_links(FaultKind::kCut, 5, {2, 3, 4}, Direction::kBoth));
  act(plan, 400, 2, OperationKind::kElect);
  // x reaches n3 and n5, and then nobody hears of n2 and n3 any more.
  during(plan, 600, 780, on_links(FaultKind::kCut, 4, {2, 3}, Direction::kBoth));
  act(plan, 700, 2, OperationKind::kAppend);
  during(plan, 780, kEnd, {.kind = FaultKind::kSplit, .group = nodes({2, 3}).bits});
  // y reaches n5 at 800.
  act(plan, 1500, 4, OperationKind::kElect);
  act(plan, 2500, 4, OperationKind::kRead);
  return plan;
}

// Five members.  n1 is elected by all, then n2 by n2, n3 and n4: n1 and n5 hear nothing of it, n4
// not how it ended.  n3 loses its disk and learns the log from n1, n4 and n5.  Its promise to n2 is
// forgotten, so n1 still finds a quorum {n1, n3, n5} for x; and n2 one {n2, n3, n4} for y, at the
// same position.  Both are acknowledged.
//
// (With three members the newcomer would ask n2 itself, hear that it coordinates, and tell n1.)
RunPlan draw_mesos_g2a(std::uint64_t seed, sim::Profile profile) {
  using sim::Direction;
  RunPlan plan = stage("mesos_g2a", seed, profile, 5);
  plan.cluster.compat_d2 = 1;
  constexpr std::int64_t kEnd = 3000;

  act(plan, 10, 1, OperationKind::kElect);
  during(plan, 300, kEnd, on_links(FaultKind::kCut, 2, {1, 5}, Direction::kBoth));
  // n4 promises; by the time n2 hears of it and is elected, it cannot tell anybody.
  during(plan, 390, 450, on_links(FaultKind::kFreeze, 4, {2}, Direction::kOut));
  act(plan, 400, 2, OperationKind::kElect);
  during(plan, 420, 1200, on_links(FaultKind::kCut, 2, {3, 4}, Direction::kOut));
  during(plan, 600, 700, {.kind = FaultKind::kWipe, .target = NodeId{3}});
  // n4 would refuse x, and n1 step down.
  during(plan, 1300, kEnd, on_links(FaultKind::kCut, 1, {4}, Direction::kBoth));
  act(plan, 1400, 1, OperationKind::kAppend);
  act(plan, 1700, 2, OperationKind::kAppend);
  return plan;
}

// Five members.  n1 proposes x, n1 and n5 vote for it, and what it sends the others is held or
// lost.  n5 loses its disk and learns the log from n2, n3 and n4, where x never was.  Now n2 gets x
// and votes: with the vote of n5, which is gone, n1 counts three, and x is acknowledged.  Then n3,
// n4 and n5 go on without n1 and n2, and put y there.
RunPlan draw_mesos_g2b(std::uint64_t seed, sim::Profile profile) {
  using sim::Direction;
  RunPlan plan = stage("mesos_g2b", seed, profile, 5);
  plan.cluster.compat_d2 = 1;
  constexpr std::int64_t kEnd = 3000;

  act(plan, 10, 1, OperationKind::kElect);
  during(plan, 300, 1300, on_links(FaultKind::kFreeze, 1, {2}, Direction::kOut));
  during(plan, 300, kEnd, on_links(FaultKind::kCut, 1, {3, 4}, Direction::kBoth));
  act(plan, 310, 1, OperationKind::kAppend);
  during(plan, 400, kEnd, on_links(FaultKind::kCut, 1, {5}, Direction::kBoth));
  during(plan, 450, 550, {.kind = FaultKind::kWipe, .target = NodeId{5}});
  // x reaches n2 at 1300.
  during(plan, 1200, kEnd, on_links(FaultKind::kCut, 2, {3, 4, 5}, Direction::kBoth));
  act(plan, 1800, 4, OperationKind::kAppend);
  return plan;
}

// Three members.  n1 is elected, then n2 by all.  n1's client cuts the log off, is refused, and
// does not look at the answer (as Mesos' own state store does not).  n2 writes x, n1 goes on with
// y: at the same position and under the same ballot, which n1 has taken from the refusal.  n3 votes
// for both, and so each of them has a quorum.
RunPlan draw_mesos_g3(std::uint64_t seed, sim::Profile profile) {
  RunPlan plan = stage("mesos_g3", seed, profile, 3);
  plan.cluster.compat_d3 = 1;
  plan.cluster.careless_clients = 1;
  plan.world.length = Duration::seconds(2);

  act(plan, 10, 1, OperationKind::kElect);
  act(plan, 300, 1, OperationKind::kAppend);
  act(plan, 500, 2, OperationKind::kElect);
  act(plan, 800, 1, OperationKind::kTruncate);
  act(plan, 900, 2, OperationKind::kAppend);
  act(plan, 1000, 1, OperationKind::kAppend);
  return plan;
}

}  // namespace holdfast::scenarios
