#include "tools/sim_shrink.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "scenarios/shrink.h"
#include "tools/sim_capsule.h"
#include "tools/sim_explain.h"
#include "tools/sim_interrupt.h"
#include "tools/sim_laboratory.h"
#include "tools/sim_load.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

using scenarios::RunPlan;

constexpr std::int64_t kSecond = 1'000'000'000;

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
  Laboratory laboratory({.jobs = options.jobs, .budget = options.budget});
  const auto first = laboratory.play(plan, Laboratory::Until::kViolation);
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
  shrunk.plan = scenarios::shrink(plan, failure_point(*first), hooks);
  shrunk.complete = !laboratory.stopped();
  const auto last = laboratory.play(shrunk.plan, Laboratory::Until::kEnd);
  if (!last) return tl::unexpected<std::string>("interrupted");
  shrunk.record = *last;
  shrunk.events = std::exchange(shrunk.record.telling, "");
  shrunk.after = size_of(shrunk.plan, shrunk.record);
  if (options.explain) {
    laboratory.extend(*options.explain);
    shrunk.explanation = explain(shrunk.plan, *name, laboratory);
  }
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
  text += settings_text(shrunk.plan);
  for (const std::string& line : item_lines(shrunk.plan))
    text += "  " + line + "\n";
  if (!shrunk.events.empty()) text += "what happens\n" + shrunk.events;
  if (shrunk.record.found.empty()) return text + shrunk.explanation;
  return text + "  " + shrunk.record.found.front().text + "\n" + shrunk.explanation;
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
