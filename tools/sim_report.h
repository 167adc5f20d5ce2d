#pragma once

// The account of a `run` for programs: JSON (schema "holdfast-sim/run/1", docs/holdfast-sim.md),
// JUnit XML, Markdown for the summary of a CI job, and annotations of the violated checks.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/sim_choice.h"
#include "tools/sim_past.h"
#include "tools/sim_totals.h"

namespace holdfast::tools {

struct RunReport {
  const Choice& choice;
  const Totals& totals;
  // As this program was called.
  std::string program;
  std::uint64_t first_seed = 0;
  std::uint64_t seeds_asked = 0;
  // The first seed is this commit's; empty: it is not.
  std::string commit;
  unsigned jobs = 1;
  bool interrupted = false;
  int exit_code = 0;
  std::int64_t real_ns = 0;
  // Decision files that were played before the seeds.
  std::span<const PastRun> past;
  // Entries of the quarantine that should go.
  std::vector<std::string> stale;
};

// What failed in a run, in the order it was played.
struct FailedRun {
  // "past capsule swarm-17.plan", "seed 17"
  std::string who;
  const SeedRecord& record;
  // Not empty: it does not count, and why.
  const std::string& quarantined;
  // The line that plays it again.
  std::string replay;
};

// The check that was false, of what names the run or of what its process died of; or nothing.
std::string check_of(const SeedRecord& record);

// Points into the report.
std::vector<FailedRun> failed_runs(const RunReport& report);

std::string to_json(const RunReport& report);

// One test case per property, per past capsule, and per failed seed.
std::string to_junit(const RunReport& report);

// A section with a heading of its own.
std::string to_markdown(const RunReport& report);

// Workflow commands of GitHub, a line each: errors for what counts, warnings for what is
// quarantined, notices for stale entries of the quarantine.
std::string to_annotations(const RunReport& report);

// A cell of a table: no line breaks, and nothing that Markdown or HTML reads as markup.
std::string markdown_cell(std::string_view text);

}  // namespace holdfast::tools
