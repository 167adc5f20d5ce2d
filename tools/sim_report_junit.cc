#include <fmt/format.h>

#include "properties/catalog.h"
#include "tools/sim_failure.h"
#include "tools/sim_report.h"
#include "tools/sim_text.h"
#include "tools/sim_xml.h"

namespace holdfast::tools {
namespace {

// What came out of a test case: nothing, a failure, or one that does not count.
struct Outcome {
  std::string failure;
  std::string quarantined;
  // Of the check that was false, as FILE:LINE, or nothing.
  std::string check;
};

// ' file="x.cc" line="7"', for readers that show the source beside the case.
std::string place_attributes(std::string_view check) {
  const auto place = source_line_of(check);
  if (!place) return "";
  return fmt::format(" file=\"{}\" line=\"{}\"", xml_escaped(place->file), place->line);
}

std::string test_case(const RunReport& report, std::string_view name, const Outcome& outcome) {
  const std::string head = fmt::format("  <testcase classname=\"holdfast-sim.{}\" name=\"{}\"{}",
                                       report.choice.scenario->name,
                                       xml_escaped(name),
                                       place_attributes(outcome.check));
  if (outcome.failure.empty()) return head + "/>\n";
  if (!outcome.quarantined.empty()) {
    return fmt::format("{}>\n    <skipped message=\"{}\"/>\n  </testcase>\n",
                       head,
                       xml_escaped("quarantined: " + outcome.quarantined));
  }
  const std::string& failure = outcome.failure;
  const std::string_view first_line = std::string_view(failure).substr(0, failure.find('\n'));
  return fmt::format("{}>\n    <failure message=\"{}\">{}</failure>\n  </testcase>\n",
                     head,
                     xml_escaped(first_line),
                     xml_escaped(failure));
}

// The first violation of a property in any seed, one that counts if there is one.
Outcome outcome_of(const Totals& totals, std::string_view property) {
  Outcome outcome;
  for (const FailedSeed& failure : totals.failures())
    for (const Found& found : failure.record.found) {
      if (found.property != property) continue;
      if (!outcome.failure.empty() && !failure.quarantined.empty()) continue;
      outcome = {
          .failure = fmt::format("seed {}, event {}: {}", failure.seed, found.event, found.text),
          .quarantined = failure.quarantined,
          .check = found.check};
      if (outcome.quarantined.empty()) return outcome;
    }
  return outcome;
}

Outcome outcome_of(const PastRun& run) {
  if (!run.record.failed()) return {};
  return {.failure = account_of(run.record, run.record.exit_code()),
          .quarantined = run.quarantined,
          .check = check_of(run.record)};
}

}  // namespace

std::string to_junit(const RunReport& report) {
  const auto profile = report.choice.profile == sim::Profile::kDefault
                           ? properties::Profile::kBudget
                           : properties::Profile::kBeyond;
  std::string cases;
  std::size_t count = 0;
  std::size_t failed = 0;
  std::size_t skipped = 0;
  const auto add = [&](std::string_view name, const Outcome& outcome) {
    cases += test_case(report, name, outcome);
    ++count;
    if (!outcome.failure.empty()) ++(outcome.quarantined.empty() ? failed : skipped);
  };
  for (const properties::CatalogEntry& entry : properties::catalog())
    if (sits(*entry.info, profile)) {
      add(entry.info->name, outcome_of(report.totals, entry.info->name));
    }
  for (const PastRun& run : report.past)
    add("past capsule " + run.capsule.name, outcome_of(run));
  for (const FailedSeed& failure : report.totals.failures()) {
    add(fmt::format("seed {}", failure.seed),
        {.failure = failure_text(failure, report.program, line_of(report.choice)),
         .quarantined = failure.quarantined,
         .check = check_of(failure.record)});
  }
  return fmt::format(
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
             "<testsuite name=\"holdfast-sim {}\" tests=\"{}\" failures=\"{}\" "
             "skipped=\"{}\" time=\"{:.3f}\">\n",
             report.choice.scenario->name,
             count,
             failed,
             skipped,
             static_cast<double>(report.real_ns) / 1e9) +
         cases + "</testsuite>\n";
}

}  // namespace holdfast::tools
