#pragma once

// Where two runs part.

#include <string>

#include "tools/sim_choice.h"

namespace holdfast::tools {

struct DiffCommand {
  // Each a seed or the path of a decision file.
  std::string first;
  std::string second;
  // For seeds: how their plans are drawn.
  Choice choice;
  unsigned jobs = 1;
  // Events that differ in nothing but their time are the same.
  bool ignore_times = false;
};

// Plays both and names the first event of the protocol in which they differ.  Returns the exit
// code: 0 they are the same, 1 they differ.
int diff_command(const DiffCommand& command);

}  // namespace holdfast::tools
