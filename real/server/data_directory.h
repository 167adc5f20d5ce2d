#pragma once

#include <memory>
#include <string>

#include "protocol/replica_store.h"

#include "real/server/config.h"

namespace holdfast::real {

// The directory of one member: `lock`, held for as long as this lives, and `log`, LevelDB's.
class DataDirectory {
 public:
  // Makes the directory if there is none (its parent must exist), and takes it for this process.
  // kForeign: it holds something that is not a member's.  kLocked: another process has it.
  static StoreResult<DataDirectory> take(const std::string& path);

  DataDirectory(DataDirectory&& other) noexcept;
  DataDirectory& operator=(DataDirectory&&) = delete;
  ~DataDirectory();

  std::string log_path() const { return path_ + "/log"; }

 private:
  DataDirectory(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::string path_;
  int lock_;
};

// The store of the member that `config` is for, on the files of this machine.
std::shared_ptr<ReplicaStore> make_store(const DataDirectory& directory, const Config& config);

// What makes an empty directory a VOTING member's.  kForeign: it holds a member's records already,
// or those of something else; nothing was changed then.  Requires: config.self.
StoreResult<void> initialise(const Config& config);

}  // namespace holdfast::real
