#pragma once

// What people name on a command line: a run.

#include <string>

#include <tl/expected.hpp>

#include "scenarios/plan_file.h"
#include "tools/sim_choice.h"

namespace holdfast::tools {

// A seed, whose plan is drawn by `choice`, or the path of a decision file.  An error names what was
// asked for, the line of a file, and what to do.
tl::expected<scenarios::PlanFile, std::string> load_run(const std::string& what,
                                                        const Choice& choice);

}  // namespace holdfast::tools
