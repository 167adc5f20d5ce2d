#include "protocol/log_image.h"

#include <map>
#include <optional>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace holdfast {
namespace {

constexpr Position p(std::uint64_t n) {
  return {n};
}

Action vote(std::uint64_t position, std::uint64_t ballot) {
  return {.position = {position},
          .promised = {ballot},
          .performed = {ballot},
          .learned = false,
          .value = Value::nop()};
}

Action learned(std::uint64_t position, std::uint64_t ballot = 1) {
  Action action = vote(position, ballot);
  action.learned = true;
  return action;
}

TEST(LogImage, AnEmptyLogAnswersEndZeroSoThatPositionZeroIsFilled) {
  const LogImage image(4, 8);
  EXPECT_FALSE(image.end());
  EXPECT_EQ(image.voting_end(), p(0));
  EXPECT_EQ(image.first_missing(p(0)), p(0));
  EXPECT_TRUE(image.missing(p(0)));
}

TEST(LogImage, RestoresWhatTheStoreFound) {
  LogImage image(4, 8);
  Restored restored;
  restored.metadata.promised = {9};
  restored.begin = {p(3), p(6)};
  restored.end = p(8);
  restored.learned.add(p(3), p(6));
  restored.unlearned = {vote(8, 7)};
  image.restore(restored);
  EXPECT_EQ(image.begin(), (Begin{p(3), p(6)}));
  EXPECT_EQ(image.end(), p(8));
  EXPECT_TRUE(image.on_disk_only(p(4)));
  EXPECT_FALSE(image.missing(p(2)));
  EXPECT_EQ(image.first_missing(p(0)), p(7));
  ASSERT_NE(image.find(p(8)), nullptr);
  EXPECT_EQ(*image.find(p(8)), vote(8, 7));
  EXPECT_EQ(image.missing(p(0), p(9), 9), (std::vector<Interval>{{p(7), p(9)}}));
  EXPECT_EQ(image.view(p(7)).promised, Ballot{9});
  EXPECT_FALSE(image.view(p(7)).action);
}

TEST(LogImage, ABeginPastEveryRecordRaisesEnd) {
  // Mesos does not validate a TRUNCATE's `to`: it may lie past the record that carries it.
  LogImage image(4, 8);
  Restored restored;
  restored.begin = {p(20), p(5)};
  restored.end = p(5);
  image.restore(restored);
  EXPECT_EQ(image.voting_end(), p(19)) << "the next position written must not lie below begin";
}

TEST(LogImage, ViewBelowBeginCarriesNoRecord) {
  LogImage image(4, 8);
  image.learn(learned(0));
  image.move_begin({p(5), p(7)});
  EXPECT_FALSE(image.view(p(0)).action);
  EXPECT_EQ(image.view(p(0)).begin.position, p(5));
}

TEST(LogImage, DurableLearnedRecordsLeaveMemoryOldestFirst) {
  LogImage image(2, 8);
  for (std::uint64_t i = 0; i < 4; ++i) {
    image.learn(learned(i));
    EXPECT_FALSE(image.on_disk_only(p(i)));
    image.became_durable(learned(i));
  }
  EXPECT_TRUE(image.on_disk_only(p(0)));
  EXPECT_TRUE(image.on_disk_only(p(1)));
  EXPECT_FALSE(image.on_disk_only(p(2)));
  EXPECT_TRUE(image.learned_on_disk(p(1), p(3)));
  EXPECT_FALSE(image.learned_on_disk(p(2), p(9)));
}

TEST(LogImage, ARecordThatChangedSinceItsBatchStaysInMemory) {
  LogImage image(0, 8);
  image.put(vote(0, 1));
  image.learn(learned(0, 1));
  image.became_durable(vote(0, 1));
  EXPECT_FALSE(image.on_disk_only(p(0))) << "the mark is not on the disk yet";
  image.became_durable(learned(0, 1));
  EXPECT_TRUE(image.on_disk_only(p(0)));
}

TEST(LogImage, UnlearnedRecordsNeverLeaveMemory) {
  LogImage image(0, 8);
  image.put(vote(0, 1));
  image.became_durable(vote(0, 1));
  EXPECT_NE(image.find(p(0)), nullptr);
}

TEST(LogImage, AcceptedAtNamesTheUnlearnedVotesOfOneBallot) {
  LogImage image(4, 8);
  image.learn(learned(0, 5));
  image.put(vote(1, 5));
  image.put(vote(2, 4));
  image.put({.position = p(3), .promised = {5}});
  image.put(vote(4, 5));
  image.put(vote(5, 5));
  EXPECT_EQ(image.accepted_at({5}, p(4)), (std::vector<Position>{p(1), p(4)}));
  EXPECT_TRUE(image.accepted_at({6}, p(9)).empty());
}

TEST(LogImageDeathTest, RefusesAVoteOnALearnedPosition) {
  LogImage image(4, 8);
  image.learn(learned(3));
  EXPECT_DEATH(image.put(vote(3, 9)), "log_image.cc");
  EXPECT_DEATH(image.learn(learned(3)), "log_image.cc");
}

TEST(LogImageDeathTest, BeginNeverMovesBack) {
  LogImage image(4, 8);
  image.move_begin({p(5), p(7)});
  EXPECT_DEATH(image.move_begin({p(5), p(7)}), "log_image.cc");
  EXPECT_DEATH(image.put(vote(4, 9)), "log_image.cc");
}

// --- against a model that keeps everything in the plainest way

struct Naive {
  std::map<std::uint64_t, Action> records;
  std::uint64_t begin = 0;
  std::optional<std::uint64_t> end;

  void store(const Action& action) {
    records[action.position.value] = action;
    raise(action.position.value);
  }

  void raise(std::uint64_t to) { end = std::max(end.value_or(0), to); }

  bool learned(std::uint64_t at) const {
    const auto it = records.find(at);
    return at >= begin && it != records.end() && it->second.learned;
  }

  bool missing(std::uint64_t at) const { return at >= begin && !learned(at); }
};

constexpr std::uint64_t kPositions = 24;

void compare(const LogImage& image, const Naive& naive) {
  RC_ASSERT(image.begin().position.value == naive.begin);
  RC_ASSERT(image.end().has_value() == naive.end.has_value());
  if (naive.end) RC_ASSERT(image.end()->value == *naive.end);
  std::optional<std::uint64_t> first_missing;
  for (std::uint64_t at = 0; at < kPositions + 2; ++at) {
    RC_ASSERT(image.missing(p(at)) == naive.missing(at));
    if (naive.missing(at) && !first_missing) first_missing = at;
    if (at < naive.begin) continue;
    RC_ASSERT(image.learned(p(at)) == naive.learned(at));
    const auto it = naive.records.find(at);
    if (const Action* found = image.find(p(at))) {
      RC_ASSERT(it != naive.records.end());
      RC_ASSERT(*found == it->second);
    } else {
      RC_ASSERT(it == naive.records.end() || it->second.learned);
    }
  }
  RC_ASSERT(image.first_missing(p(0)).value == *first_missing);
  std::vector<bool> absent(kPositions, false);
  for (const Interval& gap : image.missing(p(0), p(kPositions - 1), 100)) {
    for (std::uint64_t at = gap.first.value; at <= gap.last.value; ++at)
      absent[at] = true;
  }
  for (std::uint64_t at = 0; at < kPositions; ++at)
    RC_ASSERT(absent[at] == naive.missing(at));
}

RC_GTEST_PROP(LogImageProperty, IsWhatANaiveModelIs, ()) {
  LogImage image(*rc::gen::inRange<std::size_t>(0, 4), 8);
  Naive naive;
  std::vector<Action> in_flight;
  const auto steps =
      *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::arbitrary<std::uint32_t>());
  std::uint64_t ballot = 1;
  for (const std::uint32_t step : steps) {
    const std::uint64_t at = naive.begin + step / 8 % (kPositions - naive.begin);
    Action action;
    switch (step % 8) {
      case 0:
      case 1:
      case 2:
        if (!naive.missing(at)) break;
        action = vote(at, ++ballot);
        image.put(action);
        naive.store(action);
        in_flight.push_back(action);
        break;
      case 3:
      case 4:
        if (!naive.missing(at)) break;
        action = learned(at, ++ballot);
        image.learn(action);
        naive.store(action);
        in_flight.push_back(action);
        break;
      case 5:
      case 6:
        for (const Action& durable : in_flight)
          image.became_durable(durable);
        in_flight.clear();
        break;
      default:
        if (at == naive.begin || step / 256 % 4 != 0) break;
        image.move_begin({p(at), p(at)});
        naive.begin = at;
        naive.raise(at - 1);
        break;
    }
    compare(image, naive);
  }
}

}  // namespace
}  // namespace holdfast
