#pragma once

// Random walks: what a space does far from where a search comes to an end.

#include <cstdint>
#include <functional>

#include "sim/explore/chooser.h"
#include "sim/explore/search.h"

namespace holdfast::explore {

struct Walked {
  std::uint64_t walks = 0;  // that came to their end
  std::uint64_t steps = 0;
  std::uint64_t longest = 0;
  bool stopped = false;
};

// Takes walk after walk until one is wrong.  `take` takes one, says how many steps it had, and
// whether it was right; `go_on` is asked before each.
Walked walk_on(const WalkOptions& options,
               const std::function<bool(std::uint64_t key, Chooser&, std::uint64_t& steps)>& take,
               const std::function<bool(const Walked&)>& go_on);

// Each walk begins anew and goes on until nothing can happen any more.  Requires: no walk is
// endless, as where everything is bounded.  The first that meets one leaves its violation.
Walked walk(StateSpace& space,
            const WalkOptions& options,
            const std::function<bool(const Walked&)>& go_on,
            Violation& violation);

}  // namespace holdfast::explore
