#pragma once

// A range of seeds, played by workers and added up in order.  `run` and `soak` are built on it.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "tools/sim_choice.h"
#include "tools/sim_play.h"
#include "tools/sim_pool.h"
#include "tools/sim_totals.h"

namespace holdfast::tools {

// What Ctrl-C does to the runs that are under way.
enum class OnInterrupt : std::uint8_t {
  kDropRuns,
  // The seeds played then have no gap.
  kFinishRuns,
};

class Campaign {
 public:
  struct Options {
    Choice choice;
    std::uint64_t first_seed = 1;
    std::uint64_t count = 1;
    unsigned jobs = 1;
    // Real time after which no further seed begins.
    std::optional<Duration> budget;
    Repeats repeats = Repeats::kSome;
    // Ends after so many failed seeds.
    std::uint64_t failures_max = 10;
    OnInterrupt on_interrupt = OnInterrupt::kDropRuns;
    // Where decision files go.
    std::string out = "holdfast-failures";
    // As this program was called.
    std::string program = "holdfast-sim";
  };

  enum class End : std::uint8_t { kAll, kBudget, kFailures, kInterrupted, kInvalid };

  explicit Campaign(Options options);
  ~Campaign();

  // Prints failures to standard output and, on a terminal, progress to standard error.  `tick` is
  // called after every record and at least ten times a second.
  End run(const std::function<void()>& tick);

  const Totals& totals() const { return totals_; }

  Totals& totals() { return totals_; }

  std::int64_t real_ns() const;

  // What is wrong with the choice; set by End::kInvalid.
  const std::string& problem() const { return problem_; }

 private:
  class Progress;

  void interrupt();
  bool over() const;
  std::optional<SeedRecord> next();
  SeedRecord bury(const Pool::Death& death) const;
  void take(SeedRecord record);
  void fail(SeedRecord record);
  std::string write_decisions(const SeedRecord& record) const;

  Options options_;
  Player player_;
  std::unique_ptr<Progress> progress_;
  // None under a debugger.
  std::unique_ptr<Pool> pool_;
  std::uint64_t next_here_ = 0;
  bool stopped_ = false;
  Totals totals_;
  std::int64_t began_ns_ = 0;
  std::string problem_;
};

}  // namespace holdfast::tools
