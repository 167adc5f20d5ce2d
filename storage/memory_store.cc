#include "storage/memory_store.h"

#include <utility>

#include "protocol/env/hash.h"

#include "storage/restorer.h"

namespace holdfast::storage {

void MemoryImage::power_fail(std::uint64_t key) {
  HOLDFAST_REQUIRE(!open_);
  const std::size_t survive = mix(key, unsynced_erasures_.size()) % (unsynced_erasures_.size() + 1);
  while (unsynced_erasures_.size() > survive) {
    for (Action& action : unsynced_erasures_.back())
      records_.try_emplace(action.position, std::move(action));
    unsynced_erasures_.pop_back();
  }
  unsynced_erasures_.clear();
}

void MemoryImage::wipe() {
  HOLDFAST_REQUIRE(!open_);
  metadata_.reset();
  records_.clear();
  unsynced_erasures_.clear();
}

MemoryStore::~MemoryStore() {
  if (opened_) image_.open_ = false;
}

StoreResult<Restored> MemoryStore::open() {
  HOLDFAST_REQUIRE(!opened_);
  if (image_.open_) {
    return tl::unexpected(
        StoreError{StoreError::Kind::kLocked, "memory: another store has the image open"});
  }
  image_.open_ = opened_ = true;
  Restorer restorer;
  for (const auto& [position, action] : image_.records_)
    restorer.add(action);
  return restorer.take(image_.metadata_.value_or(Metadata{}));
}

StoreResult<void> MemoryStore::write(const WriteBatch& batch) {
  HOLDFAST_REQUIRE(opened_ && !batch.empty());
  if (batch.metadata) image_.metadata_ = batch.metadata;
  for (const Action& action : batch.actions) {
    // Nearly always the highest position so far.
    image_.records_.insert_or_assign(image_.records_.end(), action.position, action);
  }
  image_.unsynced_erasures_.clear();
  return {};
}

StoreResult<std::vector<Action>> MemoryStore::read(Position from,
                                                   Position to,
                                                   std::size_t bytes_max) {
  HOLDFAST_REQUIRE(opened_);
  std::vector<Action> found;
  std::size_t bytes = 0;
  for (auto it = image_.records_.lower_bound(from); it != image_.records_.end(); ++it) {
    if (it->first > to) break;
    found.push_back(it->second);
    bytes += it->second.value ? it->second.value->size() : 0;
    if (bytes >= bytes_max) break;
  }
  return found;
}

StoreResult<std::size_t> MemoryStore::erase_below(Position bound, std::size_t records_max) {
  HOLDFAST_REQUIRE(opened_ && records_max > 0);
  std::vector<Action> erased;
  auto it = image_.records_.begin();
  while (it != image_.records_.end() && it->first < bound && erased.size() < records_max) {
    erased.push_back(std::move(it->second));
    it = image_.records_.erase(it);
  }
  const std::size_t count = erased.size();
  if (count > 0) image_.unsynced_erasures_.push_back(std::move(erased));
  return count;
}

}  // namespace holdfast::storage
