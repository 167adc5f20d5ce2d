#include "tools/sim_failure.h"

#include <string_view>

#include <fmt/format.h>

#include "properties/no_abort.h"

namespace holdfast::tools {
namespace {

// The place of the check that failed (protocol/env/check.h), in what a process said when it died.
std::string check_in(std::string_view said) {
  while (!said.empty()) {
    const std::string_view line = said.substr(0, said.find('\n'));
    const std::size_t end = line.find(": ");
    if (line.find(" failed in ") != std::string_view::npos && end != std::string_view::npos) {
      return std::string(line.substr(0, end));
    }
    said.remove_prefix(std::min(line.size() + 1, said.size()));
  }
  return "";
}

}  // namespace

std::string to_string(const FailureName& name) {
  std::string text = fmt::format("{} ({})", name.property, name.kind);
  if (!name.check.empty()) text += ", check " + name.check;
  return text;
}

std::optional<FailureName> name_of(const SeedRecord& record) {
  if (died_first(record)) {
    return FailureName{.kind = std::string(exit_name(kExitCrash)),
                       .property = std::string(properties::kNoAbort.name),
                       .check = check_in(record.crash)};
  }
  if (record.found.empty()) return std::nullopt;
  const Found& first = record.found.front();
  return FailureName{.kind = first.kind, .property = first.property, .check = first.check};
}

std::optional<SourceLine> source_line_of(std::string_view check) {
  const std::size_t colon = check.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == check.size()) return std::nullopt;
  const std::string_view line = check.substr(colon + 1);
  if (line.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  return SourceLine{.file = std::string(check.substr(0, colon)), .line = std::string(line)};
}

}  // namespace holdfast::tools
