#include <algorithm>

#include <fmt/format.h>

#include "properties/catalog.h"
#include "tools/sim_report.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\n':
        out += "&#10;";
        break;
      default:
        // XML 1.0 has no other control characters, and the bytes may be of no known encoding.
        out +=
            static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e ? '?' : c;
    }
  }
  return out;
}

std::string test_case(const RunReport& report, std::string_view name, const std::string& failure) {
  const std::string head = fmt::format("  <testcase classname=\"holdfast-sim.{}\" name=\"{}\"",
                                       report.choice.scenario->name,
                                       escaped(name));
  if (failure.empty()) return head + "/>\n";
  const std::string_view first_line = std::string_view(failure).substr(0, failure.find('\n'));
  return fmt::format("{}>\n    <failure message=\"{}\">{}</failure>\n  </testcase>\n",
                     head,
                     escaped(first_line),
                     escaped(failure));
}

// The first violation of a property in any run; empty: there is none.
std::string first_violation(const Totals& totals, std::string_view property) {
  for (const FailedSeed& failure : totals.failures())
    for (const Found& found : failure.record.found)
      if (found.property == property) {
        return fmt::format("seed {}, event {}: {}", failure.seed, found.event, found.text);
      }
  return "";
}

}  // namespace

std::string to_junit(const RunReport& report) {
  const auto profile = report.choice.profile == sim::Profile::kDefault
                           ? properties::Profile::kBudget
                           : properties::Profile::kBeyond;
  std::string cases;
  std::size_t count = 0;
  std::size_t failed = 0;
  const auto add = [&](std::string_view name, const std::string& failure) {
    cases += test_case(report, name, failure);
    ++count;
    failed += failure.empty() ? 0 : 1;
  };
  for (const properties::CatalogEntry& entry : properties::catalog()) {
    if (sits(*entry.info, profile)) {
      add(entry.info->name, first_violation(report.totals, entry.info->name));
    }
  }
  for (const FailedSeed& failure : report.totals.failures()) {
    add(fmt::format("seed {}", failure.seed),
        failure_text(failure, report.program, line_of(report.choice)));
  }
  return fmt::format(
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
             "<testsuite name=\"holdfast-sim {}\" tests=\"{}\" failures=\"{}\" time=\"{:.3f}\">\n",
             report.choice.scenario->name,
             count,
             failed,
             static_cast<double>(report.real_ns) / 1e9) +
         cases + "</testsuite>\n";
}

}  // namespace holdfast::tools
