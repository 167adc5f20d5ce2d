#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tools/sim_choice.h"
#include "tools/sim_picture.h"
#include "tools/sim_trace.h"

namespace holdfast::tools {

enum class Verbosity : std::uint8_t {
  kQuiet,   // the fingerprint only
  kResult,  // what the run was and what came out
  kTrace,   // and every step of it
};

struct ReplayCommand {
  // A seed, or the path of a decision file or of a recording.
  std::string what;
  // For a seed: how its plan is drawn.
  Choice choice;
  Verbosity verbosity = Verbosity::kResult;
  // Of the trace; its `until` is the one below.
  TraceFilter filter;
  // The number of an event of the protocol: the run stops there and the state of each node is
  // shown.
  std::optional<std::uint64_t> until;
  // The run stops there in a debugger.
  std::optional<std::uint64_t> break_at;
  // Files of all events of the world, to write and to compare with; empty: none.
  std::string save_events;
  std::string compare_events;
  // Files for the picture of the run (sim_picture.h), empty: none; and the part of the run that
  // they show.
  std::string html;
  std::string perfetto;
  PictureWindow window;

  bool draws() const { return !html.empty() || !perfetto.empty(); }
};

// Plays one run again.  Returns the exit code.
int replay_command(const ReplayCommand& command);

// Plays it for its pictures only, and prints nothing.  Returns what is wrong, or nothing.
std::string draw_run(const ReplayCommand& command);

}  // namespace holdfast::tools
