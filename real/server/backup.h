#pragma once

// A copy of the log in one file, and the making of a new cluster from it (docs/operations.md,
// Backups).

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "protocol/replica_store.h"

#include "real/client/messages.h"
#include "real/server/config.h"

namespace holdfast::backup {
class Record;
}

namespace holdfast::real {

struct BackupHead {
  std::uint64_t cluster = 0;
  std::uint64_t log = 0;
  std::string cluster_name;
  // Both inclusive.
  Position begin;
  Position end;
  // Seconds since 1970.
  std::uint64_t taken = 0;

  bool operator==(const BackupHead&) const = default;
};

class BackupSum;

template <typename T>
using BackupResult = tl::expected<T, std::string>;

// Writes FILE.part, which becomes FILE when it is whole and on the disk.
class BackupWriter {
 public:
  // The error says what to do; FILE must not exist.
  static BackupResult<std::unique_ptr<BackupWriter>> create(const std::string& file,
                                                            const BackupHead& head);

  // What was not finished is removed.
  ~BackupWriter();

  BackupWriter(const BackupWriter&) = delete;
  BackupWriter& operator=(const BackupWriter&) = delete;

  // In the order of positions.
  BackupResult<void> add(const ReadEntry& entry);

  BackupResult<void> finish();

  std::uint64_t entries() const { return entries_; }

 private:
  BackupWriter(std::string file, std::FILE* out);

  BackupResult<void> put(const std::string& bytes);

  std::string part() const { return file_ + ".part"; }

  std::string file_;
  std::FILE* out_;
  std::unique_ptr<BackupSum> sum_;
  std::uint64_t entries_ = 0;
};

// Reads a backup once, from its beginning; what was not written by a BackupWriter, as it was, is an
// error that names the file and the place.
class BackupReader {
 public:
  static BackupResult<std::unique_ptr<BackupReader>> open(const std::string& file);

  ~BackupReader();

  BackupReader(const BackupReader&) = delete;
  BackupReader& operator=(const BackupReader&) = delete;

  const BackupHead& head() const { return head_; }

  // None: all were read, and the file is whole.
  BackupResult<std::optional<ReadEntry>> next();

 private:
  BackupReader(std::string file, std::FILE* in);

  BackupResult<void> take_head();
  BackupResult<void> take(backup::Record& record);
  BackupResult<void> check_tail(std::uint64_t entries, std::uint64_t checksum);
  tl::unexpected<std::string> damaged(const std::string& what) const;

  std::string file_;
  std::FILE* in_;
  std::unique_ptr<BackupSum> sum_;
  BackupHead head_;
  std::uint64_t at_ = 0;
  std::uint64_t entries_ = 0;
  std::optional<Position> last_;
};

// The id of the cluster that a backup makes: of everything in it, so that members made from
// different ones are never of one cluster.  Reads all of it.
BackupResult<std::uint64_t> restored_cluster(const std::string& file);

// Makes the empty directory of the member that `config` is for hold what the backup does, at the
// same positions.  kForeign: the directory is not empty, or config.cluster is not
// restored_cluster(); nothing was changed then.  After any other error the directory is to be
// removed.  Requires: config.self.
StoreResult<void> restore(const std::string& file, const Config& config);

}  // namespace holdfast::real
