#pragma once

// What applications do in a run, as data: the client's half of a run's decisions, next to the
// faults.  Drawn from a seed, generated and shrunk by RapidCheck, written to plan files.

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/env/node_id.h"
#include "protocol/env/time.h"

#include "sim/options.h"

namespace holdfast::scenarios {

enum class OperationKind : std::uint8_t {
  kElect = 1,      // start the node's writer
  kAppend = 2,     // append `arg` entries at once; starts the writer first if it has none
  kTruncate = 3,   // keep the last `arg` acknowledged positions
  kRead = 4,       // read the last `arg` positions of what is learned locally; 0: all of it
  kCatchUp = 5,    // catch up, then read all of it
  kRetry = 6,      // append `arg` entries that were appended before again, under their keys
  kBarrier = 7,    // wait for everything acknowledged so far, then read all of it
  kAwait = 8,      // wait for the last position that any client was told, then read it
  kCopy = 9,       // catch up and read all of it, again as long as truncations overtake it
  kOversize = 10,  // append an entry of `arg` bytes more than are allowed, which must be refused
  kStranger = 11,  // everybody but the node hears a frame that is not of this cluster; `arg`: which
};

struct Operation {
  // Since the run began.
  Duration at;
  // Which node's application acts; nothing happens while the node is down.
  NodeId node;
  OperationKind kind = OperationKind::kAppend;
  std::uint32_t arg = 1;

  bool operator==(const Operation&) const = default;
};

// "append at=1500ms node=2 arg=3"
std::string to_string(const Operation& operation);
std::ostream& operator<<(std::ostream& out, const Operation& operation);

// None, and `error` says why and what to do.
std::optional<Operation> parse_operation(std::string_view line, std::string& error);

// How much of what; a mean time of 0 leaves a kind out.
struct WorkloadOptions {
  Duration appends_every = Duration::milliseconds(40);
  Duration elections_every = Duration::seconds(2);
  Duration truncations_every = Duration::seconds(1);
  Duration reads_every = Duration::milliseconds(500);
  Duration catchups_every = Duration::seconds(1);
  Duration retries_every;
  Duration barriers_every;
  Duration awaits_every;
  Duration copies_every;
  Duration oversizes_every;
  Duration strangers_every;
  std::uint32_t burst_max = 8;
  // Of a million appends, how many come from the node that acts most: the others' duel with it.
  std::int64_t favourite_ppm = 800'000;
};

WorkloadOptions draw_workload(std::uint64_t seed, Duration length);

// The one operation of a phase (sim::FaultKind::kPhase), chosen by the fault's `arg`.
Operation phase_operation(std::int64_t nodes, std::int64_t arg);

// Ordered by time, none at or after world.length.
std::vector<Operation> draw_operations(const sim::WorldOptions& world,
                                       const WorkloadOptions& workload);

}  // namespace holdfast::scenarios
