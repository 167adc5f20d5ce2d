#include "storage/learned_mark.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/test_records.h"

namespace holdfast::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// What is written, as position, mark, and whether it stands alone.
using Row = std::tuple<std::uint64_t, std::uint64_t, bool>;

class LearnedMarkTest : public testing::Test {
 protected:
  std::vector<Row> write(std::vector<Action> actions, std::uint64_t first = 0) {
    const WriteBatch batch = batch_of(std::move(actions));
    std::vector<Row> rows;
    for (const auto& [action, said] : mark_.plan(batch, {first}))
      rows.emplace_back(action->position.value, said.learned_below.value, said.alone);
    mark_.became_durable();
    return rows;
  }

  static Action vote(std::uint64_t at, std::uint64_t ballot = 1) {
    return written({at}, {ballot}, text("entry " + std::to_string(at)));
  }

  static Action chosen(std::uint64_t at, std::uint64_t ballot = 1) {
    Action action = vote(at, ballot);
    action.learned = true;
    return action;
  }

  LearnedMark mark_;
};

TEST_F(LearnedMarkTest, WhatIsNewIsWrittenAsItIs) {
  EXPECT_THAT(write({vote(0), vote(1)}), ElementsAre(Row{0, 0, false}, Row{1, 0, false}));
  EXPECT_THAT(write({chosen(2)}), ElementsAre(Row{2, 0, false}));
}

TEST_F(LearnedMarkTest, ChosenVotesAreToldByTheNextRecordAboveThem) {
  write({vote(0), vote(1)});
  EXPECT_THAT(write({chosen(0), chosen(1), vote(2), vote(3)}),
              UnorderedElementsAre(Row{2, 0, false}, Row{3, 2, false}));
  EXPECT_EQ(mark_.durable_below(), Position{2});
}

TEST_F(LearnedMarkTest, WithNothingAboveThemTheHighestTells) {
  write({vote(0), vote(1), vote(2)});
  EXPECT_THAT(write({chosen(0), chosen(1), chosen(2)}), ElementsAre(Row{2, 3, false}));
}

TEST_F(LearnedMarkTest, AboveAVoteThatIsNotChosenTheyTellThemselves) {
  write({vote(0), vote(1), vote(2)});
  EXPECT_THAT(write({chosen(0), chosen(2), vote(3)}),
              UnorderedElementsAre(Row{2, 1, false}, Row{3, 1, false}));
}

TEST_F(LearnedMarkTest, AnotherBallotOrValueIsWritten) {
  write({vote(0, 1), vote(1, 1)});
  Action other = chosen(1, 1);
  other.value = text("another");
  EXPECT_THAT(write({chosen(0, 2), other}),
              UnorderedElementsAre(Row{0, 1, false}, Row{1, 2, false}));
}

TEST_F(LearnedMarkTest, AVoteBelowTheMarkStandsAlone) {
  write({vote(5)});
  write({chosen(5), vote(6)});
  EXPECT_THAT(write({vote(3)}), ElementsAre(Row{3, 4, true}));
  EXPECT_THAT(write({chosen(3)}), ElementsAre(Row{3, 4, false}));
}

TEST_F(LearnedMarkTest, WhatReplacesARecordCarriesItsMark) {
  write({vote(0), vote(1)});
  write({chosen(0), vote(2)});
  EXPECT_THAT(write({vote(2, 9)}), ElementsAre(Row{2, 1, false}));
}

TEST_F(LearnedMarkTest, APromiseHoldsTheMarkBackUntilItIsErased) {
  write({promised({0}, {3}), vote(1)});
  EXPECT_THAT(write({chosen(1), vote(2)}),
              UnorderedElementsAre(Row{1, 0, false}, Row{2, 0, false}));
  EXPECT_THAT(write({chosen(2), vote(3)}, 1), ElementsAre(Row{3, 3, false}));
}

TEST_F(LearnedMarkTest, GoesOnAfterARestart) {
  mark_.restore({vote(7), vote(8)}, {vote(7), vote(8)}, Position{8}, {7});
  EXPECT_EQ(mark_.durable_below(), Position{7});
  EXPECT_THAT(write({chosen(7), vote(9)}), ElementsAre(Row{9, 8, false}));
  EXPECT_THAT(write({vote(4)}), ElementsAre(Row{4, 5, true}));
}

TEST_F(LearnedMarkTest, AVoteWithoutItsPayloadIsNeverConfirmed) {
  mark_.restore({vote(7)}, {}, Position{7}, {0});
  EXPECT_THAT(write({chosen(7), vote(9)}),
              UnorderedElementsAre(Row{7, 8, false}, Row{9, 0, false}));
  EXPECT_THAT(write({}), IsEmpty());
}

}  // namespace
}  // namespace holdfast::storage
