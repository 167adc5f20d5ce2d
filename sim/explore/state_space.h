#pragma once

// What is explored: states, and what can happen in each.  A search knows nothing else of it.

#include <cstdint>
#include <string>

#include "sim/explore/fingerprint.h"
#include "sim/explore/transitions.h"

namespace holdfast::explore {

class StateSpace {
 public:
  virtual ~StateSpace() = default;

  // The states it begins in; the names of these transitions mean nothing.
  virtual void initial(Transitions& out) = 0;

  // Every transition out of a state, always in the same order.
  virtual void successors(Words state, Transitions& out) = 0;

  // States with equal fingerprints are explored once.  A space with symmetries gives all states of
  // one orbit the same; the search goes on with the state that it met.
  virtual Fingerprint fingerprint(Words state) { return fingerprint_of(state); }

  // What is wrong with a state, or nothing.  Asked once of every state.
  virtual std::string violation(Words) { return {}; }

  // Who moves in an event, for walks that prefer some to others.
  struct Mover {
    // Events of one thread come in their order: the first of them in successors() is next.
    std::uint32_t thread = 0;
    // Nobody does it: it befalls somebody.
    bool fault = false;
  };

  virtual Mover mover_of(EventName) const { return {}; }

  // For people.
  virtual std::string text_of(Words state) const;
  virtual std::string text_of(Words from, EventName event) const;
};

}  // namespace holdfast::explore
