#include "tools/sim_list.h"

#include <sstream>

#include <fmt/format.h>

#include "protocol/points.h"

#include "sim/faults.h"

#include "properties/catalog.h"
#include "tools/sim_build.h"

namespace holdfast::tools {
namespace {

// Text that goes on below its own beginning.
std::string wrapped(std::string_view text, std::size_t indent) {
  constexpr std::size_t kColumns = 100;
  std::string out;
  std::size_t column = indent;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    if (column > indent && column + 1 + word.size() > kColumns) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    }
    if (column > indent) out += ' ';
    out += word;
    column += word.size() + 1;
  }
  return out + "\n";
}

std::string entry(std::string_view name, std::string_view text) {
  constexpr std::size_t kIndent = 28;
  return fmt::format("  {:<25} {}", name, wrapped(text, kIndent));
}

std::string fault_text(const sim::FaultInfo& fault) {
  return fmt::format("[{}] {}", name_of(fault.fault_class), fault.description);
}

}  // namespace

std::string_view name_of(properties::Modality modality) {
  switch (modality) {
    case properties::Modality::kAlways:
      return "always";
    case properties::Modality::kEventually:
      return "eventually";
  }
  return "unknown";
}

std::vector<SettingLine> settings() {
  std::istringstream lines(describe(sim::WorldOptions{}) + describe(scenarios::ClusterOptions{}));
  std::vector<SettingLine> all;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    SettingLine setting;
    std::string equals;
    words >> setting.name >> equals >> setting.value >> std::ws;
    std::getline(words, setting.help);
    all.push_back(std::move(setting));
  }
  return all;
}

std::string list_text() {
  std::string text = "scenarios (the first is the default)\n";
  for (const scenarios::Scenario& scenario : scenarios::scenarios())
    text += entry(scenario.name, scenario.summary);
  text += "\nproperties\n";
  for (const properties::CatalogEntry& property : properties::catalog()) {
    const properties::PropertyInfo& info = *property.info;
    const bool holds = info.beyond == properties::Beyond::kHolds;
    text += entry(info.name,
                  fmt::format("{}: {}. {}, {} order{}. See {}.",
                              name_of(info.modality),
                              info.statement,
                              name_of(info.failure),
                              info.order == properties::Order::kTotal ? "total" : "per-node",
                              holds ? ", holds beyond the fault budget" : "",
                              info.reference));
  }
  text += "\nfaults\n";
  for (const sim::FaultInfo& fault : sim::kFaultCatalogue)
    text += entry(fault.name, fault_text(fault));
  text += "\npoints (paths that a good test takes at least sometimes)\n";
  for (const PointInfo& point : points())
    text += entry(point.name, std::string(point.text) + (point.rare ? " (rare)" : ""));
  text += "\nsettings, for --set NAME=VALUE, with defaults (a scenario draws most of them)\n";
  for (const SettingLine& setting : settings())
    text += fmt::format("  {:<34} {:<10} {}\n", setting.name, setting.value, setting.help);
  return text;
}

}  // namespace holdfast::tools
