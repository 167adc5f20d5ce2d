#pragma once

// Lamport's specifications of consensus, as spaces of states.

#include <cstdint>
#include <vector>

#include "sim/explore/state_space.h"

namespace holdfast::scenarios {

// Constants of a model: ballots are 0 to ballots - 1, every majority of the acceptors is a quorum.
struct ConsensusModel {
  std::uint32_t acceptors = 3;
  std::uint32_t values = 2;
  std::uint32_t ballots = 2;
  // Acceptors are alike, and so are values: states that differ in their names only are one.
  bool symmetric = false;
};

// Names of acceptors and values, in every way they can be exchanged; the first is as it is.
struct Renaming {
  std::vector<std::uint32_t> acceptors;
  std::vector<std::uint32_t> values;
};

std::vector<Renaming> renamings_of(const ConsensusModel& model);

// Module Voting (voting.h).
class VotingSpace : public explore::StateSpace {
 public:
  explicit VotingSpace(const ConsensusModel& model);

  void initial(explore::Transitions& out) override;
  void successors(explore::Words state, explore::Transitions& out) override;
  explore::Fingerprint fingerprint(explore::Words state) override;
  std::string violation(explore::Words state) override;

 private:
  ConsensusModel model_;
  std::vector<Renaming> renamings_;
};

// Module Paxos: the same with messages, a set that only grows.  Every way in which the
// specification allows a transition counts as one, as TLC counts them.
class PaxosSpace : public explore::StateSpace {
 public:
  explicit PaxosSpace(const ConsensusModel& model);

  void initial(explore::Transitions& out) override;
  void successors(explore::Words state, explore::Transitions& out) override;
  explore::Fingerprint fingerprint(explore::Words state) override;
  std::string violation(explore::Words state) override;

 private:
  ConsensusModel model_;
  std::vector<Renaming> renamings_;
};

}  // namespace holdfast::scenarios
