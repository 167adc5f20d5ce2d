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

// A decision file.  One that another build recorded is read without the lines that this one does
// not know (PlanFile::skipped).
tl::expected<scenarios::PlanFile, std::string> load_decision_file(const std::string& path);

// Whether the file's fingerprint binds: the same plan, played by the same core.
bool binds(const scenarios::PlanFile& file);

}  // namespace holdfast::tools
