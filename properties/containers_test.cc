#include <map>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "properties/flat_map.h"
#include "properties/position_window.h"
#include "properties/replica_view.h"

namespace holdfast::properties {
namespace {

RC_GTEST_PROP(FlatMap, IsAMap, ()) {
  FlatMap<int> flat;
  std::map<std::uint64_t, int> model;
  const auto steps = *rc::gen::container<std::vector<std::pair<int, int>>>(
      rc::gen::pair(rc::gen::inRange(0, 40), rc::gen::inRange(-20, 20)));
  for (const auto& [key_small, value] : steps) {
    const std::uint64_t key = static_cast<std::uint64_t>(key_small) << (key_small % 3 * 20);
    if (value < 0) {
      flat.erase(key);
      model.erase(key);
    } else {
      flat.at(key) = value;
      model[key] = value;
    }
    RC_ASSERT(flat.size() == model.size());
  }
  for (int small = 0; small < 40; ++small) {
    const std::uint64_t key = static_cast<std::uint64_t>(small) << (small % 3 * 20);
    const int* found = flat.find(key);
    RC_ASSERT((found != nullptr) == model.contains(key));
    if (found != nullptr) RC_ASSERT(*found == model[key]);
  }
}

// Near each other and far apart: at both ends of the range, too.
rc::Gen<std::uint64_t> positions() {
  return rc::gen::map(
      rc::gen::pair(rc::gen::element<std::uint64_t>(
                        0, 1000, 1ull << 31, 1ull << 32, 10'000'000'000, ~0ull - 2000),
                    rc::gen::inRange<std::uint64_t>(0, 1000)),
      [](const std::pair<std::uint64_t, std::uint64_t>& pair) { return pair.first + pair.second; });
}

RC_GTEST_PROP(PositionWindow, IsAMapFromPositions, ()) {
  PositionWindow<int> window;
  std::map<std::uint64_t, int> model;
  int value = 0;
  std::uint64_t dropped = 0;
  for (const std::uint64_t p : *rc::gen::container<std::vector<std::uint64_t>>(positions())) {
    if (p < dropped) continue;
    if (++value % 7 == 0) {
      window.drop_below({p});
      model.erase(model.begin(), model.lower_bound(p));
      dropped = p;
    } else {
      window.at({p}) = value;
      model[p] = value;
    }
  }
  for (const auto& [p, expected] : model) {
    const int* found = window.find({p});
    RC_ASSERT(found != nullptr);
    RC_ASSERT(*found == expected);
  }
  window.for_each([&](Position p, int found) {
    if (p.value >= dropped && found != 0) RC_ASSERT(model.at(p.value) == found);
  });
}

RC_GTEST_PROP(PositionSet, KnowsItsFrontier, ()) {
  const std::uint64_t base = *positions();
  PositionSet set;
  std::set<std::uint64_t> model;
  std::uint64_t floor = base;
  set.raise_floor({base});
  for (int step = 0; step < 60; ++step) {
    const std::uint64_t p = base + *rc::gen::inRange<std::uint64_t>(0, 200);
    const std::uint64_t kind = *rc::gen::inRange<std::uint64_t>(0, 10);
    if (kind == 0 && p > floor) {
      set.raise_floor({p});
      floor = p;
    } else if (kind == 1) {
      const std::uint64_t last = p + *rc::gen::inRange<std::uint64_t>(0, 20);
      set.add({p}, {last});
      for (std::uint64_t q = p; q <= last; ++q)
        model.insert(q);
    } else {
      set.add({p});
      model.insert(p);
    }
    std::uint64_t frontier = floor;
    while (model.contains(frontier))
      ++frontier;
    RC_ASSERT(set.frontier().value == frontier);
    if (p >= floor) RC_ASSERT(set.contains({p}) == model.contains(p));
  }
}

TEST(PositionSet, AHugeIntervalCostsNothing) {
  PositionSet set;
  set.add({10}, {std::uint64_t{1} << 60});
  EXPECT_EQ(set.frontier(), Position{0});
  set.add({0}, {9});
  EXPECT_EQ(set.frontier().value, (std::uint64_t{1} << 60) + 1);
  EXPECT_TRUE(set.contains({std::uint64_t{1} << 40}));
}

}  // namespace
}  // namespace holdfast::properties
