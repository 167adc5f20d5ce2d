#pragma once

// A set of positions kept as disjoint, non-adjacent, ascending intervals.  Memory and time follow
// the number of intervals, never the number of positions.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "protocol/types.h"

namespace holdfast {

// Both ends inclusive.
struct Interval {
  Position first;
  Position last;

  bool operator==(const Interval&) const = default;
};

class IntervalSet {
 public:
  bool contains(Position p) const;

  bool empty() const { return intervals_.empty(); }

  // Number of intervals.
  std::size_t intervals() const { return intervals_.size(); }

  // Adding what is there, and removing what is not, does nothing.  Requires: first <= last.
  void add(Position first, Position last);

  void add(Position p) { add(p, p); }

  void remove(Position first, Position last);

  void remove(Position p) { remove(p, p); }

  // The last position of the run that starts at or covers `p`, or none if `p` is not in the set.
  std::optional<Position> run_end(Position p) const;

  // The lowest position in the set that is >= p.
  std::optional<Position> first_from(Position p) const;

  // The lowest position not in the set that is >= p.
  Position first_absent(Position p) const;

  // What of [first, last] is absent, ascending, at most `limit` intervals.
  std::vector<Interval> absent(Position first, Position last, std::size_t limit) const;

  std::vector<Interval> list() const;

  bool operator==(const IntervalSet&) const = default;

 private:
  void absorb(std::map<Position, Position>::iterator it);

  std::map<Position, Position> intervals_;  // first -> last
};

}  // namespace holdfast
