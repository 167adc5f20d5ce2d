#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "properties/event.h"
#include "properties/position_window.h"

namespace holdfast::properties {

// Who said ACCEPT: a member, in one life of its disk.
struct Voter {
  // Of the members, below 64.
  std::size_t index = 0;
  // Of the directory that holds the vote.
  Incarnation incarnation;
  // What it knew of all members', by index, when it first said so; none: that nobody lost a disk.
  std::shared_ptr<const std::vector<Incarnation>> known;
  // Counts the disks this member lost before.
  std::uint64_t disks_lost = 0;

  // Nothing of its disk or of the others' was ever lost, as far as it knows.
  bool first_life() const {
    return incarnation == Incarnation{} && disks_lost == 0 && known == nullptr;
  }

  // Of the same member and disk, whatever it knew.
  bool is_life_of(const Voter& other) const {
    return index == other.index && incarnation == other.incarnation &&
           disks_lost == other.disks_lost;
  }

  // Neither knows that the other's vote is of a former life.
  bool agrees_with(const Voter& other) const;
};

// The votes of some members for one value at one ballot.
struct Tally {
  Ballot ballot;
  ValueName value;
  // Bit i: the i-th member said ACCEPT.  Never cleared: a vote that was said happened, even if the
  // disk that held it is gone.
  std::uint64_t voters = 0;
  // The same votes by their lives; empty as long as all are of first lives.
  std::vector<Voter> lives{};

  // Counts a vote.
  void add(const Voter& voter);
};

// Everything that was voted at one position.
struct ChosenSlot {
  Tally first;
  std::vector<Tally> more;

  // The first value that a quorum accepted at one ballot.
  bool decided = false;
  // Part of a directory that existed before the run: chosen, although nobody saw the votes.
  bool inherited = false;
  // False only for an inherited position whose value no event has named yet.
  bool named = false;
  ValueName value;
};

// A value was chosen: a quorum has said ACCEPT to it at one ballot, and no vote of it is known to
// another as one of a former life.
struct Decision {
  Position position;
  Ballot ballot;
  ValueName value;
};

// What the members decided, recomputed from nothing but their own votes: the truth that learners,
// readers and clients are judged against.
class ChosenLog {
 public:
  // Requires: 0 < quorum.
  explicit ChosenLog(std::size_t quorum);

  // Counts a vote, said or, for directories that existed before the run, found.  Returns the
  // decision if this vote made a value chosen that was not chosen at the position before.
  std::optional<Decision> vote(const Vote& vote, const Voter& voter);

  // The position is learned in a directory that existed before the run.
  void inherit(Position p);

  // A directory that existed before the run starts at `begin`.
  void inherit_begin(Position begin);

  // An event names the value of an inherited position.
  void name(Position p, ValueName value);

  // A chosen TRUNCATE keeps `to` and everything above.
  void truncated_to(Position to);

  const ChosenSlot* find(Position p) const { return slots_.find(p); }

  bool decided(Position p) const;

  // A quorum accepted exactly this value at one ballot; also true for what was inherited.
  bool chosen(Position p, std::uint64_t digest) const;

  // The votes for (ballot, digest) at `p`, or none.
  const Tally* votes(Position p, Ballot ballot, std::uint64_t digest) const;

  // Some member voted for `p` (or it was inherited).
  bool touched(Position p) const;

  // Everything below has been truncated by a chosen TRUNCATE.
  Position truncated() const { return truncated_; }

  // The lowest position at or above the inherited begin that is not chosen.
  Position frontier() const { return frontier_; }

  // Nothing is known any more of positions below.
  Position forgotten() const { return forgotten_; }

  void forget_below(Position p);

  // The votes, or some of them, decide.
  bool decides(const Tally& tally) const;

 private:
  bool is_quorum(std::uint64_t voters) const;
  Tally& tally(ChosenSlot& slot, const Vote& vote);
  void decide(ChosenSlot& slot, ValueName value);
  void advance();

  std::size_t quorum_;
  PositionWindow<ChosenSlot> slots_;
  Position truncated_;
  Position frontier_;
  Position forgotten_;
};

}  // namespace holdfast::properties
