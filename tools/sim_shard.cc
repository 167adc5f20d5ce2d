#include "tools/sim_shard.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "protocol/env/check.h"

#include "tools/sim_build.h"
#include "tools/sim_files.h"

namespace holdfast::tools {
namespace {

using Json = nlohmann::ordered_json;
using Error = tl::unexpected<std::string>;

constexpr const char* kSweepSchema = "holdfast-sim/sweep/1";
constexpr const char* kShardSchema = "holdfast-sim/shard/1";

Json sweep_json(const Sweep& sweep) {
  return {{"core", sweep.core},
          {"scenario", sweep.scenario},
          {"profile", sweep.profile},
          {"arguments", sweep.arguments},
          {"first_seed", std::to_string(sweep.first_seed)},
          {"seeds", std::to_string(sweep.seeds)},
          {"shards", std::to_string(sweep.shards)}};
}

Sweep sweep_from(const Json& json) {
  return {.core = json.at("core").get<std::string>(),
          .scenario = json.at("scenario").get<std::string>(),
          .profile = json.at("profile").get<std::string>(),
          .arguments = json.at("arguments").get<std::vector<std::string>>(),
          .first_seed = number_from(json.at("first_seed"), 10),
          .seeds = number_from(json.at("seeds"), 10),
          .shards = number_from(json.at("shards"), 10)};
}

ShardResult shard_from(const Json& json) {
  return {.sweep = sweep_from(json.at("sweep")),
          .shard = number_from(json.at("shard"), 10),
          .sums = json.at("sums").get<Sums>(),
          .failures = groups_from_json(json.at("failures")),
          .finished = json.at("finished").get<bool>()};
}

// What in it cannot be, or nothing: bits rot, and people edit.
std::string contradiction_in(const Sweep& sweep) {
  if (sweep.seeds == 0) return "it has no seeds";
  if (sweep.shards == 0 || sweep.shards > sweep.seeds) return "it has more shards than seeds";
  return "";
}

std::string contradiction_in(const ShardResult& result) {
  if (std::string problem = contradiction_in(result.sweep); !problem.empty()) return problem;
  if (result.shard >= result.sweep.shards) return "the sweep has no such shard";
  const Sums& sums = result.sums;
  const std::uint64_t all = range_of(result.sweep, result.shard).seeds;
  if (sums.passed + sums.failed + sums.undecided != sums.seeds || sums.seeds > all) {
    return "its seeds do not add up";
  }
  if (result.finished && sums.seeds != all) return "it is finished without all its seeds";
  std::uint64_t failed = 0;
  for (const auto& [failure, group] : result.failures)
    failed += group.seeds;
  return failed == sums.failed ? "" : "its failures do not add up";
}

// Reads a file whose content `parse` makes something of.
template <typename T>
tl::expected<T, std::string> load(const std::string& path,
                                  std::string_view schema,
                                  const std::function<T(const Json&)>& parse) {
  const auto text = read_file(path);
  if (!text) return Error(text.error());
  const auto damaged = [&](std::string_view what) {
    return Error(fmt::format(
        "'{}' is cut off or damaged ({}); remove it, and the sweep plays that part again",
        path,
        what));
  };
  try {
    const Json json = Json::parse(*text);
    const auto found = json.at("schema").get<std::string>();
    if (found != schema) {
      return Error(fmt::format(
          "'{}' has schema {}, not {}; use the program that wrote it", path, found, schema));
    }
    T value = parse(json);
    if (const std::string problem = contradiction_in(value); !problem.empty()) {
      return damaged(problem);
    }
    return value;
  } catch (const Json::exception& error) {
    return damaged(error.what());
  }
}

std::string file_name(const Sweep& sweep, std::uint64_t shard) {
  return fmt::format(
      "shard-{:0{}}-of-{}", shard, std::to_string(sweep.shards).size(), sweep.shards);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace

Sweep make_sweep(const Choice& choice, std::uint64_t first_seed, std::uint64_t seeds) {
  return {.core = hex16(core_hash()),
          .scenario = std::string(choice.scenario->name),
          .profile = std::string(name_of(choice.profile)),
          .arguments = arguments_of(choice),
          .first_seed = first_seed,
          .seeds = seeds};
}

std::string difference_of(const Sweep& a, const Sweep& b) {
  std::string text;
  const auto compare = [&](std::string_view name, const auto& one, const auto& other) {
    if (one == other) return;
    text += fmt::format("{}{} {} instead of {}", text.empty() ? "" : ", ", name, one, other);
  };
  compare("core", a.core, b.core);
  compare("arguments", joined(a.arguments), joined(b.arguments));
  compare("first seed", a.first_seed, b.first_seed);
  compare("seeds", a.seeds, b.seeds);
  compare("shards", a.shards, b.shards);
  return text;
}

SeedRange range_of(const Sweep& sweep, std::uint64_t shard) {
  HOLDFAST_REQUIRE(shard < sweep.shards, shard, sweep.shards);
  const std::uint64_t each = sweep.seeds / sweep.shards;
  const std::uint64_t longer = sweep.seeds % sweep.shards;
  return {.first = sweep.first_seed + shard * each + std::min(shard, longer),
          .seeds = each + (shard < longer ? 1 : 0)};
}

std::string sweep_path(const std::string& folder) {
  return folder + "/sweep.json";
}

std::string finished_path(const std::string& folder, const Sweep& sweep, std::uint64_t shard) {
  return fmt::format("{}/{}.json", folder, file_name(sweep, shard));
}

std::string part_path(const std::string& folder, const Sweep& sweep, std::uint64_t shard) {
  return fmt::format("{}/{}.part.json", folder, file_name(sweep, shard));
}

std::string capsules_path(const std::string& folder) {
  return folder + "/capsules";
}

std::string save(const Sweep& sweep) {
  Json json = {{"schema", kSweepSchema}};
  json.update(sweep_json(sweep));
  return json.dump(2) + "\n";
}

std::string save(const ShardResult& result) {
  const Json json = {{"schema", kShardSchema},
                     {"sweep", sweep_json(result.sweep)},
                     {"shard", std::to_string(result.shard)},
                     {"finished", result.finished},
                     {"sums", result.sums},
                     {"failures", to_json(result.failures)}};
  // What a crashed process wrote need not be UTF-8.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

tl::expected<Sweep, std::string> load_sweep(const std::string& path) {
  return load<Sweep>(path, kSweepSchema, sweep_from);
}

tl::expected<ShardResult, std::string> load_shard(const std::string& path) {
  return load<ShardResult>(path, kShardSchema, shard_from);
}

}  // namespace holdfast::tools
