#pragma once

// The subcommands of the model checker: calibrate.

#include "tools/explore_calibrate.h"
#include "tools/sim_flags.h"

namespace holdfast::tools {

void add_calibrate(CLI::App& app, CalibrateCommand& command);

}  // namespace holdfast::tools
