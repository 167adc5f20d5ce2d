#pragma once

// A sweep: a range of seeds cut into shards, each played by some process on some machine that sees
// the same folder.  The folder holds
//
//   sweep.json               what is swept; written by whoever comes first, compared by all others
//   shard-03-of-64.json      a shard that is finished; never changes again
//   shard-03-of-64.part.json one that is under way: its first so many seeds
//   capsules/                decision files of examples of failures
//
// Nothing is locked: a shard's result is a function of its seeds, every file appears whole (written
// aside, synced, renamed), and a finished shard has a name that no unfinished one ever takes.  Two
// processes on one shard waste time and nothing else, also over NFS.

#include <cstdint>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "tools/sim_choice.h"
#include "tools/sim_sums.h"

namespace holdfast::tools {

// What all shards of a sweep agree on.
struct Sweep {
  // Of the program: only equal cores play the same runs.
  std::string core;
  std::string scenario;
  std::string profile;
  // arguments_of() the choice.
  std::vector<std::string> arguments;
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 1;
  std::uint64_t shards = 1;

  bool operator==(const Sweep&) const = default;
};

Sweep make_sweep(const Choice& choice, std::uint64_t first_seed, std::uint64_t seeds);

// Where two sweeps differ, with both values; empty: nowhere.
std::string difference_of(const Sweep& a, const Sweep& b);

// Seeds `first` to `first` + `seeds` - 1.
struct SeedRange {
  std::uint64_t first = 0;
  std::uint64_t seeds = 0;

  bool operator==(const SeedRange&) const = default;
};

// The seeds of a shard: the sweep in `shards` parts that differ by one seed at most, in order.
// Requires: shard < sweep.shards.
SeedRange range_of(const Sweep& sweep, std::uint64_t shard);

// What became of a shard, so far.
struct ShardResult {
  Sweep sweep;
  // From 0.
  std::uint64_t shard = 0;
  // `sums.seeds` of its seeds were played: the first ones, without a gap.
  Sums sums;
  FailureGroups failures;
  // Nothing more will come.
  bool finished = false;

  bool operator==(const ShardResult&) const = default;
};

std::string sweep_path(const std::string& folder);
std::string finished_path(const std::string& folder, const Sweep& sweep, std::uint64_t shard);
std::string part_path(const std::string& folder, const Sweep& sweep, std::uint64_t shard);
std::string capsules_path(const std::string& folder);

std::string save(const Sweep& sweep);
std::string save(const ShardResult& result);

// The content of a file.  An error names the file, says what is wrong with it and what to do.
tl::expected<Sweep, std::string> load_sweep(const std::string& path);
tl::expected<ShardResult, std::string> load_shard(const std::string& path);

}  // namespace holdfast::tools
