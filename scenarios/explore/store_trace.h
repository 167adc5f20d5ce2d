#pragma once

// What the stores of an exploration were asked to do: every sequence of changes in one life, once.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "protocol/replica_store.h"

#include "sim/explore/company.h"

namespace holdfast::scenarios {

// A change that a store was asked for.
struct StoreChange {
  enum class Kind : std::uint8_t { kOpen, kWrite, kErase };

  Kind kind = Kind::kOpen;
  explore::Image image;       // kOpen: what was on the disk
  WriteBatch batch;           // kWrite
  Position bound;             // kErase
  std::size_t records_max{};  // kErase
};

// A tree: changes with a common beginning share it.
class StoreTrace {
 public:
  // Place 0 is before every open.
  using Place = std::uint32_t;

  struct Step {
    Place before = 0;
    std::uint32_t depth = 0;  // changes up to this one, the open included
    StoreChange change;
  };

  // Where the trace is once this was done there; entered if it is new.
  Place add(Place before, const StoreChange& change);

  // Steps 1 to steps(), in the order in which they were entered: each after the one before it.
  std::size_t steps() const { return steps_.size(); }

  const Step& step(Place place) const { return steps_[place - 1]; }

  // From the open up to this one.
  std::vector<Place> way_to(Place place) const;

 private:
  std::vector<Step> steps_;
  std::map<std::pair<Place, std::string>, Place> known_;
};

}  // namespace holdfast::scenarios
