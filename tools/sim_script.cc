#include "tools/sim_script.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "scenarios/script/driver.h"
#include "tools/sim_files.h"
#include "tools/sim_record.h"

namespace holdfast::tools {
namespace {

int complain(const std::string& text) {
  std::fprintf(stderr, "holdfast-sim script: %s\n", text.c_str());
  return kExitUsage;
}

int compare(const std::string& file, const scenarios::script::Play& play) {
  if (play.passed()) {
    fmt::print("{}: as written\n", file);
    return kExitPassed;
  }
  fmt::print("{}", scenarios::script::describe(play, file));
  return kExitSafety;
}

// Not even then may a judge object.
int rewrite(const std::string& file, const scenarios::script::Play& play) {
  if (!play.violations.empty()) {
    fmt::print("{}", scenarios::script::describe(play, file));
    return kExitSafety;
  }
  const std::string problem = write_file(file, play.text);
  if (!problem.empty()) return complain(problem);
  fmt::print("{}: {}\n", file, play.mismatches.empty() ? "as written" : "rewritten");
  return kExitPassed;
}

int play_file(const std::string& file, ScriptCommand::Do what) {
  const auto text = read_file(file);
  if (!text) return complain(text.error());
  const auto played = scenarios::script::play(*text);
  if (!played) return complain(fmt::format("{}: {}", file, played.error()));
  return what == ScriptCommand::Do::kRewrite ? rewrite(file, *played) : compare(file, *played);
}

}  // namespace

int script_command(const ScriptCommand& command) {
  int worst = kExitPassed;
  for (const std::string& file : command.files)
    worst = std::max(worst, play_file(file, command.what));
  return worst;
}

}  // namespace holdfast::tools
