#pragma once

// What a member is and what of the log it has, at one moment of a run: what `--until` prints and
// what the picture of a run shows at its cursor.

#include <optional>
#include <string>
#include <vector>

#include "protocol/interval_set.h"
#include "protocol/types.h"

#include "scenarios/cluster.h"

namespace holdfast::tools {

struct MemberState {
  enum class Life : std::uint8_t {
    kDown,
    // Opening its directory, or stopped; nothing below is known.
    kOpening,
    kUp,
  };

  Life life = Life::kDown;
  bool paused = false;

  // Of a member that is up.
  Status status = Status::kEmpty;
  Incarnation incarnation;
  // The largest implicit promise.
  Ballot promised;
  Position begin;
  std::optional<Position> end;
  std::vector<Interval> learned;
  bool coordinating = false;

  bool operator==(const MemberState&) const = default;
};

MemberState state_of(scenarios::Cluster& cluster, NodeId id);

// "VOTING, promised 3.0.1, begin 0, end 17, learned 0-15,17, coordinating"
std::string to_text(const MemberState& state);

// What the member knows of one position: "accepted append 5d0e0c1a by 3.0.1".  Requires: it is up.
std::string record_text(const Node& member, Position position);

}  // namespace holdfast::tools
