#include "tools/sim_shrink.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "properties/no_abort.h"
#include "scenarios/run.h"
#include "scenarios/shrink.h"
#include "tools/sim_capsule.h"
#include "tools/sim_interrupt.h"
#include "tools/sim_load.h"
#include "tools/sim_pool.h"
#include "tools/sim_text.h"
#include "tools/sim_trace.h"

namespace holdfast::tools {
namespace {

using scenarios::RunPlan;

constexpr Duration kTick = Duration::milliseconds(100);
constexpr std::int64_t kSecond = 1'000'000'000;
// A story of more events is for `replay --trace`.
constexpr std::uint64_t kStoryEvents = 120;

std::int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

// Tells the events up to the first violation.
void add_story(SeedRecord& record, const RunPlan& plan, StackPool& stacks) {
  if (record.found.empty() || record.found.front().event > kStoryEvents) return;
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* out = ::open_memstream(&text, &size);
  if (out == nullptr) return;
  {
    Trace trace(out, {.until = record.found.front().event, .frames = false, .points = false});
    scenarios::RunHooks hooks;
    hooks.watcher = &trace;
    hooks.until_violation = true;
    scenarios::run(plan, stacks, hooks);
  }
  std::fclose(out);
  record.telling.assign(text, size);
  std::free(text);  // NOLINT: as open_memstream wants it
}

// Plays plans in workers and remembers how many.
class Laboratory {
 public:
  explicit Laboratory(const ShrinkOptions& options) : options_(options), began_ns_(now_ns()) {}

  std::int64_t real_ns() const { return now_ns() - began_ns_; }

  std::uint64_t runs() const { return runs_; }

  bool stopped() const {
    return interrupt_signal() != 0 || (options_.budget && real_ns() >= options_.budget->ns());
  }

  // To its end, or to its first violation.  None: somebody interrupted it.
  std::optional<SeedRecord> play(const RunPlan& plan, bool until_violation) {
    std::optional<SeedRecord> result;
    play_each(
        {1, [&](std::size_t) { return plan; }},
        until_violation,
        [] { return interrupt_signal() != 0; },
        [&](SeedRecord record) {
          result = std::move(record);
          return false;
        });
    return result;
  }

  // The first that fails as `name` says.
  std::optional<scenarios::ShrinkHit> first_failing(const scenarios::ShrinkCandidates& candidates,
                                                    const FailureName& name) {
    std::optional<scenarios::ShrinkHit> hit;
    play_each(
        candidates,
        true,
        [this] { return stopped(); },
        [&](const SeedRecord& record) {
          if (name_of(record) != name) return true;
          const auto point = failure_point(record);
          if (candidates.events_max && point && point->event > *candidates.events_max) return true;
          hit = {.index = record.index, .point = point};
          return false;
        });
    return hit;
  }

  static std::optional<scenarios::FailurePoint> failure_point(const SeedRecord& record) {
    if (!record.crash.empty() || record.found.empty()) return std::nullopt;
    const Found& first = record.found.front();
    return scenarios::FailurePoint{.at = Duration::nanoseconds(first.time_ns),
                                   .event = first.event};
  }

 private:
  // Hands over the records in the order of the candidates, until `take` has seen enough.
  template <typename Stopped, typename Take>
  void play_each(const scenarios::ShrinkCandidates& candidates,
                 bool until_violation,
                 Stopped is_over,
                 Take take) {
    Pool pool(
        {.count = candidates.count, .jobs = options_.jobs, .patience = patience_},
        [&](std::uint64_t index, Pool::Desk& desk) {
          const RunPlan plan = candidates.make(index);
          desk.begins_run();
          scenarios::RunHooks hooks;
          hooks.until_violation = until_violation;
          hooks.interrupted = [&desk] { return desk.interrupted(); };
          StackPool stacks;
          SeedRecord record = record_of(index, plan.world.seed, run(plan, stacks, hooks));
          if (!until_violation && record.failed()) {
            add_trail(record, plan, stacks);
            add_story(record, plan, stacks);
          }
          record.interrupted = desk.interrupted();
          return record;
        },
        [](const Pool::Death& death) {
          SeedRecord record;
          record.crash = death.text;
          return record;
        });
    while (!pool.over()) {
      if (is_over()) return;
      auto record = pool.next(kTick);
      if (!record) continue;
      ++runs_;
      if (!take(std::move(*record))) return;
    }
  }

  const ShrinkOptions& options_;
  std::int64_t began_ns_;
  std::uint64_t runs_ = 0;
  // Whatever takes longer hangs, and counts as dead.
  Duration patience_ = Duration::seconds(120);
};

// One line that is written over and over.
class Progress {
 public:
  explicit Progress(bool wanted) : shown_(wanted && ::isatty(STDERR_FILENO) == 1) {}

  ~Progress() {
    if (shown_) std::fprintf(stderr, "\r\033[K");
  }

  void show(const RunPlan& plan, std::string_view pass, const Laboratory& laboratory) const {
    if (!shown_) return;
    std::fprintf(stderr,
                 "\r\033[Kshrinking (%s): %zu faults, %zu operations, %d members; %s runs, %s s",
                 std::string(pass).c_str(),
                 plan.faults.size(),
                 plan.operations.size(),
                 static_cast<int>(plan.world.nodes),
                 grouped(laboratory.runs()).c_str(),
                 grouped(static_cast<std::uint64_t>(laboratory.real_ns() / kSecond)).c_str());
  }

 private:
  bool shown_;
};

// What is left, by time.
std::string items_text(const RunPlan& plan) {
  struct Line {
    Duration at;
    std::string text;
  };

  std::vector<Line> lines;
  for (const sim::Fault& fault : plan.faults)
    lines.push_back({fault.at, "fault      " + sim::to_string(fault)});
  for (const scenarios::Operation& operation : plan.operations)
    lines.push_back({operation.at, "operation  " + scenarios::to_string(operation)});
  std::ranges::stable_sort(lines, {}, &Line::at);
  std::string text;
  for (const Line& line : lines)
    text += "  " + line.text + "\n";
  return text;
}

std::string settings_text(const RunPlan& plan) {
  std::string text;
  for (const auto& [name, value] : scenarios::list_unusual_settings(plan))
    text += fmt::format("  setting    {} {}\n", name, value);
  return text;
}

}  // namespace

PlanSize size_of(const RunPlan& plan, const SeedRecord& record) {
  return {.members = static_cast<std::size_t>(plan.world.nodes),
          .faults = plan.faults.size(),
          .operations = plan.operations.size(),
          .settings = scenarios::list_unusual_settings(plan).size(),
          .events = record.found.empty() ? 0 : record.found.front().event};
}

std::string to_string(const PlanSize& size) {
  std::string text = fmt::format("{} members, {} faults, {} operations, {} unusual settings",
                                 size.members,
                                 size.faults,
                                 size.operations,
                                 size.settings);
  if (size.events != 0) text += fmt::format(", {} events", size.events);
  return text;
}

tl::expected<Shrunk, std::string> shrink(const RunPlan& plan, const ShrinkOptions& options) {
  Laboratory laboratory(options);
  const auto first = laboratory.play(plan, true);
  if (!first) return tl::unexpected<std::string>("interrupted");
  const auto name = name_of(*first);
  if (!name) {
    return tl::unexpected<std::string>(
        "the run passes: there is nothing to shrink (was it recorded by another build?)");
  }
  Shrunk shrunk;
  shrunk.name = *name;
  shrunk.before = size_of(plan, *first);
  const Progress progress(options.progress);
  progress.show(plan, "begins", laboratory);
  scenarios::ShrinkHooks hooks;
  std::string_view latest = "time";
  hooks.first_failing = [&](const scenarios::ShrinkCandidates& candidates) {
    return laboratory.first_failing(candidates, *name);
  };
  hooks.stopped = [&] { return laboratory.stopped(); };
  hooks.improved = [&](const RunPlan& smaller, std::string_view pass) {
    latest = pass;
    progress.show(smaller, pass, laboratory);
  };
  shrunk.plan = scenarios::shrink(plan, Laboratory::failure_point(*first), hooks);
  shrunk.complete = !laboratory.stopped();
  const auto last = laboratory.play(shrunk.plan, false);
  if (!last) return tl::unexpected<std::string>("interrupted");
  shrunk.record = *last;
  shrunk.events = std::exchange(shrunk.record.telling, "");
  shrunk.after = size_of(shrunk.plan, shrunk.record);
  shrunk.runs = laboratory.runs();
  shrunk.real_ns = laboratory.real_ns();
  return shrunk;
}

std::string small_path_of(const std::string& path) {
  constexpr std::string_view kEnding = ".plan";
  const std::string_view stem = path.ends_with(kEnding)
                                    ? std::string_view(path).substr(0, path.size() - kEnding.size())
                                    : std::string_view(path);
  return std::string(stem) + ".small.plan";
}

std::string write_small_plan(const Shrunk& shrunk, const std::string& path) {
  return write_capsule(
      path, shrunk.plan, shrunk.record, fmt::format("shrunk from {}\n", to_string(shrunk.before)));
}

std::string story_of(const Shrunk& shrunk) {
  std::string text = fmt::format("{}\n  from {}\n  to   {}\n  {} runs in {}{}\n",
                                 to_string(shrunk.name),
                                 to_string(shrunk.before),
                                 to_string(shrunk.after),
                                 grouped(shrunk.runs),
                                 seconds_text(shrunk.real_ns),
                                 shrunk.complete ? "" : "; ended before nothing was left to try");
  text += settings_text(shrunk.plan) + items_text(shrunk.plan);
  if (!shrunk.events.empty()) text += "what happens\n" + shrunk.events;
  if (shrunk.record.found.empty()) return text;
  return text + "  " + shrunk.record.found.front().text + "\n";
}

std::string where_text(const std::string& program, const std::string& path) {
  return fmt::format("  decisions: {}\n  replay:    {} replay {}\n", path, program, path);
}

int shrink_command(const ShrinkCommand& command) {
  const auto refuse = [](const std::string& problem) {
    std::fprintf(stderr, "holdfast-sim shrink: %s\n", problem.c_str());
    return kExitUsage;
  };
  const auto file = load_run(command.what, command.choice);
  if (!file) return refuse(file.error());
  const auto shrunk = shrink(file->plan, command.options);
  if (!shrunk && interrupt_signal() != 0) {
    fmt::print("interrupted\n");
    return 128 + interrupt_signal();
  }
  if (!shrunk) return refuse(command.what + ": " + shrunk.error());
  std::string path = command.out;
  if (path.empty()) {
    const bool seed =
        command.what.find_first_not_of("0123456789xabcdefABCDEF") == std::string::npos;
    path =
        seed ? fmt::format(
                   "holdfast-failures/{}-{}.small.plan", file->plan.scenario, file->plan.world.seed)
             : small_path_of(command.what);
  }
  if (const std::string problem = write_small_plan(*shrunk, path); !problem.empty()) {
    return refuse(problem);
  }
  fmt::print("{}{}", story_of(*shrunk), where_text(command.program, path));
  return interrupt_signal() != 0 ? 128 + interrupt_signal() : kExitPassed;
}

}  // namespace holdfast::tools
