#pragma once

// What somebody asked to run, apart from the seed: a seed and a choice make a plan.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "protocol/env/time.h"

#include "scenarios/catalog.h"
#include "scenarios/run_plan.h"

namespace holdfast::tools {

struct Choice {
  // Never null; lives for ever.
  const scenarios::Scenario* scenario = nullptr;
  sim::Profile profile = sim::Profile::kDefault;
  // How long faults keep beginning and applications act, instead of the drawn length.
  std::optional<Duration> sim_time;
  // Settings by name, after the draw.
  std::vector<std::pair<std::string, std::string>> settings;
};

// The plan of a seed.  What a scenario drew from settings of the world (faults and operations of
// the swarm) is drawn again when such settings are overridden.  An error names the setting and
// what to do.
tl::expected<scenarios::RunPlan, std::string> plan_of(const Choice& choice, std::uint64_t seed);

// The arguments of `replay` that make the same choice again: "--scenario", "duel", "--set", ...
std::vector<std::string> arguments_of(const Choice& choice);

// The same in one line, for a shell.
std::string line_of(const Choice& choice);

std::string_view name_of(sim::Profile profile);

}  // namespace holdfast::tools
