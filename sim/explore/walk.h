#pragma once

// Random walks: what a space does far from where a search comes to an end.

#include <cstdint>

#include "sim/explore/search.h"

namespace holdfast::explore {

struct WalkOptions {
  std::uint64_t walks = 0;
  // Walk n of a seed is always the same.
  std::uint64_t seed = 1;
};

struct Walked {
  std::uint64_t walks = 0;  // that came to their end
  std::uint64_t steps = 0;
  std::uint64_t longest = 0;
  bool stopped = false;
  // Of the first walk that met one, with all its events.
  Violation violation;
};

// Each walk begins anew and takes any of the transitions, each as likely, until there is none.
// Requires: no walk is endless, as where everything is bounded.  `go_on` is asked before each.
Walked walk(StateSpace& space,
            const WalkOptions& options,
            const std::function<bool(const Walked&)>& go_on);

}  // namespace holdfast::explore
