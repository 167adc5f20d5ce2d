// How a member that lost its disk comes to vote again, step by step, and how one that votes tells a
// lost life of its own from a later one (docs/PROTOCOL.md, 11).  Whole stories are in scenarios/.

#include "protocol/recovery.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/test_cluster.h"

namespace holdfast {
namespace {

using test::Cluster;
using test::Fate;
using test::Mail;
using test::Rule;
using test::ToyImage;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Wait = RecoveryReport::Wait;

const Metadata& metadata(Cluster& cluster, std::uint8_t id) {
  return cluster.image(id).metadata();
}

// What member `at` has on its disk of member `of`.
Incarnations::Entry stored(Cluster& cluster, std::uint8_t at, std::uint8_t of) {
  const Incarnations& known = cluster.member(at).image.metadata->known;
  return {.member = {of}, .registered = known.of({of}), .voted = known.voted({of})};
}

Incarnations::Entry numbers(std::uint8_t of, std::uint16_t registered, std::uint16_t voted) {
  return {.member = {of}, .registered = {registered}, .voted = {voted}};
}

bool comes_to(Cluster& cluster, std::uint8_t id, Status status) {
  return cluster.run_until(
      [&] { return cluster.up(id) && metadata(cluster, id).status == status; });
}

bool comes_to_vote(Cluster& cluster, std::uint8_t id) {
  return comes_to(cluster, id, Status::kVoting);
}

bool registers(const Mail& m) {
  const auto* request = m.as<RecoverRequest>();
  return request != nullptr && request->registering && !request->about_to_vote;
}

bool announces(const Mail& m) {
  const auto* request = m.as<RecoverRequest>();
  return request != nullptr && request->about_to_vote;
}

Rule without(bool (*which)(const Mail&)) {
  return [which](const Mail& m) { return which(m) ? Fate::kDrop : Fate::kDeliver; };
}

// All that vote are counted: by whoever is elected, with no more than a quorum up.
void expect_to_work(Cluster& cluster, const std::vector<std::uint8_t>& up) {
  for (const std::uint8_t id : up) {
    ASSERT_TRUE(cluster.elect(id).ok()) << "n" << +id;
    EXPECT_EQ(cluster.append(id, "by n" + std::to_string(id)).outcome, Outcome::kOk) << "n" << +id;
  }
  EXPECT_THAT(cluster.trace.disagreements, IsEmpty());
}

// --- from a lost disk to the first vote

TEST(Recovery, WhoVotesWasRegisteredAndThenConfirmed) {
  Cluster cluster;
  std::vector<std::string> steps;
  cluster.rule = [&](const Mail& m) {
    if (registers(m)) steps.push_back("register");
    if (announces(m)) steps.push_back("confirm");
    return Fate::kDeliver;
  };
  cluster.wipe(3);
  ASSERT_TRUE(comes_to_vote(cluster, 3));
  EXPECT_EQ(steps, (std::vector<std::string>{"register", "register", "confirm", "confirm"}));
  for (const std::uint8_t other : {1, 2})
    EXPECT_EQ(stored(cluster, other, 3), numbers(3, 1, 1)) << "n" << +other;
  ASSERT_TRUE(cluster.run_until([&] { return stored(cluster, 3, 3) == numbers(3, 1, 1); }));
  EXPECT_EQ(cluster.member(3).image.metadata->status, Status::kVoting);
}

TEST(Recovery, AMemberThatIsNotConfirmedDoesNotVote) {
  Cluster cluster;
  cluster.rule = without(announces);
  cluster.wipe(3);
  cluster.run_for(Duration::seconds(60));
  EXPECT_EQ(metadata(cluster, 3).status, Status::kRecovering);
  EXPECT_EQ(cluster.node(3).recovery().wait, Wait::kConfirmation);
  EXPECT_THAT(cluster.node(3).recovery().text(), HasSubstr("about to vote as incarnation 1"));
  for (const std::uint8_t other : {1, 2})
    EXPECT_EQ(stored(cluster, other, 3), numbers(3, 1, 0)) << "n" << +other;
  cluster.rule = {};
  EXPECT_TRUE(comes_to_vote(cluster, 3));
}

TEST(Recovery, AConfirmationIsDurableBeforeItIsSaid) {
  Cluster cluster;
  cluster.rule = [&](const Mail& m) {
    if (announces(m)) cluster.hold_disk(1);
    return Fate::kDeliver;
  };
  cluster.wipe(3);
  cluster.run_for(Duration::seconds(60));
  EXPECT_EQ(metadata(cluster, 3).status, Status::kRecovering) << "two of two others it takes";
  EXPECT_EQ(stored(cluster, 1, 3), numbers(3, 1, 0));
  cluster.rule = {};
  cluster.free_disk(1);
  EXPECT_TRUE(comes_to_vote(cluster, 3));
  EXPECT_EQ(stored(cluster, 1, 3), numbers(3, 1, 1));
}

TEST(Recovery, AConfirmationThatIsLostIsAskedForAgain) {
  for (const bool answers : {false, true}) {
    Cluster cluster;
    int lost = 0;
    cluster.rule = [&](const Mail& m) {
      const bool confirms =
          m.as<RecoverReply>() != nullptr && m.envelope.known.voted(NodeId{3}) == Incarnation{1};
      const bool loses = (answers ? confirms : announces(m)) && lost < 3;
      lost += loses ? 1 : 0;
      return loses ? Fate::kDrop : Fate::kDeliver;
    };
    cluster.wipe(3);
    EXPECT_TRUE(comes_to_vote(cluster, 3));
    EXPECT_EQ(lost, 3);
    EXPECT_EQ(metadata(cluster, 3).incarnation, Incarnation{1});
  }
}

TEST(Recovery, AConfirmationThatComesTwiceCostsOneWriteAndCountsOnce) {
  Cluster cluster;
  cluster.rule = [](const Mail& m) {
    return announces(m) || m.as<RecoverReply>() ? Fate::kTwice : Fate::kDeliver;
  };
  cluster.wipe(3);
  // Twice the answer of one is not the answers of two.
  cluster.crash(2);
  cluster.run_for(Duration::seconds(60));
  EXPECT_NE(metadata(cluster, 3).status, Status::kVoting);
  cluster.boot(2);
  ASSERT_TRUE(comes_to_vote(cluster, 3));
  cluster.run_for(Duration::seconds(1));
  std::size_t noted = 0;
  for (const WriteBatch& batch : cluster.member(1).image.batches) {
    noted += batch.metadata && batch.metadata->known.voted(NodeId{3}) == Incarnation{1} ? 1 : 0;
  }
  EXPECT_EQ(noted, 1u);
}

// It is of a life that may have learned less than the next one has to.
TEST(Recovery, AConfirmationOfAnEarlierBootIsNotCounted) {
  Cluster cluster;
  cluster.rule = [](const Mail& m) {
    const bool confirms = m.to == NodeId{3} && m.as<RecoverReply>() != nullptr &&
                          m.envelope.known.voted(NodeId{3}) == Incarnation{1};
    return confirms ? Fate::kHold : Fate::kDeliver;
  };
  cluster.wipe(3);
  ASSERT_TRUE(cluster.run_until([&] { return cluster.held.size() >= 2; }));
  cluster.crash(3);
  cluster.rule = [](const Mail& m) {
    return announces(m) || m.as<RecoverReply>() ? Fate::kDrop : Fate::kDeliver;
  };
  cluster.boot(3);
  cluster.run_for(Duration::seconds(1));
  cluster.release();
  cluster.run_for(Duration::seconds(30));
  EXPECT_EQ(metadata(cluster, 3).status, Status::kRecovering);
  cluster.rule = {};
  EXPECT_TRUE(comes_to_vote(cluster, 3));
}

TEST(Recovery, AnAnswerToTheRegistrationIsNoConfirmation) {
  Cluster cluster;
  cluster.rule = [](const Mail& m) {
    if (m.from == NodeId{2} && m.as<RecoverReply>()) return Fate::kHold;
    return announces(m) && m.to == NodeId{2} ? Fate::kDrop : Fate::kDeliver;
  };
  cluster.wipe(3);
  // Who are you, and the registration: each is answered late, and the second time as well.
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(cluster.run_until([&] { return cluster.held.size() >= 2; }));
    cluster.release();
    cluster.run_for(Duration::milliseconds(5));
  }
  cluster.run_for(Duration::seconds(30));
  cluster.release();
  cluster.run_for(Duration::seconds(1));
  EXPECT_EQ(cluster.node(3).recovery().wait, Wait::kConfirmation);
  EXPECT_EQ(metadata(cluster, 3).status, Status::kRecovering);
}

TEST(Recovery, ARestartBeforeTheConfirmationRegistersTheSameNumberAgain) {
  Cluster cluster;
  cluster.rule = without(announces);
  cluster.wipe(3);
  ASSERT_TRUE(
      cluster.run_until([&] { return cluster.node(3).recovery().wait == Wait::kConfirmation; }));
  int registrations = 0;
  cluster.rule = [&](const Mail& m) {
    if (registers(m)) ++registrations;
    return Fate::kDeliver;
  };
  cluster.restart(3);
  ASSERT_TRUE(comes_to_vote(cluster, 3));
  EXPECT_EQ(registrations, 2);
  EXPECT_EQ(metadata(cluster, 3).incarnation, Incarnation{1});
  EXPECT_TRUE(cluster.reached(Point::kRecoveryResumed));
  EXPECT_EQ(stored(cluster, 1, 3), numbers(3, 1, 1));
}

TEST(Recovery, ARestartBetweenTheConfirmationAndTheVoteRegistersTheSameNumberAgain) {
  Cluster cluster;
  cluster.rule = [&](const Mail& m) {
    if (announces(m)) cluster.hold_disk(3);
    return Fate::kDeliver;
  };
  cluster.wipe(3);
  ASSERT_TRUE(comes_to_vote(cluster, 3)) << "in memory";
  ASSERT_EQ(stored(cluster, 1, 3), numbers(3, 1, 1));
  ASSERT_EQ(cluster.member(3).image.metadata->status, Status::kRecovering);
  EXPECT_EQ(cluster.trace.count(NodeId{3}, EventKind::kAccepted), 0);
  cluster.crash(3);
  cluster.rule = {};
  cluster.free_disk(3);
  cluster.boot(3);
  ASSERT_TRUE(comes_to_vote(cluster, 3));
  EXPECT_EQ(metadata(cluster, 3).incarnation, Incarnation{1});
  expect_to_work(cluster, {1, 2, 3});
}

TEST(Recovery, AMemberThatIsOutnumberedBeforeItIsConfirmedTakesAnotherNumber) {
  Cluster cluster({.members = 5});
  cluster.rule = without(announces);
  cluster.wipe(3);
  ASSERT_TRUE(
      cluster.run_until([&] { return cluster.node(3).recovery().wait == Wait::kConfirmation; }));
  // A word of a life that was lost before arrives at last.
  cluster.crash(5);
  cluster.member(5).image.metadata->known.raise({3}, {7});
  cluster.rule = {};
  cluster.boot(5);
  ASSERT_TRUE(comes_to_vote(cluster, 3));
  ASSERT_TRUE(cluster.run_until([&] { return stored(cluster, 3, 3).voted >= Incarnation{1}; }));
  const Incarnation taken = metadata(cluster, 3).incarnation;
  EXPECT_TRUE(taken == Incarnation{1} || taken == Incarnation{8}) << taken.value;
  ASSERT_TRUE(
      cluster.run_until([&] { return metadata(cluster, 3).incarnation == Incarnation{8}; }));
  ASSERT_TRUE(cluster.run_until([&] { return stored(cluster, 5, 3) == numbers(3, 8, 8); }));
}

// --- a voter that some know under the number of a lost life

// Five members.  Lives of `victim` register at n5 only and are lost, as numbers 1 and 2; the one
// that votes hears nothing of n5 and takes 1.
class Outnumbered : public testing::Test {
 protected:
  static constexpr std::uint8_t kVictim = 4;
  static constexpr std::uint8_t kFew = 5;

  void lose_two_lives_and_vote(std::uint8_t victim) {
    // Who says nothing to it, so that it has to hear n5; and is told nothing of an earlier victim.
    const std::uint8_t silent = apart_.empty() ? 1 : *apart_.begin();
    for (const std::uint16_t life : {1, 2}) {
      cluster_.rule = [this, victim, silent](const Mail& m) {
        const bool told = registers(m) && m.from.value == victim && m.to.value != kFew;
        return told || between(m, victim, silent) || apart(m) ? Fate::kDrop : Fate::kDeliver;
      };
      cluster_.wipe(victim);
      ASSERT_TRUE(cluster_.run_until(
          [&] { return stored(cluster_, kFew, victim).registered == Incarnation{life}; }));
      cluster_.run_for(Duration::milliseconds(20));
      ASSERT_EQ(metadata(cluster_, victim).status, Status::kRecovering);
    }
    apart_.insert(victim);
    cluster_.rule = [this](const Mail& m) { return apart(m) ? Fate::kDrop : Fate::kDeliver; };
    cluster_.wipe(victim);
    ASSERT_TRUE(comes_to_vote(cluster_, victim));
    cluster_.run_for(Duration::milliseconds(20));
    for (const std::uint8_t each : apart_) {
      ASSERT_EQ(stored(cluster_, each, each), numbers(each, 1, 1));
      ASSERT_EQ(stored(cluster_, kFew, each), numbers(each, 2, 0));
    }
  }

  static bool between(const Mail& m, std::uint8_t a, std::uint8_t b) {
    return (m.from.value == a && m.to.value == b) || (m.from.value == b && m.to.value == a);
  }

  bool apart(const Mail& m) const {
    return std::ranges::any_of(apart_, [&](std::uint8_t id) { return between(m, id, kFew); });
  }

  void all_meet() { cluster_.rule = {}; }

  // To everybody, and so to the victim: what it knows goes with it.
  void the_few_speak() { cluster_.start_elect(kFew); }

  // At once: neither finds enough others that vote before all meet.
  void lose_disks_of(const std::vector<std::uint8_t>& ids) {
    for (const std::uint8_t id : ids) {
      cluster_.crash(id);
      cluster_.member(id).image = ToyImage();
    }
    for (const std::uint8_t id : ids)
      cluster_.boot(id);
  }

  void expect_all_to_vote() {
    for (const std::uint8_t id : {1, 2, 3, 4, 5})
      ASSERT_TRUE(comes_to_vote(cluster_, id)) << "n" << +id;
    expect_to_work(cluster_, {1, 2, 3, 4, 5});
    EXPECT_TRUE(cluster_.reached(Point::kRenumberedVoting));
    EXPECT_FALSE(cluster_.reached(Point::kStaleDirectory));
  }

  Cluster cluster_{{.members = 5}};
  std::set<std::uint8_t> apart_;
};

// n1, n4 and n5 are left: n1 knows n4 as it is, n5 knows only what was lost.
TEST_F(Outnumbered, AVoterThatWasStartedAnewIsVouchedForByThoseThatKnowOfLostLives) {
  lose_two_lives_and_vote(kVictim);
  cluster_.crash(kVictim);
  all_meet();
  lose_disks_of({2, 3});
  cluster_.boot(kVictim);
  expect_all_to_vote();
  EXPECT_GE(metadata(cluster_, kVictim).incarnation, Incarnation{3});
}

TEST_F(Outnumbered, AVoterThatWentOnRunningNeedNotAsk) {
  lose_two_lives_and_vote(kVictim);
  all_meet();
  lose_disks_of({2, 3});
  expect_all_to_vote();
}

// n3, n4 and n5 are left: n3 counts nothing of n4 and n4 nothing of n3 until one is renumbered.
TEST_F(Outnumbered, TwoOfThemVouchForEachOther) {
  for (const std::uint8_t victim : {3, 4})
    lose_two_lives_and_vote(victim);
  for (const std::uint8_t victim : {3, 4})
    cluster_.crash(victim);
  all_meet();
  lose_disks_of({1, 2});
  for (const std::uint8_t victim : {3, 4})
    cluster_.boot(victim);
  expect_all_to_vote();
}

TEST_F(Outnumbered, TwoOfThemThatWentOnRunningRegisterWithEachOther) {
  for (const std::uint8_t victim : {3, 4})
    lose_two_lives_and_vote(victim);
  all_meet();
  lose_disks_of({1, 2});
  expect_all_to_vote();
}

// The others know the new number, and its own directory knows that they may.
TEST_F(Outnumbered, ARestartInTheMiddleOfRenumberingIsVouchedForAgain) {
  lose_two_lives_and_vote(kVictim);
  cluster_.rule = [&](const Mail& m) {
    if (registers(m) && m.from.value == kVictim) cluster_.hold_disk(kVictim);
    return Fate::kDeliver;
  };
  the_few_speak();
  ASSERT_TRUE(cluster_.run_until([&] {
    return stored(cluster_, 1, kVictim).registered == Incarnation{3} &&
           stored(cluster_, kFew, kVictim).registered == Incarnation{3};
  }));
  cluster_.run_for(Duration::milliseconds(50));
  ASSERT_EQ(cluster_.member(kVictim).image.metadata->incarnation, Incarnation{1}) << "not stored";
  cluster_.crash(kVictim);
  all_meet();
  lose_disks_of({2, 3});
  cluster_.free_disk(kVictim);
  cluster_.boot(kVictim);
  expect_all_to_vote();
  EXPECT_EQ(metadata(cluster_, kVictim).incarnation, Incarnation{4});
}

// Between the rounds n1 started again: it may have been another directory that knew the number.
TEST_F(Outnumbered, BothRoundsOfItsRegistrationTakeTheSameBoots) {
  lose_two_lives_and_vote(kVictim);
  cluster_.crash(2);
  cluster_.crash(3);
  int rounds = 0;
  RequestId last;
  cluster_.rule = [&](const Mail& m) {
    if (!registers(m) || m.from.value != kVictim || m.envelope.request == last) {
      return Fate::kDeliver;
    }
    last = m.envelope.request;
    if (++rounds == 2)
      cluster_.at(Duration(), [&] {
        cluster_.crash(1);
        cluster_.boot(1);
      });
    return Fate::kDeliver;
  };
  the_few_speak();
  ASSERT_TRUE(cluster_.run_until(
      [&] { return metadata(cluster_, kVictim).incarnation == Incarnation{3}; }));
  EXPECT_GE(rounds, 4) << "both again";
}

// --- what others are told of a number that votes

TEST_F(Outnumbered, ANumberThatWasTakenWhileVotingIsAnnouncedAndThenThereIsQuiet) {
  lose_two_lives_and_vote(kVictim);
  all_meet();
  the_few_speak();
  ASSERT_TRUE(cluster_.run_until([&] {
    std::size_t told = 0;
    for (const std::uint8_t other : {1, 2, 3, 5})
      told += stored(cluster_, other, kVictim) == numbers(kVictim, 3, 3) ? 1 : 0;
    return told >= 3;
  }));
  cluster_.run_for(Duration::seconds(1));
  int asked = 0;
  cluster_.rule = [&](const Mail& m) {
    asked += m.as<RecoverRequest>() != nullptr ? 1 : 0;
    return Fate::kDeliver;
  };
  cluster_.run_for(Duration::seconds(600));
  EXPECT_EQ(asked, 0);
}

TEST(Recovery, AVoterAnnouncesItsNumberOnceInEveryBootAndItCostsNoWrite) {
  Cluster cluster;
  cluster.wipe(3);
  ASSERT_TRUE(comes_to_vote(cluster, 3));
  cluster.run_for(Duration::seconds(1));
  const std::size_t written = cluster.member(1).image.batches.size();
  int announced = 0;
  cluster.rule = [&](const Mail& m) {
    announced += announces(m) ? 1 : 0;
    return Fate::kDeliver;
  };
  cluster.restart(3);
  cluster.run_for(Duration::seconds(60));
  EXPECT_EQ(announced, 2);
  EXPECT_EQ(cluster.member(1).image.batches.size(), written);
  // A directory that was never lost has nothing to say.
  cluster.restart(2);
  cluster.run_for(Duration::seconds(60));
  EXPECT_EQ(announced, 2);
}

TEST(Recovery, AnAnnouncementThatNobodyConfirmsIsMadeLessAndLessOften) {
  Cluster cluster;
  cluster.wipe(3);
  ASSERT_TRUE(comes_to_vote(cluster, 3));
  cluster.run_for(Duration::seconds(1));
  cluster.crash(2);
  int announced = 0;
  cluster.rule = [&](const Mail& m) {
    announced += announces(m) ? 1 : 0;
    return Fate::kDeliver;
  };
  cluster.restart(3);
  ASSERT_TRUE(cluster.elect(3).ok()) << "it votes meanwhile";
  cluster.run_for(Duration::seconds(600));
  const int at_first = std::exchange(announced, 0);
  cluster.run_for(Duration::seconds(600));
  EXPECT_LT(announced, at_first);
  EXPECT_LT(announced, 200);
  cluster.boot(2);
  cluster.run_for(Duration::seconds(60));
  announced = 0;
  cluster.run_for(Duration::seconds(600));
  EXPECT_EQ(announced, 0);
}

// --- old copies of directories

TEST(Recovery, AnOldCopyOfADirectoryStartsOver) {
  Cluster cluster;
  ASSERT_TRUE(cluster.elect(1).ok());
  ASSERT_EQ(cluster.append(1, "a").outcome, Outcome::kOk);
  cluster.crash(3);
  const ToyImage copy = cluster.member(3).image;
  cluster.wipe(3);
  ASSERT_TRUE(comes_to_vote(cluster, 3));
  cluster.run_for(Duration::seconds(1));
  cluster.crash(3);
  cluster.member(3).image = copy;
  cluster.boot(3);
  ASSERT_TRUE(comes_to(cluster, 3, Status::kVoting));
  ASSERT_TRUE(cluster.elect(2).ok()) << "whose promises tell it";
  ASSERT_TRUE(cluster.run_until([&] { return cluster.reached(Point::kStaleDirectory); }));
  ASSERT_TRUE(
      cluster.run_until([&] { return metadata(cluster, 3).incarnation == Incarnation{2}; }));
  ASSERT_TRUE(comes_to_vote(cluster, 3));
  EXPECT_FALSE(cluster.reached(Point::kRenumberedVoting));
  expect_to_work(cluster, {1, 2, 3});
}

// n5 was not there when n4 lost its disk, so with n3 it would be enough to vouch for n4;
// the same for n3.
TEST(Recovery, AnOldCopyDoesNotVouchForAnother) {
  Cluster cluster({.members = 5});
  const ToyImage three = cluster.member(3).image;
  const ToyImage four = cluster.member(4).image;
  cluster.crash(5);
  for (const std::uint8_t id : {3, 4}) {
    cluster.wipe(id);
    ASSERT_TRUE(comes_to_vote(cluster, id));
  }
  cluster.run_for(Duration::seconds(1));
  for (const std::uint8_t id : {3, 4}) {
    cluster.crash(id);
    cluster.member(id).image = id == 3 ? three : four;
  }
  for (const std::uint8_t id : {3, 4, 5})
    cluster.boot(id);
  cluster.run_for(Duration::milliseconds(5));
  ASSERT_TRUE(cluster.elect(1).ok());
  ASSERT_TRUE(cluster.run_until([&] { return cluster.reached(Point::kOutnumbered); }));
  cluster.run_for(Duration::seconds(60));
  for (const std::uint8_t id : {3, 4})
    EXPECT_EQ(metadata(cluster, id).incarnation, Incarnation{}) << "n" << +id;
  EXPECT_FALSE(cluster.reached(Point::kRenumberedVoting));
  // Three of the others would have to doubt them, and n5 does not know.
  EXPECT_FALSE(cluster.reached(Point::kStaleDirectory));
}

// It is the last that voted: nothing was promised since.
TEST(Recovery, ACopyOfADirectoryThatWasNeverReplacedByAVoterGoesOn) {
  Cluster cluster;
  cluster.crash(3);
  const ToyImage copy = cluster.member(3).image;
  cluster.rule = without(announces);
  cluster.wipe(3);
  ASSERT_TRUE(
      cluster.run_until([&] { return cluster.node(3).recovery().wait == Wait::kConfirmation; }));
  cluster.crash(3);
  cluster.member(3).image = copy;
  cluster.rule = {};
  cluster.boot(3);
  ASSERT_TRUE(cluster.elect(1).ok());
  ASSERT_TRUE(
      cluster.run_until([&] { return metadata(cluster, 3).incarnation == Incarnation{2}; }));
  EXPECT_EQ(metadata(cluster, 3).status, Status::kVoting);
  EXPECT_FALSE(cluster.reached(Point::kStaleDirectory));
  expect_to_work(cluster, {1, 2, 3});
}

TEST_F(Outnumbered, ACopyFromBeforeItWasRenumberedStartsOver) {
  lose_two_lives_and_vote(kVictim);
  const ToyImage copy = cluster_.member(kVictim).image;
  all_meet();
  the_few_speak();
  ASSERT_TRUE(cluster_.run_until([&] {
    return metadata(cluster_, kVictim).incarnation == Incarnation{3} &&
           stored(cluster_, 1, kVictim).voted == Incarnation{3};
  }));
  cluster_.run_for(Duration::seconds(1));
  cluster_.crash(kVictim);
  cluster_.member(kVictim).image = copy;
  cluster_.boot(kVictim);
  ASSERT_TRUE(cluster_.run_until([&] { return cluster_.reached(Point::kStaleDirectory); }));
  ASSERT_TRUE(cluster_.run_until(
      [&] { return metadata(cluster_, kVictim).incarnation == Incarnation{4}; }));
  ASSERT_TRUE(comes_to_vote(cluster_, kVictim));
  expect_to_work(cluster_, {1, 2, 3, 4, 5});
}

// What a release that did not tell them apart has stored: each number may have voted.  n4 was
// renumbered by a life that was lost, and three others know the number.
TEST(Recovery, NumbersThatMayHaveVotedAreTakenForVoters) {
  Cluster cluster({.members = 5});
  for (const std::uint8_t id : {1, 2, 3, 5}) {
    cluster.crash(id);
    if (id != 1) cluster.member(id).image.metadata->known.raise_voted({4}, {1});
  }
  for (const std::uint8_t id : {1, 2, 3, 5})
    cluster.boot(id);
  cluster.run_for(Duration::milliseconds(5));
  ASSERT_TRUE(cluster.elect(1).ok());
  ASSERT_TRUE(cluster.run_until([&] { return cluster.reached(Point::kStaleDirectory); }));
  ASSERT_TRUE(
      cluster.run_until([&] { return metadata(cluster, 4).incarnation == Incarnation{2}; }));
  ASSERT_TRUE(comes_to_vote(cluster, 4));
  expect_to_work(cluster, {1, 2, 3, 4, 5});
}

// --- two processes of one member

TEST(Recovery, AMemberThatIsOutnumberedTooOftenGivesUp) {
  Cluster cluster({.members = 5});
  std::uint16_t number = 0;
  int times = 0;
  while (!cluster.member(4).stopped && times < 20) {
    ++times;
    number = static_cast<std::uint16_t>(metadata(cluster, 4).incarnation.value + 1);
    cluster.crash(5);
    cluster.member(5).image.metadata->known.raise({4}, {number});
    cluster.boot(5);
    cluster.run_for(Duration::milliseconds(5));
    cluster.start_elect(5);
    ASSERT_TRUE(cluster.run_until([&] {
      return cluster.member(4).stopped || metadata(cluster, 4).incarnation > Incarnation{number};
    }));
  }
  ASSERT_TRUE(cluster.member(4).stopped);
  EXPECT_EQ(times, 9);
  EXPECT_EQ(cluster.member(4).stopped->kind, StoreError::Kind::kForeign);
  EXPECT_THAT(cluster.member(4).stopped->text, HasSubstr("another process runs as member 4"));
  EXPECT_THAT(cluster.member(4).stopped->text, HasSubstr("stop one of the two"));
}

}  // namespace
}  // namespace holdfast
