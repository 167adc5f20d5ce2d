#pragma once

// Every state of a space, once.
//
// Breadth first meets each state by a shortest path: its counterexamples are as short as can be.
// Depth first meets deep states soon and keeps only one path of states at a time.  Both visit the
// same states and transitions when nothing stops them.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/explore/state_space.h"
#include "sim/explore/transitions.h"
#include "sim/explore/visited.h"

namespace holdfast::explore {

enum class Order : std::uint8_t { kBreadthFirst, kDepthFirst };

struct Progress {
  std::uint64_t states = 0;       // met
  std::uint64_t expanded = 0;     // of them
  std::uint64_t transitions = 0;  // out of the expanded ones
  std::uint64_t depth = 0;  // states on a shortest path to the deepest (on the path, depth first)
  std::uint64_t bytes = 0;  // memory of the visited set and of the frontier
  std::uint64_t visited_bytes = 0;  // of the visited set alone
};

// Where a search is, for whoever must say so when the code under it does not return.
struct Whereabouts {
  // The events on the way to the state that is gone on from.  Nothing: no search runs.
  std::function<std::vector<EventName>()> events;
};

// What a depth first search had done for good when it was stopped.  A state is closed when
// everything that follows from it was met; those on the path it was at are not.
struct Closed {
  std::uint64_t states = 0;
  std::uint64_t transitions = 0;
  std::uint64_t terminals = 0;
  Fingerprint terminals_sum;
  std::uint64_t depth = 0;
};

// Another search goes on from there: it meets the states on the path again, and passes the closed
// ones by.
struct Resumption {
  Closed closed;
  // Gives each closed state once, in any order; false: there are no more.
  std::function<bool(Fingerprint&)> next;
};

// Calls its argument with each closed state.
using ForEachClosed = std::function<void(const std::function<void(const Fingerprint&)>&)>;

struct Limits {
  // Asked now and then, after every 4,096 expanded states; false stops the search.
  std::function<bool(const Progress&)> go_on;
  std::uint64_t states = Visited::kNone - 1;
  // Kept up to date while the search runs, if there is one.
  Whereabouts* whereabouts = nullptr;
  // Depth first.
  const Resumption* resumption = nullptr;
  // Depth first: told when `go_on` has stopped it.
  std::function<void(const Closed&, const ForEachClosed&)> keep;
};

struct Violation {
  std::string text;
  std::vector<EventName> events;
  // One more than events: the first is a beginning, the last is wrong.
  std::vector<std::vector<std::uint32_t>> states;
};

enum class Ending : std::uint8_t { kExhausted, kViolation, kStopped, kStatesLimit };

struct Result {
  Ending ending = Ending::kExhausted;
  Progress progress;
  std::uint64_t beginnings = 0;  // transitions of initial()
  std::uint64_t terminals = 0;   // states that nothing leads out of
  // Sums over fingerprints, the same in any order: of all states met, and of the terminals.
  Fingerprint states_sum;
  Fingerprint terminals_sum;
  Violation violation;  // if it ended with one
};

// Ends with the first violation.
Result search(StateSpace& space, Order order, const Limits& limits);

}  // namespace holdfast::explore
