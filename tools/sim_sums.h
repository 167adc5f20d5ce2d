#pragma once

// What runs come to, in a form that travels between machines and adds up: Totals as plain sums, and
// failures as classes with a few examples each.

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "scenarios/run_plan.h"
#include "tools/sim_failure.h"
#include "tools/sim_totals.h"

namespace holdfast::tools {

// How many runs of a class are kept whole.
inline constexpr std::size_t kExamplesMax = 3;

// What makes two failures one, as far as a run alone can tell: what it broke first, and the kind of
// event that showed it.
struct FailureClass {
  FailureName name;
  // Empty: no event did.
  std::string event_kind;

  auto operator<=>(const FailureClass&) const = default;
};

// Requires: it failed.
FailureClass class_of(const SeedRecord& record);

// "agreement (safety), check properties/agreement.cc:32, on accepted"
std::string to_string(const FailureClass& failure);

// The kinds of faults of a plan by name, sorted, each once: of a shrunk plan those that the failure
// needs, which tells apart two bugs of one class.
std::vector<std::string> fault_set(const scenarios::RunPlan& plan);

// A failed run of a class.
struct FailureExample {
  std::uint64_t seed = 0;
  std::uint64_t event = 0;
  std::string text;
  // Its decision file, from the folder of the sweep; empty: there is none.
  std::string file;
  std::vector<std::string> faults;
  // The file holds a shrunk run, and `faults` are its.
  bool shrunk = false;

  bool operator==(const FailureExample&) const = default;
};

struct FailureGroup {
  int exit_code = 0;
  std::uint64_t seeds = 0;
  // Those of the lowest seeds, at most kExamplesMax of a shard.
  std::vector<FailureExample> examples;

  bool operator==(const FailureGroup&) const = default;
};

using FailureGroups = std::map<FailureClass, FailureGroup>;

// Adds the counts and takes over the examples.
void add(FailureGroups& groups, const FailureGroups& more);

struct Sums {
  std::uint64_t seeds = 0;
  std::uint64_t passed = 0;
  std::uint64_t failed = 0;
  std::uint64_t undecided = 0;
  std::map<std::string, std::uint64_t> undecided_reasons;
  std::uint64_t events = 0;
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_delivered = 0;
  std::uint64_t operations = 0;
  std::uint64_t boots = 0;
  std::uint64_t crashes = 0;
  std::uint64_t played_twice = 0;
  std::uint64_t played_afresh = 0;
  std::uint64_t simulated_ns = 0;
  // Of all shards together.
  std::uint64_t real_ns = 0;
  // Totals::digest().
  std::uint64_t digest = 0;
  // By name.
  std::map<std::string, std::uint64_t> faults;
  std::map<std::string, std::uint64_t> points;

  Sums& operator+=(const Sums& other);
  bool operator==(const Sums&) const = default;
};

Sums sums_of(const Totals& totals, std::int64_t real_ns);

// Both directions; from_json throws what nlohmann::json throws when a field is missing or of
// another type.
void to_json(nlohmann::ordered_json& json, const Sums& sums);
void from_json(const nlohmann::ordered_json& json, Sums& sums);
nlohmann::ordered_json to_json(const FailureGroups& groups);
FailureGroups groups_from_json(const nlohmann::ordered_json& json);

// 64 bits as text, because readers of JSON keep 53.
std::uint64_t number_from(const nlohmann::ordered_json& json, int base);

}  // namespace holdfast::tools
