// Bugs that the Mesos log has had and that no other test here is about, by their numbers in
// docs/mesos-bugs.md.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/test_cluster.h"

namespace holdfast {
namespace {

using test::Cluster;
using test::Fate;
using test::Mail;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void idle(Cluster& cluster) {
  cluster.run_for(Duration::seconds(3));
}

// The disk is lost, and the member comes back with nothing.
void wipe(Cluster& cluster, std::uint8_t id) {
  cluster.crash(id);
  cluster.member(id).image = test::ToyImage();
  cluster.boot(id);
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
  wipe(cluster, 2);
  wipe(cluster, 3);
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
  wipe(cluster, 2);
  wipe(cluster, 3);
  cluster.run_for(Duration::milliseconds(5));
  const WriteResult lost = cluster.append(1, "b");
  EXPECT_EQ(lost.outcome, Outcome::kUnknown);
  EXPECT_EQ(lost.failure, Failure::kTooFewVoters);
  EXPECT_FALSE(cluster.member(1).stopped);
  EXPECT_THAT(cluster.texts(1, 1, 1), ElementsAre("a"));
}

}  // namespace
}  // namespace holdfast
