#pragma once

// The subcommands of the model checker: explore, calibrate.

#include "tools/explore_calibrate.h"
#include "tools/explore_log.h"
#include "tools/sim_flags.h"

namespace holdfast::tools {

void add_explore(CLI::App& app, ExploreCommand& command);
void add_calibrate(CLI::App& app, CalibrateCommand& command);

}  // namespace holdfast::tools
