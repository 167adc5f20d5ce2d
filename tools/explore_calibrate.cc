#include "tools/explore_calibrate.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "scenarios/calibration/catalog.h"
#include "tools/explore_watch.h"
#include "tools/sim_build.h"
#include "tools/sim_files.h"
#include "tools/sim_interrupt.h"
#include "tools/sim_record.h"
#include "tools/sim_text.h"

namespace holdfast::tools {
namespace {

using Json = nlohmann::ordered_json;
using explore::Ending;
using scenarios::Calibration;
using scenarios::Figures;

constexpr std::int64_t kSecond = 1'000'000'000;

struct Row {
  const Calibration* calibration;
  scenarios::Count count;
  std::int64_t real_ns;

  bool exact() const {
    return count.ending == Ending::kExhausted && agrees(calibration->expected, count.figures);
  }
};

// Those that were named, or what is wrong with the names.
tl::expected<std::vector<const Calibration*>, std::string> chosen(
    const std::vector<std::string>& names) {
  std::vector<const Calibration*> rows;
  const auto& all = scenarios::calibrations();
  for (const Calibration& calibration : all)
    if (names.empty()) rows.push_back(&calibration);
  for (const std::string& name : names) {
    const auto found = std::find_if(
        all.begin(), all.end(), [&](const Calibration& each) { return each.name == name; });
    if (found == all.end()) {
      std::string known;
      for (const Calibration& each : all)
        known += (known.empty() ? "" : ", ") + each.name;
      return tl::unexpected(fmt::format("'{}' is no model; use one of {}", name, known));
    }
    rows.push_back(&*found);
  }
  return rows;
}

Row run(const Calibration& calibration) {
  ExploreWatch watch(calibration.name);
  const explore::Limits limits{
      .go_on = [&](const explore::Progress& progress) { return watch.go_on(progress); }};
  scenarios::Count count = calibration.run(limits);
  return {.calibration = &calibration, .count = std::move(count), .real_ns = watch.real_ns()};
}

// "288", or "288, not 289".
std::string figure_text(const std::optional<std::uint64_t>& expected,
                        const std::optional<std::uint64_t>& found) {
  if (!expected && !found) return "";
  const std::string text = found ? grouped(*found) : "-";
  if (!expected) return "(" + text + ")";
  return expected == found ? text : fmt::format("{}, not {}", text, grouped(*expected));
}

std::string row_text(const Row& row) {
  const Figures& expected = row.calibration->expected;
  const Figures& found = row.count.figures;
  return fmt::format("{:<5} {:<16} {:>12} {:>12} {:>7} {:>9}  {:>8}  {} [{}]\n",
                     row.exact() ? "exact" : "WRONG",
                     row.calibration->name,
                     figure_text(expected.states, found.states),
                     figure_text(expected.generated, found.generated),
                     figure_text(expected.depth, found.depth),
                     figure_text(expected.traces, found.traces),
                     fmt::format("{:.3f}s", static_cast<double>(row.real_ns) / kSecond),
                     row.calibration->model,
                     row.calibration->source);
}

Json figures_json(const Figures& figures) {
  Json json = Json::object();
  if (figures.states) json["states"] = *figures.states;
  if (figures.generated) json["generated"] = *figures.generated;
  if (figures.depth) json["depth"] = *figures.depth;
  if (figures.traces) json["traces"] = *figures.traces;
  return json;
}

std::string json_of(const std::vector<Row>& rows) {
  Json models = Json::array();
  for (const Row& row : rows) {
    models.push_back({{"name", row.calibration->name},
                      {"model", row.calibration->model},
                      {"source", row.calibration->source},
                      {"expected", figures_json(row.calibration->expected)},
                      {"found", figures_json(row.count.figures)},
                      {"exact", row.exact()},
                      {"seconds", static_cast<double>(row.real_ns) / kSecond}});
  }
  const Json json = {
      {"schema", "holdfast-sim/calibrate/1"}, {"version", version()}, {"models", models}};
  return json.dump(2) + "\n";
}

}  // namespace

int calibrate_command(const CalibrateCommand& command) {
  const auto usage = [](const std::string& problem) {
    std::fprintf(stderr, "holdfast-sim calibrate: %s\n", problem.c_str());
    return kExitUsage;
  };
  const auto models = chosen(command.names);
  if (!models) return usage(models.error());
  std::vector<Row> rows;
  fmt::print("{:<5} {:<16} {:>12} {:>12} {:>7} {:>9}  {:>8}  {}\n",
             "",
             "",
             "states",
             "generated",
             "depth",
             "traces",
             "time",
             "model; a figure in brackets is not published");
  for (const Calibration* calibration : *models) {
    Row row = run(*calibration);
    if (row.count.ending == Ending::kStopped) {
      std::fprintf(stderr, "interrupted in %s\n", calibration->name.c_str());
      return 128 + interrupt_signal();
    }
    fmt::print("{}", row_text(row));
    std::fflush(stdout);
    rows.push_back(std::move(row));
  }
  const auto exact =
      std::count_if(rows.begin(), rows.end(), [](const Row& row) { return row.exact(); });
  fmt::print("{} of {} models are exact\n", exact, rows.size());
  if (!command.json.empty()) {
    if (const std::string problem = write_file(command.json, json_of(rows)); !problem.empty()) {
      return usage(problem);
    }
  }
  return exact == static_cast<std::ptrdiff_t>(rows.size()) ? kExitPassed : kExitFigures;
}

}  // namespace holdfast::tools
