// Both stores against the one suite, and against each other.

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "protocol/env/hash.h"

#include "storage/leveldb_store.h"
#include "storage/memory_store.h"
#include "storage/overlay_env.h"
#include "storage/store_conformance.h"

namespace holdfast::storage {
namespace {

struct LevelDbDisk {
  OverlayEnv env;

  std::unique_ptr<ReplicaStore> make() {
    LevelDbOptions options;
    options.database.write_buffer_bytes = 64 << 10;
    options.compact_after_erased = 3;
    return std::make_unique<LevelDbStore>(env, "log", options);
  }

  void power_fail(std::uint64_t) { env.power_fail(); }
};

struct MemoryDisk {
  MemoryImage image;

  std::unique_ptr<ReplicaStore> make() { return std::make_unique<MemoryStore>(image); }

  void power_fail(std::uint64_t key) { image.power_fail(key); }
};

INSTANTIATE_TYPED_TEST_SUITE_P(LevelDb, StoreConformance, LevelDbDisk);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreConformance, MemoryDisk);

TEST(MemoryImage, PowerFailureUndoesASuffixOfTheDeletions) {
  std::set<std::size_t> left;
  for (std::uint64_t key = 0; key < 40; ++key) {
    MemoryDisk disk;
    auto store = disk.make();
    ASSERT_TRUE(store->open().has_value());
    ASSERT_TRUE(store->write(batch_of({learned({1}, text("a")),
                                       learned({2}, text("b")),
                                       learned({3}, text("c")),
                                       learned({9}, Value::truncate({4}))})));
    for (int i = 0; i < 3; ++i)
      ASSERT_EQ(store->erase_below({4}, 1), 1u);
    store.reset();
    disk.power_fail(key);
    store = disk.make();
    const auto restored = store->open();
    const std::vector<Action> found = *store->read({0}, {9}, 100);
    left.insert(found.size());
    // Never a hole: what comes back is what was deleted last.
    for (std::size_t i = 1; i + 1 < found.size(); ++i)
      EXPECT_EQ(found[i].position, found[i - 1].position.next());
  }
  EXPECT_EQ(left, (std::set<std::size_t>{1, 2, 3, 4}));
}

TEST(MemoryImage, AWipeLeavesNothing) {
  MemoryDisk disk;
  auto store = disk.make();
  ASSERT_TRUE(store->open().has_value());
  WriteBatch batch = batch_of({learned({1}, text("a"))});
  batch.metadata.emplace().status = Status::kVoting;
  ASSERT_TRUE(store->write(batch));
  store.reset();
  disk.image.wipe();
  store = disk.make();
  const auto restored = store->open();
  EXPECT_EQ(restored->metadata, Metadata{});
  EXPECT_EQ(restored->end, std::nullopt);
}

// ---- The two stores do the same ----

enum class Op { kWrite, kLearnVotes, kRead, kErase, kReopen, kPowerFail };

struct Step {
  Op op = Op::kWrite;
  std::uint64_t key = 0;
};

void showValue(const Step& step, std::ostream& os) {
  os << "op " << static_cast<int>(step.op) << " key " << step.key;
}

std::uint64_t draw(const Step& step, std::uint64_t purpose, std::uint64_t bound) {
  return mix(step.key, purpose) % bound;
}

Action drawn_action(const Step& step, std::uint64_t index, Position base) {
  const std::uint64_t key = mix(step.key, 100 + index);
  const Position at = base + key % 60;
  switch (mix(key, 1) % 8) {
    case 0:
      return promised(at, {1 + mix(key, 2) % 9});
    case 1:
    case 2:
      return written(at, {1 + mix(key, 2) % 9}, text("unlearned" + std::to_string(key % 100)));
    case 3:
      return learned(at, Value::tombstone_for(at + 2));
    case 4:
      return learned(at,
                     Value::truncate(Position{at.value - std::min<std::uint64_t>(at.value, 5)}));
    default:
      return learned(at, text(std::string(mix(key, 3) % 3000, 'v')));
  }
}

WriteBatch drawn_batch(const Step& step, Position base) {
  WriteBatch batch;
  std::map<Position, Action> actions;
  const std::uint64_t count = 1 + draw(step, 1, 6);
  for (std::uint64_t i = 0; i < count; ++i) {
    const Action action = drawn_action(step, i, base);
    actions.insert_or_assign(action.position, action);
  }
  for (const auto& [position, action] : actions)
    batch.actions.push_back(action);
  if (draw(step, 2, 4) == 0) {
    batch.metadata.emplace().status = Status::kVoting;
    batch.metadata->promised = {step.key};
  }
  return batch;
}

void same_restored(const Restored& a, const Restored& b) {
  RC_ASSERT(a.metadata == b.metadata);
  RC_ASSERT(a.begin == b.begin);
  RC_ASSERT(a.end == b.end);
  RC_ASSERT(a.first == b.first);
  RC_ASSERT(a.learned == b.learned);
  RC_ASSERT(a.unlearned == b.unlearned);
  RC_ASSERT(a.keys == b.keys);
}

class Twins {
 public:
  explicit Twins(Position base) : base_(base) { boot(); }

  void run(const Step& step) {
    switch (step.op) {
      case Op::kWrite: {
        const WriteBatch batch = drawn_batch(step, base_);
        RC_ASSERT(real_->write(batch).has_value());
        RC_ASSERT(model_->write(batch).has_value());
        return;
      }
      case Op::kLearnVotes:
        learn_votes(step);
        return;
      case Op::kRead: {
        const Position from = base_ + draw(step, 1, 60);
        const Position to = from + draw(step, 2, 30);
        const std::size_t bytes = draw(step, 3, 8000);
        RC_ASSERT(*real_->read(from, to, bytes) == *model_->read(from, to, bytes));
        return;
      }
      case Op::kErase: {
        const Position bound = base_ + draw(step, 1, 60);
        const std::size_t count = 1 + draw(step, 2, 8);
        RC_ASSERT(*real_->erase_below(bound, count) == *model_->erase_below(bound, count));
        return;
      }
      case Op::kReopen:
        stop();
        boot();
        return;
      case Op::kPowerFail:
        power_fail(step);
        return;
    }
  }

 private:
  // Most votes turn out to be chosen; some in a batch with new ones.
  void learn_votes(const Step& step) {
    std::map<Position, Action> actions;
    if (draw(step, 1, 2) == 0) {
      for (const Action& action : drawn_batch(step, base_).actions)
        if (!action.learned) actions.emplace(action.position, action);
    }
    const auto stored = model_->read(base_, Position::max(), SIZE_MAX);
    for (Action action : *stored) {
      if (action.learned || !action.value || mix(step.key, action.position.value) % 8 == 0)
        continue;
      action.learned = true;
      actions.insert_or_assign(action.position, action);
    }
    if (actions.empty()) return;
    WriteBatch batch;
    for (const auto& [position, action] : actions)
      batch.actions.push_back(action);
    RC_ASSERT(real_->write(batch).has_value());
    RC_ASSERT(model_->write(batch).has_value());
  }

  void stop() {
    real_.reset();
    model_.reset();
  }

  void boot() {
    real_ = real_disk_.make();
    model_ = model_disk_.make();
    const auto a = real_->open();
    const auto b = model_->open();
    if (!a) RC_FAIL(a.error().text);
    same_restored(*a, *b);
  }

  // The real store's deletions are durable already; the model's become so with a write.
  void power_fail(const Step& step) {
    WriteBatch batch;
    batch.metadata.emplace().promised = {step.key};
    RC_ASSERT(model_->write(batch).has_value());
    RC_ASSERT(real_->write(batch).has_value());
    stop();
    real_disk_.power_fail(step.key);
    model_disk_.power_fail(step.key);
    boot();
  }

  Position base_;
  LevelDbDisk real_disk_;
  MemoryDisk model_disk_;
  std::unique_ptr<ReplicaStore> real_;
  std::unique_ptr<ReplicaStore> model_;
};

rc::Gen<Step> any_step() {
  return rc::gen::build<Step>(
      rc::gen::set(&Step::op,
                   rc::gen::weightedElement<Op>({{8, Op::kWrite},
                                                 {5, Op::kLearnVotes},
                                                 {4, Op::kRead},
                                                 {2, Op::kErase},
                                                 {1, Op::kReopen},
                                                 {1, Op::kPowerFail}})),
      rc::gen::set(&Step::key,
                   rc::gen::noShrink(
                       rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<std::uint64_t>()))));
}

RC_GTEST_PROP(Stores, AreTheSame, ()) {
  const Position base = *rc::gen::element(Position{0},
                                          Position{(1ull << 31) - 30},
                                          Position{9'999'999'970},
                                          Position{Position::max().value - 70});
  const auto steps = *rc::gen::container<std::vector<Step>>(any_step());
  Twins twins(base);
  for (const Step& step : steps)
    twins.run(step);
  Step last;
  last.op = Op::kReopen;
  twins.run(last);
}

}  // namespace
}  // namespace holdfast::storage
