#include "protocol/acceptor.h"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "protocol/env/hash.h"

namespace holdfast {
namespace {

constexpr Ballot b(std::uint64_t n) {
  return {n};
}

constexpr Position p(std::uint64_t n) {
  return {n};
}

Value entry(std::uint64_t n) {
  return Value::append(std::make_shared<const std::string>("v" + std::to_string(n)), {1, n});
}

// VOTING, promised 5 implicitly, [3, 9] with records, truncated at 3 by the TRUNCATE at 4.
AcceptorView voting(std::optional<Action> action = std::nullopt) {
  return {.status = Status::kVoting,
          .promised = b(5),
          .begin = {p(3), p(4)},
          .end = p(9),
          .action = std::move(action)};
}

Action promised_only(std::uint64_t ballot) {
  return {.position = p(7), .promised = b(ballot)};
}

Action voted(std::uint64_t performed, std::uint64_t promised) {
  return {.position = p(7),
          .promised = b(promised),
          .performed = b(performed),
          .learned = false,
          .value = entry(1)};
}

Action learned(std::uint64_t performed) {
  Action action = voted(performed, performed);
  action.learned = true;
  return action;
}

constexpr Status kNonVoters[] = {Status::kEmpty, Status::kStarting, Status::kRecovering};

// --- not VOTING (docs/PROTOCOL.md, 2)

TEST(Acceptor, NonVotersIgnoreEveryRequest) {
  for (const Status status : kNonVoters) {
    AcceptorView view = voting();
    view.status = status;
    for (const auto& position : {std::optional<Position>(), std::optional(p(7))}) {
      const PromiseStep step = on_promise(view, {b(6), position});
      EXPECT_EQ(step.reply.answer, Answer::kIgnored);
      EXPECT_EQ(step.reply.ballot, b(6));
      EXPECT_EQ(step.reply.position, position);
      EXPECT_FALSE(step.promised || step.record);
    }
    const WriteStep step = on_write(view, {b(6), p(7), entry(1)});
    EXPECT_EQ(step.reply.answer, Answer::kIgnored);
    EXPECT_EQ(step.reply.ballot, b(6));
    EXPECT_EQ(step.reply.position, p(7));
    EXPECT_FALSE(step.record);
  }
}

TEST(Acceptor, NonVotersIgnoreEvenWhatIsTruncatedOrLearned) {
  AcceptorView view = voting(learned(4));
  view.status = Status::kRecovering;
  EXPECT_EQ(on_promise(view, {b(6), p(7)}).reply.answer, Answer::kIgnored);
  EXPECT_EQ(on_promise(view, {b(6), p(1)}).reply.answer, Answer::kIgnored);
  EXPECT_EQ(on_write(view, {b(6), p(1), entry(1)}).reply.answer, Answer::kIgnored);
}

// --- implicit promises (3.3, D4)

TEST(Acceptor, ImplicitPromiseBelowTheOneGivenIsRefused) {
  const PromiseStep step = on_promise(voting(), {b(4), {}});
  EXPECT_EQ(step.reply.answer, Answer::kReject);
  EXPECT_EQ(step.reply.ballot, b(5));
  EXPECT_FALSE(step.promised || step.record);
}

TEST(Acceptor, ImplicitPromiseAboveTheOneGivenIsPersistedAndSaysEndAndBegin) {
  const PromiseStep step = on_promise(voting(), {b(6), {}});
  EXPECT_EQ(step.reply.answer, Answer::kAccept);
  EXPECT_EQ(step.reply.ballot, b(6));
  EXPECT_EQ(step.reply.end, p(9));
  EXPECT_EQ(step.reply.begin, (Begin{p(3), p(4)}));
  EXPECT_EQ(step.promised, b(6));
  EXPECT_FALSE(step.record);
}

TEST(Acceptor, EqualImplicitBallotIsAResendAnsweredFromTheStateAsItIsNow) {
  AcceptorView view = voting();
  view.end = p(12);
  const PromiseStep step = on_promise(view, {b(5), {}});
  EXPECT_EQ(step.reply.answer, Answer::kAccept);
  EXPECT_EQ(step.reply.end, p(12));
  EXPECT_FALSE(step.promised || step.record);
}

// --- an election that settles

PromiseRequest settling(std::uint64_t ballot) {
  return {.ballot = b(ballot), .position = {}, .settles = p(9)};
}

TEST(Acceptor, SettlingAtThePromisedBallotIsRemembered) {
  const PromiseStep step = on_promise(voting(), settling(5));
  EXPECT_EQ(step.reply.answer, Answer::kAccept);
  EXPECT_EQ(step.settled, (ChosenUpto{b(5), p(9)}));
  EXPECT_FALSE(step.promised || step.record);
}

TEST(Acceptor, SettlingAlsoPromisesWhereThePromiseWasNeverAskedFor) {
  const PromiseStep step = on_promise(voting(), settling(6));
  EXPECT_EQ(step.reply.answer, Answer::kAccept);
  EXPECT_EQ(step.promised, b(6));
  EXPECT_EQ(step.settled, (ChosenUpto{b(6), p(9)}));
}

TEST(Acceptor, SettlingBelowAHigherPromiseIsRefused) {
  const PromiseStep step = on_promise(voting(), settling(4));
  EXPECT_EQ(step.reply.answer, Answer::kReject);
  EXPECT_EQ(step.reply.ballot, b(5));
  EXPECT_FALSE(step.promised || step.settled);
}

TEST(Acceptor, SettlingThatWasOvertakenIsRefused) {
  AcceptorView view = voting();
  view.overtaken = true;
  for (const std::uint64_t ballot : {5, 6}) {
    const PromiseStep step = on_promise(view, settling(ballot));
    EXPECT_EQ(step.reply.answer, Answer::kReject);
    EXPECT_EQ(step.reply.ballot, b(ballot));
    EXPECT_FALSE(step.promised || step.settled);
  }
}

TEST(Acceptor, AnImplicitPromiseSettlesNothing) {
  EXPECT_FALSE(on_promise(voting(), {b(6), {}}).settled);
}

// --- explicit promises (3.4, D4, D11)

TEST(Acceptor, ExplicitPromiseBelowBeginIsToldTruncatedWhateverItsBallot) {
  for (const std::uint64_t ballot : {1, 5, 100}) {
    const PromiseStep step = on_promise(voting(), {b(ballot), p(2)});
    EXPECT_EQ(step.reply.answer, Answer::kTruncated);
    EXPECT_EQ(step.reply.begin, (Begin{p(3), p(4)}));
    EXPECT_EQ(step.reply.ballot, b(ballot));
    EXPECT_FALSE(step.reply.action || step.promised || step.record);
  }
}

TEST(Acceptor, BeginItselfIsNotTruncated) {
  EXPECT_EQ(on_promise(voting(), {b(6), p(3)}).reply.answer, Answer::kAccept);
}

TEST(Acceptor, ExplicitPromiseOnAPositionNeverSeenMustExceedTheImplicitOne) {
  for (const std::uint64_t ballot : {4, 5}) {
    const PromiseStep step = on_promise(voting(), {b(ballot), p(7)});
    EXPECT_EQ(step.reply.answer, Answer::kReject);
    EXPECT_EQ(step.reply.ballot, b(5));
    EXPECT_FALSE(step.promised || step.record);
  }
  const PromiseStep step = on_promise(voting(), {b(6), p(7)});
  EXPECT_EQ(step.reply.answer, Answer::kAccept);
  EXPECT_EQ(step.reply.position, p(7));
  EXPECT_FALSE(step.reply.action);
  EXPECT_FALSE(step.promised) << "an explicit promise never raises the implicit one";
  EXPECT_EQ(step.record, promised_only(6));
}

TEST(Acceptor, ExplicitPromiseOnAPromisedPosition) {
  const AcceptorView view = voting(promised_only(8));
  const PromiseStep low = on_promise(view, {b(7), p(7)});
  EXPECT_EQ(low.reply.answer, Answer::kReject);
  EXPECT_EQ(low.reply.ballot, b(8));
  EXPECT_FALSE(low.record);

  const PromiseStep again = on_promise(view, {b(8), p(7)});
  EXPECT_EQ(again.reply.answer, Answer::kAccept);
  EXPECT_FALSE(again.reply.action || again.record);

  const PromiseStep high = on_promise(view, {b(9), p(7)});
  EXPECT_EQ(high.reply.answer, Answer::kAccept);
  EXPECT_FALSE(high.reply.action) << "a promise without a value says nothing";
  EXPECT_EQ(high.record, promised_only(9));
}

TEST(Acceptor, ARecordBelowTheImplicitPromiseIsJudgedByItsOwnPromise) {
  // The coordinator that holds the implicit promise was told of the record by `end`.
  const PromiseStep step = on_promise(voting(promised_only(2)), {b(3), p(7)});
  EXPECT_EQ(step.reply.answer, Answer::kAccept);
  EXPECT_EQ(step.record, promised_only(3));
}

TEST(Acceptor, ExplicitPromiseReportsTheVoteAsItWasBefore) {
  const PromiseStep step = on_promise(voting(voted(6, 8)), {b(9), p(7)});
  EXPECT_EQ(step.reply.answer, Answer::kAccept);
  EXPECT_EQ(step.reply.action, voted(6, 8));
  EXPECT_EQ(step.record, voted(6, 9));
}

TEST(Acceptor, EqualExplicitBallotReportsTheVoteThatIsThereNow) {
  const PromiseStep step = on_promise(voting(voted(8, 8)), {b(8), p(7)});
  EXPECT_EQ(step.reply.answer, Answer::kAccept);
  EXPECT_EQ(step.reply.action, voted(8, 8));
  EXPECT_FALSE(step.record);
}

TEST(Acceptor, ExplicitPromiseOnALearnedPositionIsToldTheOutcomeWhateverItsBallot) {
  for (const std::uint64_t ballot : {1, 5, 100}) {
    const PromiseStep step = on_promise(voting(learned(6)), {b(ballot), p(7)});
    EXPECT_EQ(step.reply.answer, Answer::kAccept);
    EXPECT_EQ(step.reply.action, learned(6));
    EXPECT_FALSE(step.record || step.promised) << "the promise of a final value needs no sync";
  }
}

// --- writes (3.5, D1, D4, D6, D11)

TEST(Acceptor, WriteBelowBeginIsToldTruncated) {
  const WriteStep step = on_write(voting(), {b(9), p(2), entry(1)});
  EXPECT_EQ(step.reply.answer, Answer::kTruncated);
  EXPECT_EQ(step.reply.begin, (Begin{p(3), p(4)}));
  EXPECT_FALSE(step.record || step.reply.learned);
}

TEST(Acceptor, WriteOnAPositionNeverSeenIsJudgedByTheImplicitPromise) {
  const WriteStep low = on_write(voting(), {b(4), p(7), entry(1)});
  EXPECT_EQ(low.reply.answer, Answer::kReject);
  EXPECT_EQ(low.reply.ballot, b(5));
  EXPECT_EQ(low.reply.position, p(7));
  EXPECT_FALSE(low.record);

  EXPECT_EQ(on_write(voting(), {b(5), p(7), entry(1)}).record, voted(5, 5));
  // D1: Mesos would leave 5 here.
  EXPECT_EQ(on_write(voting(), {b(6), p(7), entry(1)}).record, voted(6, 6));
}

TEST(Acceptor, WriteOnAPromisedPosition) {
  const AcceptorView view = voting(promised_only(8));
  EXPECT_EQ(on_write(view, {b(7), p(7), entry(1)}).reply.answer, Answer::kReject);
  EXPECT_EQ(on_write(view, {b(7), p(7), entry(1)}).reply.ballot, b(8));
  EXPECT_EQ(on_write(view, {b(8), p(7), entry(1)}).record, voted(8, 8));
  EXPECT_EQ(on_write(view, {b(9), p(7), entry(1)}).record, voted(9, 9));
}

TEST(Acceptor, WriteReplacesAnOlderVoteAndRaisesThePromise) {
  const WriteStep step = on_write(voting(voted(3, 5)), {b(6), p(7), entry(2)});
  EXPECT_EQ(step.reply.answer, Answer::kAccept);
  Action expected = voted(6, 6);
  expected.value = entry(2);
  EXPECT_EQ(step.record, expected);
}

TEST(Acceptor, AVoteForFiveKeepsOutAWriteOfThree) {
  // Mesos' gap G1: promised 3, accepts 5, then the delayed write of 3 arrives.
  AcceptorView view = voting();
  view.promised = b(3);
  view.action = on_write(view, {b(5), p(7), entry(1)}).record;
  const WriteStep late = on_write(view, {b(3), p(7), entry(2)});
  EXPECT_EQ(late.reply.answer, Answer::kReject);
  EXPECT_EQ(late.reply.ballot, b(5));
  EXPECT_FALSE(late.record);
}

// The same with Mesos' rule: what D1 is for.
TEST(Acceptor, WithD1SwitchedBackAWriteOfThreeReplacesTheVoteForFive) {
  AcceptorView view = voting();
  view.mesos.d1 = true;
  view.promised = b(3);
  view.action = on_write(view, {b(5), p(7), entry(1)}).record;
  EXPECT_EQ(view.action->promised, b(3)) << "the implicit promise";
  EXPECT_EQ(view.action->performed, b(5));
  const PromiseStep asked = on_promise(view, {b(4), p(7)});
  EXPECT_EQ(asked.reply.action->performed, b(5));
  EXPECT_EQ(asked.reply.action->promised, b(5)) << "no message carries a vote above its promise";
  EXPECT_EQ(asked.record->promised, b(4));
  const WriteStep late = on_write(view, {b(3), p(7), entry(2)});
  EXPECT_EQ(late.reply.answer, Answer::kAccept);
  EXPECT_EQ(late.record->performed, b(3));
  EXPECT_EQ(late.record->value, entry(2));
}

// What D3 is for: the ballot that a deposed coordinator takes was used before.
TEST(Acceptor, WithD3SwitchedBackASecondValueUnderOneBallotReplacesTheFirst) {
  AcceptorView view = voting(voted(6, 6));
  view.mesos.d3 = true;
  const WriteStep stolen = on_write(view, {b(6), p(7), entry(2)});
  EXPECT_EQ(stolen.reply.answer, Answer::kAccept);
  ASSERT_TRUE(stolen.record);
  EXPECT_EQ(stolen.record->value, entry(2));
  EXPECT_FALSE(on_write(view, {b(6), p(7), entry(1)}).record) << "a resend is one still";
  view.action = learned(6);
  EXPECT_EQ(on_write(view, {b(6), p(7), entry(2)}).reply.learned, learned(6));
  EXPECT_FALSE(on_write(view, {b(6), p(7), entry(1)}).reply.learned);
}

TEST(Acceptor, ResentWriteIsAnsweredFromTheVote) {
  const WriteStep step = on_write(voting(voted(6, 6)), {b(6), p(7), entry(1)});
  EXPECT_EQ(step.reply.answer, Answer::kAccept);
  EXPECT_FALSE(step.record || step.reply.learned);
}

TEST(Acceptor, ResentWriteIsRefusedOnceAHigherBallotIsPromised) {
  EXPECT_EQ(on_write(voting(voted(6, 8)), {b(6), p(7), entry(1)}).reply.answer, Answer::kReject);
}

TEST(AcceptorDeathTest, TwoValuesUnderOneBallotStopTheProcess) {
  EXPECT_DEATH((void)on_write(voting(voted(6, 6)), {b(6), p(7), entry(2)}), "acceptor.cc");
}

TEST(Acceptor, WriteOnALearnedPositionIsAVoteOnlyAtTheBallotItWasPerformedUnder) {
  const WriteStep same = on_write(voting(learned(6)), {b(6), p(7), entry(1)});
  EXPECT_EQ(same.reply.answer, Answer::kAccept);
  EXPECT_FALSE(same.reply.learned || same.record);
  for (const std::uint64_t ballot : {1, 5, 7}) {
    const WriteStep other = on_write(voting(learned(6)), {b(ballot), p(7), entry(2)});
    EXPECT_EQ(other.reply.answer, Answer::kAccept);
    EXPECT_EQ(other.reply.learned, learned(6));
    EXPECT_FALSE(other.record);
  }
}

// --- random requests against one acceptor

struct Model {
  AcceptorView view{.status = Status::kVoting};
  std::map<Position, Action> records;
  // Per position, what was said: no write below may ever be accepted again.
  std::map<Position, Ballot> said;
  Ballot said_implicitly;
  std::vector<Position> recorded_when_said;

  AcceptorView at(Position position) const {
    AcceptorView now = view;
    const auto it = records.find(position);
    if (it != records.end()) now.action = it->second;
    return now;
  }

  void store(const Action& record) {
    const auto it = records.find(record.position);
    if (it != records.end()) {
      RC_ASSERT(!it->second.learned);
      RC_ASSERT(record.promised >= it->second.promised);
      RC_ASSERT(record.performed >= it->second.performed);
    }
    RC_ASSERT(record.performed <= record.promised);
    RC_ASSERT(!record.learned);
    records.insert_or_assign(record.position, record);
    view.end = std::max(view.end, record.position);
  }

  void promise(Ballot ballot, std::optional<Position> position) {
    const AcceptorView before = position ? at(*position) : view;
    const PromiseStep step = on_promise(before, {ballot, position});
    if (step.promised) {
      RC_ASSERT(*step.promised > view.promised);
      view.promised = *step.promised;
    }
    if (step.record) store(*step.record);
    if (step.reply.answer != Answer::kAccept) return;
    if (step.reply.action && step.reply.action->learned) return;
    if (position) {
      said[*position] = std::max(said[*position], ballot);
    } else {
      said_implicitly = std::max(said_implicitly, ballot);
      recorded_when_said.clear();
      for (const auto& [recorded, action] : records)
        recorded_when_said.push_back(recorded);
      RC_ASSERT(step.reply.end == view.end);
    }
  }

  Ballot floor(Position position) const {
    const auto it = said.find(position);
    Ballot floor = it == said.end() ? Ballot{} : it->second;
    const bool excepted =
        std::find(recorded_when_said.begin(), recorded_when_said.end(), position) !=
        recorded_when_said.end();
    if (!excepted) floor = std::max(floor, said_implicitly);
    return floor;
  }

  void write(Ballot ballot, Position position) {
    // One value per ballot, as proposers promise.
    const Value value = entry(mix(ballot.value, position.value));
    const AcceptorView before = at(position);
    const WriteStep step = on_write(before, {ballot, position, value});
    if (step.record) {
      RC_ASSERT(ballot >= floor(position));
      RC_ASSERT(step.reply.answer == Answer::kAccept);
      RC_ASSERT(step.record->promised >= ballot);
      store(*step.record);
      // A vote is a promise too (D1).
      said[position] = std::max(said[position], ballot);
    }
    if (before.action && before.action->learned) {
      RC_ASSERT(!step.record);
      RC_ASSERT(step.reply.answer == Answer::kAccept);
    }
    if (step.reply.answer == Answer::kReject) {
      RC_ASSERT(step.reply.ballot > ballot);
      RC_ASSERT(!step.record);
    }
  }

  void learn(Position position) {
    const auto it = records.find(position);
    if (it != records.end() && it->second.value) it->second.learned = true;
  }
};

RC_GTEST_PROP(AcceptorProperty, PromisesNeverFallAndNothingSaidIsTakenBack, ()) {
  Model model;
  const auto steps =
      *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::arbitrary<std::uint32_t>());
  for (const std::uint32_t step : steps) {
    const Ballot ballot{1 + step / 4 % 12};
    const Position position{step / 64 % 5};
    switch (step % 4) {
      case 0:
        model.promise(ballot, std::nullopt);
        break;
      case 1:
        // Ballots of elections and of fills are never the same (D4).
        model.promise({ballot.value + 100 * (step / 1024 % 2)}, position);
        break;
      case 2:
        model.write(ballot, position);
        break;
      default:
        model.learn(position);
        break;
    }
  }
}

}  // namespace
}  // namespace holdfast
