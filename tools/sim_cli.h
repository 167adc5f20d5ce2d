#pragma once

// The command line of holdfast-sim.

#include <string>
#include <variant>

#include "tools/explore_calibrate.h"
#include "tools/explore_log.h"
#include "tools/real_trace.h"
#include "tools/sim_diff.h"
#include "tools/sim_export.h"
#include "tools/sim_merge.h"
#include "tools/sim_replay.h"
#include "tools/sim_run.h"
#include "tools/sim_script.h"
#include "tools/sim_shrink.h"
#include "tools/sim_soak.h"
#include "tools/sim_sweep.h"

namespace holdfast::tools {

struct ListCommand {
  bool json = false;
};

// Prints what a seed draws, without playing it.
struct DescribeCommand {
  Choice choice;
  std::uint64_t seed = 1;
};

// Nothing to do any more: help was printed, or what is wrong; the exit code.
struct Finished {
  int exit_code = 0;
};

using Command = std::variant<Finished,
                             RunCommand,
                             ReplayCommand,
                             ShrinkCommand,
                             ExportCommand,
                             DiffCommand,
                             ScriptCommand,
                             SoakCommand,
                             SweepCommand,
                             MergeCommand,
                             CalibrateCommand,
                             ExploreCommand,
                             FlightCommand,
                             JudgeCommand,
                             ListCommand,
                             DescribeCommand>;

Command parse_command_line(int argc, char** argv);

}  // namespace holdfast::tools
