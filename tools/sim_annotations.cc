// https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions

#include <fmt/format.h>

#include "tools/sim_failure.h"
#include "tools/sim_report.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

// What would end the message, or a property of the command, is written as %XX.
std::string escaped(std::string_view text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) == std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string message_of(std::string_view text) {
  return escaped(text, "%\r\n");
}

std::string property_of(std::string_view text) {
  return escaped(text, "%\r\n:,");
}

// "file=x.cc,line=7," or nothing.
std::string place_of(const SeedRecord& record) {
  const auto place = source_line_of(check_of(record));
  return place ? fmt::format("file={},line={},", property_of(place->file), place->line) : "";
}

std::string annotation(const FailedRun& run) {
  const SeedRecord& record = run.record;
  const Found* worst = worst_of(record);
  const std::string_view kind = exit_name(record.exit_code());
  const std::string title = worst == nullptr
                                ? fmt::format("holdfast-sim: {}", kind)
                                : fmt::format("holdfast-sim: {} ({})", worst->property, kind);
  std::string text = run.who + ": ";
  text +=
      worst == nullptr ? record.divergence : fmt::format("event {}: {}", worst->event, worst->text);
  if (!record.crash.empty()) text += "\n" + record.crash;
  if (!run.quarantined.empty()) text += "\nquarantined: " + run.quarantined;
  text += "\nreplay: " + run.replay;
  return fmt::format("::{} {}title={}::{}\n",
                     run.quarantined.empty() ? "error" : "warning",
                     place_of(record),
                     property_of(title),
                     message_of(text));
}

}  // namespace

std::string to_annotations(const RunReport& report) {
  std::string text;
  for (const FailedRun& run : failed_runs(report))
    text += annotation(run);
  for (const std::string& note : report.stale)
    text += "::notice title=holdfast-sim quarantine::" + message_of(note) + "\n";
  return text;
}

}  // namespace holdfast::tools
