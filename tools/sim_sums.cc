#include "tools/sim_sums.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "protocol/points.h"

#include "tools/sim_build.h"

namespace holdfast::tools {
namespace {

using Json = nlohmann::ordered_json;

// A failure with no violation of its own.
constexpr std::string_view kDeterminism = "determinism";

// Every field of the sums but the digest, once, for all that is done with them.
struct NumberField {
  const char* name;
  std::uint64_t Sums::*member;
};

constexpr NumberField kNumbers[] = {{"seeds", &Sums::seeds},
                                    {"passed", &Sums::passed},
                                    {"failed", &Sums::failed},
                                    {"undecided", &Sums::undecided},
                                    {"events", &Sums::events},
                                    {"messages_sent", &Sums::messages_sent},
                                    {"messages_delivered", &Sums::messages_delivered},
                                    {"operations", &Sums::operations},
                                    {"boots", &Sums::boots},
                                    {"crashes", &Sums::crashes},
                                    {"played_twice", &Sums::played_twice},
                                    {"played_afresh", &Sums::played_afresh},
                                    {"simulated_ns", &Sums::simulated_ns},
                                    {"real_ns", &Sums::real_ns}};

struct TableField {
  const char* name;
  std::map<std::string, std::uint64_t> Sums::*member;
};

constexpr TableField kTables[] = {{"undecided_reasons", &Sums::undecided_reasons},
                                  {"faults", &Sums::faults},
                                  {"points", &Sums::points}};

// How a process died, without what differs from run to run: its first line.
std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

Json example_json(const FailureExample& example) {
  return {{"seed", std::to_string(example.seed)},
          {"event", example.event},
          {"text", example.text},
          {"file", example.file},
          {"faults", example.faults},
          {"shrunk", example.shrunk}};
}

FailureExample example_from(const Json& json) {
  return {.seed = number_from(json.at("seed"), 10),
          .event = json.at("event").get<std::uint64_t>(),
          .text = json.at("text").get<std::string>(),
          .file = json.at("file").get<std::string>(),
          .faults = json.at("faults").get<std::vector<std::string>>(),
          .shrunk = json.at("shrunk").get<bool>()};
}

}  // namespace

std::uint64_t number_from(const Json& json, int base) {
  const auto& text = json.get_ref<const std::string&>();
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value, base);
  if (error == std::errc() && rest == end) return value;
  throw Json::other_error::create(501, "'" + text + "' is no number", nullptr);
}

FailureClass class_of(const SeedRecord& record) {
  const auto name = name_of(record);
  if (!name) {
    return {.name = {.kind = std::string(exit_name(kExitNotDeterministic)),
                     .property = std::string(kDeterminism),
                     .check = ""},
            .event_kind = ""};
  }
  FailureClass failure{.name = *name, .event_kind = ""};
  if (!died_first(record)) failure.event_kind = record.found.front().event_kind;
  // A process that died without a word differs from others by how it died.
  if (failure.name.check.empty()) failure.name.check = first_line(record.crash);
  return failure;
}

std::string to_string(const FailureClass& failure) {
  std::string text = to_string(failure.name);
  if (!failure.event_kind.empty()) text += ", on " + failure.event_kind;
  return text;
}

std::vector<std::string> fault_set(const scenarios::RunPlan& plan) {
  std::set<std::string> names;
  for (const sim::Fault& fault : plan.faults)
    names.emplace(sim::info(fault.kind).name);
  return {names.begin(), names.end()};
}

void add(FailureGroups& groups, const FailureGroups& more) {
  for (const auto& [failure, group] : more) {
    FailureGroup& sum = groups[failure];
    sum.exit_code = group.exit_code;
    sum.seeds += group.seeds;
    sum.examples.insert(sum.examples.end(), group.examples.begin(), group.examples.end());
  }
}

Sums& Sums::operator+=(const Sums& other) {
  for (const NumberField& field : kNumbers)
    this->*field.member += other.*field.member;
  for (const TableField& field : kTables)
    for (const auto& [name, count] : other.*field.member)
      (this->*field.member)[name] += count;
  digest += other.digest;
  return *this;
}

Sums sums_of(const Totals& totals, std::int64_t real_ns) {
  const sim::WorldCounters& counters = totals.counters();
  Sums sums{.seeds = totals.seeds(),
            .passed = totals.passed(),
            .failed = totals.failed(),
            .undecided = totals.undecided(),
            .undecided_reasons = totals.reasons(),
            .events = counters.events,
            .messages_sent = counters.network.sent,
            .messages_delivered = counters.network.delivered,
            .operations = totals.operations(),
            .boots = counters.boots,
            .crashes = counters.crashes,
            .played_twice = totals.repeated(),
            .played_afresh = totals.repeated_afresh(),
            .simulated_ns = static_cast<std::uint64_t>(totals.simulated_ns()),
            .real_ns = static_cast<std::uint64_t>(real_ns),
            .digest = totals.digest(),
            .faults = {},
            .points = {}};
  for (const FaultCount& row : fault_table(counters))
    sums.faults[row.name] = row.injected;
  for (std::size_t i = 0; i < points().size(); ++i)
    sums.points[std::string(points()[i].name)] = totals.points()[i];
  return sums;
}

void to_json(Json& json, const Sums& sums) {
  json = Json::object();
  for (const NumberField& field : kNumbers)
    json[field.name] = sums.*field.member;
  json["digest"] = hex16(sums.digest);
  for (const TableField& field : kTables)
    json[field.name] = sums.*field.member;
}

void from_json(const Json& json, Sums& sums) {
  for (const NumberField& field : kNumbers)
    json.at(field.name).get_to(sums.*field.member);
  sums.digest = number_from(json.at("digest"), 16);
  for (const TableField& field : kTables)
    json.at(field.name).get_to(sums.*field.member);
}

Json to_json(const FailureGroups& groups) {
  Json rows = Json::array();
  for (const auto& [failure, group] : groups) {
    Json examples = Json::array();
    for (const FailureExample& example : group.examples)
      examples.push_back(example_json(example));
    rows.push_back({{"property", failure.name.property},
                    {"kind", failure.name.kind},
                    {"event_kind", failure.event_kind},
                    {"check", failure.name.check},
                    {"exit_code", group.exit_code},
                    {"seeds", group.seeds},
                    {"examples", std::move(examples)}});
  }
  return rows;
}

FailureGroups groups_from_json(const Json& json) {
  FailureGroups groups;
  for (const Json& row : json) {
    const FailureClass failure{.name = {.kind = row.at("kind").get<std::string>(),
                                        .property = row.at("property").get<std::string>(),
                                        .check = row.at("check").get<std::string>()},
                               .event_kind = row.at("event_kind").get<std::string>()};
    FailureGroup& group = groups[failure];
    row.at("exit_code").get_to(group.exit_code);
    row.at("seeds").get_to(group.seeds);
    for (const Json& example : row.at("examples"))
      group.examples.push_back(example_from(example));
  }
  return groups;
}

}  // namespace holdfast::tools
