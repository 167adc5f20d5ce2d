#include <fmt/format.h>

#include "tools/sim_build.h"
#include "tools/sim_report.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

std::string row_text(const FailedRun& run) {
  const Found* worst = worst_of(run.record);
  const std::string_view kind = exit_name(run.record.exit_code());
  if (worst == nullptr) {
    return fmt::format(
        "| {} | {} | {} | |\n", markdown_cell(run.who), kind, markdown_cell(run.record.divergence));
  }
  return fmt::format("| {} | {} ({}) | event {}: {} | {} |\n",
                     markdown_cell(run.who),
                     markdown_cell(worst->property),
                     kind,
                     worst->event,
                     markdown_cell(worst->text),
                     markdown_cell(check_of(run.record)));
}

std::string failures_section(const RunReport& report) {
  std::string counted;
  std::string excused;
  std::string lines;
  for (const FailedRun& run : failed_runs(report)) {
    (run.quarantined.empty() ? counted : excused) += row_text(run);
    if (!run.quarantined.empty()) {
      excused += fmt::format("| | | quarantined: {} | |\n", markdown_cell(run.quarantined));
    }
    lines += run.replay + "\n";
  }
  constexpr std::string_view kHead = "| run | property | what | check |\n|---|---|---|---|\n";
  std::string text;
  if (!counted.empty()) text += fmt::format("\n**Failed**\n\n{}{}", kHead, counted);
  if (!excused.empty()) text += fmt::format("\n**Quarantined**\n\n{}{}", kHead, excused);
  if (!lines.empty()) text += fmt::format("\nReplay with\n\n```\n{}```\n", lines);
  return text;
}

std::string seeds_cell(const RunReport& report) {
  std::string text = fmt::format("{} of {} from {}",
                                 grouped(report.totals.seeds()),
                                 grouped(report.seeds_asked),
                                 report.first_seed);
  if (!report.commit.empty()) text += ", drawn from commit " + report.commit;
  if (report.interrupted) text += "; interrupted";
  return text;
}

}  // namespace

std::string markdown_cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      out += ' ';
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (std::string_view("\\`*_{}[]|#~").find(c) != std::string_view::npos) {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
  return out;
}

std::string to_markdown(const RunReport& report) {
  const Totals& totals = report.totals;
  std::string text = fmt::format("### holdfast-sim {}: {}\n\n",
                                 markdown_cell(report.choice.scenario->name),
                                 exit_name(report.exit_code));
  const auto row = [&](std::string_view name, const std::string& value) {
    text += fmt::format("| {} | {} |\n", name, markdown_cell(value));
  };
  text += "| | |\n|---|---|\n";
  row("program", program_line());
  row("arguments", line_of(report.choice));
  row("seeds", seeds_cell(report));
  row("came out",
      fmt::format("{} passed, {} failed ({} of them quarantined), {} undecided",
                  grouped(totals.passed()),
                  grouped(totals.failed()),
                  grouped(totals.quarantined()),
                  grouped(totals.undecided())));
  if (!report.past.empty()) row("past capsules", past_text(report.past));
  row("simulated time", seconds_text(totals.simulated_ns()));
  row("real time", seconds_text(report.real_ns));
  row("fingerprint", hex16(totals.fingerprint()));
  text += failures_section(report);
  if (!report.stale.empty()) text += "\n**To remove from the quarantine**\n\n";
  for (const std::string& note : report.stale)
    text += "* " + markdown_cell(note) + "\n";
  return text + "\n";
}

}  // namespace holdfast::tools
