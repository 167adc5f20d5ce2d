#pragma once

// Lives that stand at a local state because something happened to them there or on the way to it.
// To try another event at such a state no new life has to be brought there from its boot.

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "sim/explore/automata.h"
#include "sim/explore/life.h"

namespace holdfast::explore {

class Spares {
 public:
  // Null: there is none.
  std::unique_ptr<Life> take(LocalState local) {
    Place& place = place_of(local);
    if (place.local != local) return nullptr;
    return std::move(place.life);
  }

  // Another one may lose its place.
  void keep(LocalState local, std::unique_ptr<Life> life) {
    place_of(local) = {.local = local, .life = std::move(life)};
  }

 private:
  // Each life holds the stacks of all its fibers.
  static constexpr std::size_t kPlaces = 512;

  struct Place {
    LocalState local = 0;
    std::unique_ptr<Life> life;
  };

  Place& place_of(LocalState local) { return places_[local % kPlaces]; }

  std::vector<Place> places_ = std::vector<Place>(kPlaces);
};

}  // namespace holdfast::explore
