#include "tools/sim_report.h"

#include <fmt/format.h>

#include "tools/sim_annotations.h"
#include "tools/sim_failure.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

std::string annotation(const FailedRun& run) {
  const SeedRecord& record = run.record;
  const Found* worst = worst_of(record);
  const std::string_view kind = exit_name(record.exit_code());
  std::string text = run.who + ": ";
  text +=
      worst == nullptr ? record.divergence : fmt::format("event {}: {}", worst->event, worst->text);
  if (!record.crash.empty()) text += "\n" + record.crash;
  if (!run.quarantined.empty()) text += "\nquarantined: " + run.quarantined;
  text += "\nreplay: " + run.replay;
  return to_string(Annotation{
      .level = run.quarantined.empty() ? Annotation::Level::kError : Annotation::Level::kWarning,
      .place = check_of(record),
      .title = worst == nullptr ? fmt::format("holdfast-sim: {}", kind)
                                : fmt::format("holdfast-sim: {} ({})", worst->property, kind),
      .text = std::move(text)});
}

}  // namespace

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
  if (died_first(record)) {
    const auto name = name_of(record);
    return name ? name->check : "";
  }
  const Found* worst = worst_of(record);
  return worst == nullptr ? "" : worst->check;
}

std::string to_annotations(const RunReport& report) {
  std::string text;
  for (const FailedRun& run : failed_runs(report))
    text += annotation(run);
  for (const std::string& note : report.stale) {
    text += to_string(Annotation{.level = Annotation::Level::kNotice,
                                 .place = "",
                                 .title = "holdfast-sim quarantine",
                                 .text = note});
  }
  return text;
}

}  // namespace holdfast::tools
