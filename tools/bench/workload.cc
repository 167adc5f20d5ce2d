#include "tools/bench/workload.h"

#include "protocol/env/check.h"

#include "sim/unaccounted_bench.h"

#include "scenarios/catalog.h"
#include "scenarios/run.h"

namespace holdfast::bench {
namespace {

constexpr NodeId kWriter{1};
constexpr Duration kEvery = Duration::milliseconds(20);

sim::WorldOptions quiet_world(std::int64_t nodes) {
  sim::WorldOptions options;
  options.seed = 1;
  options.nodes = nodes;
  options.quorum = nodes / 2 + 1;
  options.network.delay_base = Duration::microseconds(500);
  options.network.delay_spread = Duration::milliseconds(1);
  return options;
}

scenarios::ClusterOptions cluster_of(scenarios::StoreKind store) {
  scenarios::ClusterOptions options;
  options.store = store;
  // LevelDB's own default.
  options.write_buffer_bytes = 4 << 20;
  return options;
}

void require_content(const scenarios::Cluster& cluster) {
  const properties::Verdict& verdict = cluster.panel().verdict();
  HOLDFAST_CHECK(verdict.clean(), verdict.violations().front().describe());
}

void elect(scenarios::Cluster& cluster) {
  cluster.perform({.at = {}, .node = kWriter, .kind = scenarios::OperationKind::kElect, .arg = 1});
}

}  // namespace

Work& Work::operator+=(const Work& other) {
  delivered += other.delivered;
  events += other.events;
  appends += other.appends;
  simulated_seconds += other.simulated_seconds;
  return *this;
}

SteadyAppends::SteadyAppends(scenarios::StoreKind store, StackPool& stacks, Account account)
    : cluster_(quiet_world(5), cluster_of(store), stacks) {
  sim::World& world = cluster_.world();
  if (account == Account::kNone) world.keep_no_account(sim::Unaccounted());
  world.run_until(world.now() + Duration::seconds(1));
  elect(cluster_);
  world.run_until(world.now() + Duration::seconds(1));
  HOLDFAST_CHECK(cluster_.node(kWriter)->coordinating());
  append();
}

void SteadyAppends::append() {
  cluster_.with_application(
      kWriter, [](scenarios::Application& application) { application.append_sized(kEntryBytes); });
  ++sent_;
  sim::World& world = cluster_.world();
  world.at(world.now() + kEvery, [this] { append(); });
}

Work SteadyAppends::run(std::int64_t seconds) {
  sim::World& world = cluster_.world();
  const sim::WorldCounters before = world.counters();
  const std::uint64_t sent_before = sent_;
  world.run_until(world.now() + Duration::seconds(seconds));
  require_content(cluster_);
  // What is not in the log is still under way.
  const Node& writer = *cluster_.node(kWriter);
  HOLDFAST_CHECK(writer.coordinating() &&
                 writer.image().voting_end().value + writer.options().window >= sent_);
  const sim::WorldCounters after = world.counters();
  return {.delivered = after.network.delivered - before.network.delivered,
          .events = after.events - before.events,
          .appends = sent_ - sent_before,
          .simulated_seconds = static_cast<double>(seconds)};
}

Restarts::Restarts(std::int64_t records, StackPool& stacks)
    : cluster_(quiet_world(1), cluster_of(scenarios::StoreKind::kLevelDb), stacks) {
  fill(records);
}

void Restarts::run_until_ready() {
  const auto ready = [&] {
    const Node* node = cluster_.node(kWriter);
    return node != nullptr && node->is_ready();
  };
  const sim::RunEnd end = cluster_.world().run_until(ready, 10'000);
  HOLDFAST_CHECK(end == sim::RunEnd::kReached);
}

void Restarts::fill(std::int64_t records) {
  run_until_ready();
  elect(cluster_);
  sim::World& world = cluster_.world();
  world.run_until(world.now() + Duration::seconds(1));
  for (std::int64_t i = 0; i < records; ++i) {
    cluster_.with_application(kWriter, [](scenarios::Application& application) {
      application.append_sized(SteadyAppends::kEntryBytes);
    });
    world.run_until(world.now() + Duration::milliseconds(20));
  }
  const Position end = cluster_.node(kWriter)->image().voting_end();
  HOLDFAST_CHECK(end.value >= static_cast<std::uint64_t>(records), end, records);
}

void Restarts::restart() {
  sim::World& world = cluster_.world();
  world.crash(kWriter, {.commit = {}, .bulk = {}, .power = std::nullopt});
  world.boot(kWriter);
  run_until_ready();
  require_content(cluster_);
}

Work run_swarm_seed(std::uint64_t seed, StackPool& stacks) {
  const scenarios::RunPlan plan = scenarios::draw_swarm(seed, sim::Profile::kDefault);
  const scenarios::RunResult result = scenarios::run(plan, stacks);
  HOLDFAST_CHECK(result.violations.empty(), seed, result.violations.front().describe());
  return {.delivered = result.counters.network.delivered,
          .events = result.counters.events,
          .appends = 0,
          .simulated_seconds = static_cast<double>(result.simulated.ns()) / 1e9};
}

}  // namespace holdfast::bench
