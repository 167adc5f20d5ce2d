#pragma once

// What makes two failures the same.

#include <optional>
#include <string>

#include "tools/sim_record.h"

namespace holdfast::tools {

// Of the first thing a run broke: every later one may be its consequence.
struct FailureName {
  // "safety", "liveness", "crash"
  std::string kind;
  std::string property;
  // The check that was false, as FILE:LINE; empty for a process that died without a word.
  std::string check;

  bool operator==(const FailureName&) const = default;
};

// "agreement (safety), check properties/agreement.cc:41"
std::string to_string(const FailureName& name);

// None: the run did not fail, or only in that it was not the same twice.
std::optional<FailureName> name_of(const SeedRecord& record);

}  // namespace holdfast::tools
