#include "scenarios/explore/exploration.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "protocol/env/check.h"

#include "sim/explore/live_walk.h"
#include "sim/explore/replay_space.h"

#include "scenarios/explore/log_referee.h"

namespace holdfast::scenarios {
namespace {

using explore::ClusterSpace;
using explore::Kind;
using explore::Members;
using explore::Named;
using explore::System;
using explore::SystemEvent;
using explore::Words;

// What the script uses up comes on top.
explore::Bounds with_script(const Configuration& configuration) {
  explore::Bounds bounds = configuration.bounds;
  using What = explore::Command::What;
  for (const explore::Command& command : configuration.script) {
    if (command.what == What::kPerform) ++bounds.budget.operations[command.operation];
    if (command.what == What::kCrash) ++bounds.budget.crashes;
    if (command.what == What::kWipe) ++bounds.budget.wipes;
    if (command.what == What::kRing) ++bounds.budget.alarms;
  }
  return bounds;
}

// The same event of the reference, which knows frames by where they are from.
SystemEvent event_in(const System& system, const Members& members, Named named) {
  SystemEvent event{.kind = named.kind,
                    .frame = {},
                    .node = named.node,
                    .argument = named.argument,
                    .variant = named.variant};
  if (!is_delivery(named.kind)) return event;
  const explore::Sent& wanted = members.message(named.argument);
  event.node = 0;
  event.argument = 0;
  for (const System::Flying& flying : system.flying()) {
    if (flying.sent.to == wanted.to && *flying.sent.frame == *wanted.frame) {
      event.frame = flying.origin;
      return event;
    }
  }
  return event;
}

// Lets the reference do what the search says was done.  `event_of` says of an event what it is to
// the reference.
template <typename Event, typename EventOf>
void confirm(System system,
             const std::vector<Event>& events,
             const EventOf& event_of,
             Explored& explored) {
  for (const Event& each : events) {
    const SystemEvent event = event_of(system, each);
    auto entry = happen(system, event);
    if (!entry) {
      explored.confirmed = "an event is not possible where the search found it";
      return;
    }
    explored.counterexample.push_back(std::move(*entry));
  }
  explored.confirmed = system.violation();
}

// `walk` is given whom to ask whether to go on, and leaves its violation.
template <typename Walk>
void walk_through(const explore::Limits& limits, const Walk& walk, Explored& explored) {
  explore::Progress& progress = explored.result.progress;
  explored.walked = walk([&](const explore::Walked& so_far) {
    progress.transitions = so_far.steps;
    progress.depth = so_far.longest;
    return !limits.go_on || limits.go_on(progress);
  });
  progress.transitions = explored.walked->steps;
  progress.depth = explored.walked->longest;
  explored.result.ending = !explored.result.violation.text.empty() ? explore::Ending::kViolation
                           : explored.walked->stopped              ? explore::Ending::kStopped
                                                                   : explore::Ending::kExhausted;
}

std::vector<std::string> last_words(const ClusterSpace& space,
                                    const Members& members,
                                    const explore::Whereabouts& whereabouts) {
  std::vector<std::string> lines;
  if (whereabouts.events) {
    for (const explore::EventName event : whereabouts.events())
      lines.push_back(space.text_of(Words{}, event));
  }
  const Members::Doing& doing = members.doing();
  lines.push_back(
      fmt::format("in the code of member {}, {}", doing.node + 1, members.text_of(doing.event)));
  return lines;
}

// All that both engines need.
struct Arena {
  const LogCompany& company;
  const LogReferee& referee;
  const explore::Bounds& bounds;
  const ExploreOptions& options;

  System system() const { return {company, referee, bounds, options.terms, options.reductions}; }
};

// What was not found breadth first.
void shorten_if_long(const Arena& arena, Explored& explored) {
  const bool shortest =
      arena.options.walks.walks == 0 && arena.options.order == explore::Order::kBreadthFirst;
  if (shortest || explored.not_deterministic || explored.is_stuck || !explored.agreed()) return;
  explored.found_events = explored.counterexample.size() - explored.script_events;
  Shortened shortened =
      shorten([&] { return arena.system(); }, explored.counterexample, explored.script_events);
  explored.counterexample = std::move(shortened.events);
  explored.confirmed = shortened.violation;
  explored.result.violation.text = std::move(shortened.violation);
}

// Begins where the script of the other engine led to.
void by_replay(const Arena& arena,
               const ClusterSpace& space,
               const Members& members,
               const explore::Limits& limits,
               Explored& explored) {
  System system = arena.system();
  std::vector<SystemEvent> events;
  for (const explore::EventName name : space.start_events()) {
    events.push_back(event_in(system, members, Named::of(name)));
    HOLDFAST_CHECK(system.apply(events.back()));
  }
  const ExploreOptions& options = arena.options;
  explored.script_events = events.size();
  if (options.walks.walks > 0) {
    explore::LivePath path;
    const auto begin = [&] {
      System alive = arena.system();
      for (const SystemEvent& event : events)
        HOLDFAST_CHECK(alive.apply(event));
      return alive;
    };
    const auto walk = [&](const auto& go_on) {
      const explore::Walked walked = explore::walk_alive(begin, options.walks, go_on, path);
      explored.result.violation.text = path.violation;
      return walked;
    };
    walk_through(limits, walk, explored);
    events.insert(events.end(), path.events.begin(), path.events.end());
  } else {
    explore::ReplaySpace replay(
        arena.company, arena.referee, arena.bounds, options.terms, options.reductions, events);
    explored.result = explore::search(replay, options.order, limits);
    if (explored.result.ending != explore::Ending::kViolation) return;
    const auto& last = explored.result.violation.states.back();
    for (const SystemEvent& event : explore::ReplaySpace::events_of(last))
      events.push_back(event);
  }
  if (explored.result.ending != explore::Ending::kViolation) return;
  const auto itself = [](const System&, const SystemEvent& event) { return event; };
  confirm(arena.system(), events, itself, explored);
  shorten_if_long(arena, explored);
}

void by_memo(const Arena& arena,
             ClusterSpace& space,
             Members& members,
             const explore::Limits& limits,
             Explored& explored) {
  explore::FairRun fair_run(members, goal_of_the_log());
  if (arena.options.liveness) space.ask_for(fair_run);
  if (arena.options.walks.walks > 0) {
    const auto walk = [&](const auto& go_on) {
      return explore::walk(space, arena.options.walks, go_on, explored.result.violation);
    };
    walk_through(limits, walk, explored);
  } else {
    explore::Whereabouts whereabouts;
    explore::Limits told = limits;
    told.whereabouts = &whereabouts;
    if (arena.options.last_words != nullptr) {
      arena.options.last_words->lines = [&] { return last_words(space, members, whereabouts); };
    }
    explored.result = explore::search(space, arena.options.order, told);
  }
  if (arena.options.last_words != nullptr) arena.options.last_words->lines = nullptr;
  explored.locals = space.locals_met();
  explored.messages = members.messages();
  explored.first_runs = members.first_runs();
  explored.steps_run = members.steps_run();
  explored.audits = members.audits();
  explored.fair_runs = fair_run.runs();
  explored.fair_steps = fair_run.steps();
  if (explored.result.ending != explore::Ending::kViolation) return;
  std::vector<explore::EventName> events = space.start_events();
  explored.script_events = events.size();
  explored.not_deterministic = explored.result.violation.text == members.problem();
  explored.is_stuck = explored.result.violation.text.starts_with(explore::kStuck);
  const auto& found = explored.result.violation.events;
  events.insert(events.end(), found.begin(), found.end());
  const auto event_of = [&](const System& at, explore::EventName name) {
    return event_in(at, members, Named::of(name));
  };
  confirm(arena.system(), events, event_of, explored);
  shorten_if_long(arena, explored);
}

}  // namespace

Configuration from_boot(Configuration configuration) {
  configuration.bounds = with_script(configuration);
  configuration.script.clear();
  return configuration;
}

Explored explore_log(const Configuration& configuration,
                     const ExploreOptions& options,
                     const explore::Limits& limits) {
  Explored explored;
  LogCompanyOptions company_options = configuration.company;
  if (options.trace_stores) company_options.stores = &explored.stores;
  const LogCompany company(company_options);
  const LogReferee referee(configuration.company.members);
  const explore::Bounds bounds = explored.bounds = with_script(configuration);
  const Arena arena{.company = company, .referee = referee, .bounds = bounds, .options = options};
  Members members(company, options.terms);
  ClusterSpace space(members, referee, bounds, options.reductions);
  explored.unreachable = space.start_after(configuration.script);
  if (!explored.unreachable.empty()) {
    explored.result.ending = explore::Ending::kStopped;
    return explored;
  }
  if (options.engine == Engine::kReplay) {
    by_replay(arena, space, members, limits, explored);
  } else {
    by_memo(arena, space, members, limits, explored);
  }
  return explored;
}

Explored play_events(const Configuration& configuration,
                     const ExploreOptions& options,
                     const std::vector<SystemEvent>& events) {
  const LogCompany company(configuration.company);
  const LogReferee referee(configuration.company.members);
  Explored explored;
  explored.bounds = configuration.bounds;
  System system(company, referee, explored.bounds, options.terms, options.reductions);
  for (const SystemEvent& event : events) {
    auto entry = happen(system, event);
    if (!entry) break;
    explored.counterexample.push_back(std::move(*entry));
    explored.confirmed = system.violation();
    if (!explored.confirmed.empty()) break;
  }
  return explored;
}

}  // namespace holdfast::scenarios
