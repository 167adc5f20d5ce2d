#include "scenarios/explore/exploration.h"

#include <algorithm>
#include <utility>

#include "protocol/env/check.h"

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

Happened happened(const System& before, const SystemEvent& event) {
  Happened entry{.event = event, .frame = {}, .to = event.node, .observed = {}};
  for (const System::Flying& flying : before.flying()) {
    if (!is_delivery(event.kind) || flying.origin != event.frame) continue;
    entry.frame = *flying.sent.frame;
    entry.to = flying.sent.to;
  }
  return entry;
}

// Lets the reference do what the search says was done.
void confirm(System system,
             const Members& members,
             const std::vector<explore::EventName>& events,
             Explored& explored) {
  for (const explore::EventName name : events) {
    const SystemEvent event = event_in(system, members, Named::of(name));
    Happened entry = happened(system, event);
    if (!system.apply(event)) {
      explored.confirmed = "an event is not possible where the search found it";
      return;
    }
    entry.observed = system.observed();
    explored.counterexample.push_back(std::move(entry));
  }
  explored.confirmed = system.violation();
}

void walk_through(ClusterSpace& space,
                  const ExploreOptions& options,
                  const explore::Limits& limits,
                  Explored& explored) {
  explore::Progress& progress = explored.result.progress;
  explored.walked = explore::walk(space, options.walks, [&](const explore::Walked& so_far) {
    progress.transitions = so_far.steps;
    progress.depth = so_far.longest;
    return !limits.go_on || limits.go_on(progress);
  });
  progress.transitions = explored.walked->steps;
  progress.depth = explored.walked->longest;
  explored.result.violation = explored.walked->violation;
  explored.result.ending = !explored.result.violation.text.empty() ? explore::Ending::kViolation
                           : explored.walked->stopped              ? explore::Ending::kStopped
                                                                   : explore::Ending::kExhausted;
}

}  // namespace

Explored explore_log(const Configuration& configuration,
                     const ExploreOptions& options,
                     const explore::Limits& limits) {
  Explored explored;
  LogCompanyOptions company_options = configuration.company;
  if (options.trace_stores) company_options.stores = &explored.stores;
  const LogCompany company(company_options);
  const LogReferee referee(configuration.company.members);
  const explore::Bounds bounds = with_script(configuration);
  Members members(company, options.terms);
  ClusterSpace space(members, referee, bounds, options.reductions);
  const std::string problem = space.start_after(configuration.script);
  HOLDFAST_REQUIRE(problem.empty(), configuration.name, problem);

  if (options.engine == Engine::kReplay) {
    System system(company, referee, bounds, options.terms, options.reductions);
    std::vector<SystemEvent> start;
    for (const explore::EventName name : space.start_events()) {
      start.push_back(event_in(system, members, Named::of(name)));
      HOLDFAST_CHECK(system.apply(start.back()));
    }
    explore::ReplaySpace replay(
        company, referee, bounds, options.terms, options.reductions, std::move(start));
    explored.result = explore::search(replay, options.order, limits);
    return explored;
  }
  if (options.walks.walks > 0) {
    walk_through(space, options, limits, explored);
  } else {
    explored.result = explore::search(space, options.order, limits);
  }
  explored.locals = space.locals_met();
  explored.messages = members.messages();
  explored.first_runs = members.first_runs();
  explored.steps_run = members.steps_run();
  explored.audits = members.audits();
  if (explored.result.ending == explore::Ending::kViolation) {
    std::vector<explore::EventName> events = space.start_events();
    explored.script_events = events.size();
    explored.not_deterministic = explored.result.violation.text == members.problem();
    const auto& found = explored.result.violation.events;
    events.insert(events.end(), found.begin(), found.end());
    confirm(System(company, referee, bounds, options.terms, options.reductions),
            members,
            events,
            explored);
  }
  return explored;
}

}  // namespace holdfast::scenarios
