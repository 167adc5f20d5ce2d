#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tools/sim_campaign.h"

namespace holdfast::tools {

struct SweepCommand {
  // first_seed and count are the whole sweep's.
  Campaign::Options campaign;
  // This process plays shard `shard`, from 0, of `shards`.
  std::uint64_t shard = 0;
  std::uint64_t shards = 1;
  // The folder of the sweep (sim_shard.h), shared by all shards.
  std::string folder;
  // Real time to make an example of each class of failures small; none: they stay as they are.
  std::optional<Duration> shrink = Duration::seconds(60);
};

// Plays one shard of a sweep, or what is left of it, and writes what came out into the folder.
// Returns the exit code, which says whether the shard is finished, not what its runs came to.
int sweep_command(const SweepCommand& command);

}  // namespace holdfast::tools
