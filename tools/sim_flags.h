#pragma once

// What the subcommands of holdfast-sim have in common on their command lines: values with their
// refusals, and flags that several of them take.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "protocol/env/time.h"

#include "tools/sim_annotations.h"
#include "tools/sim_campaign.h"
#include "tools/sim_choice.h"

namespace holdfast::tools {

// Throws what the parser of the command line reports: flag, value, and what to use instead.
[[noreturn]] void refuse(const std::string& flag, const std::string& value, const std::string& use);

// Values of flags; each refuses what is none.
std::uint64_t seed_of(const std::string& flag, const std::string& text);
std::uint64_t count_of(const std::string& flag, const std::string& text);
Duration duration_of(const std::string& flag, const std::string& text);
const scenarios::Scenario* scenario_of(const std::string& flag, const std::string& text);
sim::Profile profile_of(const std::string& flag, const std::string& text);
std::pair<std::string, std::string> setting_of(const std::string& flag, const std::string& text);

// A flag whose value `take(name, text)` makes something of.
template <typename Take>
CLI::Option* add(CLI::App& app, const std::string& name, Take take, const std::string& help) {
  return app.add_option_function<std::string>(
      name, [name, take](const std::string& text) { take(name, text); }, help);
}

// What is checked when all flags are known to be flags: a scenario may be the value of a flag that
// was mistyped.
using Later = std::vector<std::function<void()>>;

void add_scenario(CLI::App& app, const std::string& name, Choice& choice, Later& later);
void add_profile(CLI::App& app, Choice& choice);
void add_settings(CLI::App& app, Choice& choice);
void add_jobs(CLI::App& app, unsigned& jobs);
void add_budget(CLI::App& app, std::optional<Duration>& budget);
void add_double_runs(CLI::App& app, Campaign::Options& campaign);
// --failures, --out and --no-double-runs.
void add_failures(CLI::App& app, Campaign::Options& campaign);
void add_markdown(CLI::App& app, std::string& path);
// Sets the default, too.
void add_annotate(CLI::App& app, Annotate& annotate);

// Which seeds; absent flags depend on each other.
struct SeedFlags {
  std::optional<std::uint64_t> seed;
  std::optional<std::uint64_t> seeds;
  // The first seed follows from it (sim_commit.h); empty: it does not.
  std::string commit;
};

// What happens without the flag, for help.
struct SeedDefaults {
  std::string seed;
  std::string seeds;
};

// --seed, --commit and --seeds.
void add_seeds(CLI::App& app, SeedFlags& flags, const SeedDefaults& defaults);

// Refuses a range that goes beyond the last seed.
void check_range(std::uint64_t first_seed, std::uint64_t count);

}  // namespace holdfast::tools
