#pragma once

// The account of a `run` for programs: JSON (schema "holdfast-sim/run/1", docs/holdfast-sim.md) and
// JUnit XML.

#include <cstdint>
#include <string>

#include "tools/sim_choice.h"
#include "tools/sim_totals.h"

namespace holdfast::tools {

struct RunReport {
  const Choice& choice;
  const Totals& totals;
  // As this program was called.
  std::string program;
  std::uint64_t first_seed = 0;
  std::uint64_t seeds_asked = 0;
  unsigned jobs = 1;
  bool interrupted = false;
  int exit_code = 0;
  std::int64_t real_ns = 0;
};

std::string to_json(const RunReport& report);

// One test case per property, and one per failed seed.
std::string to_junit(const RunReport& report);

}  // namespace holdfast::tools
