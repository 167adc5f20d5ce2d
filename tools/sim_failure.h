#pragma once

// What makes two failures the same, and how large one is.

#include <compare>
#include <cstddef>
#include <cstdint>
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

// How large a plan is, for people.
struct PlanSize {
  std::size_t members = 0;
  std::size_t faults = 0;
  std::size_t operations = 0;
  // Not at their defaults.
  std::size_t settings = 0;
  // Of the protocol, until it fails; 0: not known.
  std::uint64_t events = 0;
};

// A place in the source.
struct SourceLine {
  std::string file;
  std::string line;
};

// Where the check stands, for readers that show the source: FILE:LINE taken apart.  None: `check`
// says something else.
std::optional<SourceLine> source_line_of(std::string_view check);

}  // namespace holdfast::tools
