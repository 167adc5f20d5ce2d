#pragma once

// What came out of one seed: handed from a worker process to the one that reports.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/run.h"

namespace holdfast::tools {

// The exit codes of the program.  10 to 12 are properties::exit_code().
inline constexpr int kExitPassed = 0;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitCrash = 10;
inline constexpr int kExitLiveness = 11;
inline constexpr int kExitSafety = 12;
inline constexpr int kExitNotDeterministic = 13;
// A sweep has seeds left to play.
inline constexpr int kExitUnfinished = 14;
// Nothing failed, and a path that was to be taken was not.
inline constexpr int kExitPoints = 15;
// A figure that others published was not found.
inline constexpr int kExitFigures = 16;
inline constexpr int kExitInterrupted = 130;

// The one that counts of two: safety, then determinism, liveness, crash.
int heavier_exit(int a, int b);

// "safety", "not deterministic", ...: the kind of failure an exit code stands for.
std::string_view exit_name(int code);

// As properties::Violation, with texts of its own.
struct Found {
  std::string property;
  std::string kind;
  std::uint64_t event = 0;
  std::string event_kind;
  std::int64_t time_ns = 0;
  std::uint8_t node = 0;
  std::string text;
  std::string check;

  bool operator==(const Found&) const = default;
};

// The figures of a run, plain bytes.
struct RunFigures {
  scenarios::RunOutcome outcome = scenarios::RunOutcome::kPassed;
  int exit_code = 0;
  std::uint64_t fingerprint = 0;
  std::int64_t simulated_ns = 0;
  std::uint64_t operations = 0;
  sim::WorldCounters counters;
  scenarios::PointCounts points{};
  // How often the run was repeated to see whether it is the same again.
  std::uint32_t repeated = 0;
  std::uint32_t repeated_afresh = 0;
};

struct SeedRecord {
  std::uint64_t index = 0;
  std::uint64_t seed = 0;
  RunFigures figures;
  std::vector<Found> found;
  // Why it is undecided, or who waits for what.
  std::string note;
  // Not empty: two runs differed, and how.
  std::string divergence;
  // Not empty: the process that ran it died, and how.
  std::string crash;
  // Not empty: there is no such run, and why.
  std::string invalid;
  // Of a run that broke something: what happened, in short (sim_trail.h).
  std::string trail;
  // What a replay or a shrinking run has to tell besides.
  std::string telling;
  // What the run wrote to its standard error.
  std::string output;
  // Drawing its plan did not crash.  Kept by whoever buries a run, not saved.
  bool has_plan = true;
  // Somebody ended the run: it says nothing.
  bool interrupted = false;

  bool failed() const { return exit_code() != kExitPassed; }

  // Requires: valid.
  int exit_code() const;
};

SeedRecord record_of(std::uint64_t index, std::uint64_t seed, const scenarios::RunResult& result);

// As they are kept in records.
std::vector<Found> found_of(const std::vector<properties::Violation>& violations);

// Whatever a process died of, it is a broken promise of the same kind as a node that stops.
// `before`: what its judges had objected to by then; the heaviest of it all counts.
SeedRecord record_of_death(std::uint64_t seed, std::string text, std::vector<Found> before);

// Its process died before any judge objected: the death is what failed, and no consequence.
bool died_first(const SeedRecord& record);

// Bytes for the same program on the same machine.
std::string save(const SeedRecord& record);

// None: `bytes` is not what save() wrote.
std::optional<SeedRecord> load(std::string_view bytes);

}  // namespace holdfast::tools
