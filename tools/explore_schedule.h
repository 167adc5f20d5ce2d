#pragma once

// Schedules of the model checker as files: what happened to the members, a line for each event.
//
//   holdfast-schedule 1
//   configuration mesos_g3
//   links any
//   disks eager
//   dead-frames dropped      or kept
//   budget elect=2,append=3  of all events, those of the script included
//   boot 1
//   elect 1                  an operation, and the member; also append, truncate, catchup, read
//   deliver 1.9.0            a frame: its sender, the sender's step, its place among what that sent
//   duplicate 1.9.0          the same, and it stays on its way
//   alarm 1
//   job 1 commit             slow disks: a job ends; also bulk
//   crash 1 0                and which of the disks that it may leave
//   crash-in deliver 1.9.0 0 in the step of an event, and which of those that are possible
//   wipe 1
//   cut 1 2 1                the connection of 1 to 2, of 1's first life
//
// What follows a '#' is for people.  Events are named by what they are, never by a place in a list,
// so that lines can be taken out and put in.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "scenarios/explore/exploration.h"

namespace holdfast::tools {

struct Schedule {
  std::string configuration;
  explore::Links links = explore::Links::kUnordered;
  explore::Disks disks = explore::Disks::kEager;
  explore::Reductions reductions;
  std::vector<std::string> budget;  // "elect=2"
  std::vector<explore::SystemEvent> events;
  // Of each event, from 1.
  std::vector<std::size_t> lines;
};

// "deliver 1.9.0"
std::string event_line(const explore::SystemEvent& event);

// An error names the line and says what is wrong.
tl::expected<Schedule, std::string> parse_schedule(std::string_view text);

}  // namespace holdfast::tools
