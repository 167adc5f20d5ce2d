#pragma once

// The subcommands for many machines: sweep and merge.

#include <optional>

#include "tools/sim_flags.h"
#include "tools/sim_merge.h"
#include "tools/sim_sweep.h"

namespace holdfast::tools {

// What `sweep` was told.
struct SweepFlags {
  SweepCommand command;
  SeedFlags seeds;
};

void add_sweep(CLI::App& app, SweepFlags& flags, Later& later);

SweepCommand finish_sweep(SweepFlags& flags);

void add_merge(CLI::App& app, MergeCommand& command);

}  // namespace holdfast::tools
