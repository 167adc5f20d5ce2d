#pragma once

// A run as data: how the world is, what goes wrong, and what a scenario adds.  A seed is only a way
// to draw one; a plan can be written to a file, edited, shortened and run again.
//
// Format, version 1.  Text, one item per line; empty lines and lines that begin with '#' are
// skipped.
//
//   holdfast-plan 1
//   option NAME VALUE              a knob of WorldOptions; what is left out has its default
//   fault KIND FIELD=VALUE...      faults.h; in any order
//   scenario KEY TEXT              for the scenario alone; a key comes once
//   operation TEXT                 for the scenario alone, in this order
//
// Values carry their units: 1500ms, 20000ppm, 150%.  Replay is loose: a fault whose target does not
// exist when it fires, or that the budget forbids, is skipped and counted, so that a plan still
// runs after a part of it was taken away.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "sim/faults.h"
#include "sim/options.h"

namespace holdfast::sim {

struct Plan {
  WorldOptions world;
  std::vector<Fault> faults;
  // Keys and texts are single lines without leading or trailing blanks; keys have no blank at all.
  std::vector<std::pair<std::string, std::string>> scenario;
  std::vector<std::string> operations;

  bool operator==(const Plan&) const = default;
};

// The plan of a seed: drawn options and the faults drawn from them.
Plan draw_plan(std::uint64_t seed, Profile profile);

std::string save_plan(const Plan& plan);

// An error names the line, the field, and what to do.
tl::expected<Plan, std::string> parse_plan(std::string_view text);

// One fault as on a line of a plan, without the word "fault".
tl::expected<Fault, std::string> parse_fault(std::string_view text);

}  // namespace holdfast::sim
