#pragma once

// From a decision file to a regression test.

#include <string>

namespace holdfast::tools {

struct ExportCommand {
  // A decision file.
  std::string file;
  // What it is about, in a few words: lost_vote; empty: the property that it broke.
  std::string name;
  // Where the tests look (scenarios/regress_test.cc).
  std::string folder = "scenarios/regress";
};

// Writes NN_NAME.plan, with the next free number, and says what is to be done by hand.  Returns the
// exit code.
int export_command(const ExportCommand& command);

}  // namespace holdfast::tools
