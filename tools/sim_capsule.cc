#include "tools/sim_capsule.h"

#include <fmt/format.h>

#include "scenarios/run.h"
#include "tools/sim_build.h"
#include "tools/sim_failure.h"
#include "tools/sim_files.h"
#include "tools/sim_text.h"
#include "tools/sim_trail.h"

namespace holdfast::tools {

void add_trail(SeedRecord& record, const scenarios::RunPlan& plan, StackPool& stacks) {
  TrailRecorder recorder;
  scenarios::RunHooks hooks;
  hooks.watcher = &recorder;
  hooks.until_violation = true;
  scenarios::run(plan, stacks, hooks);
  record.trail = recorder.trail();
}

std::string write_capsule(const std::string& path,
                          const scenarios::RunPlan& plan,
                          const SeedRecord& record,
                          std::string_view about) {
  scenarios::Recording recording{.core = core_hash(), .trail = record.trail};
  if (record.crash.empty()) recording.fingerprint = record.figures.fingerprint;
  std::string comment = fmt::format("{}: ", exit_name(record.exit_code()));
  if (!died_first(record) && !record.found.empty()) {
    const Found& first = record.found.front();
    recording.property = first.property;
    recording.event = first.event;
    comment += fmt::format("{} at event {}, {}: {}\ncheck {}\n",
                           first.property,
                           first.event,
                           seconds_text(first.time_ns),
                           first.text,
                           first.check);
  } else {
    const auto name = name_of(record);
    comment += (name ? to_string(*name) : "the run was not the same twice") + "\n";
  }
  comment += "written by " + program_line() + "\n" + std::string(about);
  return write_file(path, scenarios::save_plan_file(plan, recording, comment));
}

std::string compared_with(const scenarios::Recording& recorded, const SeedRecord& record) {
  if (recorded.property.empty()) return "";
  const auto name = name_of(record);
  if (!name) {
    return fmt::format("recorded was a failure of {} at event {}; this run does not fail\n",
                       recorded.property,
                       recorded.event);
  }
  if (name->property != recorded.property) {
    return fmt::format("another failure than the recorded one, which was {} at event {}\n",
                       recorded.property,
                       recorded.event);
  }
  const std::uint64_t event = record.found.empty() ? 0 : record.found.front().event;
  if (event == recorded.event) return "the failure that was recorded\n";
  return fmt::format(
      "the property that was recorded, then at event {}, now at {}\n", recorded.event, event);
}

}  // namespace holdfast::tools
