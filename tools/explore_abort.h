#pragma once

// Says what an exploration was at when the process dies in a member's code: a check of ours that
// fails is one more violation, and its events are worth as much as those of any other.

#include <string>

#include "scenarios/explore/exploration.h"

namespace holdfast::tools {

// While it lives, a process that aborts prints the last words first, and exits with kExitCrash.
class ExploreAbort {
 public:
  // What to say is asked of `words`, which must outlive it.
  ExploreAbort(std::string configuration, const scenarios::LastWords& words);
  ~ExploreAbort();

  ExploreAbort(const ExploreAbort&) = delete;
  ExploreAbort& operator=(const ExploreAbort&) = delete;
};

}  // namespace holdfast::tools
