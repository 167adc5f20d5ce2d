#pragma once

// LevelDB as it comes makes the bytes of its files durable but not their names: a new log file, a
// new table and the rename of CURRENT can vanish in a power failure together with every
// acknowledged write in them, while the old files are already gone.  This Env makes a name durable
// before LevelDB can rely on it.

#include <atomic>
#include <functional>
#include <string>

#include <leveldb/env.h>

namespace holdfast::storage {

class DirectorySyncingEnv : public leveldb::EnvWrapper {
 public:
  // Makes the entries of a directory durable; false when the device failed.  Called from every
  // thread that calls LevelDB, and from its background work.
  using SyncDirectory = std::function<bool(const std::string& path)>;

  // `base` must outlive this.
  DirectorySyncingEnv(leveldb::Env& base, SyncDirectory sync_directory);

  // Each fails with IOError when the directory cannot be synced, and from then on always: after one
  // failed sync a later one may succeed without having written what the first one lost.
  leveldb::Status NewWritableFile(const std::string& name, leveldb::WritableFile** file) override;
  leveldb::Status NewAppendableFile(const std::string& name, leveldb::WritableFile** file) override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
  leveldb::Status CreateDir(const std::string& name) override;

  // Removal is not synced: LevelDB removes a file only after its replacement is durable, and
  // ignores one that comes back.  After a failed sync nothing is removed any more: LevelDB takes a
  // rename of CURRENT that fails for one that did not happen and removes the MANIFEST that CURRENT
  // by then names (docs/bugs.md, 1).
  leveldb::Status RemoveFile(const std::string& name) override;

 private:
  leveldb::Status usable(const std::string& name) const;
  leveldb::Status sync_parent(const std::string& name);

  SyncDirectory sync_directory_;
  std::atomic<bool> failed_ = false;
};

// What lies before the last slash; "." when there is none, "/" for an entry of the root.
std::string parent_directory(const std::string& path);

}  // namespace holdfast::storage
