#include "tools/explore_log.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "sim/text.h"

#include "tools/explore_abort.h"
#include "tools/explore_bounds.h"
#include "tools/explore_picture.h"
#include "tools/explore_report.h"
#include "tools/explore_resume.h"
#include "tools/explore_schedule.h"
#include "tools/sim_files.h"
#include "tools/sim_interrupt.h"
#include "tools/sim_record.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

using explore::Ending;
using scenarios::Configuration;

int usage(const std::string& problem) {
  std::fprintf(stderr, "holdfast-sim explore: %s\n", problem.c_str());
  return kExitUsage;
}

int list_configurations() {
  for (const Configuration& each : scenarios::configurations()) {
    fmt::print(
        "{:<10} {}\n{:<10} by default: {}\n", each.name, each.text, "", bounds_text(each.bounds));
  }
  return kExitPassed;
}

// Plays the violation again, or looks for it again.
std::string replay_line(const ExploreCommand& command) {
  const std::string& file = command.replay.empty() ? command.save : command.replay;
  if (!file.empty()) return fmt::format("holdfast-sim explore --replay {}", file);
  std::string line = "holdfast-sim explore " + command.configuration;
  const auto add = [&](bool given, const std::string& flag) {
    if (given) line += " " + flag;
  };
  const scenarios::ExploreOptions& options = command.options;
  const explore::WalkOptions& walks = options.walks;
  add(!command.budget.empty(), fmt::format("--budget {}", fmt::join(command.budget, ",")));
  add(!command.where.empty(), fmt::format("--where {}", fmt::join(command.where, ",")));
  add(command.from_boot, "--from-boot");
  add(command.links == explore::Links::kConnections, "--links connections");
  add(options.terms.disks == explore::Disks::kSlow, "--disks slow");
  add(options.engine == scenarios::Engine::kReplay, "--engine replay");
  add(options.order == explore::Order::kDepthFirst, "--order depth");
  add(options.liveness, "--liveness");
  add(command.fewest_faults, "--fewest-faults");
  add(options.terms.identity == explore::Identity::kHistory, "--histories");
  add(!options.reductions.dead_frames, "--keep-dead");
  add(walks.walks > 0, fmt::format("--walks {} --seed {}", walks.walks, walks.seed));
  add(walks.choice == explore::Choice::kPriorities, fmt::format("--bug-depth {}", walks.bug_depth));
  return line;
}

// The page of a violation, if one is asked for.  Returns what is wrong, or nothing.
std::string draw(const ExploreCommand& command, const ExploreReport& report) {
  if (command.html.empty()) return {};
  const Picture picture = picture_of(report, replay_line(command));
  std::string problem = write_file(command.html, page_of(picture));
  if (problem.empty()) fmt::print("page: {}\n", command.html);
  return problem;
}

// Every write that the exploration met, on the store that production uses.
scenarios::StorageChecked check_stores(const Configuration& configuration,
                                       const ExploreCommand& command,
                                       const scenarios::StoreTrace& stores) {
  ExploreWatch watch(configuration.name + ", writes of stores", command.limits);
  return scenarios::check_storage(
      stores, {.go_on = [&](std::uint64_t done) {
        return watch.go_on({.states = stores.steps(), .expanded = done, .transitions = done});
      }});
}

scenarios::Explored explored_aloud(const Configuration& configuration,
                                   scenarios::ExploreOptions options,
                                   const explore::Limits& limits) {
  scenarios::LastWords words;
  const ExploreAbort abort(
      fmt::format("{}, {}", configuration.name, bounds_text(configuration.bounds)), words);
  options.last_words = &words;
  return scenarios::explore_log(configuration, options, limits);
}

int exit_code_of(const ExploreReport& report) {
  const scenarios::Explored& explored = report.explored;
  if (report.storage && !report.storage->problem.empty()) return kExitSafety;
  if (report.storage && report.storage->stopped) {
    return interrupt_signal() != 0 ? 128 + interrupt_signal() : kExitUnfinished;
  }
  switch (explored.result.ending) {
    case Ending::kExhausted:
      return kExitPassed;
    case Ending::kViolation:
      if (explored.not_deterministic || !explored.agreed()) return kExitNotDeterministic;
      if (explored.is_stuck) return kExitLiveness;
      return kExitSafety;
    case Ending::kStopped:
    case Ending::kStatesLimit:
      return interrupt_signal() != 0 ? 128 + interrupt_signal() : kExitUnfinished;
  }
  return kExitUsage;
}

int replay_schedule(const ExploreCommand& command) {
  const std::string& path = command.replay;
  const auto text = read_file(path);
  if (!text) return usage(text.error());
  const auto schedule = parse_schedule(*text);
  if (!schedule) return usage(fmt::format("{}: {}", path, schedule.error()));
  const auto& all = scenarios::configurations();
  const auto found = std::ranges::find(all, schedule->configuration, &Configuration::name);
  if (found == all.end()) {
    return usage(fmt::format(
        "{}: '{}' is no configuration (--list describes them)", path, schedule->configuration));
  }
  Configuration configuration = *found;
  configuration.bounds.links = schedule->links;
  configuration.bounds.budget = {};
  for (const std::string& budget : schedule->budget) {
    if (const std::string problem = set_budget(budget, configuration.bounds); !problem.empty()) {
      return usage(fmt::format("{}: {}", path, problem));
    }
  }
  scenarios::ExploreOptions options;
  options.terms.disks = schedule->disks;
  options.reductions = schedule->reductions;
  scenarios::Explored played = scenarios::play_events(configuration, options, schedule->events);
  fmt::print("{}", happened_text(played.counterexample, 0));
  const std::size_t count = played.counterexample.size();
  if (!played.confirmed.empty()) {
    fmt::print(
        "after event {} (line {}): {}\n", count, schedule->lines[count - 1], played.confirmed);
    played.result.violation.text = played.confirmed;
    const ExploreReport report{.configuration = configuration,
                               .options = options,
                               .explored = played,
                               .stopped_by = {},
                               .real_ns = 0,
                               .storage = {}};
    if (const std::string problem = draw(command, report); !problem.empty()) return usage(problem);
    return kExitSafety;
  }
  if (count < schedule->events.size()) {
    return usage(
        fmt::format("{}: line {}: '{}' is not possible there, or more than the file's budget",
                    path,
                    schedule->lines[count],
                    event_line(schedule->events[count])));
  }
  fmt::print("{} events, and nothing is wrong\n", count);
  return kExitPassed;
}

// What --fewest-faults counts.
constexpr std::array kFaults{&explore::Budget::alarms,
                             &explore::Budget::crashes,
                             &explore::Budget::wipes,
                             &explore::Budget::duplicates,
                             &explore::Budget::cuts,
                             &explore::Budget::disk_errors};

// What of the command goes with what not.  Nothing: it can be done.
std::string refusal_of(const ExploreCommand& command, const explore::Bounds& bounds) {
  const scenarios::ExploreOptions& options = command.options;
  const bool walks = options.walks.walks > 0;
  const bool replay = options.engine == scenarios::Engine::kReplay;
  if (!walks && options.walks.choice == explore::Choice::kPriorities) {
    return "--bug-depth says how to walk; give --walks N as well";
  }
  if (replay && (options.trace_stores || options.liveness)) {
    return "--storage and --liveness go with the engine memo";
  }
  if (command.fewest_faults && (walks || options.trace_stores || !command.resume.empty() ||
                                options.order != explore::Order::kBreadthFirst)) {
    return "--fewest-faults is for searches breadth first, and goes with none of --walks, "
           "--storage and --resume";
  }
  constexpr std::uint64_t kMostRungs = 1000;
  std::uint64_t rungs = 1;
  for (const auto fault : kFaults)
    rungs *= bounds.budget.*fault + 1u;
  if (command.fewest_faults && rungs > kMostRungs) {
    return fmt::format(
        "--fewest-faults would be more than {} explorations; give smaller budgets of faults",
        kMostRungs);
  }
  if (command.resume.empty()) return {};
  if (options.order != explore::Order::kDepthFirst) {
    return "--resume goes with --order depth: of a search by levels the whole frontier would have "
           "to be kept";
  }
  if (walks) return "--resume is for searches; walks begin anew";
  if (replay || options.liveness || options.trace_stores || options.terms.audit) {
    return "--resume goes with none of --engine replay, --liveness, --storage and --audit";
  }
  return {};
}

// With its budget, links and beginning.
tl::expected<Configuration, std::string> configured(const ExploreCommand& command) {
  const auto& all = scenarios::configurations();
  const auto found = std::ranges::find(all, command.configuration, &Configuration::name);
  if (found == all.end()) {
    std::string known;
    for (const Configuration& each : all)
      known += (known.empty() ? "" : ", ") + each.name;
    const std::string what = command.configuration.empty()
                                 ? "no configuration is named"
                                 : fmt::format("'{}' is no configuration", command.configuration);
    return tl::unexpected(fmt::format("{}; use one of {} (--list describes them)", what, known));
  }
  Configuration configuration =
      command.from_boot ? scenarios::from_boot(*found) : Configuration(*found);
  if (!command.budget.empty()) configuration.bounds.budget = {};
  configuration.bounds.links = command.links;
  for (const std::string& text : command.budget) {
    if (std::string problem = set_budget(text, configuration.bounds); !problem.empty()) {
      return tl::unexpected(std::move(problem));
    }
  }
  for (const std::string& text : command.where) {
    std::string problem = set_where(text, configuration.company.members, configuration.bounds);
    if (!problem.empty()) return tl::unexpected(std::move(problem));
  }
  return configuration;
}

// All faults that the budget has, and fewer: those with the fewest first.
std::vector<explore::Budget> rungs_of(const explore::Budget& budget) {
  explore::Budget none = budget;
  for (const auto fault : kFaults)
    none.*fault = 0;
  std::vector<explore::Budget> rungs{none};
  for (const auto fault : kFaults) {
    // Each of those there are, with one more of it.
    for (std::size_t i = 0; i < rungs.size(); ++i) {
      if (rungs[i].*fault == budget.*fault) continue;
      explore::Budget more = rungs[i];
      ++(more.*fault);
      rungs.push_back(more);
    }
  }
  const auto faults = [](const explore::Budget& each) {
    unsigned sum = 0;
    for (const auto fault : kFaults)
      sum += each.*fault;
    return sum;
  };
  std::ranges::sort(rungs, [&](const explore::Budget& a, const explore::Budget& b) {
    return std::pair(faults(a), a) < std::pair(faults(b), b);
  });
  return rungs;
}

// One exploration, and what is told of it.
class Exploration {
 public:
  Exploration(const ExploreCommand& command, Configuration configuration)
      : command_(command),
        configuration_(std::move(configuration)),
        options_(command.options),
        resumed_(command.resume, subject_json(configuration_, command.options)),
        watch_(configuration_.name, command.limits) {
    if (options_.walks.walks > 0 && options_.engine == scenarios::Engine::kReplay) {
      // Nothing is named there, so that nothing can be left out by its name either.
      options_.terms.identity = explore::Identity::kHistory;
      options_.reductions.dead_frames = false;
    }
  }

  // Returns the exit code.
  int run() {
    if (!resumed_.problem().empty()) return usage(resumed_.problem());
    if (command_.fewest_faults) {
      climb();
    } else {
      explore();
    }
    if (!explored_.unreachable.empty()) {
      return usage(
          fmt::format("{} can not be reached: {}", configuration_.name, explored_.unreachable));
    }
    ExploreReport report = this->report();
    fmt::print("{}", certificate_text(report));
    fmt::print("{}", resumed_.last_line(explored_.result.ending));
    if (command_.options.trace_stores && explored_.result.ending != Ending::kViolation) {
      std::fflush(stdout);
      report.storage = check_stores(configuration_, command_, explored_.stores);
      fmt::print("{}", storage_text(report));
    }
    if (const std::string problem = write(report); !problem.empty()) return usage(problem);
    if (!resumed_.problem().empty()) return usage(resumed_.problem());
    return exit_code_of(report);
  }

 private:
  void explore() {
    explore::Limits limits{
        .go_on = [&](const explore::Progress& progress) { return watch_.go_on(progress); }};
    resumed_.attach(limits, watch_);
    explored_ = explored_aloud(configuration_, options_, limits);
  }

  // Until something is wrong, with the fewest faults that it takes.
  void climb() {
    const std::vector<explore::Budget> rungs = rungs_of(configuration_.bounds.budget);
    for (const explore::Budget& rung : rungs) {
      configuration_.bounds.budget = rung;
      explore();
      if (explored_.result.ending != Ending::kExhausted || &rung == &rungs.back()) return;
      fmt::print("exhausted with {}: {} states\n",
                 bounds_text(configuration_.bounds),
                 grouped(explored_.result.progress.states));
      std::fflush(stdout);
    }
  }

  ExploreReport report() const {
    return {.configuration = configuration_,
            .options = options_,
            .explored = explored_,
            .stopped_by = watch_.stopped_by(),
            .real_ns = resumed_.real_ns_before() + watch_.real_ns(),
            .sessions = resumed_.sessions(),
            .storage = {}};
  }

  // What is asked for; returns what is wrong, or nothing.
  std::string write(const ExploreReport& report) const {
    std::string problem;
    if (explored_.result.ending == Ending::kViolation) {
      fmt::print("{}", counterexample_text(report));
      if (!command_.save.empty()) problem = write_file(command_.save, schedule_of(report));
      if (!problem.empty()) return problem;
      if (!command_.save.empty()) fmt::print("replay: {}\n", replay_line(command_));
      problem = draw(command_, report);
    }
    if (problem.empty() && !command_.json.empty()) {
      problem = write_file(command_.json, certificate_json(report));
    }
    return problem;
  }

  const ExploreCommand& command_;
  Configuration configuration_;
  scenarios::ExploreOptions options_;
  Resumed resumed_;
  ExploreWatch watch_;
  scenarios::Explored explored_;
};

}  // namespace

int explore_command(const ExploreCommand& command) {
  if (command.list) return list_configurations();
  if (!command.replay.empty() && !command.configuration.empty()) {
    return usage("--replay takes the configuration from the file; name none");
  }
  if (!command.replay.empty()) return replay_schedule(command);
  auto configuration = configured(command);
  if (!configuration) return usage(configuration.error());
  if (const std::string refusal = refusal_of(command, configuration->bounds); !refusal.empty())
    return usage(refusal);
  return Exploration(command, std::move(*configuration)).run();
}

}  // namespace holdfast::tools
