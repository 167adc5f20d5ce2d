#pragma once

// Schedules that lead to a violation, with what can be left out left out.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/explore/system.h"

namespace holdfast::scenarios {

// One event of a counterexample, in the words of the reference.
struct Happened {
  explore::SystemEvent event;
  // Deliveries.
  std::string frame;
  explore::Node to = 0;
  // What it recorded.
  explore::Observed observed;

  struct Post {
    explore::Node from = 0;
    explore::Node to = 0;
    std::string frame;
  };

  // What it put on its way, and what it took away without delivering it; frames that can do nothing
  // are left out, where they are taken away at once.
  std::vector<Post> sent;
  std::vector<Post> gone;
};

// Lets the event happen.  None: it is not possible.
std::optional<Happened> happen(explore::System& system, const explore::SystemEvent& event);

struct Shortened {
  std::vector<Happened> events;
  // What the reference says at their end.
  std::string violation;
  // Schedules that were played.
  std::uint64_t tried = 0;
};

// Leaves out runs of events, faults first, then single ones, until none can be left out: the rest
// breaks the same property (what stands before the first ':' of a violation).  What is no longer
// possible without them goes as well.  Frames are known by what they say, since a sender that did
// less numbers its steps anew.  The first `kept` events stay.
//
// Requires: the events lead to a violation in `begin()`, which is asked for every try.
Shortened shorten(const std::function<explore::System()>& begin,
                  const std::vector<Happened>& events,
                  std::size_t kept);

}  // namespace holdfast::scenarios
