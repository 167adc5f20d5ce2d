#pragma once

// Random walks of nodes that are alive: the code of one runs once for each step, and nothing is
// remembered.  Where hardly a local state is met twice that is faster than to name them.

#include <functional>
#include <string>
#include <vector>

#include "sim/explore/system.h"
#include "sim/explore/walk.h"

namespace holdfast::explore {

struct LivePath {
  std::vector<SystemEvent> events;
  std::string violation;
};

// Each walk goes on from what `begin` makes, until nothing can happen any more.  The first that is
// wrong leaves its path.  Requires: every walk ends.
Walked walk_alive(const std::function<System()>& begin,
                  const WalkOptions& options,
                  const std::function<bool(const Walked&)>& go_on,
                  LivePath& path);

}  // namespace holdfast::explore
