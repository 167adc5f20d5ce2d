#include "tools/sim_report.h"

#include <fmt/format.h>

#include "tools/sim_failure.h"
#include "tools/sim_text.h"

namespace holdfast::tools {

std::vector<FailedRun> failed_runs(const RunReport& report) {
  std::vector<FailedRun> runs;
  for (const PastRun& run : report.past) {
    if (!run.record.failed()) continue;
    runs.push_back({.who = "past capsule " + run.capsule.name,
                    .record = run.record,
                    .quarantined = run.quarantined,
                    .replay = report.program + " replay " + run.capsule.path});
  }
  for (const FailedSeed& failure : report.totals.failures()) {
    runs.push_back({.who = fmt::format("seed {}", failure.seed),
                    .record = failure.record,
                    .quarantined = failure.quarantined,
                    .replay = replay_line(failure, report.program, line_of(report.choice))});
  }
  return runs;
}

std::string check_of(const SeedRecord& record) {
  if (!record.crash.empty()) {
    const auto name = name_of(record);
    return name ? name->check : "";
  }
  const Found* worst = worst_of(record);
  return worst == nullptr ? "" : worst->check;
}

}  // namespace holdfast::tools
