#include "tools/sim_flags.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <thread>

#include <fmt/format.h>

#include "sim/knobs.h"
#include "sim/text.h"

#include "tools/sim_commit.h"

namespace holdfast::tools {
namespace {

constexpr unsigned kJobsMax = 256;

}  // namespace

void refuse(const std::string& flag, const std::string& value, const std::string& use) {
  throw CLI::ValidationError(flag, fmt::format("'{}' {}", value, use));
}

std::uint64_t seed_of(const std::string& flag, const std::string& text) {
  const auto seed = sim::parse_unsigned(text);
  if (!seed) refuse(flag, text, "is no seed; use a number from 0 to 2^64-1, as 42 or 0x2a");
  return *seed;
}

std::uint64_t count_of(const std::string& flag, const std::string& text) {
  const auto count = sim::parse_unsigned(text);
  if (!count || *count == 0) refuse(flag, text, "is no count; use a number from 1 on");
  return *count;
}

Duration duration_of(const std::string& flag, const std::string& text) {
  std::optional<Duration> duration = sim::parse_duration(text);
  if (!duration && text.size() > 1 && text.size() < 8 &&
      (text.back() == 'm' || text.back() == 'h')) {
    const auto number = sim::parse_unsigned(std::string_view(text).substr(0, text.size() - 1));
    const std::int64_t unit = text.back() == 'm' ? 60 : 3600;
    if (number) duration = Duration::seconds(static_cast<std::int64_t>(*number) * unit);
  }
  if (!duration || duration->ns() <= 0) {
    refuse(flag, text, "is no length of time; use a number with a unit: 500ms, 60s, 10m, 2h");
  }
  return *duration;
}

const scenarios::Scenario* scenario_of(const std::string& flag, const std::string& text) {
  const scenarios::Scenario* scenario = scenarios::find_scenario(text);
  if (scenario != nullptr) return scenario;
  std::string all;
  for (const scenarios::Scenario& each : scenarios::scenarios())
    all += (all.empty() ? "" : ", ") + std::string(each.name);
  refuse(flag, text, "is no scenario; use one of " + all);
}

sim::Profile profile_of(const std::string& flag, const std::string& text) {
  for (std::size_t i = 0; i < sim::kProfileNames.size(); ++i)
    if (text == sim::kProfileNames[i]) return static_cast<sim::Profile>(i);
  refuse(flag, text, "is no profile; use default (the fault budget holds) or beyond (it does not)");
}

std::pair<std::string, std::string> setting_of(const std::string& flag, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) {
    refuse(flag, text, "is no setting; use NAME=VALUE, such as nodes=5 (see holdfast-sim list)");
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

void add_scenario(CLI::App& app, const std::string& name, Choice& choice, Later& later) {
  choice.scenario = &scenarios::scenarios().front();
  add(
      app,
      name,
      [&choice, &later](const std::string& flag, const std::string& text) {
        later.push_back([&choice, flag, text] { choice.scenario = scenario_of(flag, text); });
      },
      fmt::format("the story (default {}; holdfast-sim list shows all)", choice.scenario->name))
      ->type_name("NAME");
}

void add_profile(CLI::App& app, Choice& choice) {
  add(
      app,
      "--profile",
      [&choice](const auto& flag, const auto& text) { choice.profile = profile_of(flag, text); },
      "how much goes wrong: default (what the protocol promises to survive) or beyond")
      ->type_name("P");
}

void add_settings(CLI::App& app, Choice& choice) {
  add(
      app,
      "--sim-time",
      [&choice](const auto& flag, const auto& text) { choice.sim_time = duration_of(flag, text); },
      "how long faults begin and clients act, in simulated time, instead of what is drawn")
      ->type_name("T");
  app.add_option_function<std::vector<std::string>>(
         "--set",
         [&choice](const std::vector<std::string>& all) {
           for (const std::string& text : all)
             choice.settings.push_back(setting_of("--set", text));
         },
         "a setting instead of what is drawn, such as nodes=5 (repeat the flag for more)")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
}

void add_jobs(CLI::App& app, unsigned& jobs) {
  jobs = std::max(1u, std::thread::hardware_concurrency());
  add(
      app,
      "--jobs",
      [&jobs](const auto& flag, const auto& text) {
        const std::uint64_t count = count_of(flag, text);
        if (count > kJobsMax) refuse(flag, text, fmt::format("is too many; use 1 to {}", kJobsMax));
        jobs = static_cast<unsigned>(count);
      },
      fmt::format("worker processes (default {}: one per core)", jobs))
      ->type_name("J");
}

void add_budget(CLI::App& app, std::optional<Duration>& budget) {
  add(
      app,
      "--budget",
      [&budget](const auto& flag, const auto& text) { budget = duration_of(flag, text); },
      "real time after which no further seed begins")
      ->type_name("T");
}

void add_double_runs(CLI::App& app, Campaign::Options& campaign) {
  app.add_flag_callback(
      "--no-double-runs",
      [&campaign] { campaign.repeats = Repeats::kNone; },
      "do not play 5 % of the seeds twice");
}

void add_failures(CLI::App& app, Campaign::Options& campaign) {
  add(
      app,
      "--failures",
      [&campaign](const auto& flag, const auto& text) {
        campaign.failures_max = count_of(flag, text);
      },
      "stop after so many failed seeds (default 10)")
      ->type_name("K");
  app.add_option("--out", campaign.out, "folder for the decision files of failures")
      ->type_name("DIR")
      ->capture_default_str();
  add_double_runs(app, campaign);
}

void add_markdown(CLI::App& app, std::string& path) {
  app.add_option("--summary-markdown",
                 path,
                 "append the account there, as Markdown (for GITHUB_STEP_SUMMARY)")
      ->type_name("FILE");
}

void add_annotate(CLI::App& app, Annotate& annotate) {
  if (running_on_github()) annotate = Annotate::kYes;
  app.add_flag_callback(
      "--annotate",
      [&annotate] { annotate = Annotate::kYes; },
      "print annotations for GitHub: the file and line of each violated check (default where "
      "GITHUB_ACTIONS is true)");
}

void add_seeds(CLI::App& app, SeedFlags& flags, const SeedDefaults& defaults) {
  CLI::Option* seed = add(
      app,
      "--seed",
      [&flags](const auto& flag, const auto& text) { flags.seed = seed_of(flag, text); },
      "the first seed (" + defaults.seed + ")");
  seed->type_name("S");
  add(
      app,
      "--commit",
      [&flags](const auto& flag, const auto& text) {
        const auto commit = find_commit(text);
        if (!commit) refuse(flag, text, commit.error());
        flags.commit = *commit;
        flags.seed = first_seed_of(*commit);
      },
      "the first seed is drawn from this commit: its whole id, or ci for the one that the CI "
      "system names")
      ->type_name("ID|ci")
      ->excludes(seed);
  add(
      app,
      "--seeds",
      [&flags](const auto& flag, const auto& text) { flags.seeds = count_of(flag, text); },
      "how many: S to S+N-1 (" + defaults.seeds + ")")
      ->type_name("N");
}

void check_range(std::uint64_t first_seed, std::uint64_t count) {
  if (count - 1 > std::numeric_limits<std::uint64_t>::max() - first_seed) {
    refuse("--seeds",
           std::to_string(count),
           "goes beyond the last seed; use fewer, or a lower --seed");
  }
}

}  // namespace holdfast::tools
