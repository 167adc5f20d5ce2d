#pragma once

// For tests only: a ReplicaStore in memory, as small as the contract allows.

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "protocol/replica_store.h"

namespace holdfast::test {

// What outlives a life: the disk.
struct ToyImage {
  std::optional<Metadata> metadata;
  std::map<Position, Action> records;
  std::vector<WriteBatch> batches;
  // Fails the next call of the kind named.
  std::optional<StoreError> fail_open;
  std::optional<StoreError> fail_write;
  std::optional<StoreError> fail_read;
  std::optional<StoreError> fail_erase;
};

class ToyStore final : public ReplicaStore {
 public:
  explicit ToyStore(ToyImage& image) : image_(image) {}

  // As the operator's command that initialises a member.
  void seed(const WriteBatch& batch) { apply(batch); }

  StoreResult<Restored> open() override {
    if (image_.fail_open) return tl::unexpected(*image_.fail_open);
    Restored restored;
    restored.metadata = image_.metadata.value_or(Metadata{});
    for (const auto& [position, action] : image_.records) {
      if (!restored.first) restored.first = position;
      restored.end = position;
      const auto begin = begin_from(action);
      if (!begin || *begin <= restored.begin.position) continue;
      restored.begin = {*begin,
                        action.value->tombstone ? action.value->begin_at : std::optional(position)};
    }
    for (auto it = image_.records.lower_bound(restored.begin.position); it != image_.records.end();
         ++it) {
      if (it->second.learned) {
        restored.learned.add(it->first);
        const IdempotencyKey& key = it->second.value->key;
        if (key != IdempotencyKey{}) restored.keys.push_back({it->first, key});
      } else {
        restored.unlearned.push_back(it->second);
      }
    }
    return restored;
  }

  StoreResult<void> write(const WriteBatch& batch) override {
    if (image_.fail_write) return tl::unexpected(*image_.fail_write);
    image_.batches.push_back(batch);
    apply(batch);
    return {};
  }

  StoreResult<std::vector<Action>> read(Position from,
                                        Position to,
                                        std::size_t bytes_max) override {
    if (image_.fail_read) return tl::unexpected(*image_.fail_read);
    std::vector<Action> actions;
    std::size_t bytes = 0;
    for (auto it = image_.records.lower_bound(from);
         it != image_.records.end() && it->first <= to && bytes < bytes_max;
         ++it) {
      actions.push_back(it->second);
      if (it->second.value) bytes += it->second.value->size();
    }
    return actions;
  }

  StoreResult<std::size_t> erase_below(Position bound, std::size_t records_max) override {
    if (image_.fail_erase) return tl::unexpected(*image_.fail_erase);
    std::size_t erased = 0;
    while (erased < records_max && !image_.records.empty() &&
           image_.records.begin()->first < bound) {
      image_.records.erase(image_.records.begin());
      ++erased;
    }
    return erased;
  }

 private:
  void apply(const WriteBatch& batch) {
    if (batch.metadata) image_.metadata = batch.metadata;
    for (const Action& action : batch.actions)
      image_.records.insert_or_assign(action.position, action);
  }

  ToyImage& image_;
};

}  // namespace holdfast::test
