#pragma once

// What makes two failures the same.

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "tools/sim_record.h"

namespace holdfast::tools {

// Of the first thing a run broke: every later one may be its consequence.
struct FailureName {
  // "safety", "liveness", "crash"
  std::string kind;
  std::string property;
  // The check that was false, as FILE:LINE; empty for a process that died without a word.
  std::string check;

  auto operator<=>(const FailureName&) const = default;
};

// "agreement (safety), check properties/agreement.cc:41"
std::string to_string(const FailureName& name);

// None: the run did not fail, or only in that it was not the same twice.
std::optional<FailureName> name_of(const SeedRecord& record);

// A place in the source.
struct SourceLine {
  std::string file;
  std::string line;
};

// Where the check stands, for readers that show the source: FILE:LINE taken apart.  None: `check`
// says something else.
std::optional<SourceLine> source_line_of(std::string_view check);

}  // namespace holdfast::tools
