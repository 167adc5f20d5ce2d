#include "tools/sim_text.h"

#include <algorithm>
#include <map>
#include <sstream>

#include <fmt/format.h>

#include "protocol/points.h"

#include "tools/sim_build.h"

namespace holdfast::tools {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::string decimal(double value) {
  return value < 1000 ? fmt::format("{:.1f}", value) : grouped(static_cast<std::uint64_t>(value));
}

std::string rate(std::uint64_t count, std::int64_t real_ns) {
  return decimal(ratio_of(static_cast<double>(count) * kSecond, real_ns));
}

std::string ratio(std::int64_t simulated_ns, std::int64_t real_ns) {
  return decimal(ratio_of(static_cast<double>(simulated_ns), real_ns));
}

std::size_t point_count() {
  return points().size();
}

// The first word of a line: its kind.
std::string kind_of(const std::string& line) {
  return line.substr(0, line.find(' '));
}

std::string counted(std::string_view title, const std::map<std::string, std::uint64_t>& kinds) {
  std::string text(title);
  if (kinds.empty()) text += " none";
  const char* separator = " ";
  for (const auto& [kind, count] : kinds) {
    text += fmt::format("{}{} {}", separator, count, kind);
    separator = ", ";
  }
  return text + "\n";
}

// One run leaves most things out: what did not happen is then no news.
enum class Rows : std::uint8_t { kAll, kThatHappened };

std::string fault_rows(const sim::WorldCounters& counters, Rows rows) {
  std::string text =
      fmt::format("  {:<34}{:>14}{:>14}{:>14}\n", "faults", "injected", "over budget", "no target");
  for (const FaultCount& row : fault_table(counters)) {
    if (rows == Rows::kThatHappened && row.injected + row.over_budget + row.without_target == 0) {
      continue;
    }
    text += fmt::format("  {:<34}{:>14}", row.name, grouped(row.injected));
    if (row.over_budget + row.without_target != 0) {
      text += fmt::format("{:>14}{:>14}", grouped(row.over_budget), grouped(row.without_target));
    }
    text += "\n";
  }
  return text;
}

std::string point_rows(const Totals& totals, Rows rows) {
  std::string text =
      fmt::format("  points reached       {} of {}\n", totals.points_reached(), point_count());
  for (std::size_t i = 0; i < point_count(); ++i) {
    const PointInfo& point = points()[i];
    if (totals.points()[i] != 0 || rows == Rows::kThatHappened) continue;
    text += fmt::format(
        "    not reached{}: {} ({})\n", point.rare ? ", rare" : "", point.text, point.name);
  }
  return text;
}

std::string indented(const std::string& text, std::string_view by) {
  std::string out(by);
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] == '\n' && i + 1 < text.size()) out += by;
  }
  if (!out.ends_with('\n')) out += '\n';
  return out;
}

std::string found_text(const Found& found) {
  return fmt::format("  {} ({}) at event {}, {}, {}\n    {}\n    check {}\n",
                     found.property,
                     found.kind,
                     found.event,
                     seconds_text(found.time_ns),
                     found.node == 0 ? "no single node" : fmt::format("node {}", found.node),
                     found.text,
                     found.check);
}

}  // namespace

const Found* worst_of(const SeedRecord& record) {
  if (record.found.empty()) return nullptr;
  const std::string_view wanted = exit_name(record.exit_code());
  const auto it = std::find_if(record.found.begin(), record.found.end(), [&](const Found& found) {
    return found.kind == wanted;
  });
  return it == record.found.end() ? &record.found.front() : &*it;
}

double ratio_of(double amount, std::int64_t real_ns) {
  return real_ns <= 0 ? 0 : amount / static_cast<double>(real_ns);
}

std::string seconds_text(std::int64_t ns) {
  return fmt::format("{}.{:06}s", ns / kSecond, ns % kSecond / 1000);
}

std::string grouped(std::uint64_t value) {
  std::string text = std::to_string(value);
  for (std::size_t at = text.size(); at > 3;)
    text.insert(at -= 3, ",");
  return text;
}

std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(text);
  }
  std::string quoted = "'";
  for (const char c : text)
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string describe_plan(const scenarios::RunPlan& plan) {
  std::map<std::string, std::uint64_t> faults;
  for (const sim::Fault& fault : plan.faults)
    ++faults[kind_of(to_string(fault))];
  std::map<std::string, std::uint64_t> operations;
  for (const scenarios::Operation& operation : plan.operations)
    ++operations[kind_of(to_string(operation))];
  return "world\n" + indented(describe(plan.world), "  ") + "cluster\n" +
         indented(describe(plan.cluster), "  ") + counted("faults drawn:", faults) +
         counted("operations drawn:", operations);
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  return lines;
}

std::vector<std::string> item_lines(const scenarios::RunPlan& plan) {
  struct Line {
    Duration at;
    std::string text;
  };

  std::vector<Line> lines;
  for (const sim::Fault& fault : plan.faults)
    lines.push_back({fault.at, "fault      " + sim::to_string(fault)});
  for (const scenarios::Operation& operation : plan.operations)
    lines.push_back({operation.at, "operation  " + scenarios::to_string(operation)});
  std::ranges::stable_sort(lines, {}, &Line::at);
  std::vector<std::string> texts;
  for (Line& line : lines)
    texts.push_back(std::move(line.text));
  return texts;
}

std::string replay_line(const FailedSeed& failure,
                        std::string_view program,
                        std::string_view choice) {
  if (!failure.file.empty()) return fmt::format("{} replay {}", program, failure.file);
  return fmt::format("{} replay {} {}", program, failure.seed, choice);
}

std::string account_of(const SeedRecord& record, int exit_code) {
  std::string text = fmt::format("FAILED: {}\n", exit_name(exit_code));
  if (!record.crash.empty()) text += indented("the process died: " + record.crash, "  ");
  if (!record.divergence.empty()) text += indented(record.divergence, "  ");
  const Found* worst = worst_of(record);
  if (worst != nullptr) text += found_text(*worst);
  constexpr std::size_t kShown = 5;
  std::size_t others = 0;
  for (const Found& found : record.found)
    if (&found != worst && ++others <= kShown) text += found_text(found);
  if (others > kShown) text += fmt::format("  and {} more violations\n", others - kShown);
  if (!record.note.empty()) text += indented(record.note, "  ");
  return text;
}

std::string failure_text(const FailedSeed& failure,
                         std::string_view program,
                         std::string_view choice) {
  std::string text =
      fmt::format("seed {} {}", failure.seed, account_of(failure.record, failure.exit_code));
  if (!failure.file.empty()) text += "  decisions: " + failure.file + "\n";
  if (!failure.quarantined.empty()) text += "  quarantined: " + failure.quarantined + "\n";
  text += "  replay:    " + replay_line(failure, program, choice) + "\n";
  if (!failure.file.empty()) {
    text += fmt::format("  or:        {} replay {} {}\n", program, failure.seed, choice);
  }
  return text;
}

std::string progress_text(const Totals& totals, std::int64_t real_ns) {
  return fmt::format("{} seeds, {} seeds/s, {}x real time, {} events/s, {} failed, {} of {} points",
                     grouped(totals.seeds()),
                     rate(totals.seeds(), real_ns),
                     ratio(totals.simulated_ns(), real_ns),
                     rate(totals.counters().events, real_ns),
                     totals.failed(),
                     totals.points_reached(),
                     point_count());
}

std::string summary_text(const Totals& totals, std::int64_t real_ns) {
  const sim::WorldCounters& counters = totals.counters();
  const auto row = [](std::string_view name, const std::string& value) {
    return fmt::format("  {:<21}{}\n", name, value);
  };
  std::string text = "summary\n";
  text += row("seeds",
              fmt::format("{} ({} passed, {} failed, {} undecided)",
                          grouped(totals.seeds()),
                          grouped(totals.passed()),
                          grouped(totals.failed()),
                          grouped(totals.undecided())));
  if (totals.quarantined() != 0) {
    text +=
        fmt::format("    quarantined: {} of those that failed\n", grouped(totals.quarantined()));
  }
  for (const auto& [reason, count] : totals.reasons())
    text += fmt::format("    undecided: {} of them because {}\n", grouped(count), reason);
  text += row("events", grouped(counters.events));
  text += row("messages",
              fmt::format("{} sent, {} delivered",
                          grouped(counters.network.sent),
                          grouped(counters.network.delivered)));
  text += row("operations", grouped(totals.operations()));
  text += row("boots",
              fmt::format("{}, {} crashes", grouped(counters.boots), grouped(counters.crashes)));
  text += row("simulated time", seconds_text(totals.simulated_ns()));
  text += row("real time", seconds_text(real_ns));
  text += row("simulated/real", ratio(totals.simulated_ns(), real_ns));
  text += row("seeds/s", rate(totals.seeds(), real_ns));
  text += row("events/s", rate(counters.events, real_ns));
  text += row("played twice",
              fmt::format("{} seeds, {} of them in a new process",
                          grouped(totals.repeated()),
                          grouped(totals.repeated_afresh())));
  const Rows rows = totals.seeds() == 1 ? Rows::kThatHappened : Rows::kAll;
  text += fault_rows(counters, rows);
  text += point_rows(totals, rows);
  return text + "fingerprint " + hex16(totals.fingerprint()) + "\n";
}

}  // namespace holdfast::tools
