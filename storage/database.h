#pragma once

// Opening a LevelDB database as a replica must: nothing is created over the remains of a log,
// nothing acknowledged is dropped without a word, and an unfinished write is no damage.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/options.h>

#include "protocol/replica_store.h"

#include "storage/null_logger.h"

namespace holdfast::storage {

// How new tables are stored.  Tables of either kind can always be read.
enum class Compression : std::uint8_t { kNone, kSnappy };

struct DatabaseOptions {
  // At least 64 KiB (LevelDB takes less for that).
  std::size_t write_buffer_bytes = 4 << 20;
  Compression compression = Compression::kNone;
};

// An Env that shows some files shorter than they are: without the unfinished write at their end.
// The files themselves stay as they are.
class ShortenedFilesEnv : public leveldb::EnvWrapper {
 public:
  explicit ShortenedFilesEnv(leveldb::Env& base) : EnvWrapper(&base) {}

  void shorten(const std::string& name, std::uint64_t bytes) { ends_[name] = bytes; }

  bool any() const { return !ends_.empty(); }

  leveldb::Status NewSequentialFile(const std::string& name,
                                    leveldb::SequentialFile** file) override;

 private:
  std::map<std::string, std::uint64_t> ends_;
};

// An open database and everything it needs for as long as it is open.
class Database {
 public:
  // An unfinished write is left out; `notes` then says so.
  static StoreResult<std::unique_ptr<Database>> open(leveldb::Env& env,
                                                     const std::string& path,
                                                     const DatabaseOptions& options);

  leveldb::DB& db() { return *db_; }

  // What was found and is no error.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  Database(leveldb::Env& env, std::string path) : path_(std::move(path)), view_(env) {}

  StoreResult<void> recognise(leveldb::Env& env);
  StoreResult<void> check_tails();
  StoreResult<void> check_log_tails(const std::map<std::uint64_t, std::string>& logs);
  StoreResult<void> check_manifest(const std::string& name);
  StoreResult<void> leave_out_unfinished(const std::string& name);
  StoreResult<void> leave_out_unfinished(const std::string& name, std::string_view bytes);
  leveldb::Status open_leveldb(const DatabaseOptions& options);

  // The write-ahead logs that hold anything, by number.
  StoreResult<std::map<std::uint64_t, std::string>> logs();
  StoreResult<std::string> manifest();
  StoreResult<bool> tail_adds_up(const std::string& name);

  std::string path_;
  NullLogger logger_;
  ShortenedFilesEnv view_;
  std::vector<std::string> notes_;
  // What the MANIFEST says.
  std::uint64_t oldest_log_ = 0;
  std::unique_ptr<leveldb::DB> db_;
};

// The names LevelDB gives its files.
enum class FileKind : std::uint8_t { kCurrent, kLock, kInfoLog, kManifest, kLog, kTable, kTemp };

struct FileName {
  FileKind kind;
  std::uint64_t number = 0;
};

// None: no file of LevelDB.
std::optional<FileName> parse_file_name(std::string_view name);

// `doing` completes "while ...".
StoreError store_error(const leveldb::Status& status,
                       const std::string& path,
                       std::string_view doing);

}  // namespace holdfast::storage
