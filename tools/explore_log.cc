#include "tools/explore_log.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "sim/text.h"

#include "tools/explore_abort.h"
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
        "{:<10} {}\n{:<10} by default: {}\n", each.name, each.text, "", budget_text(each.bounds));
  }
  return kExitPassed;
}

// Plays the violation again, or looks for it again.
std::string replay_line(const ExploreCommand& command) {
  const std::string& file = command.replay.empty() ? command.save : command.replay;
  return file.empty() ? fmt::format("holdfast-sim explore {} ...", command.configuration)
                      : fmt::format("holdfast-sim explore --replay {}", file);
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
      fmt::format("{}, {}", configuration.name, budget_text(configuration.bounds)), words);
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

}  // namespace

std::string set_budget(const std::string& text, explore::Bounds& bounds) {
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const auto amount = equals == std::string::npos
                          ? std::nullopt
                          : sim::parse_unsigned(std::string_view(text).substr(equals + 1));
  constexpr std::uint64_t kMost = 100;
  if (!amount || *amount > kMost) {
    return fmt::format(
        "'{}' is no budget; use a name and a number up to {}, as append=2", text, kMost);
  }
  std::string known;
  const scenarios::LogCompany company({});
  explore::Budget& budget = bounds.budget;
  std::vector<std::pair<std::string, std::uint8_t*>> all;
  for (std::uint8_t kind = 0; kind < scenarios::kLogOperations; ++kind)
    all.emplace_back(company.name_of(kind), &budget.operations[kind]);
  all.emplace_back("alarm", &budget.alarms);
  all.emplace_back("crash", &budget.crashes);
  all.emplace_back("wipe", &budget.wipes);
  all.emplace_back("duplicate", &budget.duplicates);
  all.emplace_back("cut", &budget.cuts);
  for (const auto& [each, field] : all) {
    if (each == name) {
      *field = static_cast<std::uint8_t>(*amount);
      return {};
    }
    known += (known.empty() ? "" : ", ") + each;
  }
  return fmt::format("'{}' is nothing that can happen; use one of {}", name, known);
}

namespace {

// What is not in the file, and would have to begin anew.
std::string cannot_resume(const scenarios::ExploreOptions& options) {
  if (options.order != explore::Order::kDepthFirst) {
    return "--resume goes with --order depth: of a search by levels the whole frontier would have "
           "to be kept";
  }
  if (options.walks.walks > 0) return "--resume is for searches; walks begin anew";
  if (options.engine == scenarios::Engine::kReplay || options.liveness || options.trace_stores ||
      options.terms.audit) {
    return "--resume goes with none of --engine replay, --liveness, --storage and --audit";
  }
  return {};
}

// An exploration that goes on from another, and that others may go on from; or neither.
class Resumed {
 public:
  // Nothing, if `path` is empty.
  Resumed(std::string path, std::string subject) : path_(std::move(path)) {
    file_.what = std::move(subject);
    if (path_.empty() || !std::filesystem::exists(path_)) return;
    auto reader = ExplorationReader::open(path_, file_.what);
    if (!reader) {
      problem_ = std::move(reader.error());
      return;
    }
    reader_ = std::move(*reader);
    resumption_ = {.closed = reader_->file().closed,
                   .next = [this](explore::Fingerprint& state) { return reader_->next(state); }};
  }

  // Says what is wrong with the file, or with writing it.
  const std::string& problem() const { return problem_; }

  void attach(explore::Limits& limits, const ExploreWatch& watch) {
    if (reader_) limits.resumption = &resumption_;
    if (path_.empty()) return;
    limits.keep = [this, &watch](const explore::Closed& closed,
                                 const explore::ForEachClosed& for_each) {
      file_.closed = closed;
      file_.real_ns = real_ns_before() + watch.real_ns();
      file_.sessions = sessions();
      problem_ = write_exploration(path_, file_, for_each);
      kept_ = problem_.empty();
    };
  }

  std::int64_t real_ns_before() const { return reader_ ? reader_->file().real_ns : 0; }

  std::uint64_t sessions() const { return reader_ ? reader_->file().sessions + 1 : 1; }

  std::string last_line(Ending ending) const {
    if (kept_) {
      return fmt::format("  kept in '{}': {} states are closed; the same command goes on\n",
                         path_,
                         grouped(file_.closed.states));
    }
    if (reader_ && ending == Ending::kExhausted) {
      return fmt::format("  in {} sessions; '{}' is not needed any more\n", sessions(), path_);
    }
    return {};
  }

 private:
  std::string path_;
  ExplorationFile file_;
  std::unique_ptr<ExplorationReader> reader_;
  explore::Resumption resumption_;
  std::string problem_;
  bool kept_ = false;
};

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

}  // namespace

int explore_command(const ExploreCommand& command) {
  if (command.list) return list_configurations();
  if (!command.replay.empty() && !command.configuration.empty()) {
    return usage("--replay takes the configuration from the file; name none");
  }
  if (!command.replay.empty()) return replay_schedule(command);
  const auto& all = scenarios::configurations();
  const auto found = std::ranges::find(all, command.configuration, &Configuration::name);
  if (found == all.end()) {
    std::string known;
    for (const Configuration& each : all)
      known += (known.empty() ? "" : ", ") + each.name;
    const std::string what = command.configuration.empty()
                                 ? "no configuration is named"
                                 : fmt::format("'{}' is no configuration", command.configuration);
    return usage(fmt::format("{}; use one of {} (--list describes them)", what, known));
  }
  if (command.options.walks.walks == 0 &&
      command.options.walks.choice == explore::Choice::kPriorities) {
    return usage("--bug-depth says how to walk; give --walks N as well");
  }
  Configuration configuration =
      command.from_boot ? scenarios::from_boot(*found) : Configuration(*found);
  if (!command.budget.empty()) configuration.bounds.budget = {};
  configuration.bounds.links = command.links;
  for (const std::string& text : command.budget) {
    if (const std::string problem = set_budget(text, configuration.bounds); !problem.empty()) {
      return usage(problem);
    }
  }
  if (command.options.engine == scenarios::Engine::kReplay &&
      (command.options.trace_stores || command.options.liveness)) {
    return usage("--storage and --liveness go with the engine memo");
  }
  if (!command.resume.empty()) {
    if (const std::string problem = cannot_resume(command.options); !problem.empty()) {
      return usage(problem);
    }
  }
  Resumed resumed(command.resume, subject_json(configuration, command.options));
  if (!resumed.problem().empty()) return usage(resumed.problem());
  ExploreWatch watch(configuration.name, command.limits);
  explore::Limits limits{
      .go_on = [&](const explore::Progress& progress) { return watch.go_on(progress); }};
  resumed.attach(limits, watch);
  scenarios::ExploreOptions options = command.options;
  if (options.walks.walks > 0 && options.engine == scenarios::Engine::kReplay) {
    // Nothing is named there, so that nothing can be left out by its name either.
    options.terms.identity = explore::Identity::kHistory;
    options.reductions.dead_frames = false;
  }
  const scenarios::Explored explored = explored_aloud(configuration, options, limits);
  ExploreReport report{.configuration = configuration,
                       .options = options,
                       .explored = explored,
                       .stopped_by = watch.stopped_by(),
                       .real_ns = resumed.real_ns_before() + watch.real_ns(),
                       .sessions = resumed.sessions(),
                       .storage = {}};
  fmt::print("{}", certificate_text(report));
  if (!resumed.problem().empty()) return usage(resumed.problem());
  fmt::print("{}", resumed.last_line(explored.result.ending));
  if (command.options.trace_stores && explored.result.ending != Ending::kViolation) {
    std::fflush(stdout);
    report.storage = check_stores(configuration, command, explored.stores);
    fmt::print("{}", storage_text(report));
  }
  if (explored.result.ending == Ending::kViolation) {
    fmt::print("{}", counterexample_text(report));
    if (!command.save.empty()) {
      if (const std::string problem = write_file(command.save, schedule_of(report));
          !problem.empty()) {
        return usage(problem);
      }
      fmt::print("replay: {}\n", replay_line(command));
    }
    if (const std::string problem = draw(command, report); !problem.empty()) return usage(problem);
  }
  if (!command.json.empty()) {
    if (const std::string problem = write_file(command.json, certificate_json(report));
        !problem.empty()) {
      return usage(problem);
    }
  }
  return exit_code_of(report);
}

}  // namespace holdfast::tools
