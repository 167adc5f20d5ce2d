#pragma once

#include <cstdint>

#include "protocol/incarnations.h"
#include "protocol/types.h"

namespace holdfast {

// The one record of a replica that belongs to no position.  A Mesos directory has the first two
// fields only; the others are then zero.
struct Metadata {
  Status status = Status::kEmpty;
  // The largest implicit promise.
  Ballot promised;

  // Whose directory this is: checked at every start, taken from the configuration at the first.
  // Zero: not yet taken.
  std::uint64_t cluster = 0;
  std::uint64_t log = 0;
  std::uint64_t config = 0;
  NodeId member;

  // Which life of its member's disk this directory is.
  Incarnation incarnation;
  // What members have registered here, and what this one took over when it recovered.
  Incarnations known;

  // The pair of the latest election that settled here: no vote below its ballot at a position above
  // it can ever have been chosen.
  ChosenUpto settled;

  // No ballot of this replica has used a round above this one.
  std::uint64_t rounds_reserved = 0;

  bool operator==(const Metadata&) const = default;
};

}  // namespace holdfast
