#include "tools/sim_diff.h"

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "tools/sim_interrupt.h"
#include "tools/sim_laboratory.h"
#include "tools/sim_load.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

constexpr int kExitDiffer = 1;
constexpr std::size_t kBefore = 5;

int refuse(const std::string& problem) {
  std::fprintf(stderr, "holdfast-sim diff: %s\n", problem.c_str());
  return kExitUsage;
}

// A told line with or without its time.
std::string_view content_of(const std::string& line, bool ignore_times) {
  const std::size_t end = ignore_times ? line.find('s') : std::string::npos;
  return std::string_view(line).substr(end == std::string::npos ? 0 : end + 1);
}

std::string line_or_end(const std::vector<std::string>& lines, std::size_t at) {
  return at < lines.size() ? lines[at] : "  (its end)";
}

void print_parting(const DiffCommand& command,
                   const std::vector<std::string>& first,
                   const std::vector<std::string>& second,
                   std::size_t at) {
  fmt::print("the runs part after {} equal lines\n", grouped(at));
  for (std::size_t i = at - std::min(at, kBefore); i < at; ++i)
    fmt::print("  {}\n", first[i]);
  fmt::print("{}:\n  {}\n{}:\n  {}\n",
             command.first,
             line_or_end(first, at),
             command.second,
             line_or_end(second, at));
}

}  // namespace

int diff_command(const DiffCommand& command) {
  std::vector<scenarios::RunPlan> plans;
  for (const std::string& what : {command.first, command.second}) {
    auto file = load_run(what, command.choice);
    if (!file) return refuse(file.error());
    plans.push_back(std::move(file->plan));
  }
  Laboratory laboratory({.jobs = command.jobs, .budget = {}});
  const auto records = laboratory.play_all(plans, Laboratory::Until::kEndTold);
  if (records.size() < plans.size()) {
    fmt::print("interrupted\n");
    return 128 + interrupt_signal();
  }
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (records[i].crash.empty()) continue;
    return refuse(
        fmt::format("the process that played {} died, so that there is nothing to compare; "
                    "replay --trace shows it up to there\n{}",
                    i == 0 ? command.first : command.second,
                    records[i].crash));
  }
  const std::vector<std::string> first = split_lines(records[0].telling);
  const std::vector<std::string> second = split_lines(records[1].telling);
  const auto same = [&](const std::string& a, const std::string& b) {
    return content_of(a, command.ignore_times) == content_of(b, command.ignore_times);
  };
  const auto at =
      static_cast<std::size_t>(std::ranges::mismatch(first, second, same).in1 - first.begin());
  if (at < first.size() || at < second.size()) {
    print_parting(command, first, second, at);
    return kExitDiffer;
  }
  fmt::print("the runs are the same: {} lines\n", grouped(first.size()));
  return kExitPassed;
}

}  // namespace holdfast::tools
