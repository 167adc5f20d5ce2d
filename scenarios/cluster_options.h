#pragma once

// What of a simulated cluster can be chosen besides its world (sim/options.h): the members' own
// settings, where they store, and what is broken on purpose.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/env/time.h"

#include "protocol/options.h"

#include "sim/options.h"

namespace holdfast::scenarios {

enum class StoreKind : std::uint8_t {
  kLevelDb,
  kMemory,
};

struct ClusterOptions {
  StoreKind store = StoreKind::kLevelDb;
  // LevelDB's memtable: small ones are flushed and compacted within a run.
  std::int64_t write_buffer_bytes = 256 << 10;
  // 0: LevelDB runs without the Env that syncs directories.  It then loses acknowledged writes on a
  // strict disk, which the testbed must notice.
  std::int64_t directory_sync = 1;
  // 1: the canary.  Each node answers before its commit is durable, which the testbed must notice.
  std::int64_t canary = 0;
  // 1: members follow a rule of Mesos instead of ours (protocol/mesos_compat.h), by the number of
  // the deviation.  Planted bugs, which the testbed must notice.
  std::int64_t compat_d1 = 0;
  std::int64_t compat_d2 = 0;
  std::int64_t compat_d3 = 0;
  std::int64_t compat_d8 = 0;
  std::int64_t compat_d14 = 0;
  // 1: an application goes on with its writer after a refused write, until it is told that it is
  // not elected.  Careless, and allowed.
  std::int64_t careless_clients = 0;

  // The first position of the log: keys change their width and old releases their sign at 2^31,
  // 2^32 and 10^10.
  std::uint64_t first_position = 0;

  // 1: no directory is initialised by an operator; the members do it themselves.
  std::int64_t auto_initialise = 0;

  std::int64_t window = 16;
  Duration resend_min = Duration::milliseconds(50);
  Duration resend_max = Duration::seconds(1);
  Duration election_deadline = Duration::seconds(5);
  Duration write_deadline = Duration::seconds(5);
  Duration backoff = Duration::milliseconds(50);
  Duration chosen_interval = Duration::milliseconds(200);
  Duration fetch_delay = Duration::milliseconds(20);
  Duration fetch_pause = Duration::milliseconds(1);
  std::int64_t fetch_positions_max = 64;
  std::int64_t fetch_bytes_max = 16 << 10;
  std::int64_t fetches_in_flight = 3;
  std::int64_t fills_in_flight = 4;
  Duration recovery_deadline = Duration::seconds(2);
  Duration recovery_pause = Duration::milliseconds(50);
  Duration close_deadline = Duration::milliseconds(600);
  std::int64_t erase_records_max = 16;
  std::int64_t rounds_per_reservation = 4;
  std::int64_t entry_bytes_max = 1 << 10;
  std::int64_t key_positions = 1024;

  // 1: members elect by themselves (protocol/elector.h).
  std::int64_t elector = 0;
  Duration heartbeat_interval = Duration::milliseconds(50);
  Duration election_timeout = Duration::milliseconds(500);
  // 0: no preference.  Else the members coordinate in the order of their ids, beginning with this
  // one and going round.
  std::int64_t preferred = 0;

  // What the judge of steadiness objects to (properties/steady.h); 0: to nothing.
  std::int64_t elections_max = 0;
  Duration leaderless_max;

  bool operator==(const ClusterOptions&) const = default;
};

// Chooses every setting anew for a seed, over orders of magnitude.
ClusterOptions draw_cluster_options(std::uint64_t seed);

// The settings of one member.  Requires: 1 <= nodes <= 7.
NodeOptions member_options(const ClusterOptions& options, int nodes, NodeId self);

// Empty, or the first thing wrong and what to do.
std::string validate(const ClusterOptions& options);

// Name and value of each setting, as set_option() reads them.
std::vector<std::pair<std::string, std::string>> list_options(const ClusterOptions& options);

// One line per setting: name, value with unit, what it is.
std::string describe(const ClusterOptions& options);

// Returns what is wrong, or nothing.
std::string set_option(ClusterOptions& options, std::string_view name, std::string_view value);

// The same for a name that may be the world's or the cluster's.
std::string set_option(sim::WorldOptions& world,
                       ClusterOptions& cluster,
                       std::string_view name,
                       std::string_view value);

}  // namespace holdfast::scenarios
