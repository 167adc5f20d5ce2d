#include "protocol/catchup.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/test_cluster.h"

namespace holdfast {
namespace {

using test::Cluster;
using test::Fate;
using test::Mail;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Kind = ReadError::Kind;

void idle(Cluster& cluster) {
  cluster.run_for(Duration::seconds(3));
}

// A cluster whose member 3 slept while 1 wrote `n` entries at 1..n.
class CatchUpTest : public ::testing::Test {
 protected:
  static void write_without_three(Cluster& cluster, int n) {
    ASSERT_TRUE(cluster.elect(1).ok());
    cluster.run_for(Duration::milliseconds(20));
    cluster.crash(3);
    std::vector<test::Later<WriteResult>> all;
    for (int i = 1; i <= n; ++i)
      all.push_back(cluster.start_append(1, std::to_string(i)));
    for (auto& later : all)
      ASSERT_EQ(cluster.wait(later).outcome, Outcome::kOk);
  }

  static void agree(const Cluster& cluster) { EXPECT_THAT(cluster.trace.disagreements, IsEmpty()); }
};

TEST_F(CatchUpTest, AMemberThatSleptLearnsByAskingWithoutABallot) {
  Cluster cluster;
  write_without_three(cluster, 5);
  int ballots = 0;
  cluster.rule = [&](const Mail& m) {
    ballots += m.as<PromiseRequest>() != nullptr || (m.as<WriteRequest>() && m.from.value != 1);
    return Fate::kDeliver;
  };
  cluster.boot(3);
  idle(cluster);
  EXPECT_THAT(cluster.texts(3, 0, 5), ElementsAre("1", "2", "3", "4", "5"));
  EXPECT_EQ(ballots, 0);
  EXPECT_TRUE(cluster.reached(Point::kFetchLearns));
  agree(cluster);
}

TEST_F(CatchUpTest, TheOneMemberThatKnowsMayAlwaysBeTheSlowest) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.run_for(Duration::milliseconds(20));
  // The votes of 2 and 3 for position 0 are on their disks, the marks were not yet.
  for (std::uint8_t id = 2; id <= 3; ++id) {
    cluster.crash(id);
    cluster.member(id).image.records.at(Position{0}).learned = false;
    cluster.boot(id);
  }
  ASSERT_EQ(cluster.append(1, "a").outcome, Outcome::kOk);
  for (int i = 0; i < 40; ++i)
    ASSERT_EQ(cluster.append(1, "b").outcome, Outcome::kOk);
  ASSERT_TRUE(cluster.image(1).on_disk_only(Position{0}))
      << "1 answers after a read, 2 and 3 at once";
  idle(cluster);
  EXPECT_EQ(cluster.image(2).first_missing({}), Position{42});
  EXPECT_EQ(cluster.image(3).first_missing({}), Position{42});
  agree(cluster);
}

// docs/bugs.md, 12.
TEST_F(CatchUpTest, WhoHasNothingDoesNotSayHowLongTheOthersTake) {
  Cluster cluster({.members = 5, .window = 64});
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.run_for(Duration::milliseconds(20));
  cluster.crash(4);
  cluster.crash(5);
  for (int i = 0; i < 40; ++i)
    ASSERT_EQ(cluster.append(1, "a").outcome, Outcome::kOk);
  // 4 hears of nothing and tells 5 so at once; the answers of 1, 2 and 3 come long after a question
  // waits at first.
  const Duration slow = cluster.member(5).options.resend_min * 3;
  cluster.rule = [&](const Mail& m) {
    if (m.to.value == 4 && !m.as<FetchRequest>()) return Fate::kDrop;
    if (m.to.value != 5 || m.from.value == 4 || !m.as<FetchReply>()) return Fate::kDeliver;
    cluster.deliver(m.to, m.frame, slow);
    return Fate::kDrop;
  };
  cluster.boot(4);
  cluster.boot(5);
  cluster.run_for(Duration::seconds(5));
  EXPECT_EQ(cluster.image(4).first_missing({}), Position{1});
  EXPECT_EQ(cluster.image(5).first_missing({}), Position{41});
  agree(cluster);
}

TEST_F(CatchUpTest, ALongGapIsFetchedInRangesAndBecomesDurableOnTheWay) {
  Cluster cluster({.window = 64, .change = [](NodeOptions& o) { o.fetch_positions_max = 32; }});
  write_without_three(cluster, 1000);
  cluster.boot(3);
  idle(cluster);
  EXPECT_THAT(*cluster.read(3, 0, 1000), SizeIs(1000));
  EXPECT_GT(cluster.member(3).image.records.size(), 500u)
      << "marks start a commit once there are many";
  cluster.restart(3);
  EXPECT_GT(cluster.image(3).first_missing({}).value, 500u);
  agree(cluster);
}

TEST_F(CatchUpTest, AStalledDiskHoldsTheCatchUpBack) {
  Cluster cluster({.window = 64, .change = [](NodeOptions& o) { o.fetch_positions_max = 32; }});
  write_without_three(cluster, 2000);
  cluster.boot(3);
  cluster.run_for(Duration::milliseconds(5));
  cluster.hold_disk(3);
  idle(cluster);
  EXPECT_LT(cluster.image(3).first_missing({}).value, 1000u);
  cluster.free_disk(3);
  idle(cluster);
  EXPECT_EQ(cluster.image(3).first_missing({}), Position{2001});
}

TEST_F(CatchUpTest, AnAnswerIsCutAtItsSizeBound) {
  Cluster cluster({.change = [](NodeOptions& o) { o.fetch_bytes_max = 3; }});
  write_without_three(cluster, 9);
  cluster.boot(3);
  idle(cluster);
  EXPECT_TRUE(cluster.reached(Point::kFetchCut));
  EXPECT_THAT(*cluster.read(3, 0, 9), SizeIs(9));
}

TEST_F(CatchUpTest, ATruncatedPrefixIsSkippedInOneStepWithOneTombstone) {
  Cluster cluster;
  write_without_three(cluster, 500);
  ASSERT_EQ(cluster.truncate(1, Position{490}).position, Position{501});
  idle(cluster);
  cluster.boot(3);
  idle(cluster);
  EXPECT_TRUE(cluster.reached(Point::kFetchTombstone));
  EXPECT_EQ(cluster.image(3).begin(), (Begin{Position{490}, Position{501}}));
  int tombstones = 0;
  std::size_t below = 0;
  for (const WriteBatch& batch : cluster.member(3).image.batches) {
    for (const Action& action : batch.actions) {
      tombstones += action.value && action.value->tombstone;
      below += action.position < Position{489} && action.position > Position{0};
    }
  }
  EXPECT_EQ(tombstones, 1);
  EXPECT_EQ(below, 0u);
  EXPECT_THAT(*cluster.read(3, 490, 501), SizeIs(11));
  cluster.restart(3);
  EXPECT_EQ(cluster.image(3).begin().position, Position{490}) << "the tombstone says so";
  agree(cluster);
}

TEST_F(CatchUpTest, BeginMayBeOnePastTheEnd) {
  Cluster cluster;
  write_without_three(cluster, 3);
  ASSERT_EQ(cluster.truncate(1, Position{4}).position, Position{4});
  idle(cluster);
  // 3 hears of begin but of nothing above it.
  cluster.rule = [](const Mail& m) {
    const auto* reply = m.as<FetchReply>();
    return reply && reply->from >= Position{4} ? Fate::kDrop : Fate::kDeliver;
  };
  cluster.boot(3);
  cluster.run_for(Duration::milliseconds(900));
  EXPECT_EQ(cluster.image(3).begin().position, Position{4});
  EXPECT_EQ(cluster.image(3).end(), Position{3});
  EXPECT_TRUE(cluster.reached(Point::kBeginPastEnd));
  EXPECT_EQ(cluster.read(3, 4, 4).error().kind, Kind::kPastEnd);
  cluster.restart(3);
  EXPECT_EQ(cluster.image(3).begin().position, Position{4});
  EXPECT_EQ(cluster.image(3).end(), Position{3});
  cluster.rule = {};
  ASSERT_TRUE(cluster.elect(3).ok());
  EXPECT_EQ(cluster.append(3, "x").position, Position{5});
  agree(cluster);
}

TEST_F(CatchUpTest, PaxosRunsWhereNobodyHasLearned) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.run_for(Duration::milliseconds(20));
  // Everybody votes, nobody hears that it is chosen.
  cluster.rule = [](const Mail& m) { return m.as<ChosenNotice>() ? Fate::kDrop : Fate::kDeliver; };
  ASSERT_EQ(cluster.append(1, "a").outcome, Outcome::kOk);
  cluster.crash(1);
  cluster.rule = {};
  ASSERT_TRUE(cluster.elect(2).ok());
  EXPECT_TRUE(cluster.reached(Point::kFillAdopts));
  EXPECT_THAT(cluster.texts(2, 0, 1), ElementsAre("a"));
  agree(cluster);
}

TEST_F(CatchUpTest, AFillIsToldTheOutcomeByOneMember) {
  Cluster cluster;
  write_without_three(cluster, 2);
  cluster.rule = [](const Mail& m) { return m.as<FetchRequest>() ? Fate::kDrop : Fate::kDeliver; };
  cluster.boot(3);
  cluster.run_for(Duration::milliseconds(20));
  ASSERT_TRUE(cluster.elect(3).ok());
  EXPECT_TRUE(cluster.reached(Point::kFillLearned));
  EXPECT_TRUE(cluster.reached(Point::kPromiseOnLearned));
  agree(cluster);
}

// docs/bugs.md, 15.
TEST_F(CatchUpTest, QuestionsAndBallotsAreBoundedAlsoBehindTheFirstGap) {
  Cluster cluster({.window = 64, .change = [](NodeOptions& o) { o.fetch_positions_max = 1; }});
  write_without_three(cluster, 100);
  idle(cluster);
  // What it has parts what it has not.
  auto& records = cluster.member(3).image.records;
  records[Position{10}] = cluster.member(2).image.records.at(Position{10});
  ASSERT_TRUE(records[Position{10}].learned);
  std::size_t most = 0;
  cluster.rule = [&](const Mail& m) {
    if (cluster.up(3)) most = std::max(most, cluster.node(3).scheduler().fibers());
    return m.as<FetchRequest>() ? Fate::kDrop : Fate::kDeliver;
  };
  cluster.boot(3);
  cluster.run_for(Duration::milliseconds(20));
  // With one ballot after each question that nobody answers it takes longer than an election may.
  EXPECT_FALSE(cluster.elect(3).ok());
  EXPECT_GT(most, 5u);
  EXPECT_LT(most, 30u);
  cluster.rule = {};
  EXPECT_TRUE(cluster.elect(3).ok());
  EXPECT_EQ(cluster.image(3).first_missing({}), Position{101});
  agree(cluster);
}

TEST_F(CatchUpTest, AFillIsToldTruncated) {
  Cluster cluster;
  write_without_three(cluster, 20);
  cluster.rule = [](const Mail& m) { return m.as<FetchRequest>() ? Fate::kDrop : Fate::kDeliver; };
  cluster.boot(3);
  cluster.run_for(Duration::seconds(1));
  // 3 knows what is chosen, and asks for the outcome of position 1 by a ballot, when it is gone.
  cluster.rule = [](const Mail& m) {
    if (m.as<FetchRequest>()) return Fate::kDrop;
    return m.as<PromiseRequest>() && m.from.value == 3 ? Fate::kHold : Fate::kDeliver;
  };
  const auto read =
      cluster.spawn(3, [](Node& n) { return n.log().reader().catchup(Duration::seconds(20)); });
  cluster.run_for(Duration::seconds(1));
  ASSERT_FALSE(cluster.held.empty());
  ASSERT_EQ(cluster.truncate(1, Position{19}).outcome, Outcome::kOk);
  idle(cluster);
  cluster.release();
  cluster.run_for(Duration::milliseconds(10));
  EXPECT_TRUE(cluster.reached(Point::kPromiseOnTruncated));
  EXPECT_TRUE(cluster.reached(Point::kFillTruncated));
  EXPECT_EQ(cluster.image(3).begin().position, Position{19});
  cluster.rule = {};
  EXPECT_TRUE(cluster.wait(read).has_value());
  EXPECT_TRUE(cluster.node(1).coordinating()) << "a reader's ballots depose nobody";
  agree(cluster);
}

TEST_F(CatchUpTest, AWriteToATruncatedPositionIsToldSo) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  // The write of position 1 to member 3 arrives when it is long gone.
  cluster.rule = [](const Mail& m) {
    const auto* write = m.as<WriteRequest>();
    const bool late = write && write->position == Position{1} && m.to.value == 3;
    return late ? Fate::kHold : Fate::kDeliver;
  };
  for (int i = 0; i < 3; ++i)
    ASSERT_EQ(cluster.append(1, "a").outcome, Outcome::kOk);
  ASSERT_EQ(cluster.truncate(1, Position{3}).outcome, Outcome::kOk);
  idle(cluster);
  ASSERT_EQ(cluster.image(3).begin().position, Position{3});
  cluster.release();
  cluster.run_for(Duration::milliseconds(10));
  EXPECT_TRUE(cluster.reached(Point::kWriteOnTruncated));
  EXPECT_EQ(cluster.append(1, "b").outcome, Outcome::kOk) << "the request was closed long ago";
}

TEST_F(CatchUpTest, ALateLearnedMessageForATruncatedPositionIsDropped) {
  Cluster cluster;
  // The fill of position 0 is told to 3 when it is truncated.
  cluster.rule = [](const Mail& m) {
    return m.as<Learned>() && m.to.value == 3 ? Fate::kHold : Fate::kDeliver;
  };
  ASSERT_TRUE(cluster.elect(1).ok());
  ASSERT_FALSE(cluster.held.empty());
  for (int i = 0; i < 3; ++i)
    ASSERT_EQ(cluster.append(1, "a").outcome, Outcome::kOk);
  ASSERT_EQ(cluster.truncate(1, Position{3}).outcome, Outcome::kOk);
  idle(cluster);
  ASSERT_EQ(cluster.image(3).begin().position, Position{3});
  cluster.release();
  cluster.run_for(Duration::milliseconds(10));
  EXPECT_TRUE(cluster.reached(Point::kLearnedLate));
  EXPECT_EQ(cluster.image(3).find(Position{0}), nullptr);
  cluster.append(1, "b");
  idle(cluster);
  EXPECT_EQ(cluster.member(3).image.records.count(Position{0}), 0u);
}

TEST_F(CatchUpTest, DeletionIsCutIntoSlicesAndResumedAfterARestart) {
  Cluster cluster({.change = [](NodeOptions& o) { o.erase_records_max = 4; }});
  ASSERT_TRUE(cluster.elect(1).ok());
  for (int i = 0; i < 20; ++i)
    ASSERT_EQ(cluster.append(1, "a").outcome, Outcome::kOk);
  ASSERT_EQ(cluster.truncate(1, Position{19}).outcome, Outcome::kOk);
  cluster.run_until([&] { return cluster.image(1).begin().position == Position{19}; });
  cluster.restart(1);
  cluster.run_for(Duration::milliseconds(50));
  EXPECT_TRUE(cluster.reached(Point::kEraseSlices));
  EXPECT_TRUE(cluster.reached(Point::kEraseResumed));
  EXPECT_EQ(cluster.member(1).image.records.begin()->first, Position{18});
}

TEST_F(CatchUpTest, ATruncatePastItsOwnRecordIsKeptAndTheLogGoesOn) {
  // Mesos lets an application write this.
  Cluster cluster;
  for (std::uint8_t id = 1; id <= 3; ++id) {
    cluster.crash(id);
    cluster.member(id).image.records[Position{5}] = {.position = {5},
                                                     .promised = {3},
                                                     .performed = {3},
                                                     .learned = true,
                                                     .value = Value::truncate({20})};
    cluster.boot(id);
  }
  cluster.run_for(Duration::milliseconds(20));
  ASSERT_TRUE(cluster.elect(2).ok());
  EXPECT_EQ(cluster.append(2, "a").position, Position{20});
  for (std::uint8_t id = 1; id <= 3; ++id)
    cluster.restart(id);
  EXPECT_EQ(cluster.image(1).begin().position, Position{20});
}

// --- readers

TEST_F(CatchUpTest, ReaderErrorsNameTheirPosition) {
  Cluster cluster;
  EXPECT_EQ(cluster.read(1, 0, 0).error().kind, Kind::kPastEnd) << "an empty log";
  ASSERT_TRUE(cluster.elect(1).ok());
  for (int i = 1; i <= 4; ++i)
    ASSERT_EQ(cluster.append(1, std::to_string(i)).outcome, Outcome::kOk);
  EXPECT_EQ(cluster.read(1, 3, 2).error().kind, Kind::kBadRange);
  const auto past = cluster.read(1, 3, 5);
  EXPECT_EQ(past.error().kind, Kind::kPastEnd);
  EXPECT_EQ(past.error().position, Position{5});
  ASSERT_EQ(cluster.truncate(1, Position{2}).outcome, Outcome::kOk);
  idle(cluster);
  const auto truncated = cluster.read(1, 1, 4);
  EXPECT_EQ(truncated.error().kind, Kind::kTruncated);
  EXPECT_THAT(truncated.error().text(), ::testing::HasSubstr("truncated position (position 1)"));
  EXPECT_THAT(cluster.texts(1, 2, 5), ElementsAre("2", "3", "4")) << "the TRUNCATE is no entry";
}

TEST_F(CatchUpTest, AReadOfAPendingEntryFails) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.rule = [](const Mail& m) { return m.as<WriteReply>() ? Fate::kDrop : Fate::kDeliver; };
  cluster.start_append(1, "a");
  cluster.run_for(Duration::milliseconds(10));
  const auto pending = cluster.read(2, 0, 1);
  EXPECT_EQ(pending.error().kind, Kind::kPending);
  EXPECT_EQ(pending.error().position, Position{1});
}

TEST_F(CatchUpTest, HolesAreReportedAlsoAtTheTailOfTheRange) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.rule = [](const Mail& m) {
    if (m.to.value != 3) return Fate::kDeliver;
    if (m.as<FetchReply>()) return Fate::kDrop;
    const auto* write = m.as<WriteRequest>();
    return write && write->position.value >= 2 && write->position.value <= 3 ? Fate::kDrop
                                                                             : Fate::kDeliver;
  };
  for (int i = 1; i <= 4; ++i)
    ASSERT_EQ(cluster.append(1, std::to_string(i)).outcome, Outcome::kOk);
  idle(cluster);
  for (const std::uint64_t to : {2, 3, 4}) {
    const auto missing = cluster.read(3, 0, to);
    ASSERT_FALSE(missing) << to;
    EXPECT_EQ(missing.error().kind, Kind::kMissing) << to;
    EXPECT_EQ(missing.error().position, Position{2}) << to;
  }
  EXPECT_THAT(cluster.texts(3, 0, 1), ElementsAre("1"));
  EXPECT_THAT(cluster.texts(3, 4, 4), ElementsAre("4"));
}

TEST_F(CatchUpTest, AReadThatATruncationOvertakesFailsAsTruncated) {
  Cluster cluster({.window = 1});
  ASSERT_TRUE(cluster.elect(1).ok());
  for (int i = 1; i <= 20; ++i)
    ASSERT_EQ(cluster.append(1, std::to_string(i)).outcome, Outcome::kOk);
  idle(cluster);
  cluster.hold_disk(1);
  const auto read =
      cluster.spawn(1, [](Node& n) { return n.log().reader().read(Position{1}, Position{20}); });
  cluster.run_for(Duration::milliseconds(5));
  ASSERT_FALSE(read->has_value()) << "it waits for the disk";
  const auto truncated =
      cluster.spawn(1, [&](Node&) { return cluster.member(1).writer->truncate(Position{15}); });
  cluster.wait(truncated);
  cluster.member(1).disk.complete(Lane::kCommit);
  cluster.run_for(Duration::milliseconds(5));
  cluster.member(1).disk.complete(Lane::kCommit);
  ASSERT_EQ(cluster.image(1).begin().position, Position{15});
  cluster.free_disk(1);
  EXPECT_EQ(cluster.wait(read).error().kind, Kind::kTruncated);
  EXPECT_TRUE(cluster.reached(Point::kReadRaced));
}

TEST_F(CatchUpTest, AReadThatFindsATombstoneOfWhichMemoryDoesNotKnowYetFails) {
  Cluster cluster({.window = 1});
  ASSERT_TRUE(cluster.elect(1).ok());
  // 3 has all but positions 1 and 2.
  cluster.rule = [](const Mail& m) {
    if (m.to.value != 3) return Fate::kDeliver;
    const auto* write = m.as<WriteRequest>();
    const bool lost = write && (write->position <= Position{2} || write->position >= Position{13});
    return lost || m.as<FetchReply>() ? Fate::kDrop : Fate::kDeliver;
  };
  for (int i = 1; i <= 12; ++i)
    ASSERT_EQ(cluster.append(1, std::to_string(i)).outcome, Outcome::kOk);
  ASSERT_EQ(cluster.truncate(1, Position{4}).outcome, Outcome::kOk);
  cluster.run_for(Duration::milliseconds(800));
  ASSERT_TRUE(cluster.image(3).on_disk_only(Position{3}));
  cluster.hold_disk(3);
  const auto read =
      cluster.spawn(3, [](Node& n) { return n.log().reader().read(Position{3}, Position{3}); });
  cluster.rule = {};
  test::ToyDisk& disk = cluster.member(3).disk;
  ASSERT_TRUE(cluster.run_until([&] { return disk.waiting(Lane::kCommit) > 0; }));
  ASSERT_FALSE(read->has_value());
  disk.run(Lane::kCommit);
  ASSERT_TRUE(cluster.member(3).image.records.at(Position{3}).value->tombstone);
  disk.complete(Lane::kBulk);
  EXPECT_EQ(cluster.wait(read).error().kind, Kind::kTruncated);
  cluster.free_disk(3);
  idle(cluster);
  EXPECT_EQ(cluster.image(3).begin().position, Position{4});
}

TEST_F(CatchUpTest, ReadsSpanMemoryAndDiskInSeveralPieces) {
  Cluster cluster({.window = 2, .change = [](NodeOptions& o) { o.fetch_bytes_max = 5; }});
  ASSERT_TRUE(cluster.elect(1).ok());
  for (int i = 1; i <= 40; ++i)
    ASSERT_EQ(cluster.append(1, std::to_string(i)).outcome, Outcome::kOk);
  const auto texts = cluster.texts(1, 0, 40);
  ASSERT_THAT(texts, SizeIs(40));
  for (int i = 1; i <= 40; ++i)
    EXPECT_EQ(texts[static_cast<std::size_t>(i) - 1], std::to_string(i));
}

TEST_F(CatchUpTest, CatchupOfAnEmptyLogFindsNothing) {
  Cluster cluster;
  const auto end = cluster.catchup(2);
  ASSERT_TRUE(end);
  EXPECT_FALSE(*end);
}

TEST_F(CatchUpTest, CatchupReadsUpToWhatIsKnownToBeChosenAndDeposesNobody) {
  Cluster cluster;
  write_without_three(cluster, 5);
  idle(cluster);
  cluster.rule = [](const Mail& m) {
    return m.as<WriteReply>() && m.to.value == 1 ? Fate::kDrop : Fate::kDeliver;
  };
  cluster.start_append(1, "in flight");
  cluster.boot(3);
  cluster.run_for(Duration::milliseconds(10));
  const auto end = cluster.catchup(3);
  ASSERT_TRUE(end);
  EXPECT_EQ(*end, Position{5});
  EXPECT_THAT(*cluster.read(3, 0, 5), SizeIs(5));
  EXPECT_TRUE(cluster.node(1).coordinating());
  agree(cluster);
}

TEST_F(CatchUpTest, CatchupOfAMemberThatIsCutOffEndsInTime) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  cluster.rule = Cluster::isolate(3);
  const Instant before = cluster.now();
  EXPECT_EQ(cluster.catchup(3, Duration::seconds(1)).error().kind, Kind::kNoQuorum);
  EXPECT_LE(cluster.now() - before, Duration::milliseconds(1100));
}

}  // namespace
}  // namespace holdfast
