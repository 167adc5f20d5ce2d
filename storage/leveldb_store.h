#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <leveldb/write_batch.h>

#include "protocol/codec/codec.h"
#include "protocol/replica_store.h"

#include "storage/database.h"
#include "storage/learned_mark.h"

namespace holdfast::storage {

class RecordCheck;

struct LevelDbOptions {
  DatabaseOptions database;
  // LevelDB does not give back the space of keys that are deleted from the low end while new ones
  // come in at the high end, so after this many deletions their range is compacted.
  std::uint64_t compact_after_erased = 10'000;
};

// The records of one replica in a LevelDB directory, in the format of the Mesos log
// (docs/log_format.md).
//
// Every call may block on files.  All background work is what LevelDB hands to Env::Schedule(); no
// call waits for it unless LevelDB's own limits say so (a second memtable full before the first is
// written, and a compaction after deletions).  No iterator outlives a call.
//
// Lanes: write() belongs to the commit lane, read() and erase_below() to the bulk lane.
class LevelDbStore : public ReplicaStore {
 public:
  // `env` must outlive the store.  In production and simulation alike it is a DirectorySyncingEnv:
  // without one a power failure may lose acknowledged writes.
  LevelDbStore(leveldb::Env& env, std::string path, LevelDbOptions options = {});

  ~LevelDbStore() override;

  StoreResult<Restored> open() override;
  StoreResult<void> write(const WriteBatch& batch) override;
  StoreResult<std::vector<Action>> read(Position from, Position to, std::size_t bytes_max) override;

  // Synced, although the contract asks for less: so an unfinished batch is always the last thing in
  // its log, which is how Database tells it from damage.
  StoreResult<std::size_t> erase_below(Position bound, std::size_t records_max) override;

 private:
  struct Erasing;

  StoreResult<void> alive() const;
  tl::unexpected<StoreError> die(StoreError error);
  tl::unexpected<StoreError> die(const leveldb::Status& status, std::string_view doing);
  StoreResult<Restored> scan();
  StoreResult<void> read_whole(std::vector<Action>& outlines, RecordCheck& check) const;
  leveldb::Status collect(Position from, Erasing& erasing);
  void lower_erase_from(Position position);
  void compact_if_due(const Erasing& erased);

  leveldb::Env& env_;
  const std::string path_;
  const LevelDbOptions options_;
  std::unique_ptr<Database> database_;

  LearnedMark learned_;

  // The commit lane's.
  Codec write_codec_;
  leveldb::WriteBatch write_batch_;
  std::string value_;

  // The bulk lane's.
  Codec read_codec_;
  std::uint64_t erased_since_compaction_ = 0;
  std::optional<Position> compact_from_;

  // No record lies below it.  Both lanes move it.
  std::atomic<std::uint64_t> erase_from_ = 0;

  std::atomic<bool> dead_ = false;
  mutable std::mutex mutex_;
  // Why the store is dead; guarded by mutex_.
  std::optional<StoreError> first_error_;
};

}  // namespace holdfast::storage
