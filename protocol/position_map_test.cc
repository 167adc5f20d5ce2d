#include "protocol/position_map.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace holdfast {
namespace {

std::vector<std::pair<std::uint64_t, std::string>> contents(const PositionMap<std::string>& map) {
  std::vector<std::pair<std::uint64_t, std::string>> all;
  for (auto at = map.first_from({}); at; at = map.first_from(at->next()))
    all.emplace_back(at->value, *map.find(*at));
  return all;
}

TEST(PositionMap, TheHighestPositionIsOneAsAnyOther) {
  PositionMap<std::string> map;
  map.set(Position::max(), "last");
  EXPECT_EQ(map.first_from(Position{}), Position::max());
  EXPECT_EQ(map.first_from(Position::max()), Position::max());
  EXPECT_EQ(map.first_from(Position::max().next()), std::nullopt);
  map.erase_below(Position::max());
  EXPECT_EQ(map.size(), 1u);
  map.erase(Position::max());
  EXPECT_TRUE(map.empty());
}

TEST(PositionMap, AValueStaysWhereItIs) {
  PositionMap<std::string> map;
  const std::string* const one = &map.set({100}, "one");
  for (std::uint64_t i = 0; i < 300; ++i)
    if (i != 100) map.set({i}, "more");
  map.erase_below({90});
  EXPECT_EQ(map.find({100}), one);
  EXPECT_EQ(*one, "one");
}

// The same as a std::map under any calls, positions close together and far apart.
RC_GTEST_PROP(PositionMap, IsAMap, ()) {
  PositionMap<std::string> map;
  std::map<std::uint64_t, std::string> model;
  const auto steps = *rc::gen::inRange(1, 200);
  for (int i = 0; i < steps; ++i) {
    const std::uint64_t base = *rc::gen::element<std::uint64_t>(0, 1'000'000, ~0ull - 100);
    const std::uint64_t at = base + *rc::gen::inRange<std::uint64_t>(0, 80);
    switch (*rc::gen::inRange(0, 6)) {
      case 0:
        map.erase({at});
        model.erase(at);
        break;
      case 1:
        if (*rc::gen::inRange(0, 8) != 0) break;
        map.erase_below({at});
        model.erase(model.begin(), model.lower_bound(at));
        break;
      default:
        map.set({at}, std::to_string(i));
        model.insert_or_assign(at, std::to_string(i));
        break;
    }
    const auto next = model.lower_bound(at);
    const auto found = map.first_from({at});
    RC_ASSERT(found.has_value() == (next != model.end()));
    if (found) RC_ASSERT(found->value == next->first);
    RC_ASSERT((map.find({at}) != nullptr) == model.contains(at));
    RC_ASSERT(map.size() == model.size());
  }
  RC_ASSERT(contents(map) ==
            (std::vector<std::pair<std::uint64_t, std::string>>(model.begin(), model.end())));
}

}  // namespace
}  // namespace holdfast
