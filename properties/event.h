#pragma once

// What judges see: the events of protocol/events.h, stamped with their place in the run, and typed
// views of the words that several judges read.

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "protocol/env/node_id.h"
#include "protocol/env/tracer.h"

#include "protocol/action.h"
#include "protocol/events.h"
#include "protocol/types.h"

namespace holdfast::properties {

// One event of a run.  `words` and `bytes` live only during the call that hands the event over.
struct Event {
  // Rises by one per event of the run; starts anywhere.
  std::uint64_t seq = 0;
  // The world's time, never a node's clock.
  std::int64_t time_ns = 0;
  NodeId node;
  EventKind kind{};
  std::span<const std::uint64_t> words;
  std::string_view bytes;

  // Requires: the kind has that many words; the panel has checked the event as a whole.
  std::uint64_t word(std::size_t i) const { return words[i]; }
};

// How many words an event of `kind` must have; none for a number that names no kind.
std::size_t words_of(EventKind kind);
inline constexpr std::size_t kUnknownKind = ~std::size_t{0};

// A value as flags and digest name it.
struct ValueName {
  std::uint64_t flags = 0;
  std::uint64_t digest = 0;

  constexpr ValueType type() const { return static_cast<ValueType>(flags >> 8 & 0xff); }

  constexpr bool tombstone() const { return (flags & 2) != 0; }
};

// The words of kAccepted, kProposed and kChosen.
struct Vote {
  Position position;
  Ballot ballot;
  ValueName value;

  static Vote of(const Event& e) {
    return {{e.word(0)}, {e.word(1)}, {.flags = e.word(2), .digest = e.word(3)}};
  }
};

// The words of kLearned.
struct Learning {
  Position position;
  ValueName value;
  // TRUNCATE only.
  Position truncate_to;

  static Learning of(const Event& e) {
    return {{e.word(0)}, {.flags = e.word(1), .digest = e.word(2)}, {e.word(3)}};
  }
};

// The words of kRestored.
struct Restoration {
  Status status;
  Ballot promised;
  Position begin;
  std::uint64_t rounds;
  Incarnation incarnation;

  static Restoration of(const Event& e) {
    return {static_cast<Status>(e.word(0)),
            {e.word(1)},
            {e.word(2)},
            e.word(5),
            {static_cast<std::uint16_t>(e.word(6))}};
  }
};

// The words of every k...Returned but kReadReturned.
struct OpResult {
  std::uint64_t op;
  Outcome outcome;
  // Where the operation landed; the end for elections, catch-ups and barriers.
  Position position;

  static OpResult of(const Event& e) {
    return {e.word(0), static_cast<Outcome>(e.word(1)), {e.word(2)}};
  }
};

// A set of event kinds, as a mask.
class KindSet {
 public:
  static constexpr std::size_t kCapacity = 64;

  constexpr KindSet() = default;

  constexpr KindSet(std::initializer_list<EventKind> kinds) {
    for (const EventKind kind : kinds)
      bits_ |= std::uint64_t{1} << static_cast<unsigned>(kind);
  }

  constexpr bool contains(std::size_t number) const { return (bits_ >> number & 1) != 0; }

 private:
  std::uint64_t bits_ = 0;
};

}  // namespace holdfast::properties
