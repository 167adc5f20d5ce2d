#include "tools/sim_run.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include "tools/sim_build.h"
#include "tools/sim_date.h"
#include "tools/sim_failure.h"
#include "tools/sim_files.h"
#include "tools/sim_interrupt.h"
#include "tools/sim_past.h"
#include "tools/sim_points.h"
#include "tools/sim_quarantine.h"
#include "tools/sim_replay.h"
#include "tools/sim_report.h"
#include "tools/sim_shrink.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

std::string seeds_text(const Campaign::Options& options) {
  if (options.count == 1) return fmt::format("seed {}", options.first_seed);
  return fmt::format("seeds {} to {}", options.first_seed, options.first_seed + options.count - 1);
}

void print_banner(const RunCommand& command) {
  const Campaign::Options& options = command.campaign;
  fmt::print("{}\n", program_line());
  fmt::print("scenario {}, profile {}, {}, {} job{}\n",
             options.choice.scenario->name,
             name_of(options.choice.profile),
             seeds_text(options),
             options.jobs,
             options.jobs == 1 ? "" : "s");
  if (!command.commit.empty()) fmt::print("seeds drawn from commit {}\n", command.commit);
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
    case Campaign::End::kStopped:
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

// What is wrong, or nothing; nothing also when no seed failed.
std::string draw_first_failure(const RunCommand& command, const RunReport& report) {
  const std::vector<FailedSeed>& failures = report.totals.failures();
  if (failures.empty()) return "";
  const FailedSeed& first = failures.front();
  std::string what = first.small_file;
  if (what.empty()) what = first.file;
  if (what.empty()) what = std::to_string(first.seed);
  const std::string problem =
      draw_run({.what = what, .choice = report.choice, .html = command.html});
  if (problem.empty()) fmt::print("picture of {}: {}\n", what, command.html);
  return problem;
}

// What is wrong, or nothing.
std::string write_reports(const RunCommand& command, const RunReport& report) {
  std::string problem;
  if (!command.json.empty()) problem = write_file(command.json, to_json(report));
  if (problem.empty() && !command.junit.empty()) {
    problem = write_file(command.junit, to_junit(report));
  }
  if (problem.empty() && !command.markdown.empty()) {
    problem = append_file(command.markdown, to_markdown(report));
  }
  if (problem.empty() && !command.html.empty()) problem = draw_first_failure(command, report);
  return problem;
}

int usage(const std::string& problem) {
  std::fprintf(stderr, "holdfast-sim run: %s\n", problem.c_str());
  return kExitUsage;
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
    if (!failure.quarantined.empty()) continue;
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
    failure.small = shrunk->after;
    fmt::print("shrunk: seed {}, {}{}",
               failure.seed,
               story_of(*shrunk),
               where_text(options.program, path));
    std::fflush(stdout);
  }
}

// One run of the program: past capsules, seeds, account.
class Session {
 public:
  explicit Session(const RunCommand& command) : command_(command), options_(command.campaign) {}

  // What is wrong with what it was given, or nothing.
  std::string prepare() {
    const auto first = plan_of(options_.choice, options_.first_seed);
    if (!first) return first.error();
    first_plan_ = *first;
    if (!command_.quarantine.empty()) {
      const auto text = read_file(command_.quarantine);
      if (!text) return "--quarantine: " + text.error();
      auto quarantine = Quarantine::parse(*text, command_.quarantine, today());
      if (!quarantine) return "--quarantine: " + quarantine.error();
      quarantine_ = std::move(*quarantine);
    }
    if (command_.first.empty()) return "";
    auto capsules = load_past(command_.first);
    if (!capsules) return "--first: " + capsules.error();
    capsules_ = std::move(*capsules);
    return "";
  }

  int run() {
    print_banner(command_);
    if (!play_capsules()) {
      fmt::print("interrupted\n");
      return 128 + interrupt_signal();
    }
    if (options_.count == 1) fmt::print("{}", describe_plan(first_plan_));
    options_.sieve = [this](FailedSeed& failed) { sift(failed); };
    Campaign campaign(options_);
    const Campaign::End end = campaign.run([] {});
    if (end == Campaign::End::kInvalid) return usage(campaign.problem());
    if (!campaign.totals().failures().empty() && wants_shrinking(command_)) {
      shrink_failures(command_, campaign.totals());
    }
    return conclude(campaign, end);
  }

 private:
  bool play_capsules() {
    if (command_.first.empty()) return true;
    auto past = play_past(std::move(capsules_), options_.jobs, [this](PastRun& run) { tell(run); });
    if (!past) return false;
    past_ = std::move(*past);
    fmt::print("past capsules of {}: {}\n", command_.first, past_text(past_));
    std::fflush(stdout);
    return true;
  }

  void tell(PastRun& run) {
    const std::string& scenario = run.capsule.file.plan.scenario;
    played_.capsules.insert(run.capsule.name);
    ++played_.runs[scenario];
    std::fprintf(stderr, "%s", run.record.output.c_str());
    for (const std::string& line : run.capsule.file.skipped)
      fmt::print("past capsule {}: left out: {}\n", run.capsule.name, line);
    if (!run.record.failed()) return;
    run.quarantined = quarantine_.excuse(
        {.scenario = scenario, .capsule = run.capsule.name, .record = run.record});
    fmt::print(
        "past capsule {} {}", run.capsule.name, account_of(run.record, run.record.exit_code()));
    if (!run.quarantined.empty()) fmt::print("  quarantined: {}\n", run.quarantined);
    fmt::print("  replay:    {} replay {}\n", options_.program, run.capsule.path);
  }

  // Of failures that are known, a few show what they look like.
  void sift(FailedSeed& failed) {
    constexpr std::uint64_t kShown = 10;
    const std::string name = decision_file_name(options_.choice, failed.seed);
    failed.quarantined = quarantine_.excuse(
        {.scenario = options_.choice.scenario->name, .capsule = name, .record = failed.record});
    if (!failed.quarantined.empty()) failed.kept = ++quarantined_ <= kShown;
  }

  // Only a run that came to its end can say that something no longer fails.
  std::vector<std::string> find_stale(const Totals& totals, Campaign::End end) {
    if (end != Campaign::End::kAll && end != Campaign::End::kBudget) return {};
    played_.runs[std::string(options_.choice.scenario->name)] += totals.seeds();
    return quarantine_.stale(played_);
  }

  int conclude(const Campaign& campaign, Campaign::End end) {
    const Totals& totals = campaign.totals();
    int code = heavier_exit(exit_code_of(past_), totals.exit_code());
    if (code == kExitPassed) code = exit_code_of(end, totals);
    const std::string missed =
        command_.gate_points ? missed_points(totals.points()) : std::string();
    if (code == kExitPassed && !missed.empty()) code = kExitPoints;
    print_end(end, options_);
    if (options_.count == 1) print_result_of_one(totals, options_.first_seed);
    fmt::print("{}", summary_text(totals, campaign.real_ns()));
    if (!missed.empty()) fmt::print("points missed, which is a failure:\n{}", missed);
    const RunReport report{.choice = options_.choice,
                           .totals = totals,
                           .program = options_.program,
                           .first_seed = options_.first_seed,
                           .seeds_asked = options_.count,
                           .commit = command_.commit,
                           .jobs = options_.jobs,
                           .interrupted = end == Campaign::End::kInterrupted,
                           .exit_code = code,
                           .real_ns = campaign.real_ns(),
                           .past = past_,
                           .stale = find_stale(totals, end)};
    for (const std::string& note : report.stale)
      fmt::print("{}\n", note);
    if (command_.annotate == Annotate::kYes) fmt::print("{}", to_annotations(report));
    std::fflush(stdout);
    const std::string problem = write_reports(command_, report);
    if (problem.empty()) return code;
    usage(problem);
    return code == kExitPassed ? kExitUsage : code;
  }

  const RunCommand& command_;
  Campaign::Options options_;
  scenarios::RunPlan first_plan_;
  Quarantine quarantine_;
  std::vector<PastCapsule> capsules_;
  std::vector<PastRun> past_;
  Played played_;
  std::uint64_t quarantined_ = 0;
};

}  // namespace

int exit_code_of(Campaign::End end, const Totals& totals) {
  if (totals.exit_code() != kExitPassed) return totals.exit_code();
  if (end == Campaign::End::kInterrupted) return 128 + interrupt_signal();
  return kExitPassed;
}

int run_command(const RunCommand& command) {
  Session session(command);
  if (const std::string problem = session.prepare(); !problem.empty()) return usage(problem);
  return session.run();
}

}  // namespace holdfast::tools
