#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

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

  Incarnation incarnation;
  // The highest incarnation registered of each member that has one; ascending by member.
  std::vector<std::pair<NodeId, Incarnation>> known;

  // No ballot of this replica has used a round above this one.
  std::uint64_t rounds_reserved = 0;

  bool operator==(const Metadata&) const = default;
};

}  // namespace holdfast
