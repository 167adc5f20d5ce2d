#pragma once

// A member's disk for the checker: what the records are, not how LevelDB keeps them.  A write is
// atomic here; that LevelDB makes it so is for the storage's own tests to show.

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "protocol/replica_store.h"

#include "sim/explore/company.h"

#include "scenarios/explore/store_trace.h"

namespace holdfast::scenarios {

// What a disk holds.
struct DiskImage {
  std::optional<Metadata> metadata;
  std::map<Position, Action> records;

  // Equal images have equal bytes.
  explore::Image bytes() const;

  // Requires: bytes() made them.
  static DiskImage of(const explore::Image& bytes);

  void apply(const WriteBatch& batch);
};

class CheckedStore final : public ReplicaStore {
 public:
  // What it is asked for is entered into the trace, if there is one, which must outlive it.
  explicit CheckedStore(const explore::Image& image, StoreTrace* trace = nullptr)
      : disk_(DiskImage::of(image)),
        trace_(trace) {}

  const DiskImage& disk() const { return disk_; }

  // The next write or deletion fails; `done`: it has happened all the same.
  void refuse_next(bool done) { refuses_ = done; }

  // What may be left after the power failed: deletions since the last write may be undone, the last
  // ones first.
  const std::vector<explore::Image>& survivors() const;

  void add_state(StateHash& hash) const;

  StoreResult<Restored> open() override;
  StoreResult<void> write(const WriteBatch& batch) override;
  StoreResult<std::vector<Action>> read(Position from, Position to, std::size_t bytes_max) override;
  StoreResult<std::size_t> erase_below(Position bound, std::size_t records_max) override;

 private:
  void note(const StoreChange& change);
  std::vector<explore::Image> made_survivors() const;

  // Of the change that is about to be made, if it fails: whether it happens all the same.
  std::optional<bool> take_refusal() { return std::exchange(refuses_, std::nullopt); }

  DiskImage disk_;
  StoreTrace* trace_;
  StoreTrace::Place place_ = 0;
  std::optional<bool> refuses_;
  // One entry per deletion since the last write, in order.
  std::vector<std::vector<Action>> unsynced_;
  // Empty: not made since the last change.  A node asks for them in every turn of a fiber.
  mutable std::vector<explore::Image> survivors_;
};

}  // namespace holdfast::scenarios
