#pragma once

// holdfast-sim script: plays golden traces, or writes them anew.

#include <cstdint>
#include <string>
#include <vector>

namespace holdfast::tools {

struct ScriptCommand {
  std::vector<std::string> files;
  enum class Do : std::uint8_t { kCompare, kRewrite } what = Do::kCompare;
};

// Exit code: 0 every file went as written (or was written anew), 2 a file cannot be read, written
// or understood, 12 a file went otherwise or a judge objects.  Safety wins.
int script_command(const ScriptCommand& command);

}  // namespace holdfast::tools
