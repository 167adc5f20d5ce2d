#pragma once

// Random walks: what a space does far from where a search comes to an end.

#include <cstdint>

#include "sim/explore/search.h"

namespace holdfast::explore {

// How a walk chooses among what can happen.
enum class Choice : std::uint8_t {
  // Any, each as likely.
  kUniform,
  // By priorities of threads, drawn for each walk, of which a few are lowered on the way:
  // Burckhardt
  // et al., "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010.  A
  // bug that needs d events of n threads in an order is met by a walk of k steps with a probability
  // of at least 1 / (n k^(d-1)).  Faults befall at steps that are drawn as well.  In every other
  // walk
  // each event is a thread of its own, since frames of one link may overtake each other.
  kPriorities,
};

struct WalkOptions {
  std::uint64_t walks = 0;
  // Walk n of a seed is always the same.
  std::uint64_t seed = 1;
  Choice choice = Choice::kUniform;
  // By priorities: d, at least 1.
  std::uint32_t bug_depth = 3;
};

struct Walked {
  std::uint64_t walks = 0;  // that came to their end
  std::uint64_t steps = 0;
  std::uint64_t longest = 0;
  bool stopped = false;
  // Of the first walk that met one, with all its events.
  Violation violation;
};

// Each walk begins anew and goes on until nothing can happen any more.  Requires: no walk is
// endless, as where everything is bounded.  `go_on` is asked before each.
Walked walk(StateSpace& space,
            const WalkOptions& options,
            const std::function<bool(const Walked&)>& go_on);

}  // namespace holdfast::explore
