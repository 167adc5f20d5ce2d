// The parts a world is made of, each by itself: draws, queue, topology, clock, budget.

#include <algorithm>
#include <map>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/event_queue.h"
#include "sim/fault_budget.h"
#include "sim/keyed_random.h"
#include "sim/sim_clock.h"
#include "sim/topology.h"
#include "sim/toy_cast.h"

namespace holdfast::sim {
namespace {

using testing::ElementsAre;

// --- Draws.

TEST(KeyedRandom, ChanceMatchesItsRateAndNeverAndAlwaysAreExact) {
  const KeyedRandom random = KeyedRandom(1).at("coin");
  int heads = 0;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    heads += chance(random.draw(i), 250'000) ? 1 : 0;
    EXPECT_FALSE(chance(random.draw(i), 0));
    EXPECT_TRUE(chance(random.draw(i), kWhole));
  }
  EXPECT_NEAR(heads, 25'000, 600);
}

TEST(KeyedRandom, LogUniformReachesEveryOctaveEquallyAndStaysInRange) {
  std::map<int, int> octaves;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const std::int64_t value = log_uniform(KeyedRandom(2).draw(i), 100, 100'000);
    ASSERT_GE(value, 100);
    ASSERT_LE(value, 100'000);
    ++octaves[std::bit_width(static_cast<std::uint64_t>(value))];
  }
  EXPECT_EQ(octaves.size(), 11u);
  for (const auto& [octave, count] : octaves)
    EXPECT_NEAR(count, 20'000 / 11, 250) << octave;
}

RC_GTEST_PROP(KeyedRandom, UniformIncludesBothEndsAndNothingElse, (std::uint64_t draw)) {
  const auto from = *rc::gen::arbitrary<std::int64_t>();
  const auto to = *rc::gen::arbitrary<std::int64_t>();
  const std::int64_t value = uniform(draw, std::min(from, to), std::max(from, to));
  RC_ASSERT(value >= std::min(from, to) && value <= std::max(from, to));
}

TEST(KeyedRandom, WeightsAreProportional) {
  constexpr std::array<std::uint32_t, 4> kWeights{1, 0, 3, 6};
  std::array<int, 4> counts{};
  for (std::uint64_t i = 0; i < 10'000; ++i)
    ++counts[weighted(KeyedRandom(3).draw(i), kWeights)];
  EXPECT_NEAR(counts[0], 1'000, 150);
  EXPECT_EQ(counts[1], 0);
  EXPECT_NEAR(counts[2], 3'000, 250);
}

// --- Queue.

RC_GTEST_PROP(EventQueue, PopsByTimeThenTieBreak, ()) {
  const auto items = *rc::gen::container<std::vector<std::pair<std::uint8_t, std::uint32_t>>>(
      rc::gen::arbitrary<std::pair<std::uint8_t, std::uint32_t>>());
  EventQueue<std::unique_ptr<std::size_t>> queue;
  std::vector<std::pair<std::uint8_t, std::uint32_t>> sorted;
  // Half are pushed, some popped, then the rest: slots are used again.
  std::size_t number = 0;
  for (const auto& item : items) {
    queue.push(item.first, item.second, std::make_unique<std::size_t>(number++));
    sorted.push_back(item);
    if (number % 3 != 0) continue;
    const auto least = std::min_element(sorted.begin(), sorted.end());
    RC_ASSERT(queue.next_time_ns() == least->first);
    RC_ASSERT(items[*queue.pop()] == *least);
    sorted.erase(least);
  }
  std::sort(sorted.begin(), sorted.end());
  for (const auto& item : sorted)
    RC_ASSERT(items[*queue.pop()] == item);
  RC_ASSERT(queue.empty());
}

// --- Topology.

TEST(Topology, SetsNameWhatIsInThem) {
  const LinkSet links = links_between(NodeSet{0b001}, NodeSet{0b110});
  EXPECT_EQ(to_string(links), "1>2,1>3,2>1,3>1");
  EXPECT_EQ(to_string(NodeSet{0b101}), "1,3");
  EXPECT_EQ(links_from_to(NodeSet::first(3), NodeSet::first(3)).size(), 6);
}

TEST(Topology, InARingEverybodyHearsAMajorityAndNoTwoTheSame) {
  for (int count = 2; count <= 7; ++count) {
    for (const RingKind kind : {RingKind::kSymmetric, RingKind::kOneWay}) {
      if (kind == RingKind::kSymmetric && count <= 4) continue;  // cuts nothing, or too little
      for (std::uint64_t key = 0; key < 20; ++key) {
        const LinkSet cuts = ring_of_majorities_cuts(count, kind, key);
        std::vector<std::uint64_t> heard;
        for (int to = 0; to < count; ++to) {
          const NodeId hearer = node_at(static_cast<unsigned>(to));
          NodeSet from = NodeSet::first(count);
          for_each_node(NodeSet::first(count) - NodeSet::of(hearer), [&](NodeId other) {
            if (cuts.contains(other, hearer)) from = from - NodeSet::of(other);
          });
          EXPECT_GT(2 * from.size(), count);
          heard.push_back(from.bits);
        }
        std::sort(heard.begin(), heard.end());
        if (count > 2) {
          EXPECT_EQ(std::unique(heard.begin(), heard.end()), heard.end()) << count;
        }
      }
    }
  }
}

// --- Clock.

TEST(SimClock, DriftsJumpsAndNeverGoesBack) {
  SimClock clock;
  clock.restart(Instant::at(1'000), Instant::at(5'000'000), 100'000);
  EXPECT_EQ(clock.read(Instant::at(1'000)).ns(), 5'000'000);
  EXPECT_EQ(clock.read(Instant::at(1'000 + 1'000'000)).ns(), 5'000'000 + 1'100'000);
  clock.jump(Instant::at(2'000'000), Duration::seconds(1));
  clock.set_drift(Instant::at(3'000'000), -400'000);
  const std::int64_t shown = clock.read(Instant::at(3'000'000)).ns();
  EXPECT_EQ(clock.read(Instant::at(4'000'000)).ns(), shown + 600'000);
}

RC_GTEST_PROP(SimClock, ReachesIsTheEarliestInstantThatShowsIt, ()) {
  const auto within = [](std::int64_t from, std::int64_t to) {
    return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::int64_t>(from, to));
  };
  SimClock clock;
  const Instant origin = Instant::at(within(0, 1'000'000'000'000'000));
  clock.restart(Instant::at(within(0, 1'000'000)), origin, within(-500'000, 1'000'000));
  const Instant now = Instant::at(within(1'000'000, 90'000'000'000'000));
  const Instant local =
      clock.read(now) + Duration::nanoseconds(within(-1'000'000, 1'000'000'000'000));
  const Instant at = clock.reaches(local, now);
  RC_ASSERT(at >= now);
  RC_ASSERT(clock.read(at) >= local);
  if (at > now) RC_ASSERT(clock.read(Instant::at(at.ns() - 1)) < local);
}

TEST(SimClock, NeverIsNever) {
  SimClock clock;
  clock.restart(Instant(), Instant(), -300'000);
  EXPECT_EQ(clock.reaches(Instant::never(), Instant::at(5)), Instant::never());
  EXPECT_EQ(clock.reaches(Instant::at(Instant::never().ns() - 1), Instant::at(5)),
            Instant::never());
}

// --- Budget.

WorldOptions budget_options(Profile profile) {
  WorldOptions options = quiet_options(5);
  options.profile = profile;
  options.down_max = 2;
  options.broken_disks_max = 1;
  return options;
}

TEST(FaultBudget, LimitsWhatIsWrongAtOnce) {
  FaultBudget budget(budget_options(Profile::kDefault));
  EXPECT_TRUE(budget.allows(FaultKind::kWipe, NodeId{1}));
  budget.went_down(NodeId{1});
  budget.went_down(NodeId{2});
  EXPECT_FALSE(budget.allows(FaultKind::kWipe, NodeId{3})) << "a wiped machine is down";
  EXPECT_TRUE(budget.allows(FaultKind::kWipe, NodeId{1})) << "that one is down anyway";
  EXPECT_FALSE(budget.allows(FaultKind::kCrashTorn, NodeId{3}));
  EXPECT_TRUE(budget.allows(FaultKind::kIsolate, NodeId{3})) << "the network is unlimited";
  budget.came_up(NodeId{2});
  EXPECT_TRUE(budget.allows(FaultKind::kCrashTorn, NodeId{3}));
  budget.disk_broke(NodeId{4});
  EXPECT_FALSE(budget.allows(FaultKind::kSyncError, NodeId{5}));
  EXPECT_TRUE(budget.allows(FaultKind::kDiskFull, NodeId{4})) << "that disk is broken anyway";
  budget.disk_mended(NodeId{4});
  EXPECT_TRUE(budget.allows(FaultKind::kSyncError, NodeId{5}));
  for (const FaultInfo& kind : kFaultCatalogue) {
    if (kind.fault_class == FaultClass::kBeyond) {
      EXPECT_FALSE(budget.allows(kind.kind, NodeId{5})) << kind.name;
    }
  }
}

TEST(FaultBudget, BeyondLiftsIt) {
  FaultBudget budget(budget_options(Profile::kBeyond));
  for (std::uint8_t i = 1; i <= 5; ++i)
    budget.went_down(NodeId{i});
  for (const FaultInfo& kind : kFaultCatalogue)
    EXPECT_TRUE(budget.allows(kind.kind, NodeId{1}));
}

}  // namespace
}  // namespace holdfast::sim
