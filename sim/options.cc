#include "sim/options.h"

#include <optional>
#include <vector>

#include "protocol/env/check.h"

#include "sim/knobs.h"
#include "sim/text.h"

namespace holdfast::sim {
namespace {

std::string validate_together(const WorldOptions& o) {
  if (o.quorum > o.nodes) return "quorum is larger than nodes; lower it to nodes or less";
  if (o.quorum * 2 <= o.nodes) return "quorum is no majority of nodes; raise it above half";
  if (o.restart_min > o.restart_max) return "restart_min exceeds restart_max; swap them";
  if (o.schedule.fault_length_min > o.schedule.fault_length_max) {
    return "schedule.fault_length_min exceeds schedule.fault_length_max; swap them";
  }
  if (o.schedule.beyond_every != Duration() && o.profile != Profile::kBeyond) {
    return "schedule.beyond_every needs profile beyond; set it to 0s or change the profile";
  }
  return "";
}

}  // namespace

std::optional<std::int64_t> parse_knob(const Knob& knob, std::string_view text) {
  switch (knob.unit) {
    case KnobUnit::kCount:
      return parse_integer(text);
    case KnobUnit::kPpm:
      return parse_arg(ArgMeaning::kPpm, text);
    case KnobUnit::kTime:
      if (const auto duration = parse_duration(text)) return duration->ns();
      return std::nullopt;
    case KnobUnit::kSeed:
      if (const auto seed = parse_unsigned(text)) return static_cast<std::int64_t>(*seed);
      return std::nullopt;
    case KnobUnit::kName:
      for (std::size_t i = 0; i < knob.names.size(); ++i) {
        if (knob.names[i] == text) return static_cast<std::int64_t>(i);
      }
      return std::nullopt;
  }
  HOLDFAST_UNREACHABLE("a unit without a parser");
}

std::string expected_of(const Knob& knob) {
  if (knob.unit != KnobUnit::kName) {
    return "use " + format_knob(knob, knob.min) + " to " + format_knob(knob, knob.max);
  }
  std::string text = "use one of";
  for (const std::string_view name : knob.names)
    text.append(" ").append(name);
  return text;
}

std::string format_knob(const Knob& knob, std::int64_t value) {
  switch (knob.unit) {
    case KnobUnit::kCount:
      return std::to_string(value);
    case KnobUnit::kPpm:
      return format_arg(ArgMeaning::kPpm, value);
    case KnobUnit::kTime:
      return format_duration(Duration::nanoseconds(value));
    case KnobUnit::kSeed:
      return std::to_string(static_cast<std::uint64_t>(value));
    case KnobUnit::kName:
      HOLDFAST_REQUIRE(value >= 0 && value <= knob.max, value);
      return std::string(knob.names[static_cast<std::size_t>(value)]);
  }
  HOLDFAST_UNREACHABLE("a unit without a format");
}

bool operator==(const WorldOptions& a, const WorldOptions& b) {
  std::vector<std::int64_t> values;
  visit_knobs(a, [&](const Knob&, const auto& field) { values.push_back(load_knob(field)); });
  bool equal = true;
  std::size_t next = 0;
  visit_knobs(b, [&](const Knob&, const auto& field) {
    equal = equal && values[next++] == load_knob(field);
  });
  return equal;
}

std::string validate(const WorldOptions& options) {
  std::string problem;
  visit_knobs(options, [&](const Knob& knob, const auto& field) {
    const std::int64_t value = load_knob(field);
    if (!problem.empty() || (knob.min <= value && value <= knob.max)) return;
    problem = std::string(knob.name) + " is out of range; " + expected_of(knob);
  });
  return problem.empty() ? validate_together(options) : problem;
}

std::string describe(const WorldOptions& options) {
  std::string text;
  visit_knobs(options, [&](const Knob& knob, const auto& field) {
    std::string line = std::string(knob.name) + " = " + format_knob(knob, load_knob(field));
    line.resize(line.size() < 48 ? 48 : line.size() + 1, ' ');
    text += line.append(knob.help).append("\n");
  });
  return text;
}

std::string set_knob(WorldOptions& options, std::string_view name, std::string_view value) {
  std::string problem = "there is no knob of that name; `describe` lists them";
  visit_knobs(options, [&](const Knob& knob, auto& field) {
    if (knob.name != name) return;
    const auto parsed = parse_knob(knob, value);
    if (!parsed || *parsed < knob.min || *parsed > knob.max) {
      problem = "'" + std::string(value) + "' is no value for it; " + expected_of(knob);
      return;
    }
    store_knob(field, *parsed);
    problem.clear();
  });
  return problem;
}

}  // namespace holdfast::sim
