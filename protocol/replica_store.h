#pragma once

// What a replica asks of stable storage.  Every call blocks and so runs inside a Disk job only.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "protocol/action.h"
#include "protocol/interval_set.h"
#include "protocol/messages.h"
#include "protocol/metadata.h"

namespace holdfast {

// Why storage failed.  Every kind stops the node: after a failed write or sync nobody knows what
// is on the disk, and no reply would be truthful.
struct StoreError {
  enum class Kind : std::uint8_t {
    kIo,       // the device or file system failed
    kFull,     // no space left
    kCorrupt,  // a record or file is there and cannot be what was written
    kLocked,   // another process has the directory open
    kForeign,  // not a log directory, or one of an incompatible release
  };

  Kind kind = Kind::kIo;
  // Names the directory, the record if one is known, and what to do.
  std::string text;
};

template <typename T>
using StoreResult = tl::expected<T, StoreError>;

// The idempotency key of a learned entry.
struct KeyedPosition {
  Position position;
  IdempotencyKey key;

  bool operator==(const KeyedPosition&) const = default;
};

// What a replica knows after opening its directory: the result of one scan.
struct Restored {
  // So many of the highest positions have their keys in `keys`.
  static constexpr std::uint64_t kKeyPositionsMax = 1 << 16;

  Metadata metadata;
  Begin begin;
  // The highest position with any record; none in an empty log.
  std::optional<Position> end;
  // The lowest position with a record, also below begin (deletion may have been cut short).
  std::optional<Position> first;
  // Positions >= begin.position with a learned record.
  IntervalSet learned;
  // Records of positions >= begin.position that are not learned, ascending by position.
  std::vector<Action> unlearned;
  // The keys of learned entries of positions >= begin.position, ascending by position; those of
  // positions <= end - kKeyPositionsMax may be left out.
  std::vector<KeyedPosition> keys;
};

// Changes that become durable together.
struct WriteBatch {
  std::optional<Metadata> metadata;
  // Whole records, each replacing the one before; at most one per position.
  std::vector<Action> actions;

  bool empty() const { return !metadata && actions.empty(); }
};

// One replica's records.  At most one store has a directory open.
//
// After open() succeeded, calls of different lanes may come from different threads; those of one
// lane never overlap.  After any error the store is dead: every later call fails.
class ReplicaStore {
 public:
  virtual ~ReplicaStore() = default;

  // Creates the directory if there is none.  Reads every record once.  Called first, once.
  virtual StoreResult<Restored> open() = 0;

  // Durable, all of it, when this returns; after a crash inside it: all of it or nothing.
  virtual StoreResult<void> write(const WriteBatch& batch) = 0;

  // The records stored in [from, to], ascending; stops after the record that makes the values'
  // bytes reach `bytes_max`, but returns one if there is one.
  virtual StoreResult<std::vector<Action>> read(Position from,
                                                Position to,
                                                std::size_t bytes_max) = 0;

  // Deletes up to `records_max` records of positions below `bound`, lowest first, and returns the
  // number deleted: fewer than `records_max` means none are left.  Not durable by itself; a crash
  // may bring deleted records back, never others.
  // Requires: a durable record at or above `bound` makes begin >= bound.
  virtual StoreResult<std::size_t> erase_below(Position bound, std::size_t records_max) = 0;
};

}  // namespace holdfast
