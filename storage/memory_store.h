#pragma once

// The store without a disk, for runs where the protocol is the subject: the same contract, the same
// crashes, no bytes.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "protocol/replica_store.h"

namespace holdfast::storage {

// What one replica's disk holds; outlives the lives that use it.
class MemoryImage {
 public:
  MemoryImage() = default;
  MemoryImage(const MemoryImage&) = delete;
  MemoryImage& operator=(const MemoryImage&) = delete;

  // The machine lost power: deletions after the last write may be undone, a suffix of them that
  // `key` chooses.  Requires: no store is open.
  void power_fail(std::uint64_t key);

  // Nothing is left.  Requires: no store is open.
  void wipe();

 private:
  friend class MemoryStore;

  bool open_ = false;
  std::optional<Metadata> metadata_;
  std::map<Position, Action> records_;
  // One entry per deletion since the last write, in order: its records as they were.
  std::vector<std::vector<Action>> unsynced_erasures_;
};

class MemoryStore : public ReplicaStore {
 public:
  // `image` must outlive the store.
  explicit MemoryStore(MemoryImage& image) : image_(image) {}

  ~MemoryStore() override;

  StoreResult<Restored> open() override;
  StoreResult<void> write(const WriteBatch& batch) override;
  StoreResult<std::vector<Action>> read(Position from, Position to, std::size_t bytes_max) override;
  StoreResult<std::size_t> erase_below(Position bound, std::size_t records_max) override;

 private:
  MemoryImage& image_;
  bool opened_ = false;
};

}  // namespace holdfast::storage
