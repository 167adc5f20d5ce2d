#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/events.h"

#include "scenarios/explore/log_company.h"
#include "scenarios/explore/log_referee.h"

namespace holdfast::scenarios {
namespace {

using explore::Observed;
using explore::Seen;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t kAppend = static_cast<std::uint64_t>(ValueType::kAppend) << 8;
constexpr std::uint64_t kTruncate = static_cast<std::uint64_t>(ValueType::kTruncate) << 8;
constexpr std::uint64_t kNop = static_cast<std::uint64_t>(ValueType::kNop) << 8;
constexpr std::uint64_t kTombstone = 2 | static_cast<std::uint64_t>(ValueType::kNop) << 8;

class Refereed : public testing::Test {
 protected:
  Refereed() {
    for (const std::uint32_t member : {1u, 2u, 3u})
      become_voting(member, 0, 0);
  }

  std::string become_voting(std::uint32_t member,
                            std::uint64_t incarnation,
                            std::uint64_t promised) {
    const auto voting = static_cast<std::uint64_t>(Status::kVoting);
    return say(member, EventKind::kStatus, {voting, incarnation, promised});
  }

  void wipe(std::uint32_t member) {
    tell({.node = member - 1, .life = 1, .what = Observed::What::kWipe, .seen = {}});
  }

  // The member has stored that another one has a new disk.
  void vouch(std::uint32_t member, std::uint32_t of) {
    say(member, EventKind::kKnown, {of, 1, 0});
    say(member, EventKind::kVouched, {of, 1, 0});
  }

  // What is wrong since this.
  std::string say(std::uint32_t member, EventKind kind, std::vector<std::uint64_t> words) {
    return tell({.node = member - 1,
                 .life = 1,
                 .what = Observed::What::kStep,
                 .seen = {Seen{.kind = kind, .words = std::move(words), .bytes = {}}}});
  }

  std::string promise(std::uint32_t member, std::uint64_t ballot) {
    return say(member, EventKind::kPromised, {kNoPosition, ballot});
  }

  std::string vote(std::uint32_t member, std::uint64_t ballot, std::uint64_t value) {
    return say(member, EventKind::kAccepted, {1, ballot, kAppend, value});
  }

  std::string tell(const Observed& observed) {
    const explore::Ruling ruling = referee_.judge(memory_, observed);
    memory_ = ruling.memory;
    return ruling.violation;
  }

  LogReferee referee_{3};
  std::string memory_ = referee_.start();
};

// Op 0x100 appended it first, and op 0x500 once more, at position 3.
std::uint64_t op_of(LogOperation operation) {
  return static_cast<std::uint64_t>(operation) << 8;
}

class Retried : public Refereed {
 protected:
  Retried() {
    say(1, EventKind::kAppendCalled, {op_of(LogOperation::kAppend), 7, 1, 1});
    for (const std::uint32_t member : {1u, 2u})
      vote(member, 5, 7);
    say(1, EventKind::kAppendCalled, {op_of(LogOperation::kRetry), 7, 1, 1});
  }

  std::string choose_again() {
    say(1, EventKind::kAccepted, {3, 5, kAppend, 7});
    return say(2, EventKind::kAccepted, {3, 5, kAppend, 7});
  }
};

TEST_F(Retried, WhatIsInTheLogIsNotChosenAgain) {
  EXPECT_THAT(choose_again(), HasSubstr("made one append chosen at 1 and at 3"));
}

TEST_F(Retried, WhatIsTruncatedMay) {
  for (const std::uint32_t member : {1u, 2u}) {
    say(member, EventKind::kAccepted, {0, 5, kNop, 6});
    say(member, EventKind::kAccepted, {2, 5, kTruncate, 9});
  }
  EXPECT_THAT(say(1, EventKind::kLearned, {2, kTruncate, 9, 2}), IsEmpty());
  EXPECT_THAT(choose_again(), IsEmpty());
}

// The first call's client was told that it failed, and that is over once it is tried again.
TEST_F(Refereed, WhatFailedMayHappenOnceItIsTriedAgain) {
  say(1, EventKind::kAppendCalled, {op_of(LogOperation::kAppend), 7, 1, 1});
  const auto failed = static_cast<std::uint64_t>(Outcome::kFailed);
  EXPECT_THAT(say(1, EventKind::kAppendReturned, {op_of(LogOperation::kAppend), failed, 0}),
              IsEmpty());
  const std::string before = memory_;
  vote(1, 5, 7);
  EXPECT_THAT(vote(2, 5, 7), HasSubstr("that had failed"));
  memory_ = before;
  say(1, EventKind::kAppendCalled, {op_of(LogOperation::kRetry), 7, 1, 1});
  vote(1, 5, 7);
  EXPECT_THAT(vote(2, 5, 7), IsEmpty());
}

TEST_F(Refereed, WhoIsElectedCanReadWhatIsBelow) {
  const auto failed = static_cast<std::uint64_t>(Outcome::kFailed);
  EXPECT_THAT(say(1, EventKind::kReadReturned, {op_of(LogOperation::kRead), failed, 0, 1}),
              IsEmpty());
  EXPECT_THAT(say(1, EventKind::kReadReturned, {op_of(LogOperation::kElect), failed, 0, 1}),
              HasSubstr("election_completeness"));
}

TEST_F(Refereed, UnlessThatIsTruncatedMeanwhile) {
  for (const std::uint32_t member : {1u, 2u}) {
    for (const std::uint64_t position : {0u, 1u})
      say(member, EventKind::kAccepted, {position, 5, kNop, 6});
    say(member, EventKind::kAccepted, {2, 5, kTruncate, 9});
  }
  EXPECT_THAT(say(1, EventKind::kLearned, {2, kTruncate, 9, 2}), IsEmpty());
  const auto failed = static_cast<std::uint64_t>(Outcome::kFailed);
  EXPECT_THAT(say(1, EventKind::kReadReturned, {op_of(LogOperation::kElect), failed, 0, 1}),
              IsEmpty());
  EXPECT_THAT(say(1, EventKind::kReadReturned, {op_of(LogOperation::kElect), failed, 2, 2}),
              HasSubstr("election_completeness"));
}

TEST_F(Refereed, AVoteIsSafeOnceAQuorumHasPromised) {
  EXPECT_THAT(promise(1, 5), IsEmpty());
  EXPECT_THAT(vote(1, 5, 7), HasSubstr("could still be, chosen in a lower one"));
}

TEST_F(Refereed, WhatIsChosenStays) {
  promise(1, 5);
  promise(2, 5);
  EXPECT_THAT(vote(1, 5, 7), IsEmpty());
  EXPECT_THAT(vote(2, 5, 7), IsEmpty());
  promise(2, 6);
  promise(3, 6);
  EXPECT_THAT(vote(3, 6, 8), HasSubstr("after another one was chosen at 5"));
}

TEST_F(Refereed, AVoteThatAnotherQuorumMayHaveChosenBinds) {
  promise(1, 5);
  promise(2, 5);
  EXPECT_THAT(vote(1, 5, 7), IsEmpty());
  // Member 2 has promised 6 before it voted, so nothing was chosen at 5.
  promise(2, 6);
  promise(3, 6);
  EXPECT_THAT(vote(3, 6, 8), IsEmpty());
  // Member 1 alone has voted 7, and 3 has voted 8.
  EXPECT_THAT(vote(2, 6, 8), IsEmpty());
}

TEST_F(Refereed, NobodyVotesBelowItsPromise) {
  promise(1, 5);
  promise(2, 5);
  promise(2, 6);
  EXPECT_THAT(vote(2, 5, 7), HasSubstr("after it promised 6"));
}

TEST_F(Refereed, ABallotHasOneValue) {
  promise(1, 5);
  promise(2, 5);
  promise(3, 5);
  EXPECT_THAT(vote(1, 5, 7), IsEmpty());
  EXPECT_THAT(vote(3, 5, 8), HasSubstr("another value of position 1 at ballot 5"));
}

TEST_F(Refereed, AVoteRaisesThePromise) {
  promise(1, 5);
  promise(2, 5);
  promise(3, 3);
  EXPECT_THAT(vote(3, 5, 7), IsEmpty());
  EXPECT_THAT(vote(3, 4, 7), HasSubstr("after it promised 5"));
}

TEST_F(Refereed, PromisesAreKeptOverARestart) {
  promise(1, 5);
  const auto voting = static_cast<std::uint64_t>(Status::kVoting);
  EXPECT_THAT(say(1, EventKind::kRestored, {voting, 5, 0, kNoPosition, kNoPosition, 0, 0}),
              IsEmpty());
  EXPECT_THAT(say(1, EventKind::kRestored, {voting, 4, 0, kNoPosition, kNoPosition, 0, 0}),
              HasSubstr("came back with promise 4, after it had said 5"));
}

TEST_F(Refereed, OnlyWhatIsChosenIsLearned) {
  promise(1, 5);
  promise(2, 5);
  vote(1, 5, 7);
  EXPECT_THAT(say(3, EventKind::kLearned, {1, kAppend | 1, 7, 0}),
              HasSubstr("learned at position 1 what no quorum accepted"));
}

TEST_F(Refereed, TombstonesStandBelowAChosenTruncation) {
  for (const std::uint32_t member : {1u, 2u}) {
    promise(member, 5);
    for (const std::uint64_t position : {0u, 1u, 2u})
      say(member, EventKind::kAccepted, {position, 5, kNop, 6});
    say(member, EventKind::kAccepted, {4, 5, kTruncate, 9});
  }
  EXPECT_THAT(say(1, EventKind::kLearned, {4, kTruncate | 1, 9, 3}), IsEmpty());
  EXPECT_THAT(say(2, EventKind::kLearned, {2, kTombstone | 1, 0, 0}), IsEmpty());
  EXPECT_THAT(say(2, EventKind::kLearned, {3, kTombstone | 1, 0, 0}),
              HasSubstr("no TRUNCATE covers"));
}

TEST_F(Refereed, ClientsAreToldTheTruth) {
  say(1, EventKind::kAppendCalled, {1, 7, 1, 1});
  const auto ok = static_cast<std::uint64_t>(Outcome::kOk);
  EXPECT_THAT(say(1, EventKind::kAppendReturned, {1, ok, 1}),
              HasSubstr("durability: member 1 acknowledged position 1"));
}

TEST_F(Refereed, WhatFailedDoesNotHappen) {
  say(1, EventKind::kAppendCalled, {1, 7, 1, 1});
  const auto failed = static_cast<std::uint64_t>(Outcome::kFailed);
  EXPECT_THAT(say(1, EventKind::kAppendReturned, {1, failed, 0}), IsEmpty());
  promise(1, 5);
  promise(2, 5);
  EXPECT_THAT(vote(1, 5, 7), IsEmpty());
  EXPECT_THAT(vote(2, 5, 7), HasSubstr("an append chosen at 1 that had failed"));
}

TEST_F(Refereed, ElectionsFindWhatWasAcknowledged) {
  promise(1, 5);
  promise(2, 5);
  say(1, EventKind::kAppendCalled, {1, 7, 1, 1});
  vote(1, 5, 7);
  vote(2, 5, 7);
  const auto ok = static_cast<std::uint64_t>(Outcome::kOk);
  EXPECT_THAT(say(1, EventKind::kAppendReturned, {1, ok, 1}), IsEmpty());
  say(3, EventKind::kElectCalled, {2});
  EXPECT_THAT(say(3, EventKind::kElectReturned, {2, ok, 0}),
              HasSubstr("was elected with end 0, while 1 had been acknowledged"));
}

// --- lost disks

TEST_F(Refereed, AfterAWipeWhatIsChosenStaysAllTheSame) {
  promise(1, 5);
  promise(2, 5);
  vote(1, 5, 7);
  vote(2, 5, 7);
  wipe(2);
  EXPECT_THAT(vote(3, 6, 8), HasSubstr("after another one was chosen at 5"));
}

// As gap G2(a) of Mesos has it.
TEST_F(Refereed, ANewDiskKeepsWhatTheOldOneHadPromised) {
  promise(1, 5);
  promise(3, 5);
  EXPECT_THAT(vote(1, 5, 7), IsEmpty());
  wipe(3);
  vouch(1, 3);
  vouch(2, 3);
  const std::string before = memory_;
  EXPECT_THAT(become_voting(3, 1, 5), IsEmpty());
  memory_ = before;
  EXPECT_THAT(become_voting(3, 1, 4), HasSubstr("could do away with what was voted for"));
}

// As gap G2(b) has it: member 1 may still count the vote of member 3 that is lost.
TEST_F(Refereed, ALostVoteCountsWithThoseWhoDoNotKnow) {
  promise(1, 5);
  promise(3, 5);
  EXPECT_THAT(vote(3, 5, 7), IsEmpty());
  wipe(3);
  vouch(2, 3);
  EXPECT_THAT(become_voting(3, 1, 5), IsEmpty());
  say(2, EventKind::kPromised, {1, 6});
  say(3, EventKind::kPromised, {1, 6});
  const std::string before = memory_;
  EXPECT_THAT(vote(2, 6, 8), HasSubstr("could still be, chosen in a lower one"));
  memory_ = before;
  vouch(1, 3);
  EXPECT_THAT(vote(2, 6, 8), IsEmpty());
}

// --- truncation

class Truncated : public Refereed {
 protected:
  // Positions 0 and 1 are NOPs, and 2 may be a TRUNCATE.
  void SetUp() override {
    for (const std::uint32_t member : {1u, 2u})
      promise(member, 5);
    for (const std::uint64_t position : {0u, 1u})
      choose(position, kNop, 6 + position);
  }

  void choose(std::uint64_t position, std::uint64_t flags, std::uint64_t value) {
    for (const std::uint32_t member : {1u, 2u})
      EXPECT_THAT(say(member, EventKind::kAccepted, {position, 5, flags, value}), IsEmpty());
  }

  std::string learn_truncate(std::uint64_t position, std::uint64_t to) {
    choose(position, kTruncate, 9);
    return say(1, EventKind::kLearned, {position, kTruncate, 9, to});
  }

  std::string restart(std::uint32_t member, std::uint64_t begin, std::uint64_t made_at) {
    const auto voting = static_cast<std::uint64_t>(Status::kVoting);
    return say(member, EventKind::kRestored, {voting, 5, begin, made_at, kNoPosition, 0, 0});
  }
};

TEST_F(Truncated, GoesNoFurtherThanWhatIsDecided) {
  EXPECT_THAT(learn_truncate(2, 3), HasSubstr("learned a TRUNCATE to 3 at 2, while 2 is not"));
  EXPECT_THAT(learn_truncate(4, 4), HasSubstr("while 3 is not decided"));
}

TEST_F(Truncated, BeginIsMovedByWhatIsChosenAndNotBack) {
  EXPECT_THAT(say(1, EventKind::kBegin, {1, 2}), HasSubstr("which no chosen TRUNCATE does"));
  EXPECT_THAT(learn_truncate(2, 2), IsEmpty());
  EXPECT_THAT(say(1, EventKind::kBegin, {2, 2}), IsEmpty());
  EXPECT_THAT(say(1, EventKind::kBegin, {1, 2}), HasSubstr("moved begin back to 1, from 2"));
}

TEST_F(Truncated, BeginStaysOverRestarts) {
  learn_truncate(2, 2);
  say(1, EventKind::kBegin, {2, 2});
  EXPECT_THAT(restart(1, 2, 2), IsEmpty());
  EXPECT_THAT(restart(1, 1, 2), HasSubstr("came back with begin 1, after it had said 2"));
  wipe(1);
  EXPECT_THAT(restart(1, 0, kNoPosition), IsEmpty());
}

// The power failed before the member could say that it had learned it.
TEST_F(Truncated, WhatARestartBringsOfAChosenTruncateHolds) {
  choose(2, kTruncate, 9);
  EXPECT_THAT(restart(1, 2, 2), IsEmpty());
  EXPECT_THAT(say(3, EventKind::kLearned, {1, kTombstone, 0, 0}), IsEmpty());
  EXPECT_THAT(say(3, EventKind::kBegin, {2, 2}), IsEmpty());
}

TEST_F(Truncated, NothingIsStoredBelowBegin) {
  learn_truncate(2, 2);
  say(1, EventKind::kBegin, {2, 2});
  EXPECT_THAT(say(1, EventKind::kLearned, {1, kNop, 7, 0}),
              HasSubstr("stored position 1, though its log begins at 2"));
  EXPECT_THAT(say(1, EventKind::kAccepted, {1, 5, kNop, 7}), HasSubstr("stored position 1"));
  EXPECT_THAT(say(1, EventKind::kLearned, {1, kTombstone, 0, 0}), IsEmpty());
  EXPECT_THAT(say(1, EventKind::kLearned, {0, kTombstone, 0, 0}), HasSubstr("stored position 0"));
}

// --- what was vouched for

TEST_F(Refereed, WhatWasVouchedForIsThereAfterARestart) {
  vouch(1, 3);
  const auto voting = static_cast<std::uint64_t>(Status::kVoting);
  const Seen restored{.kind = EventKind::kRestored,
                      .words = {voting, 0, 0, kNoPosition, kNoPosition, 0, 0},
                      .bytes = {}};
  const Seen known{.kind = EventKind::kKnown, .words = {3, 1, 0}, .bytes = {}};
  Observed start{.node = 0, .life = 2, .what = Observed::What::kStep, .seen = {restored, known}};
  EXPECT_THAT(tell(start), IsEmpty());
  start.seen.pop_back();
  EXPECT_THAT(tell(start), HasSubstr("came back without the number 1 of member 3"));
}

TEST_F(Refereed, RoundsThatOthersHaveHeardOfStayReserved) {
  const auto voting = static_cast<std::uint64_t>(Status::kVoting);
  const auto restart = [&](std::uint64_t rounds, std::uint64_t incarnation) {
    return say(
        1, EventKind::kRestored, {voting, 0, 0, kNoPosition, kNoPosition, rounds, incarnation});
  };
  promise(2, Ballot::of(3, 0, NodeId{1}).value);
  EXPECT_THAT(restart(16, 0), IsEmpty());
  EXPECT_THAT(restart(3, 0), IsEmpty());
  EXPECT_THAT(restart(2, 0), HasSubstr("rounds reserved up to 2, after it had used round 3"));
  // What another disk of it, or another member, has used is not its own.
  EXPECT_THAT(restart(2, 1), IsEmpty());
  promise(3, Ballot::of(7, 0, NodeId{2}).value);
  EXPECT_THAT(restart(3, 0), IsEmpty());
}

// --- reads

class Reads : public Refereed {
 protected:
  // Position 1 is an append, 2 a NOP, and 3 is undecided.
  void SetUp() override {
    for (const std::uint32_t member : {1u, 2u}) {
      promise(member, 5);
      say(member, EventKind::kAccepted, {1, 5, kAppend, 7});
      say(member, EventKind::kAccepted, {2, 5, kNop, 8});
    }
  }

  std::string read(std::uint64_t from,
                   std::uint64_t to,
                   const std::vector<std::pair<std::uint64_t, std::uint64_t>>& entries) {
    Observed observed{.node = 2, .life = 1, .what = Observed::What::kStep, .seen = {}};
    for (const auto& [position, digest] : entries) {
      observed.seen.push_back(
          {.kind = EventKind::kReadEntry, .words = {9, position, digest}, .bytes = {}});
    }
    observed.seen.push_back(
        {.kind = EventKind::kReadReturned, .words = {9, 0, from, to}, .bytes = {}});
    return tell(observed);
  }
};

TEST_F(Reads, HaveEveryEntryThatIsChosen) {
  EXPECT_THAT(read(1, 2, {{1, 7}}), IsEmpty());
  EXPECT_THAT(read(2, 2, {}), IsEmpty());
  EXPECT_THAT(read(1, 2, {}), HasSubstr("read at position 1 not what is chosen"));
  EXPECT_THAT(read(1, 2, {{1, 8}}), HasSubstr("read at position 1 not what is chosen"));
}

TEST_F(Reads, HaveNothingElse) {
  EXPECT_THAT(read(1, 2, {{1, 7}, {2, 8}}), HasSubstr("read at position 2 an entry that is none"));
  EXPECT_THAT(read(1, 3, {{1, 7}}), HasSubstr("read over position 3, where nothing is chosen"));
}

TEST_F(Reads, OfABarrierHaveWhatWasAcknowledged) {
  say(1, EventKind::kAppendCalled, {1, 7, 1, 1});
  say(1, EventKind::kAppendReturned, {1, 0, 1});
  EXPECT_THAT(say(3, EventKind::kBarrierCalled, {2}), IsEmpty());
  EXPECT_THAT(say(3, EventKind::kBarrierReturned, {2, 0, 1}), IsEmpty());
  say(3, EventKind::kBarrierCalled, {3});
  EXPECT_THAT(say(3, EventKind::kBarrierReturned, {3, 0, 0}), HasSubstr("barrier with end 0"));
  say(3, EventKind::kBarrierCalled, {4});
  EXPECT_THAT(say(3, EventKind::kBarrierReturned, {4, 0, kNoPosition}), HasSubstr("end none"));
  say(3, EventKind::kBarrierCalled, {5});
  EXPECT_THAT(say(3, EventKind::kBarrierReturned, {5, 1, kNoPosition}), IsEmpty());
}

}  // namespace
}  // namespace holdfast::scenarios
