#pragma once

// A range of seeds, played by workers and added up in order.  `run`, `soak` and `sweep` are built
// on it.

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

// "swarm-17.plan": the name of the decision file of a seed.
std::string decision_file_name(const Choice& choice, std::uint64_t seed);

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
    // Ends after so many failed seeds that are not quarantined.
    std::uint64_t failures_max = 10;
    // Told of every failed seed before it is written down; may say that it is quarantined, or not
    // worth keeping.  Its `file` is not yet known.  May be empty.
    std::function<void(FailedSeed&)> sieve;
    OnInterrupt on_interrupt = OnInterrupt::kDropRuns;
    // Where decision files go.
    std::string out = "holdfast-failures";
    // As this program was called.
    std::string program = "holdfast-sim";
  };

  enum class End : std::uint8_t { kAll, kBudget, kFailures, kStopped, kInterrupted, kInvalid };

  explicit Campaign(Options options);
  ~Campaign();

  // Prints failures to standard output and, on a terminal, progress to standard error.  `tick` is
  // called after every record and at least ten times a second.
  End run(const std::function<void()>& tick);

  // For `tick`: no further seed begins, those under way end.
  void stop();

  const Totals& totals() const { return totals_; }

  Totals& totals() { return totals_; }

  // Since it was made, until `run` ended: what is done with the failures afterwards is not counted.
  std::int64_t real_ns() const;

  // Why a decision file could not be written; empty: all could.
  const std::string& file_problem() const { return file_problem_; }

  // What is wrong with the choice; set by End::kInvalid.
  const std::string& problem() const { return problem_; }

 private:
  class Progress;

  End play(const std::function<void()>& tick);
  void interrupt();
  bool over() const;
  std::optional<SeedRecord> next();
  SeedRecord bury(const Pool::Death& death) const;
  void take(SeedRecord record);
  bool too_many_failed() const;
  void fail(SeedRecord record);
  std::string write_decisions(const SeedRecord& record);

  Options options_;
  Player player_;
  std::unique_ptr<Progress> progress_;
  // None under a debugger.
  std::unique_ptr<Pool> pool_;
  std::uint64_t next_here_ = 0;
  bool stopped_ = false;
  Totals totals_;
  std::int64_t began_ns_ = 0;
  std::optional<std::int64_t> ended_ns_;
  std::string problem_;
  std::string file_problem_;
};

}  // namespace holdfast::tools
