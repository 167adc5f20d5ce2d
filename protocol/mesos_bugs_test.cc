// Bugs that the Mesos log has had and that no other test here is about, by their numbers in
// docs/mesos-bugs.md.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/test_cluster.h"

namespace holdfast {
namespace {

using test::Cluster;
using test::ClusterOptions;
using test::Fate;
using test::Mail;
using test::Rule;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void idle(Cluster& cluster) {
  cluster.run_for(Duration::seconds(3));
}

Status status(Cluster& cluster, std::uint8_t id) {
  return cluster.image(id).metadata().status;
}

bool comes_to_vote(Cluster& cluster, std::uint8_t id) {
  return cluster.run_until([&] { return status(cluster, id) == Status::kVoting; });
}

// Whose log begins empty, and initialises itself.
ClusterOptions blank(std::uint8_t members = 3) {
  ClusterOptions options{.members = members, .change = [](NodeOptions& node) {
                           node.auto_initialise = AutoInitialise::kOn;
                         }};
  for (std::uint8_t id = 1; id <= members; ++id)
    options.empty.push_back(id);
  return options;
}

// In Mesos a TRUNCATE left the holes below it on the list of what is missing.
TEST(MesosBugs, B1NothingBelowALearnedTruncateIsMissing) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  idle(cluster);
  cluster.rule = [](const Mail& m) {
    const auto* write = m.as<WriteRequest>();
    const bool missed = m.to.value == 3 && ((write && write->position < Position{6}) ||
                                            m.as<FetchReply>() || m.as<Learned>());
    return missed ? Fate::kDrop : Fate::kDeliver;
  };
  for (const char* entry : {"1", "2", "3", "4", "5"})
    ASSERT_EQ(cluster.append(1, entry).outcome, Outcome::kOk);
  ASSERT_EQ(cluster.truncate(1, Position{6}).position, Position{6});
  idle(cluster);
  EXPECT_EQ(cluster.image(3).begin().position, Position{6});
  EXPECT_THAT(cluster.image(3).missing(Position{}, Position{6}, 10), IsEmpty());
  int asked = 0;
  cluster.rule = [&](const Mail& m) {
    const auto* promise = m.as<PromiseRequest>();
    asked += promise && promise->position;
    return Fate::kDeliver;
  };
  ASSERT_TRUE(cluster.elect(3).ok());
  EXPECT_EQ(asked, 0) << "there is nothing to fill";
}

// In Mesos whoever asked before enough members were there waited for ever.
TEST(MesosBugs, B5AnElectionBegunAloneSucceedsOnceTheOthersAreThere) {
  Cluster cluster;
  cluster.crash(2);
  cluster.crash(3);
  const auto elected = cluster.start_elect(1);
  cluster.run_for(Duration::milliseconds(700));
  EXPECT_FALSE(elected->has_value());
  cluster.boot(2);
  EXPECT_TRUE(cluster.wait(elected).ok());
  EXPECT_EQ(cluster.append(1, "a").outcome, Outcome::kOk);
}

// In Mesos a coordinator whose own replica was not among the members aborted.
TEST(MesosBugs, B13AMemberThatIsNotInItsOwnListIsToldSo) {
  NodeOptions options;
  options.membership = Membership({NodeId{1}, NodeId{2}, NodeId{3}});
  options.self = NodeId{4};
  EXPECT_THAT(options.invalid(), HasSubstr("member 4 is not in the member list"));
}

// In Mesos a quorum of IGNORED aborted whoever filled, here in the middle of an election ...
TEST(MesosBugs, B36AnElectionWhoseVotersLoseTheirDisksFails) {
  Cluster cluster;
  cluster.rule = [](const Mail& m) {
    const auto* promise = m.as<PromiseRequest>();
    return promise && promise->position ? Fate::kHold : Fate::kDeliver;
  };
  const auto elected = cluster.start_elect(1);
  cluster.run_for(Duration::milliseconds(20));
  ASSERT_FALSE(cluster.held.empty()) << "it fills position 0";
  cluster.wipe(2);
  cluster.wipe(3);
  cluster.rule = {};
  cluster.release();
  EXPECT_EQ(cluster.wait(elected).failure, Failure::kDeadline);
  EXPECT_TRUE(cluster.reached(Point::kNonVoterAsked));
  EXPECT_TRUE(cluster.up(1));
  EXPECT_FALSE(cluster.member(1).stopped);
}

// ... and whoever appended.
TEST(MesosBugs, H5AnAppendWhoseVotersLoseTheirDisksIsUnknown) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  ASSERT_EQ(cluster.append(1, "a").outcome, Outcome::kOk);
  cluster.wipe(2);
  cluster.wipe(3);
  cluster.run_for(Duration::milliseconds(5));
  const WriteResult lost = cluster.append(1, "b");
  EXPECT_EQ(lost.outcome, Outcome::kUnknown);
  EXPECT_EQ(lost.failure, Failure::kTooFewVoters);
  EXPECT_FALSE(cluster.member(1).stopped);
  EXPECT_THAT(cluster.texts(1, 1, 1), ElementsAre("a"));
}

// ---- Members that lost their disks, and logs that begin

// In Mesos, before MESOS-736, a member that came back with an empty disk voted at once.
TEST(MesosBugs, B6AMemberThatLostItsDiskDoesNotVoteBeforeItHasRecovered) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  ASSERT_EQ(cluster.append(1, "a").outcome, Outcome::kOk);
  cluster.rule = [](const Mail& m) {
    return m.to.value == 3 && m.as<FetchReply>() ? Fate::kHold : Fate::kDeliver;
  };
  cluster.wipe(3);
  cluster.run_for(Duration::milliseconds(50));
  ASSERT_EQ(status(cluster, 3), Status::kRecovering);
  const int votes = cluster.trace.count(NodeId{3}, EventKind::kAccepted);
  cluster.crash(2);
  const auto alone = cluster.start_append(1, "b");
  cluster.run_for(Duration::seconds(5));
  EXPECT_FALSE(alone->has_value() && (*alone)->outcome == Outcome::kOk) << "one of three votes";
  EXPECT_EQ(cluster.trace.count(NodeId{3}, EventKind::kAccepted), votes);
  cluster.boot(2);
  cluster.rule = {};
  cluster.release();
  ASSERT_TRUE(comes_to_vote(cluster, 3));
  cluster.crash(2);
  ASSERT_TRUE(cluster.elect(1).ok());
  EXPECT_EQ(cluster.append(1, "c").outcome, Outcome::kOk) << "now it counts";
}

// Both others have voted for position 2, neither has learned it, and nobody coordinates: whoever
// recovers has to run a ballot there.
void leave_a_vote_unlearned(Cluster& cluster) {
  ASSERT_TRUE(cluster.elect(1).ok());
  ASSERT_EQ(cluster.append(1, "a").outcome, Outcome::kOk);
  cluster.rule = [](const Mail& m) { return m.as<WriteReply>() ? Fate::kDrop : Fate::kDeliver; };
  cluster.start_append(1, "b");
  cluster.run_for(Duration::milliseconds(10));
  cluster.restart(1);
  cluster.rule = {};
}

// In Mesos one message that got lost left the recovery waiting.  Here it is the K-th of those to
// and from the member, for every K.
TEST(MesosBugs, B7OneLostMessageDoesNotKeepAMemberFromRecovering) {
  int messages = 0;
  for (int lost = 0; lost <= messages; ++lost) {
    Cluster cluster;
    leave_a_vote_unlearned(cluster);
    int passed = 0;
    cluster.rule = [&](const Mail& m) {
      if (m.from.value != 3 && m.to.value != 3) return Fate::kDeliver;
      return ++passed == lost ? Fate::kDrop : Fate::kDeliver;
    };
    cluster.wipe(3);
    ASSERT_TRUE(comes_to_vote(cluster, 3)) << "without message " << lost;
    EXPECT_TRUE(cluster.reached(Point::kRecoveryBallots));
    EXPECT_THAT(cluster.texts(3, 2, 2), ElementsAre("b")) << "without message " << lost;
    EXPECT_THAT(cluster.trace.disagreements, IsEmpty()) << "without message " << lost;
    if (lost == 0) messages = passed;
  }
  EXPECT_GT(messages, 20);
}

// Answers to members that have begun to start do not reach them; `alone` votes first.
Rule only_one_starts(Cluster& cluster, std::uint8_t alone) {
  return [&cluster, alone](const Mail& m) {
    const bool late = m.to.value != alone && m.as<RecoverReply>() && cluster.up(m.to.value) &&
                      status(cluster, m.to.value) == Status::kStarting;
    return late ? Fate::kDrop : Fate::kDeliver;
  };
}

// In Mesos the first blank member that began to vote kept the others, which were slower, from ever
// seeing that all were blank.
TEST(MesosBugs, B8BlankMembersThatBootOneAfterTheOtherStart) {
  Cluster cluster(blank());
  for (const std::uint8_t id : {1, 2, 3}) {
    cluster.crash(id);
    cluster.member(id).image = test::ToyImage();
  }
  for (const std::uint8_t id : {1, 2}) {
    cluster.boot(id);
    cluster.run_for(Duration::seconds(30));
    EXPECT_EQ(status(cluster, id), Status::kEmpty) << "it takes all three";
  }
  cluster.rule = only_one_starts(cluster, 1);
  cluster.boot(3);
  ASSERT_TRUE(comes_to_vote(cluster, 1));
  cluster.run_for(Duration::seconds(30));
  EXPECT_EQ(status(cluster, 2), Status::kStarting);
  EXPECT_EQ(status(cluster, 3), Status::kStarting);
  cluster.rule = {};
  ASSERT_TRUE(comes_to_vote(cluster, 2));
  ASSERT_TRUE(comes_to_vote(cluster, 3));
  ASSERT_TRUE(cluster.elect(3).ok());
  EXPECT_EQ(cluster.append(3, "a").outcome, Outcome::kOk);
}

// In Mesos members that did not vote yet said nothing, and an election that asked them waited until
// the master gave up.  Here it is told at once, and the next one is not kept waiting.
TEST(MesosBugs, B17AnElectionWhileOthersDoNotVoteYetIsToldSoAtOnce) {
  Cluster cluster(blank());
  cluster.rule = only_one_starts(cluster, 1);
  ASSERT_TRUE(comes_to_vote(cluster, 1));
  const Instant asked = cluster.now();
  EXPECT_EQ(cluster.elect(1).failure, Failure::kTooFewVoters);
  EXPECT_LT(cluster.now() - asked, Duration::milliseconds(100)) << "no deadline has to end";
  cluster.rule = {};
  ASSERT_TRUE(comes_to_vote(cluster, 2));
  EXPECT_TRUE(cluster.elect(1).ok());
  EXPECT_EQ(cluster.append(1, "a").outcome, Outcome::kOk);
}

// In Mesos a recovery that was cancelled might never end.  Here it ends with its member, at
// whatever step: a process that is told to stop stops.
TEST(MesosBugs, B21ARecoveryEndsWithItsMemberAtEveryStep) {
  bool recovered = false;
  for (int steps = 0; !recovered; ++steps) {
    Cluster cluster;
    leave_a_vote_unlearned(cluster);
    cluster.wipe(3);
    for (int i = 0; i < steps && !recovered; ++i) {
      ASSERT_TRUE(cluster.step());
      recovered = status(cluster, 3) == Status::kVoting;
    }
    cluster.crash(3);
    EXPECT_FALSE(cluster.up(3));
    cluster.boot(3);
    ASSERT_TRUE(comes_to_vote(cluster, 3)) << "stopped after " << steps << " steps";
    EXPECT_THAT(cluster.texts(3, 2, 2), ElementsAre("b"));
  }
}

// In Mesos 2q - 1 blank members took themselves for the whole log, although an old one was down.
TEST(MesosBugs, H12BlankMembersDoNotBeginALogWhileAnotherIsDown) {
  ClusterOptions options = blank();
  options.empty = {};
  Cluster cluster(options);
  ASSERT_TRUE(cluster.elect(1).ok());
  for (const char* entry : {"a", "makes durable that a is learned"})
    ASSERT_EQ(cluster.append(1, entry).outcome, Outcome::kOk);
  cluster.crash(1);
  cluster.wipe(2);
  cluster.wipe(3);
  cluster.run_for(Duration::seconds(60));
  for (const std::uint8_t id : {2, 3})
    EXPECT_EQ(status(cluster, id), Status::kEmpty) << +id;
  cluster.boot(1);
  cluster.run_for(Duration::seconds(60));
  for (const std::uint8_t id : {2, 3}) {
    EXPECT_EQ(status(cluster, id), Status::kEmpty) << "one voter of three brings nobody back";
    EXPECT_EQ(cluster.node(id).recovery().wait, RecoveryReport::Wait::kVoters) << +id;
  }
  EXPECT_THAT(cluster.texts(1, 1, 1), ElementsAre("a")) << "what it has learned is not lost";
}

}  // namespace
}  // namespace holdfast
