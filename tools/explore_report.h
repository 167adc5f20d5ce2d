#pragma once

// What came of an exploration, for people and for programs.

#include <cstdint>
#include <optional>
#include <string>

#include "scenarios/explore/exploration.h"
#include "scenarios/explore/storage_check.h"

namespace holdfast::tools {

struct ExploreReport {
  const scenarios::Configuration& configuration;  // with the budget it was explored with
  const scenarios::ExploreOptions& options;
  const scenarios::Explored& explored;
  std::string stopped_by;  // by whom the search was stopped; empty: it was not
  std::int64_t real_ns;    // explorations that this one goes on from included
  std::uint64_t sessions = 1;
  // If the writes of the stores were tried afterwards.
  std::optional<scenarios::StorageChecked> storage;
};

// The certificate: what was met, and on what it rests.
std::string certificate_text(const ExploreReport& report);

// The events that lead to a violation.
std::string counterexample_text(const ExploreReport& report);

// What came of the writes of the stores.  Requires: storage.
std::string storage_text(const ExploreReport& report);

// What happened, from the event at `from` on, numbered from 1.
std::string happened_text(const std::vector<scenarios::Happened>& events, std::size_t from);

// The schedule of a violation, for explore --replay.
std::string schedule_of(const ExploreReport& report);

std::string certificate_json(const ExploreReport& report);

// What another exploration must be about to go on from this one, as JSON.
std::string subject_json(const scenarios::Configuration& configuration,
                         const scenarios::ExploreOptions& options);

}  // namespace holdfast::tools
