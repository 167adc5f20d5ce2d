#pragma once

// Voting: what an algorithm of the Paxos family is, when all that can be implemented in several
// ways is left out.  Acceptors vote for values in numbered ballots; a value is chosen when a quorum
// has voted for it in one ballot.  After Lamport's specification of that name (module Voting, in
// the folders Paxos and PaxosHowToWinATuringAward of github.com/tlaplus/Examples).
//
// It is exact where an implementation is free, and says of the first vote that could go wrong why
// it could, long before two values are chosen.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::scenarios {

class Voting {
 public:
  using Acceptor = std::size_t;
  using Ballot = std::uint64_t;
  using Value = std::uint64_t;

  // Every majority of them is a quorum.  Requires: 1 <= acceptors <= 16.
  explicit Voting(std::size_t acceptors);

  // Both do what is asked if the specification allows it, and else say why it does not, and do
  // nothing.

  // IncreaseMaxBal: the acceptor will not vote below that ballot any more.
  std::optional<std::string> raise(Acceptor acceptor, Ballot ballot);

  // VoteFor.
  std::optional<std::string> vote(Acceptor acceptor, Ballot ballot, Value value);

  // ShowsSafeAt: in how many ways votes and promises show that no lower ballot can choose another
  // value. One for each of the smallest quorums none of which has voted below, and for each member
  // of another that voted for the value in the highest ballot in which they have.
  std::size_t ways_to_show(Ballot ballot, Value value) const;

  std::size_t acceptors() const { return acceptors_.size(); }

  // None: the acceptor may vote in every ballot.
  std::optional<Ballot> max_ballot(Acceptor acceptor) const;

  // By ballot.
  const std::map<Ballot, Value>& votes(Acceptor acceptor) const;

  // Values that a quorum has voted for in one ballot; more than one is a disagreement, which these
  // rules exclude.
  std::vector<Value> chosen() const;

 private:
  using Quorum = std::uint32_t;  // a set of acceptors, by bit

  struct State {
    std::optional<Ballot> max_ballot;
    std::map<Ballot, Value> votes;
  };

  std::size_t witnesses(Quorum quorum, Ballot ballot, Value value) const;

  std::vector<State> acceptors_;
  std::vector<Quorum> quorums_;  // the smallest ones
};

}  // namespace holdfast::scenarios
