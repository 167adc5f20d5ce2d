#include "sim/explore/search.h"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "sim/explore/visited.h"

namespace holdfast::explore {
namespace {

// Counters below a bound, each of which may be increased by one; all at the bound end it.  What is
// wrong with a state is up to the test.
class Counters : public StateSpace {
 public:
  Counters(std::size_t count, std::uint32_t bound) : count_(count), bound_(bound) {}

  void initial(Transitions& out) override { out.add(0, std::vector<std::uint32_t>(count_)); }

  void successors(Words state, Transitions& out) override {
    for (std::uint32_t i = 0; i < state.size(); ++i) {
      if (state[i] == bound_) continue;
      std::vector<std::uint32_t> next(state.begin(), state.end());
      ++next[i];
      out.add(i, next);
    }
  }

  std::string violation(Words state) override {
    return std::equal(state.begin(), state.end(), wrong.begin(), wrong.end()) ? "wrong" : "";
  }

  std::vector<std::uint32_t> wrong;

 private:
  std::size_t count_;
  std::uint32_t bound_;
};

TEST(Search, MeetsEveryStateOnceInEitherOrder) {
  // 4 counters from 0 to 6: a grid of 7^4 points, the longest way is 24 steps.
  for (const Order order : {Order::kBreadthFirst, Order::kDepthFirst}) {
    Counters space(4, 6);
    const Result result = search(space, order, {});
    EXPECT_EQ(result.ending, Ending::kExhausted);
    EXPECT_EQ(result.progress.states, 2401u);
    EXPECT_EQ(result.progress.expanded, 2401u);
    EXPECT_EQ(result.progress.transitions, 4u * 6 * 343);
    EXPECT_EQ(result.progress.depth, 25u);
    EXPECT_EQ(result.terminals, 1u);
    EXPECT_EQ(result.terminals_sum, fingerprint_of(std::vector<std::uint32_t>(4, 6)));
  }
}

TEST(Search, OrdersAgreeOnTheSumOfAllStates) {
  Counters space(5, 3);
  const Result breadth = search(space, Order::kBreadthFirst, {});
  const Result depth = search(space, Order::kDepthFirst, {});
  EXPECT_EQ(breadth.states_sum, depth.states_sum);
  EXPECT_EQ(breadth.terminals_sum, depth.terminals_sum);
}

TEST(Search, BreadthFirstFindsAShortestWay) {
  Counters space(3, 9);
  space.wrong = {2, 0, 3};
  const Result result = search(space, Order::kBreadthFirst, {});
  ASSERT_EQ(result.ending, Ending::kViolation);
  EXPECT_EQ(result.violation.text, "wrong");
  EXPECT_EQ(result.violation.events.size(), 5u);
  ASSERT_EQ(result.violation.states.size(), 6u);
  EXPECT_EQ(result.violation.states.front(), std::vector<std::uint32_t>(3));
  EXPECT_EQ(result.violation.states.back(), space.wrong);
}

TEST(Search, DepthFirstFindsAWay) {
  Counters space(3, 9);
  space.wrong = {9, 8, 9};
  const Result result = search(space, Order::kDepthFirst, {});
  ASSERT_EQ(result.ending, Ending::kViolation);
  EXPECT_EQ(result.violation.states.back(), space.wrong);
  std::vector<std::uint32_t> walked(3);
  for (const EventName event : result.violation.events)
    ++walked[event];
  EXPECT_EQ(walked, space.wrong);
}

// Asked in the middle, as whoever must say what was going on when the code did not return.
TEST(Search, SaysHowItCameToTheStateItGoesOnFrom) {
  class Asked : public Counters {
   public:
    Asked() : Counters(3, 4) {}

    void successors(Words state, Transitions& out) override {
      std::vector<std::uint32_t> walked(state.size());
      for (const EventName event : whereabouts.events())
        ++walked[event];
      right += std::equal(state.begin(), state.end(), walked.begin(), walked.end());
      Counters::successors(state, out);
    }

    Whereabouts whereabouts;
    std::uint64_t right = 0;
  };

  for (const Order order : {Order::kBreadthFirst, Order::kDepthFirst}) {
    Asked space;
    const Result result = search(space, order, {.go_on = {}, .whereabouts = &space.whereabouts});
    EXPECT_EQ(result.progress.expanded, 125u);
    EXPECT_EQ(space.right, 125u);
    EXPECT_FALSE(space.whereabouts.events);
  }
}

TEST(Search, StopsWhenAsked) {
  for (const Order order : {Order::kBreadthFirst, Order::kDepthFirst}) {
    Counters space(6, 9);
    int asked = 0;
    const Result stopped = search(space, order, {.go_on = [&](const Progress& progress) {
                                    EXPECT_GE(progress.states, progress.expanded);
                                    EXPECT_GT(progress.bytes, 0u);
                                    return ++asked < 3;
                                  }});
    EXPECT_EQ(stopped.ending, Ending::kStopped);
    EXPECT_EQ(asked, 3);
    EXPECT_LT(stopped.progress.states, 1'000'000u);
    const Result full = search(space, order, {.go_on = {}, .states = 5000});
    EXPECT_EQ(full.ending, Ending::kStatesLimit);
    EXPECT_EQ(full.progress.states, 5000u);
  }
}

// Stopped again and again, and gone on from with nothing but the closed states.
TEST(Search, GoesOnFromWhatWasClosed) {
  const auto space_of = [] { return Counters(5, 6); };
  auto space = space_of();
  const Result whole = search(space, Order::kDepthFirst, {});
  ASSERT_EQ(whole.ending, Ending::kExhausted);

  Closed closed;
  std::vector<Fingerprint> states;
  Result part;
  int sessions = 0;
  do {
    auto again = space_of();
    std::size_t at = 0;
    const Resumption resumption{.closed = closed, .next = [&](Fingerprint& state) {
                                  if (at == states.size()) return false;
                                  state = states[at++];
                                  return true;
                                }};
    Closed kept;
    std::vector<Fingerprint> left;
    Limits limits{.go_on = [&](const Progress& progress) {
      return progress.expanded < closed.states + 5000;
    }};
    limits.resumption = &resumption;
    limits.keep = [&](const Closed& now, const ForEachClosed& for_each) {
      kept = now;
      for_each([&](const Fingerprint& state) { left.push_back(state); });
    };
    part = search(again, Order::kDepthFirst, limits);
    if (part.ending == Ending::kStopped) {
      ASSERT_EQ(left.size(), kept.states);
      ASSERT_GT(kept.states, closed.states);
      closed = kept;
      states = std::move(left);
    }
    ASSERT_LT(++sessions, 10);
  } while (part.ending == Ending::kStopped);

  EXPECT_GT(sessions, 2);
  EXPECT_EQ(part.ending, Ending::kExhausted);
  EXPECT_EQ(part.progress.states, whole.progress.states);
  EXPECT_EQ(part.progress.expanded, whole.progress.expanded);
  EXPECT_EQ(part.progress.transitions, whole.progress.transitions);
  EXPECT_EQ(part.progress.depth, whole.progress.depth);
  EXPECT_EQ(part.terminals, whole.terminals);
  EXPECT_EQ(part.states_sum, whole.states_sum);
  EXPECT_EQ(part.terminals_sum, whole.terminals_sum);
}

TEST(Visited, TakesAtMost32BytesForAState) {
  Visited visited;
  std::vector<std::uint32_t> word(1);
  double most = 0;
  for (word[0] = 0; word[0] < 300'000; ++word[0]) {
    EXPECT_TRUE(visited.add(fingerprint_of(word), Visited::kNone, 0).fresh);
    const auto states = static_cast<double>(visited.size());
    if (visited.size() > 2000) most = std::max(most, static_cast<double>(visited.bytes()) / states);
  }
  EXPECT_LE(most, 32.0);
  for (word[0] = 0; word[0] < 300'000; ++word[0]) {
    const Visited::Added known = visited.add(fingerprint_of(word), Visited::kNone, 0);
    ASSERT_FALSE(known.fresh);
    ASSERT_EQ(known.number, word[0]);
  }
}

TEST(Visited, TellsApartFingerprintsThatDifferAnywhere) {
  Visited visited;
  EXPECT_TRUE(visited.add({.high = 0, .low = 0}, Visited::kNone, 0).fresh);
  for (int bit = 0; bit < 64; ++bit) {
    EXPECT_TRUE(visited.add({.high = std::uint64_t{1} << bit, .low = 0}, 0, 7).fresh) << bit;
    EXPECT_TRUE(visited.add({.high = 0, .low = std::uint64_t{1} << bit}, 0, 7).fresh) << bit;
  }
  EXPECT_EQ(visited.size(), 129u);
}

TEST(Visited, RemembersTheWay) {
  Visited visited;
  const auto first = visited.add({.high = 1, .low = 1}, Visited::kNone, 5).number;
  const auto second = visited.add({.high = 2, .low = 2}, first, 10).number;
  const auto third = visited.add({.high = 3, .low = 3}, second, 11).number;
  // Met again by another way: the first one stays.
  EXPECT_FALSE(visited.add({.high = 3, .low = 3}, first, 12).fresh);
  const Visited::Path path = visited.path_to(third);
  EXPECT_EQ(path.beginning, 5u);
  EXPECT_EQ(path.events, (std::vector<EventName>{10, 11}));
}

TEST(Fingerprint, SumsDoNotDependOnOrder) {
  std::vector<Fingerprint> all;
  for (std::uint32_t i = 0; i < 100; ++i)
    all.push_back(fingerprint_of(std::vector<std::uint32_t>{i, i * i}));
  const auto sum = [&] {
    Fingerprint total;
    for (const Fingerprint& each : all)
      total += each;
    return total;
  };
  const Fingerprint forward = sum();
  std::reverse(all.begin(), all.end());
  EXPECT_EQ(sum(), forward);
  // A carry from low to high.
  Fingerprint carried{.high = 0, .low = ~std::uint64_t{0}};
  carried += {.high = 0, .low = 1};
  EXPECT_EQ(carried, (Fingerprint{.high = 1, .low = 0}));
}

TEST(Fingerprint, CollisionsAreUnlikely) {
  EXPECT_EQ(collision_exponent(1), -127);
  EXPECT_EQ(collision_exponent(100'000'000), -75);
}

TEST(Fingerprint, LengthAndOrderMatter) {
  const std::vector<std::vector<std::uint32_t>> all{
      {}, {0}, {0, 0}, {0, 0, 0}, {1, 2}, {2, 1}, {1, 2, 0}, {0, 1, 2}};
  for (std::size_t a = 0; a < all.size(); ++a)
    for (std::size_t b = 0; b < a; ++b)
      EXPECT_NE(fingerprint_of(all[a]), fingerprint_of(all[b])) << a << " " << b;
}

}  // namespace
}  // namespace holdfast::explore
