#include "tools/sim_cli_farm.h"

#include <limits>

#include <fmt/format.h>

#include "sim/text.h"

namespace holdfast::tools {
namespace {

// Every shard has a file, and names have room for so many digits.
constexpr std::uint64_t kShardsMax = 1'000'000;

// "3/8": the shard, from 0, and how many there are.
void take_shard(SweepCommand& command, const std::string& flag, const std::string& text) {
  const std::size_t slash = text.find('/');
  const auto shard = sim::parse_unsigned(text.substr(0, slash));
  const auto shards = slash == std::string::npos ? std::optional<std::uint64_t>()
                                                 : sim::parse_unsigned(text.substr(slash + 1));
  if (!shard || !shards || *shards == 0 || *shards > kShardsMax) {
    refuse(flag, text, "is no shard; use I/N, as 0/8 for the first of eight");
  }
  if (*shard >= *shards) {
    refuse(flag,
           text,
           fmt::format("is beyond the last one; shards count from 0/{} to {}/{}",
                       *shards,
                       *shards - 1,
                       *shards));
  }
  command.shard = *shard;
  command.shards = *shards;
}

}  // namespace

void add_sweep(CLI::App& app, SweepFlags& flags, Later& later) {
  CLI::App& sweep =
      *app.add_subcommand("sweep", "play one shard of a range of seeds, for many machines");
  sweep.footer(
      "exit codes: 0 the shard is finished, whatever its runs came to (merge tells), 2 bad usage, "
      "or "
      "the\nfolder cannot be read or written, 14 unfinished: the budget is used up, 130 "
      "interrupted;\n"
      "after all but 2 the same command goes on where it was.  See docs/ci/README.md.");
  SweepCommand& command = flags.command;
  Campaign::Options& campaign = command.campaign;
  campaign.failures_max = std::numeric_limits<std::uint64_t>::max();
  add_scenario(sweep, "--scenario", campaign.choice, later);
  add(
      sweep,
      "--shard",
      [&command](const auto& flag, const auto& text) { take_shard(command, flag, text); },
      "which part of the seeds: shard I, from 0, of N")
      ->type_name("I/N")
      ->required();
  sweep.add_option("--out", command.folder, "the folder of the sweep, the same for all shards")
      ->type_name("DIR")
      ->required();
  add_seeds(sweep, flags.seeds, {.seed = "default 1", .seeds = "of all shards together; required"});
  add_jobs(sweep, campaign.jobs);
  add_budget(sweep, campaign.budget);
  add(
      sweep,
      "--shrink",
      [&command](const auto& flag, const auto& text) {
        command.shrink.reset();
        if (text != "0s") command.shrink = duration_of(flag, text);
      },
      "real time to make an example of each class of failures small (default 60s; 0s: leave them)")
      ->type_name("T");
  add_profile(sweep, campaign.choice);
  add_settings(sweep, campaign.choice);
  add_double_runs(sweep, campaign);
}

SweepCommand finish_sweep(SweepFlags& flags) {
  SweepCommand& command = flags.command;
  if (!flags.seeds.seeds) {
    throw CLI::ValidationError("--seeds",
                               "is missing; say how many seeds all shards play together");
  }
  command.campaign.first_seed = flags.seeds.seed.value_or(1);
  command.campaign.count = *flags.seeds.seeds;
  check_range(command.campaign.first_seed, command.campaign.count);
  if (command.shards > command.campaign.count) {
    refuse("--shard",
           fmt::format("{}/{}", command.shard, command.shards),
           fmt::format("has nothing to play: there are {} seeds; use fewer shards",
                       command.campaign.count));
  }
  return command;
}

void add_merge(CLI::App& app, MergeCommand& command) {
  CLI::App& merge = *app.add_subcommand("merge", "one account of all shards of a sweep");
  merge.footer(
      "exit codes: 0 all seeds were played and passed, 2 bad usage, 10 to 13 as of run, 14 seeds "
      "are\n"
      "missing; a failure counts more than missing seeds.  See docs/ci/README.md.");
  merge
      .add_option("DIR", command.folders, "what --out of the sweep was; several are added together")
      ->required();
  merge.add_option("--json", command.json, "write the account there, as JSON")->type_name("FILE");
  merge.add_option("--junit", command.junit, "write the account there, as JUnit XML")
      ->type_name("FILE");
  add_markdown(merge, command.markdown);
  add_annotate(merge, command.annotate);
}

}  // namespace holdfast::tools
