// Every fault of processes, clocks and disks does what its line in the catalogue says, and every
// kind is counted.

#include <optional>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <leveldb/env.h>

#include "sim/toy_cast.h"
#include "sim/world.h"

namespace holdfast::sim {
namespace {

using testing::ElementsAre;

constexpr NodeId kOne{1};
constexpr NodeId kTwo{2};
constexpr NodeId kThree{3};

constexpr Duration ms(std::int64_t n) {
  return Duration::milliseconds(n);
}

class WorldFaultTest : public testing::Test {
 protected:
  World& make(const WorldOptions& options, std::vector<Fault> faults) {
    world_.reset();
    world_.emplace(options, cast_, observer_);
    world_->schedule(faults);
    return *world_;
  }

  ToyCast cast_;
  ToyObserver observer_;
  std::optional<World> world_;
};

// Appends one byte to "f" and syncs, or says why not.
leveldb::Status write_synced(leveldb::Env& env) {
  leveldb::WritableFile* file = nullptr;
  leveldb::Status status = env.NewAppendableFile("/f", &file);
  if (!status.ok()) return status;
  const std::unique_ptr<leveldb::WritableFile> owner(file);
  status = file->Append("x");
  if (status.ok()) status = file->Sync();
  return status;
}

TEST_F(WorldFaultTest, ACrashedNodeComesBackAfterItsTime) {
  World& world = make(quiet_options(2), {{FaultKind::kCrashLost, ms(10), ms(30), kOne, 0, 0}});
  world.boot_all();
  world.run_until(after(ms(39)));
  EXPECT_FALSE(world.up(kOne));
  world.run_until(after(ms(40)));
  EXPECT_TRUE(world.up(kOne));
  EXPECT_THAT(cast_.powered_off, ElementsAre(kOne));
}

TEST_F(WorldFaultTest, ARestartKeepsThePowerOn) {
  World& world = make(quiet_options(1), {{FaultKind::kRestart, ms(10), ms(1), kOne, 0, 0}});
  world.boot_all();
  world.run_until(after(ms(20)));
  EXPECT_EQ(world.counters().boots, 2u);
  EXPECT_TRUE(cast_.powered_off.empty());
}

TEST_F(WorldFaultTest, ACrashCanCutOffASuffixOfAStep) {
  // On every step node 1 sends five frames and submits one job in their middle.
  std::set<std::size_t> sent;
  std::set<bool> ran;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    WorldOptions options = quiet_options(2);
    options.seed = seed;
    bool job_ran = false;
    cast_.script.alarm = [&](Toy& toy) {
      for (int i = 0; i < 5; ++i) {
        toy.ports.network.send(kTwo, frame_of("frame " + std::to_string(i)));
        if (i == 2)
          toy.ports.disk.submit(
              Lane::kCommit, [&] { job_ran = true; }, [] { FAIL(); });
      }
    };
    cast_.script.start = [](Toy& toy) {
      if (toy.node == kOne) toy.ports.clock.set_alarm(Instant::at(ms(20).ns()));
    };
    observer_.frames.clear();
    World& world = make(options, {{FaultKind::kCrashLost, ms(10), ms(500), kOne, 0, 1}});
    world.boot_all();
    world.run_until(after(ms(19)));
    EXPECT_TRUE(world.up(kOne)) << "it waits for a step";
    world.run_until(after(ms(100)));
    EXPECT_FALSE(world.up(kOne));
    const std::size_t left = observer_.count(FrameMoment::kDelivered, kOne, kTwo);
    for (std::size_t i = 0; i < observer_.frames.size(); ++i) {
      if (observer_.frames[i].moment != FrameMoment::kSent) continue;
      EXPECT_EQ(observer_.frames[i].text, "frame " + std::to_string(i)) << "a prefix leaves";
      if (i + 1 == left) break;
    }
    EXPECT_TRUE(left > 2 || !job_ran) << "the job came after the third frame";
    sent.insert(left);
    ran.insert(job_ran);
  }
  EXPECT_EQ(sent.size(), 6u) << "every cut occurs";
  EXPECT_EQ(ran.size(), 2u) << "a submitted job may reach the device or not";
}

TEST_F(WorldFaultTest, AWipedNodeHasNothingLeft) {
  World& world = make(quiet_options(3), {{FaultKind::kWipe, ms(50), ms(10), kOne, 0, 0}});
  std::vector<bool> found;
  cast_.script.start = [&](Toy& toy) {
    toy.ports.disk.submit(
        Lane::kCommit,
        [&found, &env = toy.env, node = toy.node] {
          if (node == kOne) found.push_back(env.FileExists("/f"));
          EXPECT_TRUE(write_synced(env).ok());
        },
        [] {});
  };
  world.boot_all();
  world.run_until(after(ms(100)));
  EXPECT_THAT(found, ElementsAre(false, false));
  EXPECT_THAT(cast_.wiped_nodes, ElementsAre(kOne));
}

TEST_F(WorldFaultTest, APausedNodeDoesNothingWhileItsClockRuns) {
  World& world = make(quiet_options(2), {{FaultKind::kPause, ms(10), ms(50), kOne, 0, 0}});
  std::vector<std::pair<std::string, std::int64_t>> seen;
  cast_.script.start = [](Toy& toy) {
    if (toy.node == kOne) toy.ports.clock.set_alarm(Instant::at(ms(20).ns()));
    if (toy.node == kTwo) toy.ports.clock.set_alarm(Instant::at(ms(15).ns()));
  };
  cast_.script.alarm = [&](Toy& toy) {
    if (toy.node == kOne) seen.emplace_back("alarm", toy.ports.clock.now().ns());
    if (toy.node == kTwo) toy.ports.network.send(kOne, frame_of("frame"));
  };
  cast_.script.frame = [&](Toy& toy, const std::string& text) {
    seen.emplace_back(text, toy.ports.clock.now().ns());
  };
  world.boot_all();
  world.run_until(after(ms(200)));
  EXPECT_THAT(seen, ElementsAre(std::pair("frame", ms(60).ns()), std::pair("alarm", ms(60).ns())));
}

TEST_F(WorldFaultTest, ACrashEndsAPause) {
  World& world = make(quiet_options(2),
                      {{FaultKind::kPause, ms(10), ms(50), kOne, 0, 0},
                       {FaultKind::kRestart, ms(20), ms(1), kOne, 0, 0}});
  world.boot_all();
  world.at(after(ms(12)), kTwo, [&] { cast_.send(kTwo, kOne, "lost with its receiver"); });
  world.run_until(after(ms(30)));
  EXPECT_FALSE(world.paused(kOne));
  world.run_until(after(ms(100)));
  EXPECT_FALSE(world.paused(kOne));
  EXPECT_EQ(world.counters().network.delivered, 0u);
}

TEST_F(WorldFaultTest, ASlowNodesRequestsLeaveLaterAndInOrder) {
  World& world = make(quiet_options(2), {{FaultKind::kSlow, ms(5), ms(100), kOne, 0, ms(10).ns()}});
  std::vector<std::string> texts;
  Instant last;
  cast_.script.frame = [&](Toy&, const std::string& text) {
    texts.push_back(text);
    last = world.now();
  };
  world.boot_all();
  for (int i = 0; i < 5; ++i) {
    world.at(after(ms(10) + Duration::nanoseconds(i)), kOne, [&, i] {
      cast_.send(kOne, kTwo, std::to_string(i));
    });
  }
  world.run_until(after(ms(300)));
  EXPECT_EQ(texts.size(), 5u);
  EXPECT_GT(last, after(ms(12)));
  EXPECT_LE(last, after(ms(21) + ms(1)));
}

TEST_F(WorldFaultTest, ClocksDriftAndJump) {
  World& world = make(quiet_options(2),
                      {{FaultKind::kDrift, ms(0), ms(1000), kOne, 0, 100'000},
                       {FaultKind::kJump, ms(10), {}, kTwo, 0, ms(5000).ns()}});
  world.boot_all();
  world.run_until(after(ms(2000)));
  EXPECT_EQ(world.local_time(kOne), after(ms(2100)));
  EXPECT_EQ(world.local_time(kTwo), after(ms(7000)));
}

TEST_F(WorldFaultTest, DisksFailWhileTheFaultLastsAndNotAfterwards) {
  for (const FaultKind kind :
       {FaultKind::kOpenError, FaultKind::kWriteError, FaultKind::kSyncError}) {
    World& world = make(quiet_options(3), {{kind, ms(10), ms(20), kOne, 0, 1'000'000}});
    std::vector<bool> good;
    world.boot_all();
    for (const std::int64_t time : {5, 15, 35}) {
      world.at(after(ms(time)), kOne, [&] {
        cast_.ports[0]->disk.submit(
            Lane::kCommit,
            [&] { good.push_back(write_synced(world.disk(kOne).env()).ok()); },
            [] {});
      });
    }
    world.run_until(after(ms(100)));
    EXPECT_THAT(good, ElementsAre(true, false, true)) << info(kind).name;
  }
}

TEST_F(WorldFaultTest, AStalledAndASlowDiskTakeTheirTime) {
  World& world = make(quiet_options(2),
                      {{FaultKind::kDiskStall, ms(5), ms(50), kOne, 0, 0},
                       {FaultKind::kDiskSlow, ms(5), ms(50), kTwo, 0, 20}});
  std::map<NodeId, Instant> ended;
  world.boot_all();
  for (const NodeId node : {kOne, kTwo}) {
    world.at(after(ms(10)), node, [&, node] {
      cast_.ports[index_of(node)]->disk.submit(
          Lane::kCommit, [] {}, [&, node] { ended[node] = world.now(); });
    });
  }
  world.run_until(after(ms(200)));
  EXPECT_GE(ended[kOne], after(ms(55)));
  EXPECT_EQ(ended[kTwo], after(ms(30)));
}

TEST_F(WorldFaultTest, AStaleCopyBringsOldFilesBack) {
  WorldOptions options = quiet_options(1);
  options.profile = Profile::kBeyond;
  World& world = make(options, {{FaultKind::kStaleCopy, ms(10), ms(50), kOne, 0, 0}});
  world.boot_all();
  std::uint64_t before = 0;
  world.at(after(ms(5)), [&] {
    EXPECT_TRUE(write_synced(world.disk(kOne).env()).ok());
    before = world.disk(kOne).used_bytes();
  });
  world.at(after(ms(20)), [&] { EXPECT_TRUE(write_synced(world.disk(kOne).env()).ok()); });
  world.run_until(after(ms(59)));
  EXPECT_EQ(world.disk(kOne).used_bytes(), before + 1);
  world.run_until(after(ms(200)));
  EXPECT_TRUE(world.up(kOne));
  EXPECT_EQ(world.disk(kOne).used_bytes(), before);
}

TEST_F(WorldFaultTest, FaultsAimAtWhoeverPlaysTheRoleThen) {
  World& world = make(quiet_options(3),
                      {{FaultKind::kCrashLost, ms(10), ms(5), Role::kCoordinator, 0, 0},
                       {FaultKind::kCrashLost, ms(30), ms(5), Role::kCoordinator, 0, 0},
                       {FaultKind::kCrashLost, ms(50), ms(5), Role::kCatchingUp, 0, 0}});
  cast_.roles[Role::kCoordinator] = {kTwo};
  world.boot_all();
  world.run_until(after(ms(20)));
  cast_.roles[Role::kCoordinator] = {kThree};
  world.run_until(after(ms(100)));
  EXPECT_THAT(cast_.powered_off, ElementsAre(kTwo, kThree));
  EXPECT_EQ(world.counters().skipped_for_target[catalogue_index(FaultKind::kCrashLost)], 1u);
}

TEST_F(WorldFaultTest, TheBudgetRefusesAndCounts) {
  // The cast forbids the second.
  const std::vector<Fault> faults{{FaultKind::kWipe, ms(10), ms(5), kOne, 0, 0},
                                  {FaultKind::kWipe, ms(30), ms(5), kTwo, 0, 0},
                                  {FaultKind::kBitFlip, ms(50), {}, kThree, 0, 0}};
  World& world = make(quiet_options(3), faults);
  world.boot_all();
  world.at(after(ms(1)), [&] { EXPECT_TRUE(write_synced(world.disk(kThree).env()).ok()); });
  world.at(after(ms(20)), [&] { cast_.wipes_allowed = false; });
  world.run_until(after(ms(100)));
  EXPECT_THAT(cast_.wiped_nodes, ElementsAre(kOne));
  EXPECT_EQ(world.counters().skipped_by_budget[catalogue_index(FaultKind::kWipe)], 1u);
  EXPECT_EQ(world.counters().skipped_by_budget[catalogue_index(FaultKind::kBitFlip)], 1u);

  cast_.wiped_nodes.clear();
  cast_.wipes_allowed = true;
  WorldOptions beyond = quiet_options(3);
  beyond.profile = Profile::kBeyond;
  World& other = make(beyond, faults);
  other.boot_all();
  other.at(after(ms(1)), [&] { EXPECT_TRUE(write_synced(other.disk(kThree).env()).ok()); });
  other.run_until(after(ms(100)));
  EXPECT_THAT(cast_.wiped_nodes, ElementsAre(kOne, kTwo));
  EXPECT_EQ(other.counters().injected_of(FaultKind::kBitFlip), 1u);
}

TEST_F(WorldFaultTest, TheCastMayForbidAWipe) {
  cast_.wipes_allowed = false;
  World& world = make(quiet_options(3), {{FaultKind::kWipe, ms(10), ms(5), kOne, 0, 0}});
  world.boot_all();
  world.run_until(after(ms(100)));
  EXPECT_TRUE(cast_.wiped_nodes.empty());
}

// A wipe waits for a step of its target; until then the others may have lost too much.
TEST_F(WorldFaultTest, TheCastIsAskedAgainWhenAWipeComesTrue) {
  cast_.script.alarm = [](Toy& toy) { toy.ports.network.send(kTwo, frame_of("a step")); };
  cast_.script.start = [](Toy& toy) {
    if (toy.node == kOne) toy.ports.clock.set_alarm(Instant::at(ms(40).ns()));
  };
  World& world = make(quiet_options(3), {{FaultKind::kWipe, ms(10), ms(5), kOne, 0, 1}});
  world.boot_all();
  world.run_until(after(ms(20)));
  EXPECT_EQ(world.counters().injected_of(FaultKind::kWipe), 1u);
  cast_.wipes_allowed = false;
  world.run_until(after(ms(100)));
  EXPECT_TRUE(cast_.wiped_nodes.empty());
  EXPECT_TRUE(world.up(kOne));
  EXPECT_EQ(world.counters().injected_of(FaultKind::kWipe), 0u);
  EXPECT_EQ(world.counters().skipped_by_budget[catalogue_index(FaultKind::kWipe)], 1u);
}

// The catalogue is no wish list: each kind can happen, is counted, shown and ends.
TEST_F(WorldFaultTest, EveryKindOfTheCatalogueIsInjectedAndCounted) {
  for (const FaultInfo& kind : kFaultCatalogue) {
    Fault fault{.kind = kind.kind, .at = ms(20), .duration = {}, .target = {}};
    if (kind.lasts) fault.duration = ms(30);
    if (kind.targeted) fault.target = kOne;
    if (kind.group != GroupMeaning::kNone) fault.group = NodeSet::of(kTwo).bits;
    if (kind.group == GroupMeaning::kLinks) fault.group = LinkSet::of(kOne, kTwo).bits;
    fault.arg = std::max<std::int64_t>(kind.arg_min, 0);
    ASSERT_EQ(validate(fault, 3), "") << fault;
    WorldOptions options = quiet_options(3);
    options.profile = Profile::kBeyond;
    observer_.faults.clear();
    World& world = make(options, {fault});
    world.boot_all();
    world.at(after(ms(1)), [&] { EXPECT_TRUE(write_synced(world.disk(kOne).env()).ok()); });
    world.run_until(after(ms(500)));
    const WorldCounters counters = world.counters();
    EXPECT_EQ(counters.injected_of(kind.kind), 1u) << fault;
    ASSERT_FALSE(observer_.faults.empty());
    EXPECT_EQ(observer_.faults[0].moment, FaultMoment::kBegan) << fault;
    for (const NodeId node : {kOne, kTwo, kThree}) {
      EXPECT_TRUE(world.up(node) && !world.paused(node)) << fault;
    }
  }
}

}  // namespace
}  // namespace holdfast::sim
