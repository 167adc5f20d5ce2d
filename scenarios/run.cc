#include "scenarios/run.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "sim/keyed_random.h"

#include "properties/progress_report.h"

namespace holdfast::scenarios {
namespace {

using sim::KeyedRandom;
using sim::NodeSet;

// Events between two looks at the clock of whoever may want to interrupt.
constexpr std::uint64_t kEventsPerLook = 20'000;
// Events for the members of the core to catch up and read at the end.
constexpr std::uint64_t kReadEvents = 50'000;

class Run {
 public:
  Run(const RunPlan& plan, StackPool& stacks, const RunHooks& hooks)
      : plan_(plan),
        hooks_(hooks),
        cluster_(plan.world, plan.cluster, stacks, hooks.watcher),
        world_(cluster_.world()) {
    world_.set_event_sink(hooks.events);
  }

  RunResult play() {
    if (hooks_.at_start) hooks_.at_start(cluster_);
    world_.schedule(plan_.faults);
    cluster_.schedule(plan_.operations);
    if (suffer() && plan_.world.profile == sim::Profile::kDefault && recover()) read_everything();
    cluster_.panel().finish();
    if (hooks_.at_end) hooks_.at_end(cluster_);
    return conclude();
  }

 private:
  // Runs events until `done` or so many more; false: they ran out, or somebody ended the run.
  template <typename Done>
  bool run_until(Done reached, std::uint64_t events) {
    const auto violated = [&] { return objected() && hooks_.until_violation; };
    // Asked after every event, so violated() comes first.
    const auto done = [&] { return violated() || reached(); };
    while (!done()) {
      if (events == 0) return false;
      std::uint64_t some = std::min(events, kEventsPerLook);
      if (hooks_.until_event != 0) {
        if (world_.events() >= hooks_.until_event)
          return undecided("stopped at the event asked for");
        some = std::min(some, hooks_.until_event - world_.events());
      }
      const std::uint64_t before = world_.events();
      const sim::RunEnd end = world_.run_until(done, some);
      events -= std::min(events, world_.events() - before);
      if (end == sim::RunEnd::kQuiet && !done()) return false;
      if (hooks_.interrupted && hooks_.interrupted()) return undecided("interrupted");
    }
    return !violated();
  }

  // Whether a judge has objected; whoever wants to know is told.
  bool objected() {
    const properties::Verdict& verdict = cluster_.panel().verdict();
    if (verdict.clean()) return false;
    if (!told_ && hooks_.at_violation) hooks_.at_violation(verdict.violations());
    told_ = true;
    return true;
  }

  bool undecided(std::string why) {
    if (!undecided_) undecided_ = std::move(why);
    return false;
  }

  // Phase 1.
  bool suffer() {
    const Instant end = Instant() + plan_.world.length;
    bool over = false;
    world_.at(end, [&] { over = true; });
    if (run_until([&] { return over; }, plan_.events_max)) return true;
    return undecided("the events of the first phase ran out");
  }

  // A random set of members, a quorum of which vote; everybody, while the log is being initialised.
  NodeSet draw_core() const {
    const KeyedRandom key = KeyedRandom(plan_.world.seed).at("core");
    std::vector<NodeId> candidates;
    NodeSet core;
    for (int i = 0; i < plan_.world.nodes; ++i) {
      const NodeId id = sim::node_at(static_cast<unsigned>(i));
      if (cluster_.voting().contains(id)) {
        candidates.push_back(id);
      } else if (sim::chance(key.at("joins").at(id.value).draw(), 500'000)) {
        core = core | NodeSet::of(id);
      }
    }
    const auto by_draw = [&](NodeId id) { return key.at(id.value).draw(); };
    std::sort(candidates.begin(), candidates.end(), [&](NodeId a, NodeId b) {
      return std::pair(by_draw(a), a) < std::pair(by_draw(b), b);
    });
    const auto quorum = static_cast<std::size_t>(plan_.world.quorum);
    if (candidates.size() < quorum) {
      const bool starting = plan_.cluster.auto_initialise != 0;
      return starting ? NodeSet::first(static_cast<int>(plan_.world.nodes)) : NodeSet();
    }
    const std::size_t size =
        quorum + sim::below(key.at("size").draw(), candidates.size() - quorum + 1);
    for (std::size_t i = 0; i < size; ++i)
      core = core | NodeSet::of(candidates[i]);
    return core;
  }

  // Phase 2.
  bool recover() {
    core_ = draw_core();
    if (core_.size() == 0) return undecided("more disks were lost than a quorum survives");
    std::vector<NodeId> ids;
    for (int i = 0; i < plan_.world.nodes; ++i) {
      const NodeId id = sim::node_at(static_cast<unsigned>(i));
      if (core_.contains(id)) ids.push_back(id);
    }
    const NodeSet lost = core_ - cluster_.voting();
    world_.heal(core_);
    // Where members elect by themselves, whoever is elected is as good as any other.
    const bool automatic = plan_.cluster.elector != 0;
    const std::uint64_t pick =
        sim::below(KeyedRandom(plan_.world.seed).at("leader").draw(), ids.size());
    const auto by = automatic ? std::nullopt : std::optional(ids[pick]);
    properties::Progress& progress = *cluster_.panel().progress();
    progress.require({.goal = properties::Goal::kAppend,
                      .by = by,
                      .outside = automatic,
                      .within_events = ~std::uint64_t{0} >> 1});
    for (const NodeId id : ids) {
      if (!lost.contains(id)) continue;
      progress.require(
          {.goal = properties::Goal::kVote, .by = id, .within_events = ~std::uint64_t{0} >> 1});
    }
    const bool met = wait_for(automatic ? everybody() : std::vector<NodeId>{*by});
    if (!met && !undecided_) liveness_failed_ = true;
    return met;
  }

  std::vector<NodeId> everybody() const {
    std::vector<NodeId> ids;
    for (int i = 0; i < plan_.world.nodes; ++i)
      ids.push_back(sim::node_at(static_cast<unsigned>(i)));
    return ids;
  }

  // True: a member of `candidates` was told that its append is there, and all of the core vote.
  bool wait_for(const std::vector<NodeId>& candidates) {
    const auto met = [&] { return appended_ && (core_ - cluster_.voting()).size() == 0; };
    // A member that died of its disk boots again, perhaps more than once; each life is asked.
    std::vector<std::uint64_t> asked_life(candidates.size());
    const auto to_ask = [&](std::size_t i) {
      const Node* now = cluster_.node(candidates[i]);
      return !appended_ && now != nullptr && now->is_ready() &&
             cluster_.life(candidates[i]) != asked_life[i];
    };
    const auto done = [&] {
      for (std::size_t i = 0; i < candidates.size(); ++i)
        if (to_ask(i)) return true;
      return met();
    };
    std::uint64_t left = plan_.liveness_events_max;
    while (!met()) {
      const std::uint64_t before = world_.events();
      if (!run_until(done, left)) break;
      left -= std::min(left, world_.events() - before);
      for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (!to_ask(i)) continue;
        asked_life[i] = cluster_.life(candidates[i]);
        cluster_.with_application(candidates[i], [&](Application& application) {
          application.persist_until_appended([this](std::uint64_t) { appended_ = true; });
        });
      }
    }
    return met();
  }

  // Phase 3.  Over when everybody was told, or has had its time: a member may die of its disk.
  void read_everything() {
    reading_ = core_;
    for_each_node(core_, [&](NodeId id) {
      cluster_.with_application(id, [&](Application& application) {
        application.catch_up_then([this, id] { reading_ = reading_ - NodeSet::of(id); });
      });
    });
    world_.at(world_.now() + Duration::seconds(5), [this] { reading_ = NodeSet(); });
    run_until([&] { return reading_ == NodeSet(); }, kReadEvents);
  }

  RunResult conclude() {
    RunResult result;
    const properties::Verdict& verdict = cluster_.panel().verdict();
    result.fingerprint = world_.fingerprint();
    result.simulated = world_.now() - Instant();
    result.counters = world_.counters();
    result.points = cluster_.points();
    result.operations = cluster_.operations();
    result.violations = verdict.violations();
    result.exit_code = verdict.exit_code();
    if (!verdict.clean()) {
      result.outcome = RunOutcome::kViolated;
    } else if (undecided_) {
      result.outcome = RunOutcome::kUndecided;
      result.note = *undecided_;
    }
    if (liveness_failed_) {
      result.note = properties::to_text(properties::progress_report(cluster_.panel().facts()));
    }
    return result;
  }

  const RunPlan& plan_;
  const RunHooks& hooks_;
  Cluster cluster_;
  sim::World& world_;
  NodeSet core_;
  // Of the core: those that have not read everything yet.
  NodeSet reading_;
  bool appended_ = false;
  bool liveness_failed_ = false;
  bool told_ = false;
  std::optional<std::string> undecided_;
};

}  // namespace

RunResult run(const RunPlan& plan, StackPool& stacks, const RunHooks& hooks) {
  HOLDFAST_REQUIRE(validate(plan).empty(), validate(plan));
  return Run(plan, stacks, hooks).play();
}

}  // namespace holdfast::scenarios
