#include "tools/sim_run.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include "tools/sim_build.h"
#include "tools/sim_failure.h"
#include "tools/sim_files.h"
#include "tools/sim_interrupt.h"
#include "tools/sim_report.h"
#include "tools/sim_shrink.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

std::string seeds_text(const Campaign::Options& options) {
  if (options.count == 1) return fmt::format("seed {}", options.first_seed);
  return fmt::format("seeds {} to {}", options.first_seed, options.first_seed + options.count - 1);
}

void print_banner(const Campaign::Options& options) {
  fmt::print("{}\n", program_line());
  fmt::print("scenario {}, profile {}, {}, {} job{}\n",
             options.choice.scenario->name,
             name_of(options.choice.profile),
             seeds_text(options),
             options.jobs,
             options.jobs == 1 ? "" : "s");
  if (options.choice.scenario->planted) {
    fmt::print("this scenario has a bug planted in it: it is expected to fail\n");
  }
  std::fflush(stdout);
}

void print_result_of_one(const Totals& totals, std::uint64_t seed) {
  if (totals.passed() == 1) fmt::print("seed {} passed\n", seed);
  for (const auto& [reason, count] : totals.reasons())
    fmt::print("seed {} is undecided: {}\n", seed, reason);
}

// How a run ended that did not play all its seeds.
void print_end(Campaign::End end, const Campaign::Options& options) {
  switch (end) {
    case Campaign::End::kAll:
    case Campaign::End::kInvalid:
      return;
    case Campaign::End::kBudget:
      fmt::print("the budget of {} s is used up\n", options.budget->ns() / 1'000'000'000);
      return;
    case Campaign::End::kFailures:
      if (options.count > 1) fmt::print("stopped after {} failed seeds\n", options.failures_max);
      return;
    case Campaign::End::kInterrupted:
      fmt::print("interrupted\n");
      return;
  }
}

// What is wrong, or nothing.
std::string write_reports(const RunCommand& command, const RunReport& report) {
  std::string problem;
  if (!command.json.empty()) problem = write_file(command.json, to_json(report));
  if (problem.empty() && !command.junit.empty()) {
    problem = write_file(command.junit, to_junit(report));
  }
  return problem;
}

bool wants_shrinking(const RunCommand& command) {
  if (command.shrink == ShrinkWish::kOnTerminal) return ::isatty(STDOUT_FILENO) == 1;
  return command.shrink == ShrinkWish::kYes;
}

// The first failure of each kind.
void shrink_failures(const RunCommand& command, Totals& totals) {
  const auto began = std::chrono::steady_clock::now();
  std::vector<FailureName> seen;
  for (FailedSeed& failure : totals.failures()) {
    const auto name = name_of(failure.record);
    if (!name || std::ranges::find(seen, *name) != seen.end()) continue;
    if (failure.file.empty() || interrupt_signal() != 0) continue;
    const Duration left =
        command.shrink_budget -
        Duration::nanoseconds(
            std::chrono::nanoseconds(std::chrono::steady_clock::now() - began).count());
    if (left.ns() <= 0) {
      fmt::print("no time is left to shrink {}; holdfast-sim shrink {} does\n",
                 to_string(*name),
                 failure.file);
      continue;
    }
    seen.push_back(*name);
    const Campaign::Options& options = command.campaign;
    const auto plan = plan_of(options.choice, failure.seed);
    if (!plan) continue;
    const auto shrunk = shrink(*plan, {.jobs = options.jobs, .budget = left});
    if (!shrunk) {
      fmt::print("seed {} was not shrunk: {}\n", failure.seed, shrunk.error());
      continue;
    }
    const std::string path = small_path_of(failure.file);
    if (const std::string problem = write_small_plan(*shrunk, path); !problem.empty()) {
      std::fprintf(stderr, "holdfast-sim run: %s\n", problem.c_str());
      continue;
    }
    failure.small_file = path;
    fmt::print("shrunk: seed {}, {}{}",
               failure.seed,
               story_of(*shrunk),
               where_text(options.program, path));
    std::fflush(stdout);
  }
}

}  // namespace

int exit_code_of(Campaign::End end, const Totals& totals) {
  if (totals.exit_code() != kExitPassed) return totals.exit_code();
  if (end == Campaign::End::kInterrupted) return 128 + interrupt_signal();
  return kExitPassed;
}

int run_command(const RunCommand& command) {
  const Campaign::Options& options = command.campaign;
  const auto first = plan_of(options.choice, options.first_seed);
  if (!first) {
    std::fprintf(stderr, "holdfast-sim run: %s\n", first.error().c_str());
    return kExitUsage;
  }
  print_banner(options);
  if (options.count == 1) fmt::print("{}", describe_plan(*first));
  Campaign campaign(options);
  const Campaign::End end = campaign.run([] {});
  if (end == Campaign::End::kInvalid) {
    std::fprintf(stderr, "holdfast-sim run: %s\n", campaign.problem().c_str());
    return kExitUsage;
  }
  if (!campaign.totals().failures().empty() && wants_shrinking(command)) {
    shrink_failures(command, campaign.totals());
  }
  const Totals& totals = campaign.totals();
  const int code = exit_code_of(end, totals);
  const std::int64_t real_ns = campaign.real_ns();
  print_end(end, options);
  if (options.count == 1) print_result_of_one(totals, options.first_seed);
  fmt::print("{}", summary_text(totals, real_ns));
  std::fflush(stdout);
  const RunReport report{.choice = options.choice,
                         .totals = totals,
                         .program = options.program,
                         .first_seed = options.first_seed,
                         .seeds_asked = options.count,
                         .jobs = options.jobs,
                         .interrupted = end == Campaign::End::kInterrupted,
                         .exit_code = code,
                         .real_ns = real_ns};
  const std::string problem = write_reports(command, report);
  if (problem.empty()) return code;
  std::fprintf(stderr, "holdfast-sim run: %s\n", problem.c_str());
  return code == kExitPassed ? kExitUsage : code;
}

}  // namespace holdfast::tools
