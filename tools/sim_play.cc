#include "tools/sim_play.h"

#include <fmt/format.h>

#include "protocol/env/hash.h"

#include "scenarios/run.h"
#include "tools/sim_build.h"
#include "tools/sim_capsule.h"
#include "tools/sim_fresh.h"

namespace holdfast::tools {
namespace {

using scenarios::RunHooks;
using scenarios::RunPlan;
using scenarios::RunResult;

// Keys the lot that says which seeds are repeated.
constexpr std::uint64_t kRepeats = 0x7265706561747300;  // "repeats"
constexpr std::uint64_t kTwiceOfHundred = 5;
constexpr std::uint64_t kAfreshOfHundred = 1;
// A difference that is rare may need more than one look.
constexpr int kLooks = 3;

}  // namespace

SeedRecord Player::play(std::uint64_t seed, const Hooks& hooks) {
  const auto plan = plan_of(choice_, seed);
  if (!plan) {
    SeedRecord record;
    record.seed = seed;
    record.invalid = plan.error();
    return record;
  }
  if (hooks.begins_run) hooks.begins_run();
  const auto is_interrupted = [&] { return hooks.interrupted && hooks.interrupted(); };
  RunHooks run_hooks;
  run_hooks.interrupted = is_interrupted;
  run_hooks.at_violation = hooks.at_violation;
  const RunResult result = run_(*plan, stacks_, run_hooks);
  SeedRecord record = record_of(0, seed, result);
  if (record.failed() && !is_interrupted()) add_trail(record, *plan, stacks_);
  if (repeats_ == Repeats::kSome && !is_interrupted()) repeat(*plan, hooks, record);
  record.interrupted = is_interrupted();
  return record;
}

void Player::repeat(const RunPlan& plan, const Hooks& hooks, SeedRecord& record) {
  const std::uint64_t lot = mix(kRepeats, record.seed) % 100;
  if (lot >= kTwiceOfHundred) return;
  RunHooks run_hooks;
  run_hooks.interrupted = hooks.interrupted;
  const RunResult again = run_(plan, stacks_, run_hooks);
  if (hooks.interrupted && hooks.interrupted()) return;
  ++record.figures.repeated;
  if (again.fingerprint != record.figures.fingerprint) {
    record.divergence =
        fmt::format("a second run in the same process has fingerprint {} instead of {}\n{}",
                    hex16(again.fingerprint),
                    hex16(record.figures.fingerprint),
                    explain(plan));
    return;
  }
  if (lot >= kAfreshOfHundred) return;
  ++record.figures.repeated_afresh;
  record.divergence = repeat_afresh(plan, record);
}

// Plays the plan and compares it with `log`, event by event.
std::string Player::compare(const RunPlan& plan, const sim::EventLog& log) {
  sim::EventFollower follower(log);
  RunHooks hooks;
  hooks.events = &follower;
  run_(plan, stacks_, hooks);
  const auto divergence = follower.finish();
  return divergence ? to_string(*divergence) : "";
}

std::string Player::explain(const RunPlan& plan) {
  for (int i = 0; i < kLooks; ++i) {
    sim::EventLog log;
    RunHooks hooks;
    hooks.events = &log;
    run_(plan, stacks_, hooks);
    std::string difference = compare(plan, log);
    if (!difference.empty()) return difference;
  }
  return fmt::format("{} further pairs of runs were equal: whatever differs is rare", kLooks);
}

std::string Player::repeat_afresh(const RunPlan& plan, const SeedRecord& record) {
  const FreshRun fresh{.what = std::to_string(record.seed), .arguments = arguments_of(choice_)};
  const auto fingerprint = fingerprint_afresh(fresh);
  if (fingerprint && *fingerprint == record.figures.fingerprint) return "";
  std::string text =
      fingerprint
          ? fmt::format("a run in a new process has fingerprint {} instead of {}\n",
                        hex16(*fingerprint),
                        hex16(record.figures.fingerprint))
          : "a run in a new process did not end as the one here: " + fingerprint.error() + "\n";
  if (!fingerprint) return text;
  for (int i = 0; i < kLooks; ++i) {
    const auto log = events_afresh(fresh);
    if (!log) return text + "its events cannot be had: " + log.error();
    const std::string difference = compare(plan, *log);
    if (!difference.empty()) return text + difference;
  }
  return text +
         fmt::format("{} further pairs of runs were equal: whatever differs is rare", kLooks);
}

}  // namespace holdfast::tools
