#include "protocol/interval_set.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace holdfast {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Position at(std::uint64_t value) {
  return {value};
}

TEST(IntervalSet, IsEmptyAtFirst) {
  const IntervalSet set;
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.intervals(), 0u);
  EXPECT_FALSE(set.contains(at(0)));
  EXPECT_EQ(set.first_from(at(0)), std::nullopt);
  EXPECT_EQ(set.run_end(at(0)), std::nullopt);
  EXPECT_EQ(set.first_absent(at(7)), at(7));
  EXPECT_THAT(set.absent(at(2), at(5), 10), ElementsAre(Interval{at(2), at(5)}));
}

TEST(IntervalSet, NeighboursBecomeOne) {
  IntervalSet set;
  set.add(at(1), at(3));
  set.add(at(7), at(9));
  EXPECT_EQ(set.intervals(), 2u);
  set.add(at(4));
  EXPECT_THAT(set.list(), ElementsAre(Interval{at(1), at(4)}, Interval{at(7), at(9)}));
  set.add(at(5), at(6));
  EXPECT_THAT(set.list(), ElementsAre(Interval{at(1), at(9)}));
}

TEST(IntervalSet, RemovalSplits) {
  IntervalSet set;
  set.add(at(0), at(9));
  set.remove(at(4), at(5));
  EXPECT_THAT(set.list(), ElementsAre(Interval{at(0), at(3)}, Interval{at(6), at(9)}));
  set.remove(at(0));
  set.remove(at(9));
  set.remove(at(20), at(30));
  EXPECT_THAT(set.list(), ElementsAre(Interval{at(1), at(3)}, Interval{at(6), at(8)}));
  set.remove(at(2), at(7));
  EXPECT_THAT(set.list(), ElementsAre(Interval{at(1), at(1)}, Interval{at(8), at(8)}));
  set.remove(at(0), Position::max());
  EXPECT_TRUE(set.empty());
}

TEST(IntervalSet, AbsentStopsAtItsLimit) {
  IntervalSet set;
  for (std::uint64_t p = 1; p < 20; p += 2)
    set.add(at(p));
  EXPECT_THAT(set.absent(at(0), at(20), 2),
              ElementsAre(Interval{at(0), at(0)}, Interval{at(2), at(2)}));
  EXPECT_THAT(set.absent(at(0), at(20), 0), IsEmpty());
}

TEST(IntervalSet, MemoryFollowsIntervalsNotPositions) {
  IntervalSet set;
  set.add(at(0), Position::max());
  EXPECT_EQ(set.intervals(), 1u);
  set.remove(at(1'000'000'000'000));
  EXPECT_EQ(set.intervals(), 2u);
}

TEST(IntervalSet, WorksUpToTheLastPosition) {
  const Position last = Position::max();
  IntervalSet set;
  set.add(last);
  EXPECT_TRUE(set.contains(last));
  EXPECT_EQ(set.run_end(last), last);
  EXPECT_EQ(set.first_from(at(0)), last);
  EXPECT_THAT(set.absent(at(5), last, 10), ElementsAre(Interval{at(5), last.previous()}));
  set.add(last.previous().previous(), last);
  EXPECT_EQ(set.intervals(), 1u);
  EXPECT_THAT(set.absent(last.previous(), last, 10), IsEmpty());
  set.remove(last);
  EXPECT_THAT(set.list(), ElementsAre(Interval{last.previous().previous(), last.previous()}));
  EXPECT_THAT(set.absent(last.previous(), last, 10), ElementsAre(Interval{last, last}));
}

TEST(IntervalSetDeathTest, IntervalsAreNotReversed) {
  IntervalSet set;
  EXPECT_DEATH(set.add(at(2), at(1)), "require failed.*first <= last");
  EXPECT_DEATH(set.remove(at(2), at(1)), "require failed.*first <= last");
}

// ------------------------------------------------------------ against a set of single positions

class Model {
 public:
  Model(std::uint64_t lowest, std::uint64_t highest) : lowest_(lowest), highest_(highest) {}

  void add(Position first, Position last) {
    for (std::uint64_t p = first.value; p <= last.value; ++p)
      set_.insert(p);
  }

  void remove(Position first, Position last) {
    for (std::uint64_t p = first.value; p <= last.value; ++p)
      set_.erase(p);
  }

  bool contains(Position p) const { return set_.contains(p.value); }

  std::optional<Position> run_end(Position p) const {
    if (!contains(p)) return std::nullopt;
    while (p.value < highest_ && contains(p.next()))
      p = p.next();
    return p;
  }

  std::optional<Position> first_from(Position p) const {
    const auto found = set_.lower_bound(p.value);
    if (found == set_.end()) return std::nullopt;
    return at(*found);
  }

  Position first_absent(Position p) const {
    while (contains(p))
      p = p.next();
    return p;
  }

  std::vector<Interval> runs(bool present, Position first, Position last) const {
    std::vector<Interval> runs;
    for (std::uint64_t p = first.value; p <= last.value; ++p) {
      if (contains(at(p)) != present) continue;
      if (!runs.empty() && runs.back().last.next() == at(p)) {
        runs.back().last = at(p);
      } else {
        runs.push_back({at(p), at(p)});
      }
    }
    return runs;
  }

  std::vector<Interval> list() const { return runs(true, at(lowest_), at(highest_)); }

  std::vector<Interval> absent(Position first, Position last, std::size_t limit) const {
    std::vector<Interval> gaps = runs(false, first, last);
    gaps.resize(std::min(gaps.size(), limit));
    return gaps;
  }

 private:
  std::uint64_t lowest_;
  std::uint64_t highest_;
  std::set<std::uint64_t> set_;
};

constexpr std::uint64_t kSpan = 40;

void compare(const IntervalSet& set, const Model& model, std::uint64_t lowest) {
  RC_ASSERT(set.list() == model.list());
  RC_ASSERT(set.intervals() == model.list().size());
  RC_ASSERT(set.empty() == model.list().empty());
  for (std::uint64_t p = lowest; p < lowest + kSpan; ++p) {
    RC_ASSERT(set.contains(at(p)) == model.contains(at(p)));
    RC_ASSERT(set.run_end(at(p)) == model.run_end(at(p)));
    RC_ASSERT(set.first_from(at(p)) == model.first_from(at(p)));
    RC_ASSERT(set.first_absent(at(p)) == model.first_absent(at(p)));
  }
}

RC_GTEST_PROP(IntervalSet, IsASetOfPositions, (std::vector<std::uint32_t> choices)) {
  // At both ends of the log and at the borders of 32 bits, where arithmetic would go wrong.
  const std::uint64_t lowest =
      *rc::gen::element<std::uint64_t>(0,
                                       (std::uint64_t{1} << 31) - kSpan / 2,
                                       (std::uint64_t{1} << 32) - kSpan / 2,
                                       Position::max().value - kSpan + 1);
  IntervalSet set;
  Model model(lowest, lowest + kSpan - 1);
  for (const std::uint32_t choice : choices) {
    const std::uint64_t from = choice % kSpan;
    const std::uint64_t length = choice / kSpan % 8;
    const Position first = at(lowest + from);
    const Position last = at(lowest + std::min(from + length, kSpan - 1));
    if (choice / kSpan / 8 % 2 == 0) {
      set.add(first, last);
      model.add(first, last);
    } else {
      set.remove(first, last);
      model.remove(first, last);
    }
    compare(set, model, lowest);
    const std::size_t limit = choice % 5;
    RC_ASSERT(set.absent(first, last, limit) == model.absent(first, last, limit));
    RC_ASSERT(set.absent(at(lowest), last, 100) == model.absent(at(lowest), last, 100));
  }
}

RC_GTEST_PROP(IntervalSet, EqualityIsThatOfTheSets, (std::vector<std::uint8_t> positions)) {
  IntervalSet forward;
  IntervalSet backward;
  for (const std::uint8_t p : positions)
    forward.add(at(p));
  std::reverse(positions.begin(), positions.end());
  for (const std::uint8_t p : positions)
    backward.add(at(p));
  RC_ASSERT(forward == backward);
}

}  // namespace
}  // namespace holdfast
