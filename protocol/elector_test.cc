#include "protocol/elector.h"

#include <gtest/gtest.h>

#include "protocol/test_cluster.h"

namespace holdfast {
namespace {

using test::Cluster;
using test::ClusterOptions;
using test::Fate;
using test::Mail;

constexpr Duration kTimeout = Duration::milliseconds(500);
constexpr Duration kInterval = Duration::milliseconds(50);

Duration ms(std::int64_t n) {
  return Duration::milliseconds(n);
}

ClusterOptions automatic(std::uint8_t members = 3,
                         std::vector<NodeId> preference = {},
                         std::uint64_t seed = 1) {  // lint: allow(static) a default argument
  return {
      .members = members, .empty = {}, .seed = seed, .change = [preference](NodeOptions& options) {
        options.elections = Elections::kByElector;
        options.heartbeat_interval = kInterval;
        options.election_timeout = kTimeout;
        options.preference = preference;
      }};
}

std::uint8_t coordinator_of(Cluster& cluster, std::uint8_t members = 3) {
  std::uint8_t found = 0;
  for (std::uint8_t id = 1; id <= members; ++id) {
    if (!cluster.up(id) || !cluster.node(id).coordinating()) continue;
    EXPECT_EQ(found, 0) << "two members coordinate at the same time";
    found = id;
  }
  return found;
}

int count(const Cluster& cluster, EventKind kind) {
  int n = 0;
  for (const auto& said : cluster.trace.said)
    n += said.kind == kind;
  return n;
}

// Runs until one member coordinates and every other one that is up knows it.
std::uint8_t settle(Cluster& cluster, std::uint8_t members = 3) {
  std::uint8_t found = 0;
  const bool done = cluster.run_until([&] {
    found = coordinator_of(cluster, members);
    for (std::uint8_t id = 1; found != 0 && id <= members; ++id) {
      if (cluster.up(id) && cluster.node(id).coordinator() != NodeId{found}) return false;
    }
    return found != 0;
  });
  EXPECT_TRUE(done) << "nobody coordinates";
  return found;
}

// A member other than `id`, of three.
std::uint8_t after(std::uint8_t id) {
  return static_cast<std::uint8_t>(id % 3 + 1);
}

test::Later<WriteResult> append_here(Cluster& cluster, std::uint8_t id, const std::string& bytes) {
  return cluster.spawn(id, [bytes](Node& node) {
    return node.log().current_writer().append(test::text(bytes), {});
  });
}

TEST(Elector, OneMemberIsElectedWithinTwoTimeoutsAndStays) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Cluster cluster(automatic(5, {}, seed));
    const Instant start = cluster.now();
    const std::uint8_t first = settle(cluster, 5);
    EXPECT_LE(cluster.now() - start, kTimeout * 2 + ms(50)) << seed;
    cluster.run_for(Duration::seconds(60));
    EXPECT_EQ(coordinator_of(cluster, 5), first) << seed;
    EXPECT_EQ(count(cluster, EventKind::kElected), 1) << seed;
    EXPECT_EQ(count(cluster, EventKind::kSteppedDown), 0) << seed;
  }
}

// Of which the boot is the beginning: what is counted are intervals that have passed.
TEST(Elector, NobodyRunsBeforeAWholeTimeoutOfSilence) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Cluster cluster(automatic(3, {NodeId{1}, NodeId{2}, NodeId{3}}, seed));
    // The first boot; the cluster has run for 5 ms since.
    cluster.run_for(kTimeout - ms(6));
    EXPECT_EQ(count(cluster, EventKind::kCanvassing), 0) << seed;
  }
}

TEST(Elector, TheApplicationAppendsThroughTheElectedTerm) {
  Cluster cluster(automatic());
  const std::uint8_t first = settle(cluster);
  const WriteResult written = cluster.wait(append_here(cluster, first, "a"));
  EXPECT_EQ(written.outcome, Outcome::kOk);
  const WriteResult refused = cluster.wait(append_here(cluster, after(first), "b"));
  EXPECT_EQ(refused.outcome, Outcome::kFailed);
  EXPECT_EQ(refused.failure, Failure::kNotElected);
}

TEST(Elector, AConnectionThatEndedWithItsProcessSavesTheTimeout) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Cluster cluster(automatic(5, {}, seed));
    const std::uint8_t first = settle(cluster, 5);
    cluster.run_for(Duration::seconds(1));
    cluster.crash(first);
    const Instant start = cluster.now();
    for (std::uint8_t id = 1; id <= 5; ++id)
      if (id != first) cluster.node(id).on_disconnect(NodeId{first});
    const std::uint8_t second = settle(cluster, 5);
    EXPECT_NE(second, first);
    EXPECT_GE(cluster.now() - start, kTimeout / 32)
        << seed << ": others must have the time to notice";
    EXPECT_LE(cluster.now() - start, kTimeout / 8 + ms(50)) << seed;
    EXPECT_TRUE(cluster.reached(Point::kDisconnected));
  }
}

TEST(Elector, AConnectionThatEndedByItselfDeposesNobody) {
  Cluster cluster(automatic());
  const std::uint8_t first = settle(cluster);
  cluster.run_for(ms(210));
  cluster.rule = [first](const Mail& m) {
    const bool unheard = m.from.value == first && m.to.value == after(first) && m.as<Heartbeat>();
    return unheard ? Fate::kDrop : Fate::kDeliver;
  };
  cluster.node(after(first)).on_disconnect(NodeId{first});
  cluster.run_for(kTimeout / 4);
  EXPECT_TRUE(cluster.reached(Point::kCanvassRefused));
  cluster.rule = {};
  cluster.run_for(Duration::seconds(10));
  EXPECT_EQ(count(cluster, EventKind::kElected), 1);
  EXPECT_EQ(coordinator_of(cluster), first);
  EXPECT_EQ(cluster.node(after(first)).coordinator(), NodeId{first});
}

// Of five: the others' refusals decide a canvass, which then takes no time.
TEST(Elector, AMemberThatAloneIsCutOffDoesNotAskAgainAtOnce) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Cluster cluster(automatic(5, {}, seed));
    const std::uint8_t first = settle(cluster, 5);
    const std::uint8_t deaf = first == 5 ? 1 : first + 1;
    cluster.run_for(ms(210));
    cluster.rule =
        test::drop([=](const Mail& m) { return m.from.value == first && m.to.value == deaf; });
    const int before = count(cluster, EventKind::kCanvassing);
    cluster.node(deaf).on_disconnect(NodeId{first});
    cluster.run_for(kTimeout * 20);
    const int canvasses = count(cluster, EventKind::kCanvassing) - before;
    EXPECT_GE(canvasses, 20) << seed;
    // Half a timeout apart on average, as after any other silence.
    EXPECT_LE(canvasses, 60) << seed;
    EXPECT_EQ(coordinator_of(cluster, 5), first) << seed;
  }
}

TEST(Elector, AConnectionThatIsNotTheCoordinatorsDoesNothing) {
  Cluster cluster(automatic());
  const std::uint8_t first = settle(cluster);
  const std::uint8_t other = after(first);
  cluster.run_for(ms(210));
  cluster.node(first).on_disconnect(NodeId{other});
  cluster.node(after(other)).on_disconnect(NodeId{other});
  const int before = count(cluster, EventKind::kCanvassing);
  cluster.run_for(Duration::seconds(10));
  EXPECT_EQ(count(cluster, EventKind::kCanvassing), before);
  EXPECT_FALSE(cluster.reached(Point::kDisconnected));
  EXPECT_EQ(coordinator_of(cluster), first);
}

TEST(Elector, ASignOfLifeTakesTheHintBack) {
  Cluster cluster(automatic());
  const std::uint8_t first = settle(cluster);
  cluster.run_for(ms(210));
  const int before = count(cluster, EventKind::kCanvassing);
  // The next write comes before anybody's turn.
  for (std::uint8_t id = 1; id <= 3; ++id)
    cluster.node(id).on_disconnect(NodeId{first});
  EXPECT_EQ(cluster.wait(append_here(cluster, first, "a")).outcome, Outcome::kOk);
  cluster.run_for(Duration::seconds(10));
  EXPECT_EQ(count(cluster, EventKind::kCanvassing), before);
  EXPECT_EQ(coordinator_of(cluster), first);
}

TEST(Elector, OffItNeverRuns) {
  Cluster cluster;
  cluster.run_for(Duration::seconds(60));
  EXPECT_EQ(count(cluster, EventKind::kCanvassing), 0);
  EXPECT_EQ(count(cluster, EventKind::kElecting), 0);
  cluster.elect(2);
  cluster.run_for(Duration::seconds(1));
  EXPECT_EQ(cluster.node(1).coordinator(), NodeId{2});
  EXPECT_EQ(cluster.node(2).coordinator(), NodeId{2});
}

TEST(Elector, AnotherMemberTakesOverFromADeadOne) {
  Cluster cluster(automatic());
  const std::uint8_t first = settle(cluster);
  cluster.crash(first);
  const Instant start = cluster.now();
  const std::uint8_t second = settle(cluster);
  EXPECT_NE(second, first);
  EXPECT_LE(cluster.now() - start, kTimeout * 2 + ms(50));
  EXPECT_EQ(cluster.wait(append_here(cluster, second, "a")).outcome, Outcome::kOk);
  // It is back, and follows.
  cluster.boot(first);
  cluster.run_for(Duration::seconds(10));
  EXPECT_EQ(coordinator_of(cluster), second);
  EXPECT_EQ(cluster.node(first).coordinator(), NodeId{second});
  EXPECT_EQ(count(cluster, EventKind::kElected), 2);
}

// --- a canvass refused

TEST(Elector, AMemberCutOffFromTheCoordinatorOnlyIsRefused) {
  Cluster cluster(automatic());
  const std::uint8_t first = settle(cluster);
  const std::uint8_t cut = after(first);
  cluster.rule = [=](const Mail& m) {
    const bool between = (m.from.value == first && m.to.value == cut) ||
                         (m.from.value == cut && m.to.value == first);
    return between ? Fate::kDrop : Fate::kDeliver;
  };
  const Ballot promised = cluster.image(after(cut)).metadata().promised;
  cluster.run_for(Duration::seconds(60));
  EXPECT_TRUE(cluster.reached(Point::kCanvassRefused));
  EXPECT_EQ(coordinator_of(cluster), first);
  EXPECT_EQ(count(cluster, EventKind::kElected), 1);
  EXPECT_EQ(count(cluster, EventKind::kElecting), 1);
  // A canvass leaves nothing behind, at whom it asks and at itself.
  for (std::uint8_t id = 1; id <= 3; ++id)
    EXPECT_EQ(cluster.image(id).metadata().promised, promised);
  // It hears from the third member whom to send its clients to.
  EXPECT_EQ(cluster.node(cut).coordinator(), NodeId{first});
}

TEST(Elector, AMemberThatHearsNobodyIsHarmless) {
  Cluster cluster(automatic());
  const std::uint8_t first = settle(cluster);
  const std::uint8_t deaf = after(first);
  cluster.rule = [=](const Mail& m) { return m.to.value == deaf ? Fate::kDrop : Fate::kDeliver; };
  cluster.run_for(Duration::seconds(60));
  EXPECT_TRUE(cluster.reached(Point::kCanvassUnanswered));
  EXPECT_EQ(coordinator_of(cluster), first);
  cluster.rule = {};
  cluster.run_for(Duration::seconds(10));
  EXPECT_EQ(count(cluster, EventKind::kElected), 1);
  EXPECT_EQ(count(cluster, EventKind::kElecting), 1);
  EXPECT_EQ(cluster.node(deaf).coordinator(), NodeId{first});
}

// --- a coordinator that reaches no quorum

TEST(Elector, ACoordinatorThatHearsNoAnswersStepsDownAndAnotherIsElectedOnce) {
  Cluster cluster(automatic());
  const std::uint8_t first = settle(cluster);
  // Its heartbeats still arrive, so nobody else would ever run.
  cluster.rule = [=](const Mail& m) { return m.to.value == first ? Fate::kDrop : Fate::kDeliver; };
  const Instant start = cluster.now();
  ASSERT_TRUE(cluster.run_until([&] { return !cluster.node(first).coordinating(); }));
  EXPECT_LE(cluster.now() - start, kTimeout + kInterval * 2);
  EXPECT_TRUE(cluster.reached(Point::kUnreachable));
  EXPECT_EQ(cluster.node(first).coordinator(), std::nullopt);
  ASSERT_TRUE(cluster.run_until([&] {
    const std::uint8_t now = coordinator_of(cluster);
    return now != 0 && now != first;
  }));
  EXPECT_LE(cluster.now() - start, kTimeout * 3 + ms(100));
  cluster.run_for(Duration::seconds(60));
  EXPECT_EQ(count(cluster, EventKind::kElected), 2);
  cluster.rule = {};
  cluster.run_for(Duration::seconds(10));
  EXPECT_EQ(count(cluster, EventKind::kElected), 2);
}

TEST(Elector, AnIsolatedCoordinatorTellsItsApplicationAndIsNotElectedAgainByItself) {
  Cluster cluster(automatic(5));
  const std::uint8_t first = settle(cluster, 5);
  cluster.rule = Cluster::isolate(first);
  ASSERT_TRUE(cluster.run_until([&] { return !cluster.node(first).coordinating(); }));
  cluster.run_for(Duration::seconds(30));
  EXPECT_EQ(cluster.trace.count(NodeId{first}, EventKind::kElecting), 1);
  const int elected = count(cluster, EventKind::kElected);
  EXPECT_EQ(elected, 2);
  cluster.rule = {};
  cluster.run_for(Duration::seconds(30));
  EXPECT_EQ(count(cluster, EventKind::kElected), elected);
}

// --- split votes

// Each of two or three candidates gets a part of the support, nobody a quorum; a later canvass
// settles it.
TEST(Elector, RivalsThatCanvassAtTheSameTimeSettleIt) {
  int split = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Cluster cluster(automatic(5, {}, seed));
    // Slow enough that canvasses and elections overlap.
    cluster.rule = [&](const Mail& m) {
      if (m.as<Heartbeat>()) return Fate::kDeliver;
      cluster.deliver(m.to, m.frame, ms(60));
      return Fate::kDrop;
    };
    const Instant start = cluster.now();
    settle(cluster, 5);
    EXPECT_LE(cluster.now() - start, kTimeout * 8) << seed;
    split += count(cluster, EventKind::kCanvassing) > 1;
    // Never two that believe that they are wanted: a supporter supports one at a time.
    EXPECT_EQ(count(cluster, EventKind::kElecting), 1) << seed;
    cluster.run_for(Duration::seconds(20));
    EXPECT_EQ(count(cluster, EventKind::kElected), 1) << seed;
  }
  EXPECT_GT(split, 5) << "hardly any members canvassed at once: the test shows nothing";
}

// --- members that do not vote

TEST(Elector, AMemberThatDoesNotVoteNeitherRunsNorSupports) {
  ClusterOptions options = automatic(3);
  options.empty = {2, 3};
  Cluster cluster(std::move(options));
  cluster.run_for(Duration::seconds(30));
  EXPECT_EQ(coordinator_of(cluster), 0);
  EXPECT_EQ(count(cluster, EventKind::kElecting), 0);
  EXPECT_EQ(cluster.trace.count(NodeId{2}, EventKind::kCanvassing), 0);
  EXPECT_EQ(cluster.trace.count(NodeId{3}, EventKind::kCanvassing), 0);
  EXPECT_GT(cluster.trace.count(NodeId{1}, EventKind::kCanvassing), 10);
}

TEST(Elector, AQuorumThatVotesElectsAroundOneThatDoesNot) {
  ClusterOptions options = automatic(3, {NodeId{2}});
  options.empty = {2};
  Cluster cluster(std::move(options));
  // It never finds out what it would have to learn before it votes.
  cluster.rule = [](const Mail& m) {
    return m.to.value == 2 && m.as<RecoverReply>() ? Fate::kDrop : Fate::kDeliver;
  };
  const std::uint8_t first = settle(cluster);
  EXPECT_NE(first, 2);
  cluster.run_for(Duration::seconds(60));
  // Preferred or not, it is not handed anything.
  EXPECT_EQ(coordinator_of(cluster), first);
  EXPECT_EQ(count(cluster, EventKind::kElected), 1);
}

// --- preference

TEST(Elector, ThePreferredMemberIsElectedFirst) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Cluster cluster(automatic(3, {NodeId{3}, NodeId{1}, NodeId{2}}, seed));
    EXPECT_EQ(settle(cluster), 3) << seed;
    cluster.crash(3);
    EXPECT_EQ(settle(cluster), 1) << seed;
  }
}

TEST(Elector, APreferredMemberThatIsBackTakesOverOnce) {
  Cluster cluster(automatic(3, {NodeId{3}}));
  ASSERT_EQ(settle(cluster), 3);
  cluster.crash(3);
  const std::uint8_t second = settle(cluster);
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(cluster.wait(append_here(cluster, second, std::to_string(i))).outcome, Outcome::kOk);
  }
  cluster.boot(3);
  // Not before it has been healthy for a while.
  cluster.run_for(kTimeout * 3);
  EXPECT_EQ(coordinator_of(cluster), second);
  cluster.run_for(kTimeout * 3);
  EXPECT_EQ(coordinator_of(cluster), 3);
  EXPECT_TRUE(cluster.reached(Point::kHandedOver));
  cluster.run_for(Duration::seconds(60));
  EXPECT_EQ(coordinator_of(cluster), 3);
  EXPECT_EQ(count(cluster, EventKind::kElected), 3);
  EXPECT_EQ(count(cluster, EventKind::kHandedOver), 1);
}

TEST(Elector, APreferredMemberThatCannotBeElectedIsGivenLessAndLessOften) {
  Cluster cluster(automatic(3, {NodeId{3}}));
  // It answers, but nobody hears its elections.
  cluster.rule = [](const Mail& m) {
    return m.from.value == 3 && m.as<PromiseRequest>() ? Fate::kDrop : Fate::kDeliver;
  };
  cluster.run_for(Duration::seconds(600));
  // Each of the two others after 4, 8, 16 ... 256 timeouts of its being healthy; with a wait that
  // does not grow it would be one every 4 to 6 timeouts.
  EXPECT_GE(count(cluster, EventKind::kHandedOver), 6);
  EXPECT_LE(count(cluster, EventKind::kHandedOver), 16);
}

TEST(Elector, AMemberWhoseDiskStallsIsNotHandedAnything) {
  Cluster cluster(automatic(3, {NodeId{3}}));
  cluster.hold_disk(3);
  const std::uint8_t second = settle(cluster);
  ASSERT_NE(second, 3);
  ASSERT_EQ(cluster.wait(append_here(cluster, second, "a")).outcome, Outcome::kOk);
  cluster.run_for(Duration::seconds(30));
  EXPECT_EQ(coordinator_of(cluster), second);
  EXPECT_EQ(count(cluster, EventKind::kHandedOver), 0);
  cluster.free_disk(3);
  cluster.run_for(Duration::seconds(10));
  EXPECT_EQ(coordinator_of(cluster), 3);
}

// --- hand-over

TEST(Elector, HandingOverFinishesTheWindowFirst) {
  Cluster cluster(automatic());
  const std::uint8_t first = settle(cluster);
  const std::uint8_t next = after(first);
  // What is written stays on its way for a while.
  cluster.rule = [](const Mail& m) { return m.as<WriteReply>() ? Fate::kHold : Fate::kDeliver; };
  std::vector<test::Later<WriteResult>> before;
  for (int i = 0; i < 12; ++i)
    before.push_back(append_here(cluster, first, "in flight"));
  const auto handed =
      cluster.spawn(first, [next](Node& node) { return node.hand_over(NodeId{next}); });
  // Refused, and told that it did not happen.
  const WriteResult late = cluster.wait(append_here(cluster, first, "late"));
  EXPECT_EQ(late.outcome, Outcome::kFailed);
  EXPECT_EQ(late.failure, Failure::kHandedOver);
  cluster.run_for(ms(50));
  EXPECT_FALSE(handed->has_value());
  cluster.rule = {};
  cluster.release();
  const Instant start = cluster.now();
  EXPECT_TRUE(cluster.wait(handed));
  for (const auto& write : before)
    EXPECT_EQ(cluster.wait(write).outcome, Outcome::kOk);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.node(next).coordinating(); }));
  // At once, without a canvass and without waiting for silence.
  EXPECT_LE(cluster.now() - start, ms(20));
  EXPECT_EQ(cluster.wait(append_here(cluster, next, "after")).outcome, Outcome::kOk);
  cluster.run_for(Duration::seconds(30));
  EXPECT_EQ(coordinator_of(cluster), next);
  EXPECT_EQ(count(cluster, EventKind::kElected), 2);
}

TEST(Elector, AHandOverThatComesTwiceIsObeyedOnce) {
  Cluster cluster(automatic());
  const std::uint8_t first = settle(cluster);
  const std::uint8_t next = after(first);
  Frame again;
  cluster.rule = [&](const Mail& m) {
    if (m.as<HandOver>()) again = m.frame;
    return Fate::kDeliver;
  };
  EXPECT_TRUE(cluster.wait(
      cluster.spawn(first, [next](Node& node) { return node.hand_over(NodeId{next}); })));
  ASSERT_TRUE(cluster.run_until([&] { return cluster.node(next).coordinating(); }));
  cluster.deliver(NodeId{next}, again);
  cluster.run_for(Duration::seconds(5));
  EXPECT_TRUE(cluster.reached(Point::kHandOverLate));
  EXPECT_EQ(count(cluster, EventKind::kElected), 2);
}

// The heartbeat that left before it, and arrives after it, is no sign of life.
TEST(Elector, AHandOverThatOvertakesAHeartbeatIsObeyed) {
  Cluster cluster(automatic());
  const std::uint8_t first = settle(cluster);
  const std::uint8_t next = after(first);
  cluster.rule = [](const Mail& m) { return m.as<Heartbeat>() ? Fate::kHold : Fate::kDeliver; };
  cluster.run_for(kInterval);
  // Its election waits for the round of its ballot to be durable.
  cluster.hold_disk(next);
  EXPECT_TRUE(cluster.wait(
      cluster.spawn(first, [next](Node& node) { return node.hand_over(NodeId{next}); })));
  cluster.run_for(ms(5));
  cluster.rule = {};
  cluster.release();
  cluster.run_for(ms(5));
  cluster.free_disk(next);
  cluster.run_for(ms(20));
  EXPECT_TRUE(cluster.node(next).coordinating());
  EXPECT_FALSE(cluster.reached(Point::kElectionForgone));
}

TEST(Elector, AHandOverThatIsLostCostsATimeout) {
  Cluster cluster(automatic());
  const std::uint8_t first = settle(cluster);
  const std::uint8_t next = after(first);
  cluster.rule = [](const Mail& m) { return m.as<HandOver>() ? Fate::kDrop : Fate::kDeliver; };
  EXPECT_TRUE(cluster.wait(
      cluster.spawn(first, [next](Node& node) { return node.hand_over(NodeId{next}); })));
  const Instant start = cluster.now();
  settle(cluster);
  EXPECT_LE(cluster.now() - start, kTimeout * 2 + ms(50));
}

// --- a deposed coordinator

TEST(Elector, ADeposedCoordinatorIsToldByAHeartbeatsAnswer) {
  Cluster cluster(automatic());
  const std::uint8_t first = settle(cluster);
  const std::uint8_t rival = after(first);
  // An operator's election, which the coordinator does not hear of.
  cluster.rule = [=](const Mail& m) {
    return m.from.value == rival && m.to.value == first ? Fate::kDrop : Fate::kDeliver;
  };
  ASSERT_TRUE(cluster.elect(rival).ok());
  cluster.run_for(kInterval * 2);
  EXPECT_FALSE(cluster.node(first).coordinating());
  EXPECT_TRUE(cluster.reached(Point::kHeartbeatRefused));
  cluster.run_for(Duration::seconds(30));
  EXPECT_EQ(coordinator_of(cluster), rival);
  EXPECT_EQ(count(cluster, EventKind::kElected), 2);
}

// --- slow disks

TEST(Elector, AStalledDiskOfTheCoordinatorOrAFollowerChangesNothing) {
  Cluster cluster(automatic());
  const std::uint8_t first = settle(cluster);
  for (const std::uint8_t slow : {first, after(first)}) {
    cluster.hold_disk(slow);
    for (int i = 0; i < 10; ++i) {
      ASSERT_EQ(cluster.wait(append_here(cluster, first, "x")).outcome, Outcome::kOk);
      cluster.run_for(Duration::seconds(1));
    }
    cluster.free_disk(slow);
    cluster.run_for(Duration::seconds(1));
  }
  EXPECT_EQ(coordinator_of(cluster), first);
  EXPECT_EQ(count(cluster, EventKind::kElected), 1);
}

// The round of its ballot cannot be made durable; meanwhile somebody else is elected.
TEST(Elector, ACandidateWhoseDiskStallsGivesWay) {
  Cluster cluster(automatic(3, {NodeId{3}, NodeId{1}, NodeId{2}}));
  cluster.hold_disk(3);
  ASSERT_TRUE(cluster.run_until([&] { return coordinator_of(cluster) == 1; }));
  cluster.run_for(Duration::seconds(5));
  cluster.free_disk(3);
  cluster.run_for(kTimeout * 3);
  EXPECT_TRUE(cluster.reached(Point::kElectionForgone));
  EXPECT_EQ(coordinator_of(cluster), 1);
  EXPECT_EQ(count(cluster, EventKind::kElected), 1);
}

// docs/bugs.md, 13.  It has the promises of a quorum, and the round of its next ballot cannot be
// made durable.
TEST(Elector, ACandidateWhoseDiskStallsWhileItFillsGivesWay) {
  ClusterOptions options = automatic(5);
  options.change = [base = options.change](NodeOptions& o) {
    base(o);
    o.rounds_per_reservation = 1;
    o.election_deadline = Duration::seconds(3);
  };
  Cluster cluster(options);
  const std::uint8_t first = settle(cluster, 5);
  // Leaves a vote that nobody learned: the next election has to fill.
  cluster.rule = [=](const Mail& m) {
    return m.to.value == first && m.as<WriteReply>() ? Fate::kDrop : Fate::kDeliver;
  };
  const auto lost = append_here(cluster, first, "x");
  cluster.run_for(ms(20));
  std::uint8_t candidate = 0;
  cluster.rule = [&](const Mail& m) {
    if (m.from.value == first || m.to.value == first) return Fate::kDrop;
    if (const auto* request = m.as<PromiseRequest>(); request && candidate == 0) {
      candidate = m.from.value;
      cluster.hold_disk(candidate);
    }
    return Fate::kDeliver;
  };
  ASSERT_TRUE(cluster.run_until([&] { return candidate != 0; }));
  cluster.run_for(Duration::seconds(2));
  EXPECT_EQ(count(cluster, EventKind::kElected), 1) << "it has time until its deadline";
  const auto others = [&] {
    for (std::uint8_t id = 1; id <= 5; ++id)
      if (id != first && id != candidate && cluster.node(id).coordinating()) return id;
    return std::uint8_t{0};
  };
  ASSERT_TRUE(cluster.run_until([&] { return others() != 0; }));
  const std::uint8_t second = others();
  EXPECT_EQ(cluster.wait(append_here(cluster, second, "y")).outcome, Outcome::kOk);
  // Its ballot is late, and asks nobody.
  int asked = 0;
  const auto cut = cluster.rule;
  cluster.rule = [&](const Mail& m) {
    asked += m.from.value == candidate && m.as<PromiseRequest>() ? 1 : 0;
    return cut(m);
  };
  cluster.free_disk(candidate);
  cluster.run_for(Duration::seconds(5));
  EXPECT_EQ(asked, 0);
  EXPECT_TRUE(cluster.node(second).coordinating());
}

}  // namespace
}  // namespace holdfast
