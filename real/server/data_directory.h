#pragma once

#include <functional>
#include <memory>
#include <string>

#include "protocol/replica_store.h"

#include "real/server/config.h"

namespace holdfast::real {

// The directory of one member: `lock`, held for as long as this lives; `identity`, whose it is;
// `log`, LevelDB's; and `flight` (flight_record.h).
class DataDirectory {
 public:
  // Makes the directory if there is none (its parent must exist), and takes it for the member that
  // `config` is for.  kForeign: it is another's, or holds something that is not a member's.
  // kLocked: another process has it.  Nothing that was there is changed.  Requires: config.self.
  static StoreResult<DataDirectory> take(const Config& config);

  DataDirectory(DataDirectory&& other) noexcept;
  DataDirectory& operator=(DataDirectory&&) = delete;
  ~DataDirectory();

  const std::string& path() const { return path_; }

  std::string log_path() const { return path_ + "/log"; }

  // Has the empty directory filled, and marked.  What is cut short, or fails, leaves a directory
  // that nobody takes, until it is removed.
  StoreResult<void> fill(const std::function<StoreResult<void>()>& fill_it) const;

  // Writes down whose it is, durably, if that is not written down yet.  To be called once the log
  // in it was opened, and so is known to be this member's.
  StoreResult<void> mark() const;

 private:
  DataDirectory(std::string path, std::string identity, int lock)
      : path_(std::move(path)),
        identity_(std::move(identity)),
        lock_(lock) {}

  std::string path_;
  std::string identity_;
  int lock_;
};

// The store of the member that `config` is for, on the files of this machine.
std::shared_ptr<ReplicaStore> make_store(const DataDirectory& directory, const Config& config);

// What makes an empty directory a VOTING member's.  kForeign: it holds a member's records already,
// or those of something else; nothing was changed then.  Requires: config.self.
StoreResult<void> initialise(const Config& config);

}  // namespace holdfast::real
