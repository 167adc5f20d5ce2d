#include "tools/sim_replay.h"

#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "real/server/recording_file.h"
#include "sim/determinism.h"
#include "sim/text.h"

#include "scenarios/plan_file.h"
#include "scenarios/run.h"
#include "tools/real_replay.h"
#include "tools/sim_break.h"
#include "tools/sim_build.h"
#include "tools/sim_capsule.h"
#include "tools/sim_files.h"
#include "tools/sim_interrupt.h"
#include "tools/sim_load.h"
#include "tools/sim_picture_recorder.h"
#include "tools/sim_pool.h"
#include "tools/sim_record.h"
#include "tools/sim_text.h"
#include "tools/sim_trace.h"
#include "tools/sim_trail.h"

namespace holdfast::tools {
namespace {

using scenarios::RunHooks;
using scenarios::RunPlan;

constexpr const char* kNoPicture =
    "no picture: the process that played the run died; `replay --until EVENT` stops before that";

// Finds out in which event of the world a node recorded an event of the protocol.
class EventFinder final : public sim::Observer, public sim::EventSink {
 public:
  explicit EventFinder(std::uint64_t wanted) : wanted_(wanted) {}

  void on_world_event(const sim::EventRecord& record) override { passed_ = record.index + 1; }

  void on_event(const sim::TraceEvent& event) override {
    last_ = event.sequence;
    if (event.sequence == wanted_) found_ = passed_ + 1;
  }

  void on_point(NodeId, Point) override {}

  void on_life(const sim::LifeNote&) override {}

  void on_fault(const sim::FaultNote&) override {}

  void on_heal(Instant, sim::NodeSet) override {}

  // How many events of the world must have passed; none: it did not come up.
  std::optional<std::uint64_t> found() const { return found_; }

  std::uint64_t last() const { return last_; }

 private:
  std::uint64_t wanted_;
  std::uint64_t passed_ = 0;
  std::uint64_t last_ = 0;
  std::optional<std::uint64_t> found_;
};

// The line that plays the run of `command` again, whatever else was asked for.
std::string replay_line_of(const ReplayCommand& command) {
  std::string line = "holdfast-sim replay " + shell_word(command.what);
  if (sim::parse_unsigned(command.what)) line += " " + line_of(command.choice);
  return line;
}

// Plays the run in a worker.
class Replayer {
 public:
  Replayer(const ReplayCommand& command, const scenarios::PlanFile& file)
      : command_(command),
        file_(file),
        plan_(file.plan) {}

  // `hooks`: what the worker's surroundings ask and want to be told.
  SeedRecord play(RunHooks hooks) {
    const std::function<bool()> interrupted = hooks.interrupted;
    if (command_.until && !find_end(hooks)) return invalid();
    // Line by line: what was printed before a crash is what one wants to see.
    std::setvbuf(stdout, nullptr, _IOLBF, 1 << 16);
    std::optional<Trace> trace;
    if (command_.verbosity == Verbosity::kTrace) {
      TraceFilter filter = command_.filter;
      filter.until = command_.until;
      watchers_.add(trace.emplace(stdout, filter));
    }
    std::optional<TrailFollower> trail;
    if (file_.recording && !file_.recording->trail.empty() && !command_.until) {
      watchers_.add(trail.emplace(file_.recording->trail));
    }
    std::optional<BreakPoint> stop;
    if (command_.break_at) {
      watchers_.add(stop.emplace(*command_.break_at));
      hooks.at_start = [&stop](scenarios::Cluster& cluster) { stop->attach(cluster); };
    }
    hooks.watcher = &watchers_;
    if (command_.until) {
      hooks.at_end = [](scenarios::Cluster& cluster) { fmt::print("{}", state_text(cluster)); };
    }
    if (!attach_events(hooks)) return invalid();
    if (command_.draws()) attach_recorder(hooks);
    SeedRecord record = record_of(0, plan_.world.seed, run(plan_, stacks_, hooks));
    record.interrupted = interrupted();
    if (!record.interrupted) finish_events(record);
    if (!record.interrupted && recorder_) draw(record);
    if (stop && !record.interrupted) problem_ = stop->problem();
    if (trail) record.telling = trail->difference();
    if (!problem_.empty()) return invalid();
    return record;
  }

 private:
  SeedRecord invalid() const {
    SeedRecord record;
    record.invalid = problem_;
    return record;
  }

  bool find_end(RunHooks& hooks) {
    EventFinder finder(*command_.until);
    RunHooks search;
    search.watcher = &finder;
    search.events = &finder;
    search.interrupted = [&] { return finder.found().has_value(); };
    run(plan_, stacks_, search);
    if (!finder.found()) {
      problem_ = fmt::format("--until {}: the run has no such event; the last one is {}",
                             *command_.until,
                             finder.last());
      return false;
    }
    hooks.until_event = *finder.found();
    return true;
  }

  bool attach_events(RunHooks& hooks) {
    if (!command_.save_events.empty()) hooks.events = &log_.emplace();
    if (command_.compare_events.empty()) return true;
    const auto bytes = read_file(command_.compare_events);
    if (!bytes) problem_ = "--compare-events: " + bytes.error();
    if (!bytes) return false;
    auto log = sim::EventLog::load(*bytes);
    if (!log) problem_ = "--compare-events " + command_.compare_events + ": " + log.error();
    if (!log) return false;
    other_ = std::move(*log);
    hooks.events = &follower_.emplace(other_);
    return true;
  }

  void attach_recorder(RunHooks& hooks) {
    recorder_.emplace(static_cast<int>(plan_.world.nodes), command_.window);
    watchers_.add(*recorder_);
    hooks.events = &*recorder_;
    hooks.at_start = [this](scenarios::Cluster& cluster) { recorder_->attach(cluster); };
  }

  void draw(const SeedRecord& record) {
    Picture picture = recorder_->take();
    picture.scenario = plan_.scenario;
    picture.profile = name_of(plan_.world.profile);
    picture.seed = plan_.world.seed;
    picture.quorum = static_cast<int>(plan_.world.quorum);
    picture.replay = replay_line_of(command_);
    picture.result = record;
    problem_ = problem_of(picture);
    if (problem_.empty() && !command_.html.empty()) {
      problem_ = write_file(command_.html, page_of(picture));
    }
    if (problem_.empty() && !command_.perfetto.empty()) {
      problem_ = write_file(command_.perfetto, perfetto_of(picture));
    }
  }

  void finish_events(SeedRecord& record) {
    if (log_) problem_ = write_file(command_.save_events, log_->save());
    if (!follower_) return;
    if (const auto divergence = follower_->finish()) record.divergence = to_string(*divergence);
  }

  const ReplayCommand& command_;
  const scenarios::PlanFile& file_;
  const RunPlan& plan_;
  StackPool stacks_;
  std::optional<sim::EventLog> log_;
  sim::EventLog other_;
  std::optional<sim::EventFollower> follower_;
  std::optional<PictureRecorder> recorder_;
  Watchers watchers_;
  std::string problem_;
};

// None: somebody interrupted it.
std::optional<SeedRecord> play_in_worker(const ReplayCommand& command,
                                         const scenarios::PlanFile& file) {
  if (is_debugged()) {
    RunHooks hooks;
    hooks.interrupted = [] { return interrupt_signal() != 0; };
    return Replayer(command, file).play(std::move(hooks));
  }
  Pool pool(
      {},
      [&](std::uint64_t, Pool::Desk& desk) {
        desk.begins_run();
        return Replayer(command, file).play(hooks_of(desk));
      },
      [&](const Pool::Death& death) {
        return record_of_death(file.plan.world.seed, death.text, death.found);
      });
  while (!pool.over()) {
    if (auto record = pool.next(Duration::milliseconds(100))) return record;
    if (interrupt_signal() != 0) pool.interrupt();
  }
  return std::nullopt;
}

void print_provenance(const ReplayCommand& command, const scenarios::PlanFile& file) {
  fmt::print("{}\nscenario {}, profile {}, seed {}\n",
             program_line(),
             file.plan.scenario,
             name_of(file.plan.world.profile),
             file.plan.world.seed);
  fmt::print("{}", describe_plan(file.plan));
  for (const std::string& line : file.skipped)
    fmt::print("left out, as this build cannot read it: {}\n", line);
  if (file.edited) fmt::print("{} was edited: its fingerprint is not compared\n", command.what);
  if (file.recording && file.recording->core != core_hash()) {
    fmt::print("{} was recorded by core {}: its fingerprint is not compared\n",
               command.what,
               hex16(file.recording->core));
  }
  std::fflush(stdout);
}

void print_result(const SeedRecord& record, int code) {
  if (code == kExitPassed) {
    const bool undecided = record.figures.outcome == scenarios::RunOutcome::kUndecided;
    fmt::print("{}\n", undecided ? "undecided: " + record.note : "passed");
    return;
  }
  fmt::print("{}", account_of(record, code));
}

}  // namespace

int replay_command(const ReplayCommand& command) {
  if (real::is_recording(command.what)) return replay_recording_command(command);
  const auto file = load_run(command.what, command.choice);
  if (!file) {
    std::fprintf(stderr, "holdfast-sim replay: %s\n", file.error().c_str());
    return kExitUsage;
  }
  if (command.break_at && !is_debugged()) {
    std::fprintf(stderr, "holdfast-sim replay: --break-at: %s\n", become_debugger().c_str());
    return kExitUsage;
  }
  const bool quiet = command.verbosity == Verbosity::kQuiet;
  if (!quiet && !command.break_at) print_provenance(command, *file);
  std::optional<SeedRecord> record = play_in_worker(command, *file);
  if (!record || record->interrupted) {
    fmt::print("interrupted\n");
    return 128 + interrupt_signal();
  }
  if (!record->invalid.empty()) {
    std::fprintf(stderr, "holdfast-sim replay: %s\n", record->invalid.c_str());
    return kExitUsage;
  }
  std::fprintf(stderr, "%s", record->output.c_str());
  if (command.draws() && !record->crash.empty()) {
    std::fprintf(stderr, "holdfast-sim replay: %s\n", kNoPicture);
  }
  const std::uint64_t fingerprint = record->figures.fingerprint;
  const bool whole = record->crash.empty() && !command.until;
  if (whole && binds(*file) && *file->recording->fingerprint != fingerprint) {
    record->divergence += fmt::format("{} says fingerprint {}, this run has {}\n",
                                      command.what,
                                      hex16(*file->recording->fingerprint),
                                      hex16(fingerprint));
  }
  const int code = record->exit_code();
  if (!quiet) print_result(*record, code);
  if (!quiet && whole && file->recording) {
    fmt::print("{}{}", compared_with(*file->recording, *record), record->telling);
  }
  if (whole) fmt::print("fingerprint {}\n", hex16(fingerprint));
  return code;
}

std::string draw_run(const ReplayCommand& command) {
  const auto file = load_run(command.what, command.choice);
  if (!file) return file.error();
  const std::optional<SeedRecord> record = play_in_worker(command, *file);
  if (!record || record->interrupted) return "no picture: interrupted";
  if (!record->crash.empty()) return kNoPicture;
  return record->invalid;
}

}  // namespace holdfast::tools
