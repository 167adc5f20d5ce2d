#pragma once

// What every ReplicaStore must do, as one suite.  A fixture names the store and its disk:
//
//   struct Disk {
//     std::unique_ptr<ReplicaStore> make();   // a new life over the same disk
//     void power_fail(std::uint64_t key);     // no store lives
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Name, StoreConformance, Disk);

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/replica_store.h"

#include "storage/test_records.h"

namespace holdfast::storage {

template <typename Disk>
class StoreConformance : public testing::Test {
 protected:
  // A new life; what it restored is in restored().
  void boot() {
    store_.reset();
    store_ = disk_.make();
    auto result = store_->open();
    ASSERT_TRUE(result.has_value()) << result.error().text;
    restored_ = std::move(*result);
  }

  void crash_and_boot() {
    store_.reset();
    disk_.power_fail(7);
    boot();
  }

  void write(WriteBatch batch) {
    const auto result = store_->write(batch);
    ASSERT_TRUE(result.has_value()) << result.error().text;
  }

  void write(std::vector<Action> actions) { write(batch_of(std::move(actions))); }

  std::vector<Action> read(std::uint64_t from, std::uint64_t to, std::size_t bytes_max = 1 << 20) {
    auto result = store_->read({from}, {to}, bytes_max);
    EXPECT_TRUE(result.has_value()) << result.error().text;
    return result ? *result : std::vector<Action>();
  }

  std::size_t erase_below(std::uint64_t bound, std::size_t records_max) {
    const auto result = store_->erase_below({bound}, records_max);
    EXPECT_TRUE(result.has_value()) << result.error().text;
    return result ? *result : 0;
  }

  Disk disk_;
  std::unique_ptr<ReplicaStore> store_;
  Restored restored_;
};

TYPED_TEST_SUITE_P(StoreConformance);

TYPED_TEST_P(StoreConformance, ANewStoreIsEmpty) {
  this->boot();
  EXPECT_EQ(this->restored_.metadata, Metadata{});
  EXPECT_EQ(this->restored_.begin, Begin{});
  EXPECT_EQ(this->restored_.end, std::nullopt);
  EXPECT_EQ(this->restored_.first, std::nullopt);
  EXPECT_TRUE(this->restored_.learned.empty());
  EXPECT_TRUE(this->restored_.unlearned.empty());
  EXPECT_TRUE(this->read(0, Position::max().value).empty());
}

TYPED_TEST_P(StoreConformance, WhatWasWrittenSurvivesPowerFailure) {
  this->boot();
  WriteBatch batch;
  batch.metadata.emplace().status = Status::kVoting;
  batch.metadata->promised = {300};
  batch.metadata->known = {{{2}, {3}, {1}}, {{4}, {1}, {1}}};
  batch.actions = {learned({0}, Value::nop()),
                   learned({1}, text("one")),
                   written({2}, {9}, text("two")),
                   promised({5}, {11})};
  this->write(batch);
  this->crash_and_boot();
  EXPECT_EQ(this->restored_.metadata, *batch.metadata);
  EXPECT_EQ(this->restored_.first, Position{0});
  EXPECT_EQ(this->restored_.end, Position{5});
  EXPECT_EQ(this->restored_.learned.list(), (std::vector<Interval>{{{0}, {1}}}));
  EXPECT_EQ(this->restored_.unlearned, (std::vector<Action>{batch.actions[2], batch.actions[3]}));
  EXPECT_EQ(this->read(0, 9), batch.actions);
}

TYPED_TEST_P(StoreConformance, ARecordReplacesTheOneBefore) {
  this->boot();
  this->write({written({3}, {1}, text("old"))});
  this->write({written({3}, {2}, text("new"))});
  EXPECT_EQ(this->read(3, 3), (std::vector<Action>{written({3}, {2}, text("new"))}));
  this->boot();
  EXPECT_EQ(this->restored_.unlearned, (std::vector<Action>{written({3}, {2}, text("new"))}));
}

TYPED_TEST_P(StoreConformance, AVoteThatIsLearnedLateStillMadeTheBegin) {
  this->boot();
  Action vote = written({12}, {1}, Value::truncate({10}));
  this->write({vote});
  this->write({learned({15}, Value::truncate({10}))});
  vote.learned = true;
  this->write({vote, written({16}, {1}, text("above"))});
  this->boot();
  EXPECT_EQ(this->restored_.begin, (Begin{{10}, Position{12}}));
  EXPECT_EQ(this->read(12, 12), (std::vector<Action>{vote}));
}

TYPED_TEST_P(StoreConformance, ReadsARangeInOrderWithinItsBound) {
  this->boot();
  this->write(
      {learned({9}, text("12345")), learned({1}, text("12345")), learned({4}, text("12345"))});
  EXPECT_EQ(positions(this->read(0, 100)), (std::vector<std::uint64_t>{1, 4, 9}));
  EXPECT_EQ(positions(this->read(2, 8)), (std::vector<std::uint64_t>{4}));
  EXPECT_EQ(positions(this->read(5, 8)), (std::vector<std::uint64_t>{}));
  EXPECT_EQ(positions(this->read(8, 5)), (std::vector<std::uint64_t>{}));
  // The record that reaches the bound is the last; one always comes.
  EXPECT_EQ(positions(this->read(0, 100, 6)), (std::vector<std::uint64_t>{1, 4}));
  EXPECT_EQ(positions(this->read(0, 100, 5)), (std::vector<std::uint64_t>{1}));
  EXPECT_EQ(positions(this->read(0, 100, 0)), (std::vector<std::uint64_t>{1}));
}

TYPED_TEST_P(StoreConformance, ATruncateMovesBegin) {
  this->boot();
  this->write({learned({1}, text("a")),
               written({2}, {1}, text("b")),
               learned({3}, text("c")),
               learned({7}, Value::truncate({3}))});
  this->boot();
  EXPECT_EQ(this->restored_.begin, (Begin{{3}, Position{7}}));
  EXPECT_EQ(this->restored_.first, Position{1});
  EXPECT_EQ(this->restored_.learned.list(), (std::vector<Interval>{{{3}, {3}}, {{7}, {7}}}));
  EXPECT_TRUE(this->restored_.unlearned.empty());
}

TYPED_TEST_P(StoreConformance, AnUnlearnedTruncateMovesNothing) {
  this->boot();
  this->write({written({7}, {1}, Value::truncate({3}))});
  this->boot();
  EXPECT_EQ(this->restored_.begin, Begin{});
}

TYPED_TEST_P(StoreConformance, ATombstoneMovesBeginPastItself) {
  this->boot();
  this->write({learned({4}, Value::tombstone_for({9})), learned({6}, text("x"))});
  this->boot();
  EXPECT_EQ(this->restored_.begin, (Begin{{5}, Position{9}}));
  EXPECT_EQ(this->restored_.learned.list(), (std::vector<Interval>{{{6}, {6}}}));
}

TYPED_TEST_P(StoreConformance, ATombstoneOfMesosSaysNotWhatMadeIt) {
  this->boot();
  Value tombstone = Value::tombstone_for({9});
  tombstone.begin_at.reset();
  this->write({learned({4}, tombstone)});
  this->boot();
  EXPECT_EQ(this->restored_.begin, (Begin{{5}, std::nullopt}));
  this->write({learned({9}, Value::truncate({5}))});
  this->boot();
  EXPECT_EQ(this->restored_.begin, (Begin{{5}, Position{9}}));
}

TYPED_TEST_P(StoreConformance, KeysOfLearnedEntriesComeBack) {
  this->boot();
  const auto keyed = [](std::uint64_t sequence) {
    return Value::append(std::make_shared<const std::string>("x"), {7, sequence});
  };
  this->write({learned({1}, keyed(1)),
               learned({2}, Value::append(std::make_shared<const std::string>("x"), {})),
               written({3}, {4}, keyed(3)),
               learned({4}, Value::nop()),
               learned({5}, keyed(5))});
  this->crash_and_boot();
  EXPECT_EQ(this->restored_.keys, (std::vector<KeyedPosition>{{{1}, {7, 1}}, {{5}, {7, 5}}}));
  this->write({learned({3}, keyed(3)), learned({6}, Value::truncate({3}))});
  this->crash_and_boot();
  EXPECT_EQ(this->restored_.keys, (std::vector<KeyedPosition>{{{3}, {7, 3}}, {{5}, {7, 5}}}));
}

TYPED_TEST_P(StoreConformance, OnlyTheKeysOfTheHighestPositionsMustComeBack) {
  this->boot();
  const std::uint64_t far = 5 + Restored::kKeyPositionsMax;
  const auto keyed = [](std::uint64_t p) {
    return learned({p}, Value::append(std::make_shared<const std::string>("x"), {7, p}));
  };
  this->write({keyed(4), keyed(5), keyed(6), keyed(far)});
  this->crash_and_boot();
  EXPECT_EQ(this->restored_.keys, (std::vector<KeyedPosition>{{{6}, {7, 6}}, {{far}, {7, far}}}));
}

TYPED_TEST_P(StoreConformance, ErasesFromTheLowEndInSlices) {
  this->boot();
  for (std::uint64_t p = 10; p < 30; ++p)
    this->write({learned({p}, text("x"))});
  this->write({learned({30}, Value::truncate({25}))});
  EXPECT_EQ(this->erase_below(25, 10), 10u);
  EXPECT_EQ(this->read(0, 100).front().position, Position{20});
  EXPECT_EQ(this->erase_below(25, 10), 5u);
  EXPECT_EQ(this->erase_below(25, 10), 0u);
  EXPECT_EQ(this->read(0, 100).front().position, Position{25});
  this->boot();
  EXPECT_EQ(this->restored_.first, Position{25});
  EXPECT_EQ(this->erase_below(25, 10), 0u);
}

TYPED_TEST_P(StoreConformance, ARecordWrittenBelowAfterErasingIsErasedToo) {
  this->boot();
  this->write({learned({5}, text("x")), learned({30}, Value::truncate({25}))});
  EXPECT_EQ(this->erase_below(25, 10), 1u);
  this->write({learned({3}, text("late"))});
  EXPECT_EQ(this->erase_below(25, 10), 1u);
  EXPECT_EQ(positions(this->read(0, 100)), (std::vector<std::uint64_t>{30}));
}

TYPED_TEST_P(StoreConformance, ErasingIsDurableWithTheNextWrite) {
  this->boot();
  this->write({learned({5}, text("x")), learned({30}, Value::truncate({25}))});
  EXPECT_EQ(this->erase_below(25, 10), 1u);
  this->write({learned({31}, text("y"))});
  this->crash_and_boot();
  EXPECT_EQ(positions(this->read(0, 100)), (std::vector<std::uint64_t>{30, 31}));
}

TYPED_TEST_P(StoreConformance, HugeGapsCostNothing) {
  this->boot();
  this->write({learned({1}, text("stray")),
               learned({1ull << 40}, text("x")),
               learned({(1ull << 40) + 1}, Value::truncate({1ull << 40}))});
  EXPECT_EQ(this->erase_below(1ull << 40, 100), 1u);
  EXPECT_EQ(positions(this->read(0, Position::max().value)),
            (std::vector<std::uint64_t>{1ull << 40, (1ull << 40) + 1}));
}

TYPED_TEST_P(StoreConformance, OrderHoldsAcrossTheWidthsOfKeys) {
  this->boot();
  std::vector<std::uint64_t> expected;
  const std::uint64_t boundaries[] = {
      1ull << 31, 1ull << 32, 9'999'999'999ull, Position::max().value - 3};
  for (const std::uint64_t at : boundaries) {
    for (std::uint64_t p = at - 3; p <= at + 3; ++p) {
      this->write({learned({p}, text("x"))});
      expected.push_back(p);
    }
  }
  EXPECT_EQ(positions(this->read(0, Position::max().value)), expected);
  this->boot();
  EXPECT_EQ(this->restored_.first, Position{expected.front()});
  EXPECT_EQ(this->restored_.end, Position::max());
  EXPECT_EQ(this->restored_.learned.intervals(), 4u);
}

TYPED_TEST_P(StoreConformance, OnlyOneStoreHasTheDiskOpen) {
  this->boot();
  const std::unique_ptr<ReplicaStore> second = this->disk_.make();
  const auto result = second->open();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, StoreError::Kind::kLocked);
}

REGISTER_TYPED_TEST_SUITE_P(StoreConformance,
                            ANewStoreIsEmpty,
                            WhatWasWrittenSurvivesPowerFailure,
                            ARecordReplacesTheOneBefore,
                            AVoteThatIsLearnedLateStillMadeTheBegin,
                            ReadsARangeInOrderWithinItsBound,
                            ATruncateMovesBegin,
                            AnUnlearnedTruncateMovesNothing,
                            ATombstoneMovesBeginPastItself,
                            ATombstoneOfMesosSaysNotWhatMadeIt,
                            KeysOfLearnedEntriesComeBack,
                            OnlyTheKeysOfTheHighestPositionsMustComeBack,
                            ErasesFromTheLowEndInSlices,
                            ARecordWrittenBelowAfterErasingIsErasedToo,
                            ErasingIsDurableWithTheNextWrite,
                            HugeGapsCostNothing,
                            OrderHoldsAcrossTheWidthsOfKeys,
                            OnlyOneStoreHasTheDiskOpen);

}  // namespace holdfast::storage
