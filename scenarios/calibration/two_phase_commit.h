#pragma once

// Two-phase commit as Gray and Lamport specify it ("Consensus on Transaction Commit", 2006, section
// 3): one transaction manager, which may abort on its own, and resource managers, which may do so
// until they are prepared.  Messages are a set that only grows.

#include <cstdint>
#include <vector>

#include "sim/explore/state_space.h"

namespace holdfast::scenarios {

class TwoPhaseCommit : public explore::StateSpace {
 public:
  enum class Symmetry : std::uint8_t { kNone, kManagers };

  TwoPhaseCommit(std::uint32_t managers, Symmetry symmetry)
      : managers_(managers),
        symmetry_(symmetry) {}

  void initial(explore::Transitions& out) override;
  void successors(explore::Words state, explore::Transitions& out) override;
  explore::Fingerprint fingerprint(explore::Words state) override;
  std::string violation(explore::Words state) override;

 private:
  std::uint32_t managers_;
  Symmetry symmetry_;
  std::vector<std::uint32_t> next_;
};

}  // namespace holdfast::scenarios
