#include "sim/world.h"

#include <algorithm>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/determinism.h"
#include "sim/schedule.h"
#include "sim/toy_cast.h"

namespace holdfast::sim {
namespace {

using testing::ElementsAre;

constexpr NodeId kOne{1};
constexpr NodeId kTwo{2};
constexpr NodeId kThree{3};

constexpr Duration ms(std::int64_t n) {
  return Duration::milliseconds(n);
}

class WorldTest : public testing::Test {
 protected:
  World& make(const WorldOptions& options) {
    world_.reset();
    world_.emplace(options, cast_, observer_);
    return *world_;
  }

  ToyCast cast_;
  ToyObserver observer_;
  std::optional<World> world_;
};

TEST_F(WorldTest, AFrameArrivesAfterItsDelay) {
  std::vector<std::string> got;
  cast_.script.start = [](Toy& toy) {
    if (toy.node == kOne) toy.ports.network.send(kTwo, frame_of("hello"));
  };
  cast_.script.frame = [&](Toy& toy, const std::string& text) {
    EXPECT_EQ(toy.node, kTwo);
    got.push_back(text);
  };
  World& world = make(quiet_options(2));
  world.boot_all();
  EXPECT_EQ(world.run_until(after(ms(1) - Duration::nanoseconds(1))), RunEnd::kReached);
  EXPECT_TRUE(got.empty());
  EXPECT_EQ(world.run_until(after(ms(1))), RunEnd::kQuiet);
  EXPECT_THAT(got, ElementsAre("hello"));
  EXPECT_EQ(world.counters().network.delivered, 1u);
  EXPECT_EQ(world.counters().steps, 3u);
}

TEST_F(WorldTest, AFrameToNobodyIsLost) {
  cast_.script.start = [](Toy& toy) { toy.ports.network.send(NodeId{200}, frame_of("x")); };
  World& world = make(quiet_options(1));
  world.boot_all();
  EXPECT_EQ(world.run_events(10), RunEnd::kQuiet);
  EXPECT_EQ(observer_.count(FrameMoment::kLost, kOne, NodeId{200}), 1u);
}

TEST_F(WorldTest, AnAlarmRingsOnceAndNeverEarly) {
  std::vector<std::int64_t> rings;
  cast_.script.start = [](Toy& toy) {
    toy.ports.clock.set_alarm(toy.ports.clock.now() + ms(5));
    toy.ports.clock.set_alarm(toy.ports.clock.now() + ms(9));
  };
  cast_.script.alarm = [&](Toy& toy) { rings.push_back(toy.ports.clock.now().ns()); };
  World& world = make(quiet_options(1));
  world.boot_all();
  world.run_until(after(ms(100)));
  EXPECT_THAT(rings, ElementsAre(ms(9).ns()));
}

TEST_F(WorldTest, AnAlarmMovesForwardAndCanBeTakenBack) {
  std::vector<std::int64_t> rings;
  cast_.script.start = [](Toy& toy) { toy.ports.clock.set_alarm(Instant::at(ms(50).ns())); };
  cast_.script.frame = [](Toy& toy, const std::string& text) {
    toy.ports.clock.set_alarm(text == "never" ? Instant::never() : Instant::at(ms(20).ns()));
  };
  cast_.script.alarm = [&](Toy& toy) { rings.push_back(toy.ports.clock.now().ns()); };
  World& world = make(quiet_options(2));
  world.boot_all();
  world.step(kOne, [&] { cast_.send(kOne, kTwo, "sooner"); });
  world.step(kTwo, [&] { cast_.send(kTwo, kOne, "never"); });
  world.run_until(after(ms(200)));
  EXPECT_THAT(rings, ElementsAre(ms(20).ns()));
}

TEST_F(WorldTest, AnAlarmInThePastRingsInAStepOfItsOwn) {
  int rings = 0;
  cast_.script.start = [&](Toy& toy) {
    toy.ports.clock.set_alarm(toy.ports.clock.now());
    EXPECT_EQ(rings, 0);
  };
  cast_.script.alarm = [&](Toy&) { ++rings; };
  World& world = make(quiet_options(1));
  world.boot_all();
  EXPECT_EQ(rings, 0);
  world.run_events(1);
  EXPECT_EQ(rings, 1);
}

TEST_F(WorldTest, AlarmsAreNeverEarlyUnderDriftAndJumps) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    WorldOptions options = quiet_options(3);
    options.seed = seed;
    options.clock.drift_max_ppm = 200'000;
    options.clock.origin_max = Duration::seconds(1'000'000);
    int rings = 0;
    std::array<Instant, kMaxNodes> deadlines;
    std::array<Instant, kMaxNodes> last_seen{};
    const auto arm = [&](Toy& toy) {
      const Instant now = toy.ports.clock.now();
      EXPECT_GE(now, last_seen[index_of(toy.node)]) << "the clock went back";
      last_seen[index_of(toy.node)] = now;
      deadlines[index_of(toy.node)] = now + ms(7) + Duration::nanoseconds(333 * rings);
      toy.ports.clock.set_alarm(deadlines[index_of(toy.node)]);
    };
    cast_.script.start = arm;
    cast_.script.alarm = [&](Toy& toy) {
      ++rings;
      EXPECT_GE(toy.ports.clock.now(), deadlines[index_of(toy.node)]);
      arm(toy);
    };
    World& world = make(options);
    const std::vector<Fault> faults{
        {FaultKind::kJump, ms(3), {}, kOne, 0, ms(10'000).ns()},
        {FaultKind::kDrift, ms(20), ms(40), kTwo, 0, -400'000},
        {FaultKind::kDrift, ms(30), ms(50), kTwo, 0, 400'000},
    };
    world.schedule(faults);
    world.boot_all();
    world.run_until(after(ms(1000)));
    EXPECT_GT(rings, 3 * 100);
    EXPECT_GE(world.local_time(kOne) - Instant(), ms(10'000));
  }
}

TEST_F(WorldTest, ADiskJobRunsWhenItEndsAndThenItsDone) {
  std::vector<std::string> order;
  cast_.script.start = [&](Toy& toy) {
    toy.ports.disk.submit(
        Lane::kCommit, [&] { order.push_back("job"); }, [&] { order.push_back("done"); });
    order.push_back("submitted");
  };
  World& world = make(quiet_options(1));
  world.boot_all();
  EXPECT_THAT(order, ElementsAre("submitted"));
  world.run_until(after(ms(10)));
  EXPECT_THAT(order, ElementsAre("submitted", "job", "done"));
}

TEST_F(WorldTest, DeadPortsAreInertWhileTheProcessUnwinds) {
  cast_.script.destroyed = [](Toy& toy) {
    toy.ports.network.send(toy.node == kOne ? kTwo : kOne, frame_of("from the dead"));
    toy.ports.clock.set_alarm(Instant());
    toy.ports.disk.submit(
        Lane::kBulk, [] { FAIL(); }, [] { FAIL(); });
    toy.ports.tracer.record(EventKind{1}, {});
  };
  World& world = make(quiet_options(2));
  world.boot_all();
  world.crash(kOne, CrashChoice{});
  EXPECT_EQ(world.run_until(after(ms(100))), RunEnd::kQuiet);
  EXPECT_EQ(world.counters().network.sent, 0u);
  EXPECT_TRUE(observer_.events.empty());
  EXPECT_THAT(cast_.powered_off, ElementsAre(kOne));
}

TEST_F(WorldTest, AnOldLifesFrameReachesTheNewLife) {
  std::vector<std::uint32_t> lives;
  World& world = make(quiet_options(2));
  cast_.script.frame = [&](Toy&, const std::string&) { lives.push_back(world.counters().boots); };
  world.boot_all();
  world.step(kOne, [&] { cast_.send(kOne, kTwo, "late"); });
  world.crash(kTwo, CrashChoice{});
  world.boot(kTwo);
  world.run_until(after(ms(10)));
  EXPECT_THAT(lives, ElementsAre(3u));
}

TEST_F(WorldTest, ANodeThatEndsItsProcessIsStartedAgain) {
  int starts = 0;
  World& world = make(quiet_options(1));
  cast_.script.start = [&](Toy& toy) {
    if (++starts <= 3) world.end_process(toy.node);
  };
  world.boot_all();
  EXPECT_FALSE(world.up(kOne));
  world.run_until(after(Duration::seconds(10)));
  EXPECT_EQ(starts, 4);
  EXPECT_TRUE(world.up(kOne));
  EXPECT_EQ(world.counters().stops, 3u);
  EXPECT_TRUE(cast_.powered_off.empty()) << "only the process ended";
}

TEST_F(WorldTest, ActionsRunAtTheirTimeAndNodeActionsAreSteps) {
  std::vector<std::string> order;
  World& world = make(quiet_options(2));
  cast_.script.frame = [&](Toy&, const std::string& text) { order.push_back(text); };
  world.boot(kOne);
  world.at(after(ms(3)), [&] { order.push_back("outside"); });
  world.at(after(ms(2)), kOne, [&] { order.push_back("inside"); });
  world.at(after(ms(2)), kTwo, [&] { order.push_back("nobody lives here"); });
  world.run_until(after(ms(10)));
  EXPECT_THAT(order, ElementsAre("inside", "outside"));
}

TEST_F(WorldTest, RunFunctionsSayWhyTheyReturned) {
  World& world = make(quiet_options(2));
  cast_.script.start = [](Toy& toy) {
    if (toy.node == kOne) toy.ports.network.send(kTwo, frame_of("ball"));
  };
  cast_.script.frame = [&](Toy& toy, const std::string&) {
    toy.ports.network.send(toy.node == kOne ? kTwo : kOne, frame_of("ball"));
    if (world.events() == 50) world.stop();
  };
  world.boot_all();
  EXPECT_EQ(world.run_events(10), RunEnd::kReached);
  EXPECT_EQ(world.events(), 10u);
  EXPECT_EQ(world.run_until([&] { return world.events() >= 20; }, 100), RunEnd::kReached);
  EXPECT_EQ(world.run_until([] { return false; }, 15), RunEnd::kBudget);
  EXPECT_EQ(world.events(), 35u);
  EXPECT_EQ(world.run_until(after(Duration::seconds(1))), RunEnd::kStopped);
  EXPECT_EQ(world.recent_events().size(), 50u);
  EXPECT_EQ(world.recent_events().back().fingerprint, world.fingerprint());
}

TEST_F(WorldTest, EveryLifeDrawsAnewAndStreamsDoNotDisturbEachOther) {
  std::vector<std::uint64_t> nonces;
  std::vector<std::uint64_t> backoffs;
  cast_.script.start = [&](Toy& toy) {
    nonces.push_back(toy.ports.random.draw(RandomStream::kBootNonce));
    if (nonces.size() == 1) toy.ports.random.draw(RandomStream::kPeerChoice);
    backoffs.push_back(toy.ports.random.draw(RandomStream::kBackoff));
  };
  for (int round = 0; round < 2; ++round) {
    World& world = make(quiet_options(1));
    world.boot_all();
    world.crash(kOne, CrashChoice{});
    world.boot(kOne);
  }
  ASSERT_EQ(nonces.size(), 4u);
  EXPECT_NE(nonces[0], nonces[1]);
  EXPECT_EQ(nonces[0], nonces[2]) << "the same seed draws the same";
  EXPECT_EQ(backoffs[0], backoffs[2]);
}

// Nodes that gossip with random peers, write to their disks and set alarms: enough traffic for
// every class of fault to bite.
ToyScript chatter() {
  ToyScript script;
  const auto talk = [](Toy& toy) {
    const std::uint64_t peer = toy.ports.random.below(RandomStream::kPeerChoice, 5) + 1;
    if (peer != toy.node.value) {
      toy.ports.network.send(NodeId{static_cast<std::uint8_t>(peer)},
                             frame_of("chatter of some length"));
    }
    toy.ports.disk.submit(
        Lane::kCommit, [] {}, [] {});
    const Duration pause = toy.ports.random.between(RandomStream::kBackoff, ms(1), ms(20));
    toy.ports.clock.set_alarm(toy.ports.clock.now() + pause);
  };
  script.start = talk;
  script.alarm = talk;
  script.frame = [](Toy& toy, const std::string& text) {
    if (text.size() > 2 && toy.node != NodeId{1}) {
      toy.ports.network.send(NodeId{1}, frame_of(text.substr(2)));
    }
  };
  return script;
}

std::uint64_t run_drawn(std::uint64_t seed) {
  ToyCast cast;
  cast.script = chatter();
  cast.roles[Role::kCoordinator] = {kOne};
  cast.roles[Role::kVoting] = {kOne, kTwo, kThree};
  ToyObserver observer;
  observer.frames_wanted = false;
  WorldOptions options = draw_world_options(seed, Profile::kDefault, 5);
  options.length = Duration::seconds(2);
  World world(options, cast, observer);
  world.schedule(draw_faults(options));
  world.boot_all();
  world.run_until(after(options.length));
  world.heal(NodeSet::first(5));
  world.run_until(after(options.length + ms(200)));
  EXPECT_GT(world.counters().network.sent, 50u);
  return world.fingerprint();
}

TEST(WorldDeterminismTest, TheSameSeedGivesTheSameFingerprintAndOthersDiffer) {
  std::vector<std::uint64_t> prints;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const std::uint64_t print = run_drawn(seed);
    EXPECT_EQ(print, run_drawn(seed)) << "seed " << seed;
    prints.push_back(print);
  }
  std::sort(prints.begin(), prints.end());
  EXPECT_EQ(std::unique(prints.begin(), prints.end()), prints.end());
}

// The same up to the moment, another run from there, and each of them always the same.
TEST(WorldDeterminismTest, ChanceCanBeDrawnAnewFromAMomentOn) {
  const auto play = [](Duration rekey_at, std::uint64_t rekey_seed) {
    ToyCast cast;
    cast.script = chatter();
    ToyObserver observer;
    observer.frames_wanted = false;
    WorldOptions options = draw_world_options(7, Profile::kDefault, 5);
    options.rekey_at = rekey_at;
    options.rekey_seed = rekey_seed;
    World world(options, cast, observer);
    EventLog log;
    world.set_event_sink(&log);
    world.boot_all();
    world.run_until(after(ms(300)));
    return log.records();
  };
  const auto never = play(Duration(), 0);
  const auto anew = play(ms(100), 1);
  EXPECT_EQ(anew, play(ms(100), 1));
  const auto [here, there] = std::ranges::mismatch(never, anew);
  ASSERT_NE(here, never.end());
  EXPECT_GE(here->time_ns, ms(100).ns());
  EXPECT_LT(here->time_ns, ms(200).ns());
  const auto other = play(ms(100), 2);
  const auto parting = std::ranges::mismatch(other, anew);
  ASSERT_NE(parting.in1, other.end());
  EXPECT_GE(parting.in1->time_ns, ms(100).ns());
}

TEST(WorldDeterminismTest, ObservingChangesNothing) {
  std::array<std::uint64_t, 2> prints{};
  for (const bool watched : {false, true}) {
    ToyCast cast;
    cast.script = chatter();
    ToyObserver observer;
    observer.frames_wanted = watched;
    World world(draw_world_options(7, Profile::kDefault, 5), cast, observer);
    world.boot_all();
    world.run_until(after(Duration::seconds(1)));
    prints[watched ? 1 : 0] = world.fingerprint();
  }
  EXPECT_EQ(prints[0], prints[1]);
}

}  // namespace
}  // namespace holdfast::sim
