#include "sim/plan.h"

#include <algorithm>
#include <optional>

#include "protocol/env/check.h"

#include "sim/knobs.h"
#include "sim/schedule.h"
#include "sim/text.h"

namespace holdfast::sim {
namespace {

constexpr std::string_view kHeader = "holdfast-plan 1";
constexpr std::string_view kBlanks = " \t\r";

using Error = tl::unexpected<std::string>;

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// Cuts the first word off `text`.
std::string_view take_word(std::string_view& text) {
  text = trimmed(text);
  const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
  text = trimmed(text.substr(word.size()));
  return word;
}

std::string quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

std::string all_kinds() {
  std::string text;
  for (const FaultInfo& each : kFaultCatalogue)
    text.append(" ").append(each.name);
  return text;
}

// Parses one field of a fault into it.  Returns what is wrong, or nothing.
std::string parse_field(std::string_view name, std::string_view value, Fault& fault) {
  const FaultInfo& kind = info(fault.kind);
  const auto bad = [&](std::string_view use) {
    return std::string(name) + "= has the value " + quoted(value) + "; use " + std::string(use);
  };
  if (name == "at" || name == "for") {
    const auto time = parse_duration(value);
    if (!time) return bad("a time such as 1500ms");
    (name == "at" ? fault.at : fault.duration) = *time;
    return "";
  }
  if (name == "target") {
    const auto target = parse_target(value);
    if (!target) return bad("a node such as 2, or coordinator, catching_up, voting, recovering");
    fault.target = *target;
    return "";
  }
  if (kind.group != GroupMeaning::kNone && name == group_name(kind.group)) {
    const auto group = parse_group(kind.group, value);
    if (!group) return bad("nodes as 1,3, links as 1>2,3>1, a key as 0x5eed");
    fault.group = *group;
    return "";
  }
  if (kind.arg != ArgMeaning::kNone && name == arg_name(kind.arg)) {
    const auto arg = parse_arg(kind.arg, value);
    if (!arg) return bad(arg_example(kind.arg));
    fault.arg = *arg;
    return "";
  }
  return "unknown field " + quoted(name) + "; leave it out, or write it as " +
         to_string(Fault{.kind = fault.kind, .at = {}, .duration = {}, .target = {}}) + " does";
}

bool is_plain_line(std::string_view text) {
  return text == trimmed(text) && text.find('\n') == std::string_view::npos;
}

// The items of a plan, as its lines come.
class PlanParser {
 public:
  // What is wrong with the line, or nothing.
  std::string take(std::string_view line);

  tl::expected<Plan, std::string> finish();

 private:
  std::string take_option(std::string_view rest);
  std::string take_fault(std::string_view rest);
  std::string take_scenario(std::string_view rest);

  Plan plan_;
  bool begun_ = false;
  std::vector<std::string> options_seen_;
};

std::string PlanParser::take(std::string_view line) {
  line = trimmed(line);
  if (line.empty() || line.front() == '#') return "";
  if (!begun_) {
    begun_ = line == kHeader;
    if (begun_) return "";
    return quoted(line) + " is no beginning of a plan; the first line must be " + quoted(kHeader);
  }
  const std::string_view word = take_word(line);
  if (word == "option") return take_option(line);
  if (word == "fault") return take_fault(line);
  if (word == "scenario") return take_scenario(line);
  if (word == "operation") {
    if (line.empty()) return "operation has no text; say what to do, or take the line out";
    plan_.operations.emplace_back(line);
    return "";
  }
  return "unknown item " + quoted(word) + "; use option, fault, scenario or operation";
}

std::string PlanParser::take_option(std::string_view rest) {
  const std::string_view name = take_word(rest);
  if (std::find(options_seen_.begin(), options_seen_.end(), name) != options_seen_.end()) {
    return "option " + quoted(name) + " comes twice; take one out";
  }
  options_seen_.emplace_back(name);
  const std::string problem = set_knob(plan_.world, name, rest);
  return problem.empty() ? "" : "option " + quoted(name) + ": " + problem;
}

std::string PlanParser::take_fault(std::string_view rest) {
  auto fault = parse_fault(rest);
  if (!fault) return fault.error();
  plan_.faults.push_back(*fault);
  return "";
}

std::string PlanParser::take_scenario(std::string_view rest) {
  const std::string key(take_word(rest));
  if (key.empty()) return "scenario has no key; write: scenario KEY TEXT";
  for (const auto& [earlier, text] : plan_.scenario) {
    if (earlier == key) return "scenario key " + quoted(key) + " comes twice; take one out";
  }
  plan_.scenario.emplace_back(key, rest);
  return "";
}

tl::expected<Plan, std::string> PlanParser::finish() {
  if (!begun_) return Error("the plan is empty; its first line must be " + quoted(kHeader));
  const std::string problem = validate(plan_.world);
  if (!problem.empty()) return Error("options: " + problem);
  for (const Fault& fault : plan_.faults) {
    // Loose: a node that is not there any more is nobody's fault.
    const std::string wrong = validate(fault, kMaxNodes);
    if (!wrong.empty()) return Error("fault " + quoted(to_string(fault)) + ": " + wrong);
  }
  return std::move(plan_);
}

}  // namespace

Plan draw_plan(std::uint64_t seed, Profile profile) {
  Plan plan;
  plan.world = draw_world_options(seed, profile);
  plan.faults = draw_faults(plan.world);
  return plan;
}

std::string save_plan(const Plan& plan) {
  std::string text(kHeader);
  text += '\n';
  visit_knobs(plan.world, [&](const Knob& knob, const auto& field) {
    text.append("option ").append(knob.name).append(" ");
    text.append(format_knob(knob, load_knob(field))).append("\n");
  });
  for (const Fault& fault : plan.faults)
    text += "fault " + to_string(fault) + '\n';
  for (const auto& [key, value] : plan.scenario) {
    HOLDFAST_REQUIRE(is_plain_line(key) && is_plain_line(value) && !key.empty(), key, value);
    text += "scenario " + key + (value.empty() ? "" : " ") + value + '\n';
  }
  for (const std::string& operation : plan.operations) {
    HOLDFAST_REQUIRE(is_plain_line(operation) && !operation.empty(), operation);
    text += "operation " + operation + '\n';
  }
  return text;
}

tl::expected<Fault, std::string> parse_fault(std::string_view text) {
  const std::string_view name = take_word(text);
  const auto kind = fault_kind_named(name);
  if (!kind) return Error("unknown fault " + quoted(name) + "; use one of" + all_kinds());
  Fault fault{.kind = *kind, .at = {}, .duration = {}, .target = {}};
  while (!text.empty()) {
    const std::string_view word = take_word(text);
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) {
      return Error(std::string(name) + ": " + quoted(word) + " is no FIELD=VALUE");
    }
    const std::string wrong = parse_field(word.substr(0, equals), word.substr(equals + 1), fault);
    if (!wrong.empty()) return Error(std::string(name) + ": " + wrong);
  }
  const std::string wrong = validate(fault, kMaxNodes);
  if (!wrong.empty()) return Error(std::string(name) + ": " + wrong);
  return fault;
}

tl::expected<Plan, std::string> parse_plan(std::string_view text) {
  PlanParser parser;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    ++number;
    const std::string problem = parser.take(text.substr(0, end));
    if (!problem.empty()) return Error("line " + std::to_string(number) + ": " + problem);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return parser.finish();
}

}  // namespace holdfast::sim
