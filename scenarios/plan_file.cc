#include "scenarios/plan_file.h"

#include <utility>
#include <vector>

#include "protocol/env/hash.h"

#include "sim/plan.h"
#include "sim/text.h"

namespace holdfast::scenarios {
namespace {

using Error = tl::unexpected<std::string>;

constexpr std::string_view kName = "name";
constexpr std::string_view kEventsMax = "events_max";
constexpr std::string_view kLivenessEventsMax = "liveness_events_max";
constexpr std::string_view kCore = "recorded.core";
constexpr std::string_view kFingerprint = "recorded.fingerprint";
constexpr std::string_view kPlan = "recorded.plan";
constexpr std::string_view kProperty = "recorded.property";
constexpr std::string_view kEvent = "recorded.event";
constexpr std::string_view kTrail = "recorded.trail.";
// Events of a trail on one line.
constexpr std::size_t kTrailPerLine = 48;

constexpr std::string_view kDigits = "0123456789abcdef";

std::string hexadecimal(std::uint64_t value) {
  std::string text = "0x";
  for (int shift = 60; shift >= 0; shift -= 4)
    text += kDigits[value >> shift & 15];
  return text;
}

std::string hexadecimal(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    text += kDigits[static_cast<unsigned char>(byte) >> 4];
    text += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

// None: some character is no digit, or the last byte is half.
std::optional<std::string> bytes_of(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const std::size_t high = kDigits.find(hex[i]);
    const std::size_t low = kDigits.find(hex[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

sim::Plan to_sim_plan(const RunPlan& plan) {
  sim::Plan out;
  out.world = plan.world;
  out.faults = plan.faults;
  out.scenario.emplace_back(kName, plan.scenario);
  out.scenario.emplace_back(kEventsMax, std::to_string(plan.events_max));
  out.scenario.emplace_back(kLivenessEventsMax, std::to_string(plan.liveness_events_max));
  for (auto& setting : list_options(plan.cluster))
    out.scenario.push_back(std::move(setting));
  for (const Operation& operation : plan.operations)
    out.operations.push_back(to_string(operation));
  return out;
}

// Names a plan exactly.
std::uint64_t digest_of(const RunPlan& plan) {
  return hash_bytes(sim::save_plan(to_sim_plan(plan)));
}

// The numbers of the lines that begin with `word`, in order.
std::vector<std::size_t> lines_of(std::string_view text, std::string_view word) {
  std::vector<std::size_t> numbers;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.substr(0, line.find_first_of(" \t\r")) == word) numbers.push_back(number);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return numbers;
}

std::string at_line(std::size_t number, const std::string& problem) {
  return "line " + std::to_string(number) + ": " + problem;
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// The N of an error "line N: ...".
std::optional<std::size_t> line_named_in(std::string_view error) {
  constexpr std::string_view kLine = "line ";
  if (!error.starts_with(kLine)) return std::nullopt;
  error.remove_prefix(kLine.size());
  return sim::parse_unsigned(error.substr(0, error.find(':')));
}

// What the scenario lines say, as they come.
class ScenarioLines {
 public:
  explicit ScenarioLines(RunPlan& plan) : plan_(plan) {}

  // What is wrong with the line, or nothing.
  std::string take(const std::string& key, const std::string& value) {
    if (key == kName) {
      plan_.scenario = value;
      return value.empty() ? "scenario name has no value; say what drew the plan" : "";
    }
    if (key == kEventsMax) return take_number(key, value, plan_.events_max);
    if (key == kLivenessEventsMax) return take_number(key, value, plan_.liveness_events_max);
    if (key == kCore) return take_optional(key, value, core_);
    if (key == kFingerprint) return take_optional(key, value, fingerprint_);
    if (key == kPlan) return take_optional(key, value, digest_);
    if (key == kEvent) return take_number(key, value, outcome_.event);
    if (key == kProperty) {
      outcome_.property = value;
      return "";
    }
    if (key.starts_with(kTrail)) return take_trail(key, value);
    const std::string problem = set_option(plan_.cluster, key, value);
    return problem.empty() ? "" : "scenario '" + key + "': " + problem;
  }

  // What is missing, or nothing.
  std::string finish(PlanFile& file) const {
    const bool outcome = !outcome_.property.empty() || !outcome_.trail.empty();
    if (!core_ && !fingerprint_ && !digest_ && !outcome) return "";
    if (!core_ || !digest_) {
      return "of recorded.core and recorded.plan one is missing; take all lines 'scenario "
             "recorded...' out, or none";
    }
    file.recording = outcome_;
    file.recording->core = *core_;
    file.recording->fingerprint = fingerprint_;
    file.edited = *digest_ != digest_of(plan_);
    return "";
  }

 private:
  // Lines come in order: one that is missing would shift all that follow.
  std::string take_trail(const std::string& key, const std::string& value) {
    const std::string expected = std::string(kTrail) + std::to_string(trail_lines_);
    if (key != expected) {
      return "scenario '" + key + "': '" + expected +
             "' is missing; take all lines of the trail out, or none";
    }
    const auto bytes = bytes_of(value);
    if (!bytes) return "scenario '" + key + "': not an even number of digits 0-9a-f";
    ++trail_lines_;
    outcome_.trail += *bytes;
    return "";
  }

  static std::string take_number(const std::string& key,
                                 const std::string& value,
                                 std::uint64_t& out) {
    const auto number = sim::parse_unsigned(value);
    if (!number)
      return "scenario '" + key + "': '" + value + "' is no number; use 3000000 or 0x5eed";
    out = *number;
    return "";
  }

  static std::string take_optional(const std::string& key,
                                   const std::string& value,
                                   std::optional<std::uint64_t>& out) {
    return take_number(key, value, out.emplace());
  }

  RunPlan& plan_;
  std::optional<std::uint64_t> core_;
  std::optional<std::uint64_t> fingerprint_;
  std::optional<std::uint64_t> digest_;
  Recording outcome_;
  std::size_t trail_lines_ = 0;
};

}  // namespace

std::string save_plan_file(const RunPlan& plan,
                           const std::optional<Recording>& recording,
                           std::string_view comment) {
  sim::Plan out = to_sim_plan(plan);
  if (recording) {
    out.scenario.emplace_back(kCore, hexadecimal(recording->core));
    if (recording->fingerprint) {
      out.scenario.emplace_back(kFingerprint, hexadecimal(*recording->fingerprint));
    }
    out.scenario.emplace_back(kPlan, hexadecimal(digest_of(plan)));
    if (!recording->property.empty()) {
      out.scenario.emplace_back(kProperty, recording->property);
      out.scenario.emplace_back(kEvent, std::to_string(recording->event));
    }
    std::string_view trail = recording->trail;
    for (std::size_t line = 0; !trail.empty(); ++line) {
      const std::string_view part = trail.substr(0, kTrailPerLine);
      out.scenario.emplace_back(std::string(kTrail) + std::to_string(line), hexadecimal(part));
      trail.remove_prefix(part.size());
    }
  }
  std::string text;
  while (!comment.empty()) {
    const std::size_t end = comment.find('\n');
    text.append("# ").append(comment.substr(0, end)).append("\n");
    comment.remove_prefix(end == std::string_view::npos ? comment.size() : end + 1);
  }
  return text + sim::save_plan(out);
}

tl::expected<PlanFile, std::string> parse_plan_file(std::string_view text) {
  tl::expected<sim::Plan, std::string> in = sim::parse_plan(text);
  if (!in) return Error(in.error());
  PlanFile file;
  RunPlan& plan = file.plan;
  plan.world = in->world;
  plan.faults = std::move(in->faults);
  const std::vector<std::size_t> operation_lines = lines_of(text, "operation");
  for (std::size_t i = 0; i < in->operations.size(); ++i) {
    std::string problem;
    const auto operation = parse_operation(in->operations[i], problem);
    if (!operation) return Error(at_line(operation_lines.at(i), "operation: " + problem));
    plan.operations.push_back(*operation);
  }
  ScenarioLines scenario(plan);
  const std::vector<std::size_t> scenario_lines = lines_of(text, "scenario");
  for (std::size_t i = 0; i < in->scenario.size(); ++i) {
    const auto& [key, value] = in->scenario[i];
    const std::string problem = scenario.take(key, value);
    if (!problem.empty()) return Error(at_line(scenario_lines.at(i), problem));
  }
  if (std::string problem = scenario.finish(file); !problem.empty()) return Error(problem);
  if (std::string problem = validate(plan); !problem.empty()) return Error(problem);
  return file;
}

tl::expected<PlanFile, std::string> parse_foreign_plan_file(std::string_view text) {
  std::vector<std::string> lines = split_lines(text);
  std::vector<std::string> skipped;
  while (true) {
    std::string readable;
    for (const std::string& line : lines)
      readable += line + "\n";
    auto file = parse_plan_file(readable);
    if (file) {
      file->skipped = std::move(skipped);
      return file;
    }
    const auto number = line_named_in(file.error());
    // The first line says which format it is: without it nothing can be read.
    if (!number || *number <= 1 || *number > lines.size() || lines[*number - 1].empty())
      return file;
    skipped.push_back(file.error());
    lines[*number - 1].clear();
  }
}

std::optional<std::uint64_t> recorded_core(std::string_view text) {
  for (const std::string& line : split_lines(text)) {
    const std::string prefix = "scenario " + std::string(kCore) + " ";
    if (line.starts_with(prefix)) return sim::parse_unsigned(line.substr(prefix.size()));
  }
  return std::nullopt;
}

}  // namespace holdfast::scenarios
