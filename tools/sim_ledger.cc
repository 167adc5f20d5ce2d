#include "tools/sim_ledger.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include <fmt/format.h>

#include "sim/text.h"

#include "tools/sim_build.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

using Error = tl::unexpected<std::string>;

constexpr std::string_view kRunsHeading = "## Runs";
constexpr std::string_view kCoreHeading = "## Core ";
constexpr std::string_view kRunsHead =
    "| date | core | scenario | profile | first seed | seeds | events | simulated s | result |\n"
    "|---|---|---|---|---:|---:|---:|---:|---|\n";
constexpr std::string_view kFaultsHead = "| fault | injected |\n|---|---:|\n";
constexpr std::string_view kPreface =
    "# Soak\n"
    "\n"
    "Seeds that were run once and never again. `./dev soak` writes this file: a range of seeds is\n"
    "a row, and `./dev soak --resume` begins after the last one of its core. A core is a hash of\n"
    "the sources that decide how a run goes (`tools/core_hash.cc`); only rows of one core add up.\n"
    "\n";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// "| a | b |" as its cells; none if it is no row.
std::optional<std::vector<std::string>> cells_of(std::string_view line) {
  if (line.size() < 2 || line.front() != '|' || line.back() != '|') return std::nullopt;
  line = line.substr(1, line.size() - 2);
  std::vector<std::string> cells;
  while (true) {
    const std::size_t bar = line.find('|');
    cells.emplace_back(trimmed(line.substr(0, bar)));
    if (bar == std::string_view::npos) return cells;
    line.remove_prefix(bar + 1);
  }
}

// The head of a table and the line below it.
bool is_head(const std::vector<std::string>& cells) {
  return cells[0] == "date" || cells[0] == "fault" || cells[0].starts_with("---");
}

bool read_number(std::string_view text, std::uint64_t& out) {
  const auto number = sim::parse_unsigned(text);
  if (number) out = *number;
  return number.has_value();
}

// What is wrong with the row, or nothing.
std::string read_range(const std::vector<std::string>& cells, SoakRange& range) {
  constexpr std::size_t kCells = 9;
  if (cells.size() != kCells) {
    return fmt::format("a row of runs has {} cells, not {}", kCells, cells.size());
  }
  range.date = cells[0];
  range.scenario = cells[2];
  range.profile = cells[3];
  range.result = cells[8];
  if (!read_number("0x" + cells[1], range.core)) return "'" + cells[1] + "' is no core hash";
  const std::pair<std::size_t, std::uint64_t*> numbers[] = {
      {4, &range.first}, {5, &range.seeds}, {6, &range.events}, {7, &range.simulated_s}};
  for (const auto& [cell, out] : numbers)
    if (!read_number(cells[cell], *out)) return "'" + cells[cell] + "' is no number";
  return "";
}

bool is_like(const SoakRange& a, const SoakRange& b) {
  return std::tie(a.core, a.scenario, a.profile) == std::tie(b.core, b.scenario, b.profile);
}

std::string format_range(const SoakRange& range) {
  return fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
                     range.date,
                     hex16(range.core),
                     range.scenario,
                     range.profile,
                     range.first,
                     range.seeds,
                     range.events,
                     range.simulated_s,
                     range.result);
}

// Where in the file a line is.
enum class Part : std::uint8_t { kTop, kRuns, kCore };

}  // namespace

tl::expected<Ledger, std::string> Ledger::parse(std::string_view text) {
  Ledger ledger;
  Part part = Part::kTop;
  std::uint64_t core = 0;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto wrong = [&](const std::string& what) {
      return Error(fmt::format("line {}: {}; mend it, or move the file away", number, what));
    };
    const std::size_t end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    if (line == kRunsHeading) {
      part = Part::kRuns;
    } else if (line.starts_with(kCoreHeading)) {
      part = Part::kCore;
      if (!read_number("0x" + std::string(line.substr(kCoreHeading.size())), core)) {
        return wrong("'" + std::string(line) + "' names no core");
      }
    } else if (part == Part::kTop) {
      ledger.preface_.append(text.substr(0, end)).append("\n");
    } else if (const auto cells = cells_of(line); cells && !is_head(*cells)) {
      if (part == Part::kRuns) {
        const std::string problem = read_range(*cells, ledger.ranges_.emplace_back());
        if (!problem.empty()) return wrong(problem);
      } else {
        std::uint64_t count = 0;
        if (cells->size() != 2 || !read_number((*cells)[1], count)) {
          return wrong("a row of faults has a name and a number");
        }
        ledger.faults_[core].emplace_back((*cells)[0], count);
      }
    }
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return ledger;
}

std::string Ledger::format() const {
  std::string text = preface_.empty() ? std::string(kPreface) : preface_;
  text.append(kRunsHeading).append("\n\n").append(kRunsHead);
  std::vector<std::uint64_t> cores;
  std::vector<SoakRange> kinds;
  for (const SoakRange& range : ranges_) {
    text += format_range(range);
    if (std::find(cores.begin(), cores.end(), range.core) == cores.end()) {
      cores.push_back(range.core);
    }
    if (std::none_of(
            kinds.begin(), kinds.end(), [&](const auto& k) { return is_like(k, range); })) {
      kinds.push_back(range);
    }
  }
  for (const std::uint64_t core : cores) {
    text += fmt::format("\n{}{}\n\n", kCoreHeading, hex16(core));
    for (const SoakRange& kind : kinds) {
      if (kind.core != core) continue;
      text += fmt::format(
          "{}, profile {}: {}.\n\n", kind.scenario, kind.profile, to_string(total(kind)));
    }
    const SoakFaults* injected = faults(core);
    if (injected == nullptr) continue;
    text += kFaultsHead;
    for (const auto& [name, count] : *injected)
      text += fmt::format("| {} | {} |\n", name, count);
  }
  return text;
}

void Ledger::add(const SoakRange& range, const SoakFaults& faults) {
  ranges_.push_back(range);
  SoakFaults& sums = faults_[range.core];
  for (const auto& [name, count] : faults) {
    // clang 14 captures no structured binding by reference.
    const auto known = std::find_if(sums.begin(), sums.end(), [&wanted = name](const auto& row) {
      return row.first == wanted;
    });
    if (known == sums.end()) {
      sums.emplace_back(name, count);
    } else {
      known->second += count;
    }
  }
}

const SoakFaults* Ledger::faults(std::uint64_t core) const {
  const auto known = faults_.find(core);
  return known == faults_.end() ? nullptr : &known->second;
}

SoakTotal Ledger::total(const SoakRange& like) const {
  SoakTotal total;
  for (const SoakRange& range : ranges_) {
    if (!is_like(range, like)) continue;
    ++total.ranges;
    total.seeds += range.seeds;
    total.events += range.events;
    total.simulated_s += range.simulated_s;
    total.ranges_failed += range.result.starts_with("passed") ? 0 : 1;
  }
  return total;
}

std::uint64_t Ledger::next_seed(const SoakRange& like) const {
  std::uint64_t next = first_seed_of(like.core);
  for (const SoakRange& range : ranges_)
    if (is_like(range, like)) next = std::max(next, range.first + range.seeds);
  return next;
}

std::uint64_t Ledger::first_seed_of(std::uint64_t core) {
  return core % 1'000'000 * 1'000'000'000 + 1;
}

std::string to_string(const SoakTotal& total) {
  return fmt::format("{} range{}, {} seeds, {} events, {} simulated seconds, {}",
                     total.ranges,
                     total.ranges == 1 ? "" : "s",
                     grouped(total.seeds),
                     grouped(total.events),
                     grouped(total.simulated_s),
                     total.ranges_failed == 0
                         ? std::string("no failure")
                         : fmt::format("failures in {} of them", total.ranges_failed));
}

}  // namespace holdfast::tools
