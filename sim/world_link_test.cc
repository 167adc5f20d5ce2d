// Every fault of the network does what its line in the catalogue says.

#include <optional>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/toy_cast.h"
#include "sim/world.h"

namespace holdfast::sim {
namespace {

constexpr NodeId kOne{1};
constexpr NodeId kTwo{2};
constexpr NodeId kThree{3};

constexpr Duration ms(std::int64_t n) {
  return Duration::milliseconds(n);
}

constexpr std::int64_t kOut = static_cast<std::int64_t>(Direction::kOut);
constexpr std::int64_t kIn = static_cast<std::int64_t>(Direction::kIn);
constexpr std::int64_t kBoth = static_cast<std::int64_t>(Direction::kBoth);

// Every node sends one numbered frame to every other at 10, 20, .. 100 ms; each travels 1 ms.
class WorldLinkTest : public testing::Test {
 protected:
  void run(WorldOptions options, std::vector<Fault> faults) {
    options_ = options;
    world_.emplace(options, cast_, observer_);
    world_->schedule(faults);
    world_->boot_all();
    for (std::int64_t time = 10; time <= 100; time += 10) {
      for (std::int64_t from = 1; from <= options.nodes; ++from) {
        const NodeId node{static_cast<std::uint8_t>(from)};
        world_->at(after(ms(time)), node, [this, node, time] { greet(node, time); });
      }
    }
    world_->run_until(after(ms(1000)));
  }

  void greet(NodeId node, std::int64_t time) {
    for (std::int64_t to = 1; to <= options_.nodes; ++to) {
      const NodeId peer{static_cast<std::uint8_t>(to)};
      if (peer != node) cast_.send(node, peer, std::to_string(time));
    }
  }

  // The frames that arrived, in their order.
  std::vector<std::string> arrived(NodeId from, NodeId to) const {
    std::vector<std::string> texts;
    for (const ToyObserver::SeenFrame& each : observer_.frames) {
      if (each.moment == FrameMoment::kDelivered && each.from == from && each.to == to) {
        texts.push_back(each.text);
      }
    }
    return texts;
  }

  std::size_t delivered(NodeId from, NodeId to) const { return arrived(from, to).size(); }

  // Between 25 ms and 65 ms: the frames of 30, 40, 50, 60.
  static Fault fault(FaultKind kind, Target target, std::uint64_t group, std::int64_t arg) {
    return {kind, ms(25), ms(40), target, group, arg};
  }

  WorldOptions options_;
  ToyCast cast_;
  ToyObserver observer_;
  std::optional<World> world_;
};

TEST_F(WorldLinkTest, WithoutFaultsEverythingArrives) {
  run(quiet_options(3), {});
  EXPECT_EQ(world_->counters().network.delivered, 60u);
}

TEST_F(WorldLinkTest, ACutOutDropsOneWay) {
  run(quiet_options(3), {fault(FaultKind::kCut, kOne, NodeSet::of(kTwo).bits, kOut)});
  EXPECT_EQ(delivered(kOne, kTwo), 6u);
  EXPECT_EQ(delivered(kTwo, kOne), 10u);
  EXPECT_EQ(delivered(kOne, kThree), 10u);
  EXPECT_EQ(world_->counters().network.cut, 4u);
}

TEST_F(WorldLinkTest, ACutInAndBothWays) {
  run(quiet_options(3),
      {fault(FaultKind::kCut, kOne, 0, kIn), fault(FaultKind::kCut, kTwo, 0, kBoth)});
  EXPECT_EQ(delivered(kOne, kThree), 10u);
  EXPECT_EQ(delivered(kThree, kOne), 6u);
  EXPECT_EQ(delivered(kTwo, kThree), 6u);
  EXPECT_EQ(delivered(kThree, kTwo), 6u);
}

TEST_F(WorldLinkTest, ACutDropsWhatIsOnItsWay) {
  run(quiet_options(2), {{FaultKind::kCut, Duration::microseconds(30'500), ms(5), kOne, 0, kOut}});
  EXPECT_EQ(delivered(kOne, kTwo), 9u) << "sent at 30 ms, cut at 30.5 ms";
}

TEST_F(WorldLinkTest, IsolationCutsBothWaysFromEverybody) {
  run(quiet_options(3), {fault(FaultKind::kIsolate, kTwo, 0, 0)});
  EXPECT_EQ(delivered(kTwo, kOne) + delivered(kTwo, kThree), 12u);
  EXPECT_EQ(delivered(kOne, kTwo) + delivered(kThree, kTwo), 12u);
  EXPECT_EQ(delivered(kOne, kThree), 10u);
}

TEST_F(WorldLinkTest, ASplitSeparatesSides) {
  run(quiet_options(4), {fault(FaultKind::kSplit, {}, 0b0011, 0)});
  EXPECT_EQ(delivered(kOne, kTwo), 10u);
  EXPECT_EQ(delivered(kOne, kThree), 6u);
  EXPECT_EQ(delivered(NodeId{4}, kTwo), 6u);
  EXPECT_EQ(delivered(kThree, NodeId{4}), 10u);
}

TEST_F(WorldLinkTest, ABridgeTalksToBothSides) {
  run(quiet_options(3), {fault(FaultKind::kBridge, kTwo, NodeSet::of(kOne).bits, 0)});
  EXPECT_EQ(delivered(kOne, kThree), 6u);
  EXPECT_EQ(delivered(kThree, kOne), 6u);
  EXPECT_EQ(delivered(kTwo, kOne), 10u);
  EXPECT_EQ(delivered(kThree, kTwo), 10u);
}

TEST_F(WorldLinkTest, ARingLetsEverybodyHearAMajority) {
  run(quiet_options(5), {fault(FaultKind::kRing, {}, 0x5eed, 0)});
  for (unsigned to = 0; to < 5; ++to) {
    int heard = 0;
    for (unsigned from = 0; from < 5; ++from) {
      if (from != to && delivered(node_at(from), node_at(to)) == 10) ++heard;
    }
    EXPECT_EQ(heard, 2) << "and itself makes 3 of 5";
  }
}

TEST_F(WorldLinkTest, AFrozenLinkHoldsFramesAndReleasesThemInOrder) {
  WorldOptions options = quiet_options(2);
  options.network.release_shuffled = 0;
  run(options, {fault(FaultKind::kFreeze, kOne, 0, kOut)});
  EXPECT_THAT(arrived(kOne, kTwo),
              testing::ElementsAre("10", "20", "30", "40", "50", "60", "70", "80", "90", "100"));
  EXPECT_EQ(world_->counters().network.held, 4u);
  EXPECT_EQ(world_->counters().network.released, 4u);
  for (const ToyObserver::SeenFrame& each : observer_.frames) {
    const bool held = each.text == "30" || each.text == "60";
    if (each.moment == FrameMoment::kDelivered && each.from == kOne && held) {
      EXPECT_GE(each.at, after(ms(65)));
    }
  }
}

TEST_F(WorldLinkTest, ReleasedFramesMayComeShuffled) {
  std::set<std::vector<std::string>> orders;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    WorldOptions options = quiet_options(2);
    options.seed = seed;
    observer_.frames.clear();
    run(options, {fault(FaultKind::kFreeze, kOne, 0, kOut)});
    EXPECT_EQ(delivered(kOne, kTwo), 10u);
    orders.insert(arrived(kOne, kTwo));
  }
  EXPECT_GT(orders.size(), 8u);
}

TEST_F(WorldLinkTest, HeldFramesSurviveIntoTheNextPhase) {
  const std::uint64_t link = LinkSet::of(kOne, kTwo).bits;
  run(quiet_options(3),
      {{FaultKind::kPhase, ms(25), ms(40), {}, link, 1},
       {FaultKind::kPhase, ms(65), ms(100), {}, link, 2}});
  EXPECT_EQ(delivered(kOne, kTwo), 10u);
  EXPECT_EQ(delivered(kTwo, kOne), 10u);
  for (const ToyObserver::SeenFrame& each : observer_.frames) {
    if (each.moment == FrameMoment::kDelivered && each.from == kOne && each.text == "30" &&
        each.to == kTwo) {
      EXPECT_GE(each.at, after(ms(165)));
    }
  }
}

TEST_F(WorldLinkTest, OverlappingCutsEndWithTheLast) {
  run(quiet_options(2),
      {{FaultKind::kCut, ms(25), ms(20), kOne, 0, kOut},
       {FaultKind::kCut, ms(35), ms(30), kOne, 0, kOut}});
  EXPECT_EQ(delivered(kOne, kTwo), 6u);
}

TEST_F(WorldLinkTest, AClogMakesDelaysGrow) {
  run(quiet_options(2), {{FaultKind::kClog, ms(25), ms(40), kOne, 0, 200}});
  std::vector<Duration> delays;
  for (const ToyObserver::SeenFrame& each : observer_.frames) {
    if (each.moment != FrameMoment::kDelivered || each.from != kOne) continue;
    delays.push_back(each.at - after(ms(std::stoll(each.text))));
  }
  ASSERT_EQ(delays.size(), 10u);
  EXPECT_EQ(std::count(delays.begin(), delays.end(), ms(1)), 6);
  // Sent 5, 15, 25, 35 ms into a clog of 200 %.
  for (const std::int64_t extra : {10, 30, 50, 70}) {
    EXPECT_EQ(std::count(delays.begin(), delays.end(), ms(1 + extra)), 1) << extra;
  }
}

TEST_F(WorldLinkTest, ASwizzleHoldsAndReleasesItsMembers) {
  run(quiet_options(4), {{FaultKind::kSwizzle, ms(5), ms(120), {}, 0b0111, 0}});
  const WorldCounters counters = world_->counters();
  EXPECT_GT(counters.network.held, 10u);
  EXPECT_EQ(counters.network.delivered, 120u);
  EXPECT_EQ(counters.injected_of(FaultKind::kSwizzle), 1u);
  EXPECT_EQ(counters.injected_of(FaultKind::kFreeze), 0u) << "its parts do not count";
}

TEST_F(WorldLinkTest, BurstsOfLossCopiesAndDamage) {
  const std::uint64_t link = LinkSet::of(kOne, kTwo).bits;
  run(quiet_options(3),
      {fault(FaultKind::kLoss, {}, link, 1'000'000),
       fault(FaultKind::kDuplicate, {}, LinkSet::of(kTwo, kThree).bits, 1'000'000),
       fault(FaultKind::kCorrupt, {}, LinkSet::of(kThree, kOne).bits, 1'000'000)});
  EXPECT_EQ(delivered(kOne, kTwo), 6u);
  EXPECT_EQ(delivered(kTwo, kThree), 14u);
  EXPECT_EQ(delivered(kThree, kOne), 10u);
  const NetworkCounters counters = world_->counters().network;
  EXPECT_EQ(counters.lost, 4u);
  EXPECT_EQ(counters.duplicated, 4u);
  EXPECT_EQ(counters.corrupted, 4u);
  EXPECT_EQ(observer_.count(FrameMoment::kDamaged, kThree, kOne), 4u);
  const std::vector<std::string> texts = arrived(kThree, kOne);
  for (const char* damaged : {"30", "40", "50", "60"}) {
    EXPECT_EQ(std::count(texts.begin(), texts.end(), damaged), 0);
  }
}

TEST_F(WorldLinkTest, ABoundedQueueDropsWhatIsTooMuch) {
  WorldOptions options = quiet_options(2);
  options.network.queue_frames = 3;
  run(options, {fault(FaultKind::kFreeze, kOne, 0, kOut)});
  EXPECT_EQ(delivered(kOne, kTwo), 9u);
  EXPECT_EQ(world_->counters().network.overflowed, 1u);
}

TEST_F(WorldLinkTest, LeavingOneFaultOutChangesNothingElsewhere) {
  WorldOptions options = quiet_options(4);
  options.network.delay_spread = ms(8);
  options.network.tail_ppm = 50'000;
  options.network.loss_ppm = 100'000;
  options.network.duplicate_ppm = 100'000;
  const Fault loss = fault(FaultKind::kLoss, {}, LinkSet::of(kOne, kTwo).bits, 900'000);
  const Fault cut = fault(FaultKind::kCut, kThree, NodeSet::of(NodeId{4}).bits, kOut);
  run(options, {loss, cut});
  const std::vector<ToyObserver::SeenFrame> with = observer_.frames;
  const std::size_t survived = delivered(kOne, kTwo);
  observer_.frames.clear();
  run(options, {cut});
  const auto others = [](const std::vector<ToyObserver::SeenFrame>& frames) {
    std::vector<std::tuple<Instant, FrameMoment, NodeId, NodeId>> kept;
    for (const ToyObserver::SeenFrame& each : frames) {
      if (each.from != kOne || each.to != kTwo) {
        kept.emplace_back(each.at, each.moment, each.from, each.to);
      }
    }
    return kept;
  };
  EXPECT_EQ(others(with), others(observer_.frames));
  EXPECT_LT(survived, delivered(kOne, kTwo));
}

TEST_F(WorldLinkTest, HealingMakesTheCoreWholeAndLeavesTheRestAsItIs) {
  WorldOptions options = quiet_options(5);
  options.network.loss_ppm = 500'000;
  options.network.queue_frames = 1000;
  const std::vector<Fault> faults{
      {FaultKind::kIsolate, ms(5), Duration::seconds(100), kOne, 0, 0},
      {FaultKind::kFreeze, ms(5), Duration::seconds(100), kTwo, 0, kBoth},
      {FaultKind::kCrashLost, ms(6), ms(300), kThree, 0, 0},
      {FaultKind::kPause, ms(7), ms(300), kTwo, 0, 0},
      {FaultKind::kCrashLost, ms(6), ms(300), NodeId{5}, 0, 0},
      {FaultKind::kIsolate, ms(600), ms(300), kTwo, 0, 0}};
  world_.emplace(options, cast_, observer_);
  world_->schedule(faults);
  world_->boot_all();
  world_->run_until(after(ms(50)));
  EXPECT_FALSE(world_->up(kThree));
  EXPECT_TRUE(world_->paused(kTwo));
  options_ = options;
  world_->heal(NodeSet::of(kOne) | NodeSet::of(kTwo) | NodeSet::of(kThree));
  EXPECT_TRUE(world_->up(kThree));
  EXPECT_FALSE(world_->paused(kTwo));
  observer_.frames.clear();
  for (int i = 0; i < 200; ++i) {
    for (unsigned node = 0; node < 4; ++node) {
      world_->at(after(ms(500 + i)), node_at(node), [this, node] { greet(node_at(node), 1); });
    }
  }
  world_->run_until(after(Duration::seconds(200)));
  for (const NodeId from : {kOne, kTwo, kThree}) {
    for (const NodeId to : {kOne, kTwo, kThree}) {
      if (from == to) continue;
      EXPECT_EQ(delivered(from, to), 200u) << int{from.value} << int{to.value};
    }
  }
  EXPECT_EQ(delivered(NodeId{4}, kOne), 0u) << "cut off from outside for ever";
  EXPECT_EQ(delivered(NodeId{4}, kTwo), 0u) << "held for ever";
  EXPECT_GT(delivered(NodeId{4}, kThree), 50u);
  EXPECT_LT(delivered(NodeId{4}, kThree), 150u) << "still losing half";
  EXPECT_FALSE(world_->up(NodeId{5})) << "down for ever";
  EXPECT_EQ(world_->counters().injected_of(FaultKind::kIsolate), 1u) << "no new faults";
}

// --- Connections that end.

using Told = std::set<std::pair<int, int>>;

// Who is told of whom, {of, to}, in a world of three nodes with this seed to which `happens` is
// done.
Told told_in(std::uint64_t seed, const std::function<void(World&)>& happens) {
  Told told;
  ToyCast cast;
  ToyObserver observer;
  cast.script.disconnect = [&](Toy& toy, NodeId from) { told.emplace(from.value, toy.node.value); };
  WorldOptions options = quiet_options(3);
  options.seed = seed;
  World world(options, cast, observer);
  world.boot_all();
  happens(world);
  world.run_until(after(Duration::seconds(30)));
  return told;
}

// In any of the worlds with the first so many seeds.
Told told(std::uint64_t seeds, const std::function<void(World&)>& happens) {
  Told all;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed)
    all.merge(told_in(seed, happens));
  return all;
}

constexpr CrashChoice kKilled{.commit = {}, .bulk = {}, .power = std::nullopt};

TEST(WorldDisconnects, OthersAreToldOfAProcessThatEnded) {
  EXPECT_THAT(told(20, [](World& world) { world.crash(kOne, kKilled); }),
              testing::ElementsAre(std::pair(1, 2), std::pair(1, 3)));
}

TEST(WorldDisconnects, NotAlways) {
  std::set<std::size_t> counts;
  for (std::uint64_t seed = 1; seed <= 60; ++seed)
    counts.insert(told_in(seed, [](World& world) { world.crash(kOne, kKilled); }).size());
  EXPECT_THAT(counts, testing::IsSupersetOf({std::size_t{1}, std::size_t{2}}));
}

TEST(WorldDisconnects, AMachineWithoutPowerSaysNothing) {
  EXPECT_THAT(told(20, [](World& world) { world.crash(kOne, CrashChoice{}); }), testing::IsEmpty());
}

TEST(WorldDisconnects, NorDoesOneBehindACut) {
  const auto cut = [](World& world) {
    const Fault fault{FaultKind::kFreeze, ms(1), ms(1000), kOne, 0, kBoth};
    world.schedule({&fault, 1});
    world.run_until(after(ms(10)));
    world.crash(kOne, kKilled);
  };
  EXPECT_THAT(told(20, cut), testing::IsEmpty());
}

TEST(WorldDisconnects, SomeLinksThatAreCutAreTakenForIt) {
  const auto cut = [](World& world) {
    const Fault fault{FaultKind::kIsolate, ms(1), ms(1000), kOne, 0, 0};
    world.schedule({&fault, 1});
  };
  EXPECT_THAT(
      told(20, cut),
      testing::ElementsAre(std::pair(1, 2), std::pair(1, 3), std::pair(2, 1), std::pair(3, 1)));
}

}  // namespace
}  // namespace holdfast::sim
