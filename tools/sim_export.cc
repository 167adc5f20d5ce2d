#include "tools/sim_export.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "sim/text.h"

#include "scenarios/plan_file.h"
#include "tools/sim_files.h"
#include "tools/sim_load.h"
#include "tools/sim_record.h"

namespace holdfast::tools {
namespace {

int refuse(const std::string& problem) {
  std::fprintf(stderr, "holdfast-sim export: %s\n", problem.c_str());
  return kExitUsage;
}

bool is_name(const std::string& name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// One above the highest NN of NN_*.plan in the folder.
std::uint64_t next_number(const std::filesystem::path& folder) {
  std::uint64_t highest = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string file = entry.path().filename().string();
    const auto number = sim::parse_unsigned(file.substr(0, file.find('_')));
    if (number && entry.path().extension() == ".plan") highest = std::max(highest, *number);
  }
  return highest + 1;
}

// The comments at the top of a file.
std::string comments_of(const std::string& text) {
  std::string comments;
  std::size_t at = 0;
  while (at < text.size() && text[at] == '#') {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::size_t from = at + 1 < end && text[at + 1] == ' ' ? at + 2 : at + 1;
    comments += text.substr(from, end - from) + "\n";
    at = end + 1;
  }
  return comments;
}

}  // namespace

int export_command(const ExportCommand& command) {
  const auto text = read_file(command.file);
  if (!text) return refuse(text.error());
  const auto file = scenarios::parse_plan_file(*text);
  if (!file) return refuse(command.file + ": " + file.error());
  std::string name = command.name;
  if (name.empty() && file->recording) name = file->recording->property;
  if (!is_name(name)) {
    return refuse(
        fmt::format("'{}' is no name for a regression; say with --name what it is about, "
                    "in small letters, digits and _: lost_vote",
                    name));
  }
  std::error_code error;
  if (!std::filesystem::is_directory(command.folder, error)) {
    return refuse(
        fmt::format("'{}' is no folder; go to the top of the source, or say with --folder "
                    "where decision files are tested",
                    command.folder));
  }
  const std::string path =
      fmt::format("{}/{:02}_{}.plan", command.folder, next_number(command.folder), name);
  const std::string problem =
      write_file(path, scenarios::save_plan_file(file->plan, file->recording, comments_of(*text)));
  if (!problem.empty()) return refuse(problem);
  fmt::print("wrote {}\n", path);
  if (file->plan.faults.size() + file->plan.operations.size() > 30) {
    fmt::print("it is large: holdfast-sim shrink {} makes it smaller\n", command.file);
  }
  fmt::print(
      "regress_test plays it from now on, and passes once the bug is fixed;\n"
      "docs/bugs.md wants a row: what went wrong, since when, what found it, what fixed it\n");
  return kExitPassed;
}

}  // namespace holdfast::tools
