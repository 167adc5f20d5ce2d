#include "scenarios/shrink.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>

#include "sim/knobs.h"
#include "sim/text.h"

#include "scenarios/plan_items.h"

namespace holdfast::scenarios {
namespace {

using Edit = std::function<void(RunPlan&)>;
using Edits = std::vector<Edit>;

// With more items than this there are too many pairs.
constexpr std::size_t kItemsForPairs = 24;
// What is long is made this short, or what is apart brought this near, if it can be.
constexpr std::array kLengths{Duration::microseconds(100),
                              Duration::milliseconds(1),
                              Duration::milliseconds(10),
                              Duration::milliseconds(100),
                              Duration::seconds(1)};
constexpr std::array kGrids{
    Duration::milliseconds(100), Duration::milliseconds(10), Duration::milliseconds(1)};

// A setting of the world or the cluster.
struct Setting {
  std::string name;
  std::string value;
};

// All but what the run is keyed by, how large and long it is, and where members store: memory is
// simpler than the default.
std::vector<Setting> settings_of(const sim::WorldOptions& world, const ClusterOptions& cluster) {
  constexpr std::array<std::string_view, 5> kFixed{"seed", "nodes", "quorum", "profile", "length"};
  std::vector<Setting> all;
  sim::visit_knobs(world, [&](const sim::Knob& knob, const auto& field) {
    if (std::ranges::find(kFixed, knob.name) != kFixed.end()) return;
    all.push_back({std::string(knob.name), sim::format_knob(knob, sim::load_knob(field))});
  });
  for (auto& [name, value] : list_options(cluster))
    if (name != "store") all.push_back({name, value});
  return all;
}

void set(RunPlan& plan, const Setting& setting) {
  const std::string problem = set_option(plan.world, plan.cluster, setting.name, setting.value);
  HOLDFAST_CHECK(problem.empty(), problem);
}

Edit reset(std::vector<Setting> settings) {
  return [settings = std::move(settings)](RunPlan& plan) {
    for (const Setting& setting : settings)
      set(plan, setting);
  };
}

std::string group_of(const Setting& setting) {
  return setting.name.substr(0, setting.name.find('.'));
}

class Shrinker {
 public:
  Shrinker(RunPlan plan, std::optional<FailurePoint> point, const ShrinkHooks& hooks)
      : plan_(std::move(plan)),
        point_(point),
        hooks_(hooks) {}

  RunPlan shrink() {
    forget_the_draw();
    do {
      improved_ = false;
      after_the_failure();
      try_each("store", {[](RunPlan& plan) { plan.cluster.store = StoreKind::kMemory; }});
      classes();
      items();
      settings();
      members();
      pairs();
      phases();
      values();
    } while (improved_ && !hooks_.stopped());
    return std::move(plan_);
  }

 private:
  // Whether an edit may make the story longer.
  enum class Story : std::uint8_t { kAny, kNoLonger };

  // Tries `edits` in their order on the plan as it is by then; those with which it still fails
  // stay.
  void try_each(std::string_view pass, const Edits& edits, Story story = Story::kAny) {
    std::size_t next = 0;
    while (next < edits.size() && !hooks_.stopped()) {
      std::vector<std::size_t> worth;
      for (std::size_t i = next; i < edits.size(); ++i) {
        const RunPlan edited = with(edits[i]);
        if (!(edited == plan_) && validate(edited).empty()) worth.push_back(i);
      }
      if (worth.empty()) return;
      ShrinkCandidates candidates{
          worth.size(), [&](std::size_t index) { return with(edits[worth[index]]); }, {}};
      if (story == Story::kNoLonger && point_) candidates.events_max = point_->event;
      const auto hit = hooks_.first_failing(candidates);
      if (!hit) return;
      plan_ = with(edits[worth[hit->index]]);
      point_ = hit->point;
      next = worth[hit->index] + 1;
      improved_ = true;
      if (hooks_.improved) hooks_.improved(plan_, pass);
    }
  }

  RunPlan with(const Edit& edit) const {
    RunPlan plan = plan_;
    edit(plan);
    return plan;
  }

  // Settings that only a draw reads say nothing about a plan.
  void forget_the_draw() {
    for (const Setting& setting : settings_of({}, {}))
      if (group_of(setting) == "schedule") set(plan_, setting);
  }

  void after_the_failure() {
    if (point_) {
      try_each("time", {[end = point_->at](RunPlan& plan) {
                 keep(plan, [&](Duration at) { return at <= end; });
               }});
    }
    Edits edits;
    if (point_) edits.push_back(shorten_to(point_->at + Duration::milliseconds(1)));
    edits.push_back(shorten_to(last_time(plan_) + Duration::milliseconds(1)));
    try_each("time", edits);
  }

  static Edit shorten_to(Duration length) {
    return [length](RunPlan& plan) { plan.world.length = std::min(plan.world.length, length); };
  }

  void classes() {
    Edits edits;
    std::set<sim::FaultClass> fault_classes;
    std::set<sim::FaultKind> fault_kinds;
    for (const sim::Fault& fault : plan_.faults) {
      fault_classes.insert(sim::info(fault.kind).fault_class);
      fault_kinds.insert(fault.kind);
    }
    for (const sim::FaultClass each : fault_classes) {
      edits.push_back([each](RunPlan& plan) {
        std::erase_if(plan.faults, [each](const sim::Fault& fault) {
          return sim::info(fault.kind).fault_class == each;
        });
      });
    }
    for (const sim::FaultKind each : fault_kinds) {
      edits.push_back([each](RunPlan& plan) {
        std::erase_if(plan.faults, [each](const sim::Fault& fault) { return fault.kind == each; });
      });
    }
    std::set<OperationKind> operation_kinds;
    std::set<NodeId> nodes;
    for (const Operation& operation : plan_.operations) {
      operation_kinds.insert(operation.kind);
      nodes.insert(operation.node);
    }
    for (const OperationKind each : operation_kinds) {
      edits.push_back([each](RunPlan& plan) {
        std::erase_if(plan.operations, [each](const Operation& o) { return o.kind == each; });
      });
    }
    for (const NodeId each : nodes) {
      edits.push_back([each](RunPlan& plan) {
        std::erase_if(plan.operations, [each](const Operation& o) { return o.node == each; });
      });
    }
    try_each("classes", edits);
  }

  // From the end, so that what goes leaves the numbers of what is still to be tried as they were.
  void items() {
    for (std::size_t chunk = std::max<std::size_t>(item_count(plan_) / 2, 1);; chunk /= 2) {
      Edits edits;
      for (std::size_t end = item_count(plan_); end > 0; end -= std::min(end, chunk)) {
        edits.push_back([from = end - std::min(end, chunk), end](RunPlan& plan) {
          erase_items(plan, from, end);
        });
      }
      try_each("items", edits);
      if (chunk <= 1) return;
    }
  }

  void pairs() {
    const std::size_t count = item_count(plan_);
    if (count > kItemsForPairs) return;
    Edits edits;
    for (std::size_t later = count; later-- > 1;) {
      for (std::size_t earlier = later; earlier-- > 0;) {
        edits.push_back([earlier, later, count](RunPlan& plan) {
          // After a pair went, the numbers mean something else: another round will tell.
          if (item_count(plan) != count) return;
          erase_items(plan, later, later + 1);
          erase_items(plan, earlier, earlier + 1);
        });
      }
    }
    try_each("pairs", edits);
  }

  void settings() {
    const std::vector<Setting> all = settings_of({}, {});
    Edits edits;
    edits.push_back(reset(all));
    std::set<std::string> groups;
    for (const Setting& setting : all)
      groups.insert(group_of(setting));
    for (const std::string& group : groups) {
      std::vector<Setting> some;
      for (const Setting& setting : all)
        if (group_of(setting) == group) some.push_back(setting);
      edits.push_back(reset(std::move(some)));
    }
    for (const Setting& setting : all)
      edits.push_back(reset({setting}));
    try_each("settings", edits, Story::kNoLonger);
  }

  void members() {
    const auto fewer = [this](const std::vector<NodeId>& gone) {
      // From the highest, so that the numbers of the others stay.
      return [gone, nodes = plan_.world.nodes](RunPlan& plan) {
        if (plan.world.nodes != nodes) return;
        for (const NodeId id : gone)
          plan = without_member(plan, id);
      };
    };
    const auto nodes = static_cast<unsigned>(plan_.world.nodes);
    Edits edits;
    for (unsigned high = nodes; nodes > 3 && high-- > 1;)
      for (unsigned low = high; low-- > 0;)
        edits.push_back(fewer({sim::node_at(high), sim::node_at(low)}));
    for (unsigned only = nodes; nodes > 1 && only-- > 0;)
      edits.push_back(fewer({sim::node_at(only)}));
    try_each("members", edits);
  }

  // From the end: what a phase becomes leaves those before it where they are.
  void phases() {
    Edits edits;
    for (std::size_t i = plan_.faults.size(); i-- > 0;) {
      if (plan_.faults[i].kind != sim::FaultKind::kPhase) continue;
      edits.push_back([i](RunPlan& plan) {
        const sim::Fault phase = plan.faults[i];
        Operation operation = phase_operation(plan.world.nodes, phase.arg);
        operation.at = phase.at;
        plan.faults.erase(plan.faults.begin() + static_cast<std::ptrdiff_t>(i));
        plan.operations.push_back(operation);
      });
    }
    try_each("phases", edits, Story::kNoLonger);
  }

  void values() {
    round_times();
    Edits edits;
    for (std::size_t i = 0; i < plan_.faults.size(); ++i)
      simplify_fault(i, edits);
    for (std::size_t i = 0; i < plan_.operations.size(); ++i) {
      edits.push_back([i](RunPlan& plan) { plan.operations[i].arg = 1; });
      edits.push_back([i](RunPlan& plan) {
        plan.operations[i].arg = std::max(plan.operations[i].arg / 2, 1u);
      });
    }
    try_each("values", edits, Story::kNoLonger);
    close_gaps();
  }

  void simplify_fault(std::size_t i, Edits& edits) const {
    const sim::Fault& fault = plan_.faults[i];
    const sim::FaultInfo& info = sim::info(fault.kind);
    if (info.group == sim::GroupMeaning::kNodes || info.group == sim::GroupMeaning::kLinks) {
      for (std::uint64_t left = fault.group; left != 0; left &= left - 1) {
        const std::uint64_t bit = left & ~(left - 1);
        edits.push_back([i, bit](RunPlan& plan) {
          // An empty group means everybody.
          if (plan.faults[i].group != bit) plan.faults[i].group &= ~bit;
        });
      }
    }
    for (const Duration length : kLengths) {
      edits.push_back([i, length](RunPlan& plan) {
        sim::Fault& each = plan.faults[i];
        each.duration = std::min(each.duration, length);
      });
    }
    edits.push_back([i, least = info.arg_min](RunPlan& plan) { plan.faults[i].arg = least; });
  }

  // All at once first; then one by one.
  void round_times() {
    const auto rounded = [](Duration at, Duration grid) {
      return Duration::nanoseconds(at.ns() / grid.ns() * grid.ns());
    };
    Edits edits;
    for (const Duration grid : kGrids) {
      edits.push_back([grid, rounded](RunPlan& plan) {
        for_each_time(plan, [&](Duration& at) { at = rounded(at, grid); });
      });
    }
    const std::size_t count = item_count(plan_);
    for (std::size_t i = 0; i < count; ++i) {
      edits.push_back([i, rounded](RunPlan& plan) {
        std::size_t number = 0;
        for_each_time(plan, [&](Duration& at) {
          if (number++ == i) at = rounded(at, kGrids.back());
        });
      });
    }
    try_each("values", edits, Story::kNoLonger);
  }

  // What comes after a silence comes sooner, with all that follows.
  void close_gaps() {
    std::set<std::int64_t> times{0};
    for_each_time(plan_, [&](Duration& at) { times.insert(at.ns()); });
    Edits edits;
    // From the last gap: closing it leaves those before it where they are.
    for (auto later = times.rbegin(); std::next(later) != times.rend(); ++later) {
      const std::int64_t before = *std::next(later);
      const std::int64_t gap = *later - before;
      for (const Duration want : kLengths) {
        if (want.ns() >= gap) break;
        edits.push_back([from = *later, less = gap - want.ns()](RunPlan& plan) {
          bool touched = false;
          for_each_time(plan, [&](Duration& at) { touched = touched || at.ns() == from; });
          if (!touched) return;
          for_each_time(plan, [&](Duration& at) {
            if (at.ns() >= from) at = at - Duration::nanoseconds(less);
          });
          plan.world.length =
              std::max(plan.world.length - Duration::nanoseconds(less), Duration::milliseconds(1));
        });
      }
    }
    try_each("values", edits, Story::kNoLonger);
  }

  RunPlan plan_;
  std::optional<FailurePoint> point_;
  const ShrinkHooks& hooks_;
  bool improved_ = false;
};

}  // namespace

RunPlan shrink(RunPlan plan, std::optional<FailurePoint> point, const ShrinkHooks& hooks) {
  HOLDFAST_REQUIRE(validate(plan).empty(), validate(plan));
  return Shrinker(std::move(plan), point, hooks).shrink();
}

std::vector<std::pair<std::string, std::string>> list_unusual_settings(const RunPlan& plan) {
  std::vector<std::pair<std::string, std::string>> unusual;
  const std::vector<Setting> usual = settings_of({}, {});
  const std::vector<Setting> here = settings_of(plan.world, plan.cluster);
  for (std::size_t i = 0; i < here.size(); ++i) {
    if (here[i].value == usual[i].value || group_of(here[i]) == "schedule") continue;
    unusual.emplace_back(here[i].name, here[i].value);
  }
  return unusual;
}

void reset_setting(RunPlan& plan, std::string_view name) {
  for (const Setting& setting : settings_of({}, {}))
    if (setting.name == name) set(plan, setting);
}

}  // namespace holdfast::scenarios
