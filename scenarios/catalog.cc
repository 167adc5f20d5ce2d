#include "scenarios/catalog.h"

#include <algorithm>
#include <array>

#include "sim/keyed_random.h"
#include "sim/schedule.h"

#include "scenarios/elector_stories.h"
#include "scenarios/mesos_stories.h"
#include "scenarios/rare_stories.h"
#include "scenarios/recovery_stories.h"
#include "scenarios/wipes.h"

namespace holdfast::scenarios {
namespace {

using sim::Fault;
using sim::FaultKind;
using sim::Role;

constexpr Duration ms(std::int64_t n) {
  return Duration::milliseconds(n);
}

// A quiet world of `nodes` members for a scenario with a story of its own: timing is still drawn.
RunPlan quiet(std::string_view name, std::uint64_t seed, sim::Profile profile, int nodes) {
  RunPlan plan;
  plan.scenario = std::string(name);
  const sim::WorldOptions drawn = sim::draw_world_options(seed, profile, nodes);
  plan.world.seed = seed;
  plan.world.nodes = nodes;
  plan.world.quorum = nodes / 2 + 1;
  plan.world.profile = profile;
  plan.world.length = Duration::seconds(5);
  plan.world.network.delay_base = std::min(drawn.network.delay_base, ms(2));
  plan.world.network.delay_spread = std::min(drawn.network.delay_spread, ms(10));
  plan.world.clock = drawn.clock;
  plan.world.disk.directories = drawn.disk.directories;
  plan.cluster.store = draw_cluster_options(seed).store;
  plan.cluster.first_position = draw_cluster_options(seed).first_position;
  return plan;
}

Operation operation(std::int64_t at_ms, int node, OperationKind kind, std::uint32_t arg = 1) {
  return {
      .at = ms(at_ms), .node = NodeId{static_cast<std::uint8_t>(node)}, .kind = kind, .arg = arg};
}

// `count` entries from one node, every `every_ms`.
void append_steadily(RunPlan& plan, int node, std::int64_t every_ms, std::uint32_t count) {
  for (std::int64_t at = every_ms; at < plan.world.length.ns() / 1'000'000; at += every_ms) {
    plan.operations.push_back(operation(at, node, OperationKind::kAppend, count));
  }
}

sim::KeyedRandom key_of(std::uint64_t seed, std::string_view name) {
  return sim::KeyedRandom(seed).at("scenario").at(name);
}

// --- the stories

RunPlan draw_steady(std::uint64_t seed, sim::Profile profile) {
  RunPlan plan = quiet("steady", seed, profile, 5);
  plan.operations.push_back(operation(1, 1, OperationKind::kElect));
  append_steadily(plan, 1, 20, 1);
  return plan;
}

RunPlan draw_duel(std::uint64_t seed, sim::Profile profile) {
  RunPlan plan = quiet("duel", seed, profile, 3);
  const auto key = key_of(seed, "duel");
  std::int64_t at = 1;
  for (std::uint64_t i = 0; i < 40; ++i) {
    const int node = 1 + static_cast<int>(i % 2);
    plan.operations.push_back(operation(at, node, OperationKind::kElect));
    plan.operations.push_back(
        operation(at + sim::uniform(key.at(i).draw(0), 0, 40), node, OperationKind::kAppend, 3));
    at += sim::uniform(key.at(i).draw(1), 0, 120);
  }
  return plan;
}

RunPlan draw_racing_elect(std::uint64_t seed, sim::Profile profile) {
  RunPlan plan = quiet("racing_elect", seed, profile, 3);
  for (std::int64_t at = 1; at < 4000; at += 500) {
    for (int node = 1; node <= 3; ++node) {
      plan.operations.push_back(operation(at, node, OperationKind::kElect));
      plan.operations.push_back(operation(at + 200, node, OperationKind::kAppend, 2));
    }
  }
  return plan;
}

RunPlan draw_coordinator_crash(std::uint64_t seed, sim::Profile profile) {
  RunPlan plan = quiet("coordinator_crash", seed, profile, 5);
  const auto key = key_of(seed, "coordinator_crash");
  plan.cluster.window = 8;
  for (std::uint64_t i = 0; i < 5; ++i) {
    const std::int64_t at = 100 + static_cast<std::int64_t>(i) * 900;
    const int node = 1 + static_cast<int>(i % 5);
    plan.operations.push_back(operation(at, node, OperationKind::kElect));
    plan.operations.push_back(operation(at + 200, node, OperationKind::kAppend, 40));
    // While the window is full; now and then a step is cut in the middle of its sends.
    plan.faults.push_back({.kind = FaultKind::kCrashLost,
                           .at = ms(at + 200) + sim::uniform(key.at(i).draw(), Duration(), ms(20)),
                           .duration = ms(300),
                           .target = Role::kCoordinator});
  }
  return plan;
}

RunPlan draw_truncate_load(std::uint64_t seed, sim::Profile profile) {
  RunPlan plan = quiet("truncate_load", seed, profile, 3);
  append_steadily(plan, 1, 10, 4);
  for (std::int64_t at = 205; at < 5000; at += 100) {
    plan.operations.push_back(operation(at, 1, OperationKind::kTruncate, 20));
    plan.operations.push_back(operation(at + 30, 2, OperationKind::kRead, 0));
  }
  return plan;
}

RunPlan draw_truncate_catchup(std::uint64_t seed, sim::Profile profile) {
  RunPlan plan = quiet("truncate_catchup", seed, profile, 3);
  const auto key = key_of(seed, "truncate_catchup");
  plan.cluster.fetch_positions_max = 4;
  append_steadily(plan, 1, 10, 3);
  for (std::uint64_t i = 0; i < 4; ++i) {
    const std::int64_t at = 300 + static_cast<std::int64_t>(i) * 1100;
    // Node 3 misses a stretch of the log, and catches up while its tail is cut off.
    plan.faults.push_back(
        {.kind = FaultKind::kIsolate, .at = ms(at), .duration = ms(500), .target = NodeId{3}});
    plan.operations.push_back(operation(at + 501, 3, OperationKind::kCatchUp));
    for (std::uint64_t k = 0; k < 6; ++k) {
      const auto after = sim::uniform(key.at(i).draw(k), 440, 640);
      plan.operations.push_back(operation(
          at + after, 1, OperationKind::kTruncate, static_cast<std::uint32_t>(30 - 4 * k)));
    }
  }
  return plan;
}

// Members that do not append keep copies hot while the log is cut off under them all the time. What
// they read has no hole, and what they are refused is refused for a documented reason: the judges
// no_holes and refusals.
RunPlan draw_standby(std::uint64_t seed, sim::Profile profile) {
  const auto key = key_of(seed, "standby");
  const auto draw = [&](std::string_view what, std::int64_t from, std::int64_t to) {
    return sim::uniform(key.at(what).draw(), from, to);
  };
  RunPlan plan = quiet("standby", seed, profile, static_cast<int>(draw("size", 0, 1)) * 2 + 3);
  plan.world.length = Duration::milliseconds(1200);
  plan.world.network.loss_ppm = draw("loss", 0, 50'000);
  plan.world.network.duplicate_ppm = draw("duplicate", 0, 50'000);
  plan.cluster.fetch_positions_max = draw("fetch", 1, 16);
  plan.cluster.erase_records_max = draw("erase", 1, 16);
  plan.cluster.window = draw("window", 1, 16);
  plan.cluster.chosen_interval = ms(draw("chosen", 5, 200));
  append_steadily(plan, 1, draw("appends", 5, 30), static_cast<std::uint32_t>(draw("burst", 1, 6)));
  // Another writer takes over now and then.
  for (std::int64_t at = draw("rival", 300, 2000); at < 1200; at += 700)
    plan.operations.push_back(operation(at, 2, OperationKind::kAppend, 2));
  const std::int64_t truncations = draw("truncations", 5, 60);
  const auto keep = static_cast<std::uint32_t>(draw("keep", 0, 30));
  for (std::int64_t at = 60; at < 1200; at += truncations)
    plan.operations.push_back(operation(at, 1, OperationKind::kTruncate, keep));
  const std::int64_t copies = draw("copies", 10, 60);
  for (std::int64_t at = 50; at < 1200; at += copies) {
    plan.operations.push_back(operation(at, 3, OperationKind::kCopy));
    plan.operations.push_back(operation(at + copies / 2, 3, OperationKind::kBarrier));
  }
  for (std::uint64_t i = 0; i < 3; ++i) {
    constexpr std::array kKinds{FaultKind::kIsolate, FaultKind::kFreeze, FaultKind::kCrashLost};
    const auto one = key.at("fault").at(i);
    const FaultKind kind = kKinds[sim::below(one.draw(0), kKinds.size())];
    plan.faults.push_back(
        {.kind = kind,
         .at = ms(sim::uniform(one.draw(1), 100, 900)),
         .duration = ms(sim::uniform(one.draw(2), 10, 400)),
         .target = NodeId{3},
         // A direction, or the step in which it crashes.
         .arg = kind == FaultKind::kIsolate ? 0 : sim::uniform(one.draw(3), 0, 2)});
  }
  return plan;
}

RunPlan draw_full_disk(std::uint64_t seed, sim::Profile profile) {
  RunPlan plan = quiet("full_disk", seed, profile, 3);
  plan.cluster.store = StoreKind::kLevelDb;
  append_steadily(plan, 1, 20, 4);
  append_steadily(plan, 2, 450, 2);
  for (std::int64_t i = 0; i < 4; ++i) {
    plan.faults.push_back({.kind = FaultKind::kDiskFull,
                           .at = ms(400 + 1000 * i),
                           .duration = ms(500),
                           .target = NodeId{static_cast<std::uint8_t>(1 + i % 3)},
                           .arg = 1000});
  }
  return plan;
}

RunPlan draw_slow_disk(std::uint64_t seed, sim::Profile profile) {
  RunPlan plan = quiet("slow_disk", seed, profile, 3);
  append_steadily(plan, 1, 20, 2);
  plan.faults.push_back({.kind = FaultKind::kDiskSlow,
                         .at = ms(500),
                         .duration = ms(2000),
                         .target = NodeId{2},
                         .arg = 100});
  plan.faults.push_back(
      {.kind = FaultKind::kDiskStall, .at = ms(3000), .duration = ms(1000), .target = NodeId{1}});
  return plan;
}

// Mesos leaves its test of this empty: a fill while a majority is away must not decide anything,
// and must finish once they are back.
RunPlan draw_fill_no_quorum(std::uint64_t seed, sim::Profile profile) {
  RunPlan plan = quiet("fill_no_quorum", seed, profile, 3);
  append_steadily(plan, 1, 50, 2);
  for (std::int64_t i = 0; i < 3; ++i) {
    const std::int64_t at = 500 + 1400 * i;
    for (const std::uint8_t node : {2, 3}) {
      plan.faults.push_back({.kind = FaultKind::kCrashLost,
                             .at = ms(at),
                             .duration = ms(700),
                             .target = NodeId{node}});
    }
    plan.operations.push_back(operation(at + 100, 1, OperationKind::kElect));
    plan.operations.push_back(operation(at + 900, 1, OperationKind::kElect));
  }
  return plan;
}

// Another empty one: two replicas hold different unlearned values at one position.  Each of two
// coordinators reaches only its own replica, one after the other; a third then has to choose.
RunPlan draw_fill_inconsistent(std::uint64_t seed, sim::Profile profile) {
  RunPlan plan = quiet("fill_inconsistent", seed, profile, 3);
  plan.cluster.write_deadline = ms(300);
  for (std::int64_t i = 0; i < 4; ++i) {
    const std::int64_t at = 100 + 1200 * i;
    for (const std::uint8_t node : {1, 2}) {
      const std::int64_t turn = at + 400 * (node - 1);
      plan.operations.push_back(operation(turn, node, OperationKind::kElect));
      plan.operations.push_back(operation(turn + 150, node, OperationKind::kAppend, 2));
      // Its writes stay at home.
      plan.faults.push_back({.kind = FaultKind::kCut,
                             .at = ms(turn + 140),
                             .duration = ms(200),
                             .target = NodeId{node},
                             .arg = static_cast<std::int64_t>(sim::Direction::kOut)});
    }
    plan.operations.push_back(operation(at + 900, 3, OperationKind::kElect));
    plan.operations.push_back(operation(at + 1000, 3, OperationKind::kRead, 0));
  }
  return plan;
}

// Two more empty ones: the coordinator knows that its entry is chosen, nobody else does; then it is
// gone, and in the second story comes back.
RunPlan learned_on_one(std::string_view name,
                       std::uint64_t seed,
                       sim::Profile profile,
                       Duration away) {
  RunPlan plan = quiet(name, seed, profile, 3);
  const auto key = key_of(seed, name);
  plan.cluster.chosen_interval = Duration::seconds(2);
  for (std::uint64_t i = 0; i < 3; ++i) {
    const std::int64_t at = 100 + static_cast<std::int64_t>(i) * 1500;
    const auto first = static_cast<std::uint8_t>(1 + i % 3);
    const auto second = static_cast<std::uint8_t>(1 + (i + 1) % 3);
    plan.operations.push_back(operation(at, first, OperationKind::kElect));
    plan.operations.push_back(operation(at + 200, first, OperationKind::kAppend, 1));
    plan.faults.push_back({.kind = FaultKind::kCrashLost,
                           .at = ms(at + 200) + sim::uniform(key.at(i).draw(), Duration(), ms(60)),
                           .duration = away,
                           .target = NodeId{first}});
    plan.operations.push_back(operation(at + 500, second, OperationKind::kElect));
    plan.operations.push_back(operation(at + 700, second, OperationKind::kAppend, 1));
    plan.operations.push_back(operation(at + 1000, second, OperationKind::kCatchUp));
    plan.operations.push_back(operation(at + 1200, first, OperationKind::kCatchUp));
  }
  return plan;
}

RunPlan draw_learned_on_one(std::uint64_t seed, sim::Profile profile) {
  return learned_on_one("learned_on_one", seed, profile, ms(1400));
}

RunPlan draw_learned_on_one_back(std::uint64_t seed, sim::Profile profile) {
  return learned_on_one("learned_on_one_back", seed, profile, ms(250));
}

// --- planted

RunPlan draw_canary(std::uint64_t seed, sim::Profile profile) {
  RunPlan plan = draw_swarm(seed, profile);
  plan.scenario = "canary";
  plan.cluster.canary = 1;
  return plan;
}

RunPlan draw_no_directory_sync(std::uint64_t seed, sim::Profile profile) {
  RunPlan plan = draw_swarm(seed, profile);
  plan.scenario = "no_directory_sync";
  plan.cluster.store = StoreKind::kLevelDb;
  plan.cluster.directory_sync = 0;
  plan.world.disk.directories = sim::DirectoryModel::kStrictPosix;
  return plan;
}

// Lives that were lost before they voted: it takes many lost disks.
constexpr std::array kOfLostDisks{
    Point::kRecoveryRenumbered, Point::kRenumberedVoting, Point::kOutnumbered};
constexpr std::array kOfOldCopies{Point::kStaleDirectory};
constexpr std::array kOfTruncation{Point::kStepDownTruncated};

constexpr std::array<Scenario, 37> kScenarios{{
    {"swarm", "everything drawn from the seed", draw_swarm},
    {"wipes",
     "short runs, dense in lost disks and recoveries, for a million seeds",
     draw_wipes,
     false,
     kOfLostDisks},
    {"steady", "one coordinator appends to five replicas, nothing breaks", draw_steady},
    {"duel", "two coordinators take the log from each other", draw_duel},
    {"racing_elect", "all members run for coordinator at once", draw_racing_elect},
    {"coordinator_crash", "the coordinator dies with a full window", draw_coordinator_crash},
    {"truncate_load", "truncation under a stream of appends", draw_truncate_load},
    {"truncate_catchup",
     "the log is truncated under a replica that catches up",
     draw_truncate_catchup},
    {"standby", "a standby reads all of the log while it is truncated all the time", draw_standby},
    {"full_disk", "disks fill up and are emptied, one at a time", draw_full_disk},
    {"slow_disk", "a follower's disk crawls, the coordinator's stalls", draw_slow_disk},
    {"fill_no_quorum", "an election while a majority is away", draw_fill_no_quorum},
    {"fill_inconsistent", "replicas hold different unlearned values", draw_fill_inconsistent},
    {"learned_on_one",
     "only the dead coordinator knew that its entry was chosen",
     draw_learned_on_one},
    {"learned_on_one_back", "the same, and it comes back", draw_learned_on_one_back},
    {"deposed_by_truncation",
     "a deposed coordinator is refused only by where the log begins",
     draw_deposed_by_truncation,
     false,
     kOfTruncation},
    {"restored_backup",
     "a member comes back with the files it had before it lost its disk",
     draw_restored_backup,
     false,
     kOfOldCopies},
    {"elector_steady",
     "slow disks, drifting and jumping clocks, short pauses, lost messages: one election",
     draw_elector_steady},
    {"elector_partial_partition",
     "links to the coordinator are cut, some one way: whoever holds a quorum stays",
     draw_elector_partial_partition},
    {"elector_failover",
     "the coordinator dies again and again, another is there soon",
     draw_elector_failover},
    {"elector_preference",
     "the preferred member comes and goes, and is handed the log",
     draw_elector_preference},
    {"recovery_under_load",
     "a member loses its disk while clients append",
     draw_recovery_under_load},
    {"recovery_crash_steps", "crashes at every step of a recovery", draw_recovery_crash_steps},
    {"recovery_wiped_again",
     "members lose their disks in turn, and again while they recover",
     draw_recovery_wiped_again},
    {"recovery_dead_votes",
     "what a member said before it lost its disk arrives when it votes again",
     draw_recovery_dead_votes},
    {"recovery_deposed_writer",
     "a deposed coordinator's writes are held across a recovery",
     draw_recovery_deposed_writer},
    {"recovery_truncation",
     "the log is truncated under a member that recovers",
     draw_recovery_truncation},
    {"recovery_outnumbered",
     "a life that was lost registered at one member only, under a higher number",
     draw_recovery_outnumbered},
    {"first_start",
     "empty members initialise a log through staggered boots, crashes and lost messages",
     draw_first_start},
    {"recovery_all_disks", "every disk is lost: nobody makes up a log", draw_recovery_all_disks},
    {"wipe_hour",
     "one of five members loses its disk every minute, for an hour",
     draw_recovery_hour},
    {"canary", "planted bug: replies leave before their sync", draw_canary, true},
    {"no_directory_sync",
     "planted fault: directories are not synced",
     draw_no_directory_sync,
     true},
    {"mesos_g1",
     "planted bug: votes raise no promise, so an acknowledged entry is overwritten (gap G1)",
     draw_mesos_g1,
     true},
    {"mesos_g2a",
     "planted bug: a wiped member forgets what it promised, so two coordinators write (gap G2)",
     draw_mesos_g2a,
     true},
    {"mesos_g2b",
     "planted bug: a wiped member's vote still counts, so its entry is overwritten (gap G2)",
     draw_mesos_g2b,
     true},
    {"mesos_g3",
     "planted bug: a refused coordinator goes on under the winner's ballot (gap G3)",
     draw_mesos_g3,
     true},
}};

}  // namespace

std::span<const Scenario> scenarios() {
  return kScenarios;
}

const Scenario* find_scenario(std::string_view name) {
  for (const Scenario& scenario : kScenarios) {
    if (scenario.name == name) return &scenario;
  }
  return nullptr;
}

RunPlan draw_swarm(std::uint64_t seed, sim::Profile profile) {
  RunPlan plan;
  plan.scenario = "swarm";
  plan.world = sim::draw_world_options(seed, profile);
  plan.cluster = draw_cluster_options(seed);
  plan.faults = sim::draw_faults(plan.world);
  WorkloadOptions workload = draw_workload(seed, plan.world.length);
  if (plan.cluster.elector != 0) {
    // No shorter than an answer can take: such a member would never hear one in time.
    const sim::NetworkOptions& network = plan.world.network;
    const Duration answer = (network.delay_base + network.delay_spread + network.link_bias_max) * 2;
    plan.cluster.election_timeout = std::max(plan.cluster.election_timeout, answer * 2);
    // Elections that nobody needs are for the other seeds; here one is an operator's, now and then.
    const bool never = sim::chance(key_of(seed, "elector").draw(), 500'000);
    workload.elections_every = never ? Duration() : plan.world.length;
  }
  plan.operations = draw_operations(plan.world, workload);
  return plan;
}

}  // namespace holdfast::scenarios
