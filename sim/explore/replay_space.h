#pragma once

// The states of a system as the lists of events that lead to them: every step of the search runs
// all nodes from their boots on.  Slow, and simple enough to be believed.  Which frames are dead is
// asked when an event happens for the first time, and is part of the list.

#include <utility>
#include <vector>

#include "sim/explore/state_space.h"
#include "sim/explore/system.h"

namespace holdfast::explore {

class ReplaySpace : public StateSpace {
 public:
  // Borrows them.  It begins where `start` leads to.
  ReplaySpace(const Company& company,
              const Referee& referee,
              const Bounds& bounds,
              Terms terms,
              Reductions reductions,
              const std::vector<SystemEvent>& start)
      : company_(company),
        referee_(referee),
        bounds_(bounds),
        terms_(terms),
        reductions_(reductions),
        start_(path_of(start)) {}

  // The events that a state consists of, after those of the start.
  static std::vector<SystemEvent> events_of(Words state);

  void initial(Transitions& out) override;
  void successors(Words state, Transitions& out) override;
  Fingerprint fingerprint(Words state) override;
  std::string violation(Words state) override;

 private:
  std::vector<std::uint32_t> path_of(const std::vector<SystemEvent>& events) const;
  System play(Words state) const;
  // Also when the state is one that was just found.
  const System& system(Words state);

  const Company& company_;
  const Referee& referee_;
  Bounds bounds_;
  Terms terms_;
  Reductions reductions_;
  std::vector<std::uint32_t> start_;
  std::vector<std::pair<std::vector<std::uint32_t>, System>> recent_;
};

}  // namespace holdfast::explore
