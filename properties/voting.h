#pragma once

#include <cstdint>
#include <vector>

#include "properties/judge.h"
#include "properties/position_window.h"

namespace holdfast::properties {

inline constexpr PropertyInfo kVoting{
    .name = "voting",
    .modality = Modality::kAlways,
    .order = Order::kTotal,
    .beyond = Beyond::kNotPromised,
    .statement =
        "where a vote is said, no other value was or can be chosen at a lower ballot: the "
        "members refine Lamport's Voting",
    .reference = "SafeAt and NoneOtherChoosableAt of the module Voting (tlaplus/Examples, Paxos)",
};

// Lamport's Voting beside the members.  A promise that is said is IncreaseMaxBal, ACCEPT is
// VoteFor, and what a member has not promised away it may still do.  So a vote that is wrong is
// seen when it is said, and not when two members have learned two things.
//
// A vote stays when its disk is lost, since it may have been counted; only one that is known to be
// of a former life makes no quorum with those who know.  Who becomes VOTING can do what it has not
// promised away, or what an old disk of it had: then all that was voted so far must still be safe.
class Voting : public Judge {
 public:
  explicit Voting(const Bench& bench);

  void on_event(const Event& e) override;
  void on_wipe(NodeId node) override;
  void forget_below(Position p) override;

 private:
  // What a member promised of one position, by the disk it had.
  struct Promise {
    Ballot ballot;
    std::uint64_t disks_lost = 0;
  };

  struct Acceptor {
    // Of all positions of which it has said nothing by itself.
    Ballot promised;
    // What is on its disk of others' incarnations, by index; empty: nothing.
    std::vector<Incarnation> known;
  };

  void promise(std::size_t member, Position p, Ballot ballot);
  Ballot promised(std::size_t member, Position p) const;
  void vouched(std::size_t member, const Event& e);
  void adopted(std::size_t member);
  void store(std::size_t member, std::size_t of, Incarnation incarnation);
  void accepted(const Event& e, std::size_t member);
  void started_to_vote(const Event& e);

  void check(const Event& e, Position p, const ChosenSlot& slot, const Tally& vote);
  // None voted for: nobody has, yet.
  bool can_be_chosen(Position p, const ChosenSlot& slot, Ballot ballot, const Tally* votes) const;
  bool can_vote(std::size_t member, Position p, const ChosenSlot& slot, Ballot ballot) const;
  Voter present_life(std::size_t member) const;

  const ReplicaView& replica(std::size_t member) const {
    return facts().replica(facts().members().ids[member]);
  }

  std::vector<Acceptor> acceptors_;
  // Of each position, by member; empty: nothing was said of it.
  PositionWindow<std::vector<Promise>> spots_;
};

}  // namespace holdfast::properties
