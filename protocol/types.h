#pragma once

// The protocol's scalar types.  Each is its own type: a position is not a ballot.

#include <compare>
#include <cstdint>
#include <limits>

#include "protocol/env/check.h"
#include "protocol/env/node_id.h"

namespace holdfast {

// A slot of the log; each is decided by its own instance of Paxos.  Starts at 0.  The largest
// 64-bit number is not a position (the key of a record encodes position + 1).
struct Position {
  std::uint64_t value = 0;

  static constexpr Position max() { return {std::numeric_limits<std::uint64_t>::max() - 1}; }

  constexpr auto operator<=>(const Position&) const = default;

  constexpr Position next() const { return {value + 1}; }

  // Requires: not position 0.
  constexpr Position previous() const { return {value - 1}; }

  constexpr Position operator+(std::uint64_t n) const { return {value + n}; }
};

// A Paxos proposal number.  0 is below every ballot a proposer uses.  One that a Mesos log left on
// disk is a small bare counter; ours hold, from the high bits down: round (40), incarnation of the
// proposer (16), id of the proposer (8).  The lower parts only keep proposers apart: nothing ever
// reads them back.
struct Ballot {
  std::uint64_t value = 0;

  static constexpr unsigned kRoundShift = 24;
  static constexpr std::uint64_t kRoundMax = (std::uint64_t{1} << 40) - 1;

  static constexpr Ballot of(std::uint64_t round, std::uint16_t incarnation, NodeId id) {
    return {round << kRoundShift | std::uint64_t{incarnation} << 8 | id.value};
  }

  constexpr auto operator<=>(const Ballot&) const = default;

  // A ballot of any round above this one is above this ballot.
  constexpr std::uint64_t round() const { return value >> kRoundShift; }
};

// Which life of a member's disk: 0 the initialised one, then counted at every recovery from a lost
// disk.
struct Incarnation {
  std::uint16_t value = 0;

  constexpr auto operator<=>(const Incarnation&) const = default;
};

// Drawn at every boot; tells the answers to this life from those to an earlier one.  0 is none.
struct BootNonce {
  std::uint64_t value = 0;

  constexpr auto operator<=>(const BootNonce&) const = default;
};

// Names one request of one life of a node, so that a late answer is never taken for another's.
struct RequestId {
  std::uint64_t value = 0;

  constexpr auto operator<=>(const RequestId&) const = default;
};

// What a replica may do (docs/PROTOCOL.md, "Statuses").  The numbers are Mesos' on disk.
enum class Status : std::uint8_t {
  kVoting = 1,      // promises, accepts, learns
  kRecovering = 2,  // learns, does not vote
  kStarting = 3,    // neither; a step of the first initialisation
  kEmpty = 4,       // neither; nothing is stored
};

// "Every position up to and including `upto` is chosen", as the coordinator of `ballot` knows it.
// A ballot of 0: nothing is known.
struct ChosenUpto {
  Ballot ballot;
  Position upto;

  // The larger pair knows more: a coordinator's first pair covers all that lower ballots chose.
  constexpr auto operator<=>(const ChosenUpto&) const = default;
};

}  // namespace holdfast
