#pragma once

// holdfast-sim calibrate: the figures that others published of their models, found by our search.

#include <string>
#include <vector>

namespace holdfast::tools {

struct CalibrateCommand {
  std::vector<std::string> names;  // none: all
  std::string json;                // a file, or nothing
};

// Returns the exit code.
int calibrate_command(const CalibrateCommand& command);

}  // namespace holdfast::tools
