#pragma once

// Recordings of holdfastd (real/server/recording.h), run again.

#include "tools/sim_replay.h"

namespace holdfast::tools {

// Requires: command.what is the path of a recording.  Returns the exit code: 0 all happened again
// as it is written, 2 it cannot be read, 13 something else did, and as replay_command() for
// signals.
int replay_recording_command(const ReplayCommand& command);

}  // namespace holdfast::tools
