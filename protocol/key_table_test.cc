#include "protocol/key_table.h"

#include <algorithm>
#include <map>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace holdfast {
namespace {

constexpr IdempotencyKey key(std::uint64_t n) {
  return {.client = 1, .sequence = n};
}

TEST(KeyTable, AnEmptyOneKnowsNothing) {
  EXPECT_FALSE(KeyTable(4).find(key(1)));
}

TEST(KeyTable, FindsWhereAKeyIs) {
  KeyTable table(4);
  table.add({7}, key(1));
  table.add({8}, key(2));
  EXPECT_EQ(table.find(key(1)), Position{7});
  EXPECT_EQ(table.find(key(2)), Position{8});
  EXPECT_FALSE(table.find(key(3)));
  EXPECT_FALSE(table.find({.client = 2, .sequence = 1}));
}

TEST(KeyTable, ForgetsWhatLiesSoFarBelow) {
  KeyTable table(4);
  for (std::uint64_t p = 1; p <= 5; ++p)
    table.add({p}, key(p));
  EXPECT_FALSE(table.find(key(1)));
  EXPECT_EQ(table.find(key(2)), Position{2});
}

TEST(KeyTable, WhatIsLearnedLateTakesNoNewerOnesPlace) {
  KeyTable table(4);
  table.add({9}, key(9));
  table.add({5}, key(5));
  EXPECT_EQ(table.find(key(9)), Position{9});
  EXPECT_FALSE(table.find(key(5)));
}

TEST(KeyTable, OfAKeyAppendedAgainTheLaterEntryIsFound) {
  KeyTable table(4);
  table.add({1}, key(1));
  table.add({4}, key(1));
  table.add({5}, key(5));  // Where position 1 was.
  EXPECT_EQ(table.find(key(1)), Position{4});
}

// Few places and fewer keys, so that places are taken over and keys share runs of the index.
RC_GTEST_PROP(KeyTable, RemembersAtLeastTheHighestPositions, ()) {
  const auto positions = *rc::gen::inRange<std::size_t>(1, 20);
  const auto adds =
      *rc::gen::container<std::vector<std::pair<std::uint64_t, std::uint64_t>>>(rc::gen::pair(
          rc::gen::inRange<std::uint64_t>(0, 60), rc::gen::inRange<std::uint64_t>(1, 40)));
  KeyTable table(positions);
  std::map<std::uint64_t, std::uint64_t> log;  // A position has one key.
  for (const auto& [p, k] : adds) {
    const std::uint64_t its = log.try_emplace(p, k).first->second;
    table.add({p}, key(its));
    std::map<std::uint64_t, std::uint64_t> highest;
    for (const auto& [at, held] : log)
      highest[held] = at;
    for (const auto& [held, at] : highest) {
      const auto found = table.find(key(held));
      if (at + positions > log.rbegin()->first) RC_ASSERT(found.has_value());
      if (found) RC_ASSERT(log.at(found->value) == held);
      if (at + positions > log.rbegin()->first) RC_ASSERT(found->value == at);
    }
  }
}

}  // namespace
}  // namespace holdfast
