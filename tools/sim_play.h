#pragma once

// Plays the runs of a choice, and some of them again to see whether they are the same.

#include <cstdint>
#include <functional>

#include "protocol/fiber/stack_pool.h"

#include "sim/determinism.h"

#include "scenarios/run.h"
#include "tools/sim_choice.h"
#include "tools/sim_record.h"

namespace holdfast::tools {

// Which runs are played twice.
enum class Repeats : std::uint8_t {
  kNone,
  // 5 of 100 seeds a second time in the same process, 1 of them again in a new one.  The seed says
  // which.
  kSome,
};

class Player {
 public:
  // What the worker's surroundings say and hear; either may be null.
  struct Hooks {
    // Asked now and then; true ends the run.
    std::function<bool()> interrupted;
    // The plan is drawn and the run begins.
    std::function<void()> begins_run;
    // A judge objected, and the run goes on (scenarios::RunHooks).
    std::function<void(const std::vector<properties::Violation>&)> at_violation;
  };

  // How a plan becomes a result: scenarios::run, but in tests of the repeats.
  using Run = std::function<scenarios::RunResult(
      const scenarios::RunPlan&, StackPool&, const scenarios::RunHooks&)>;

  Player(Choice choice, Repeats repeats, Run run = scenarios::run)
      : choice_(std::move(choice)),
        repeats_(repeats),
        run_(std::move(run)) {}

  SeedRecord play(std::uint64_t seed, const Hooks& hooks);

 private:
  void repeat(const scenarios::RunPlan& plan, const Hooks& hooks, SeedRecord& record);
  std::string explain(const scenarios::RunPlan& plan);
  std::string compare(const scenarios::RunPlan& plan, const sim::EventLog& log);
  std::string repeat_afresh(const scenarios::RunPlan& plan, const SeedRecord& record);

  Choice choice_;
  Repeats repeats_;
  Run run_;
  StackPool stacks_;
};

}  // namespace holdfast::tools
