#pragma once

// What members of a real cluster wrote of themselves (real/ports/trace_file.h): shown, and judged
// by the properties that judge simulated runs.

#include <string>
#include <vector>

namespace holdfast::tools {

// Prints the last events of a life.
struct FlightCommand {
  std::string file;
  // 0: all.
  unsigned last = 100;
};

// Returns the exit code: 0 printed, 2 it cannot be read.
int flight_command(const FlightCommand& command);

// Merges by time what members and clients of one machine wrote, and judges it.
//
// Traces of members end with the life that wrote them.  What clients saw, and what was done to
// members, is text, by time, a line each:
//
//   TIME NODE append_called WORD...      an event of protocol/events.h; a client is a node of a
//                                        number that no member has
//   TIME NODE crash|wipe|disk            its process ended; its directory was lost, or not what it
//                                        wrote
//
// TIME is CLOCK_MONOTONIC in nanoseconds.
struct JudgeCommand {
  std::vector<std::string> traces;
  std::vector<std::string> notes;
  // Ids from 1 on.
  unsigned members = 3;
  bool json = false;
};

// Returns the exit code: 0 nothing to object to, 2 something cannot be read, or as for runs.
int judge_command(const JudgeCommand& command);

}  // namespace holdfast::tools
