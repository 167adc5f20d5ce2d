#include "scenarios/explore/store_trace.h"

#include <algorithm>
#include <utility>

#include "scenarios/explore/disk_image.h"

namespace holdfast::scenarios {
namespace {

// Equal changes have equal names.
std::string name_of(const StoreChange& change) {
  std::string name(1, static_cast<char>(change.kind));
  switch (change.kind) {
    case StoreChange::Kind::kOpen:
      return name + change.image;
    case StoreChange::Kind::kWrite: {
      DiskImage written;
      written.apply(change.batch);
      return name + written.bytes();
    }
    case StoreChange::Kind::kErase:
      return name + std::to_string(change.bound.value) + ' ' + std::to_string(change.records_max);
  }
  return name;
}

}  // namespace

StoreTrace::Place StoreTrace::add(Place before, const StoreChange& change) {
  const auto next = static_cast<Place>(steps_.size() + 1);
  const auto [place, fresh] = known_.try_emplace({before, name_of(change)}, next);
  if (fresh) {
    const std::uint32_t depth = before == 0 ? 1 : step(before).depth + 1;
    steps_.push_back({.before = before, .depth = depth, .change = change});
  }
  return place->second;
}

std::vector<StoreTrace::Place> StoreTrace::way_to(Place place) const {
  std::vector<Place> way;
  for (; place != 0; place = step(place).before)
    way.push_back(place);
  std::reverse(way.begin(), way.end());
  return way;
}

}  // namespace holdfast::scenarios
