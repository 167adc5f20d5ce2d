#pragma once

// What the referee of the log remembers (log_referee.h).

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace holdfast::scenarios {

struct VotingMemory {
  using Ballot = std::uint64_t;
  using Position = std::uint64_t;
  using Digest = std::uint64_t;
  // Of member i + 1, at index i.
  using Numbers = std::vector<std::uint16_t>;

  struct Vote {
    Digest value = 0;
    // What the voter knew of all members' incarnations.
    Numbers known;

    bool operator==(const Vote&) const = default;
  };

  // What an acceptor said of one position.
  struct Spot {
    // No lower ballot is voted in.
    Ballot promised = 0;
    std::map<Ballot, Vote> votes;

    bool operator==(const Spot&) const = default;
  };

  // A member in one life of its disk.
  struct Acceptor {
    // Of all positions of which it has said nothing by itself.
    Ballot promised = 0;
    std::map<Position, Spot> spots;

    bool operator==(const Acceptor&) const = default;
  };

  struct Member {
    std::uint16_t incarnation = 0;
    bool voting = false;
    // What it knows of all members' incarnations, and how much of that is on its disk.
    Numbers known;
    Numbers stored;
    // Where it said that its log begins.
    Position begin = 0;
    // By incarnation.
    std::map<std::uint16_t, Acceptor> acceptors;

    bool operator==(const Member&) const = default;
  };

  // The votes for a position where something is chosen are forgotten.
  struct Chosen {
    Digest value = 0;
    std::uint64_t flags = 0;
    // The lowest in which a quorum was seen.
    Ballot ballot = 0;

    bool operator==(const Chosen&) const = default;
  };

  // An operation of a client.
  struct Call {
    Digest value = 0;                      // of an append
    std::optional<Position> acknowledged;  // of an election or a barrier: what was, when called
    bool failed = false;                   // of an append: the client was told so

    bool operator==(const Call&) const = default;
  };

  std::vector<Member> members;
  std::map<Position, Chosen> chosen;
  // Where a chosen TRUNCATE begins the log.
  Position begin = 0;
  // The highest position that a client was told.
  std::optional<Position> acknowledged;
  std::map<std::uint64_t, Call> calls;
  // What was appended again.
  std::set<Digest> retried;

  bool operator==(const VotingMemory&) const = default;

  std::string bytes() const;

  // Requires: bytes() made them.
  static VotingMemory of(const std::string& bytes);
};

}  // namespace holdfast::scenarios
