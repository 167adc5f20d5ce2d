#pragma once

// holdfast-sim explore: every schedule of a small configuration of the log.

#include <cstdint>
#include <string>
#include <vector>

#include "scenarios/explore/exploration.h"
#include "tools/explore_watch.h"

namespace holdfast::tools {

struct ExploreCommand {
  std::string configuration;
  // Without its script.
  bool from_boot = false;
  // "append=2": replaces what the configuration allows.
  std::vector<std::string> budget;
  // "wipe=2+3": at these members only.
  std::vector<std::string> where;
  scenarios::ExploreOptions options;
  explore::Links links = explore::Links::kUnordered;
  ExploreWatch::Limits limits;
  std::string json;    // a file, or nothing
  std::string save;    // the same, for the schedule of a violation
  std::string html;    // the same, for the page of a violation
  std::string resume;  // what was done before, and will have been done if this one is stopped
  std::string replay;  // a schedule that is played, instead of an exploration
  bool list = false;
  // Searches with fewer faults first.
  bool fewest_faults = false;
};

// Returns the exit code.
int explore_command(const ExploreCommand& command);

}  // namespace holdfast::tools
