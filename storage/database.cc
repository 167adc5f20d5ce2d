#include "storage/database.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

#include "storage/log_file.h"
#include "storage/overlay_env.h"

namespace holdfast::storage {

using leveldb::Status;

namespace {

constexpr std::size_t kOpenFiles = 74;  // the least LevelDB accepts

tl::unexpected<StoreError> fail(StoreError::Kind kind, std::string text) {
  return tl::unexpected(StoreError{kind, std::move(text)});
}

// Ends early.
class ShortenedFile : public leveldb::SequentialFile {
 public:
  ShortenedFile(std::unique_ptr<leveldb::SequentialFile> file, std::uint64_t bytes)
      : file_(std::move(file)),
        left_(bytes) {}

  Status Read(std::size_t n, leveldb::Slice* result, char* scratch) override {
    const Status status = file_->Read(std::min<std::uint64_t>(n, left_), result, scratch);
    left_ -= std::min<std::uint64_t>(left_, result->size());
    return status;
  }

  Status Skip(std::uint64_t n) override {
    const std::uint64_t step = std::min(n, left_);
    left_ -= step;
    return file_->Skip(step);
  }

 private:
  std::unique_ptr<leveldb::SequentialFile> file_;
  std::uint64_t left_;
};

std::optional<std::uint64_t> number_in(std::string_view digits) {
  std::uint64_t number = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

StoreError::Kind kind_of(const Status& status, std::string_view text) {
  if (has(text, "No space left on device") || has(text, "Disk quota exceeded")) {
    return StoreError::Kind::kFull;
  }
  if (status.IsCorruption()) return StoreError::Kind::kCorrupt;
  if (status.IsInvalidArgument() || status.IsNotSupportedError()) return StoreError::Kind::kForeign;
  if (status.IsIOError() && has(text, "lock ") && has(text, "LOCK")) {
    return StoreError::Kind::kLocked;
  }
  return StoreError::Kind::kIo;
}

std::string_view advice(StoreError::Kind kind) {
  switch (kind) {
    case StoreError::Kind::kIo:
      return "check the device and the permissions, then start the node again";
    case StoreError::Kind::kFull:
      return "free some space, then start the node again";
    case StoreError::Kind::kCorrupt:
      return "do not start it again: run `holdfast check` on it, keep a copy, and replace the "
             "member's disk";
    case StoreError::Kind::kLocked:
      return "stop the process that has it open";
    case StoreError::Kind::kForeign:
      return "name the right directory";
  }
  HOLDFAST_UNREACHABLE("kind of store error");
}

}  // namespace

StoreError store_error(const Status& status, const std::string& path, std::string_view doing) {
  HOLDFAST_REQUIRE(!status.ok());
  const std::string what = status.ToString();
  const StoreError::Kind kind = kind_of(status, what);
  std::string text = path + ": while " + std::string(doing) + ": " + what + " (";
  text.append(advice(kind)).append(")");
  return {kind, std::move(text)};
}

std::optional<FileName> parse_file_name(std::string_view name) {
  if (name == "CURRENT") return FileName{FileKind::kCurrent};
  if (name == "LOCK") return FileName{FileKind::kLock};
  if (name == "LOG" || name == "LOG.old") return FileName{FileKind::kInfoLog};
  constexpr std::string_view kManifestPrefix = "MANIFEST-";
  if (name.starts_with(kManifestPrefix)) {
    const auto number = number_in(name.substr(kManifestPrefix.size()));
    if (!number) return std::nullopt;
    return FileName{FileKind::kManifest, *number};
  }
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto number = number_in(name.substr(0, dot));
  const std::string_view ending = name.substr(dot);
  if (!number) return std::nullopt;
  if (ending == ".log") return FileName{FileKind::kLog, *number};
  if (ending == ".ldb" || ending == ".sst") return FileName{FileKind::kTable, *number};
  if (ending == ".dbtmp") return FileName{FileKind::kTemp, *number};
  return std::nullopt;
}

Status ShortenedFilesEnv::NewSequentialFile(const std::string& name,
                                            leveldb::SequentialFile** file) {
  const Status status = target()->NewSequentialFile(name, file);
  const auto end = ends_.find(name);
  if (status.ok() && end != ends_.end()) {
    *file = new ShortenedFile(std::unique_ptr<leveldb::SequentialFile>(*file), end->second);
  }
  return status;
}

// LevelDB would create an empty database in any directory without a file CURRENT, and delete the
// tables it finds there.
StoreResult<void> Database::recognise(leveldb::Env& env) {
  if (env.FileExists(path_ + "/CURRENT")) return {};
  std::vector<std::string> names;
  if (!env.GetChildren(path_, &names).ok()) {
    if (!env.FileExists(path_)) return {};
    return fail(StoreError::Kind::kForeign, path_ + ": is not a directory that can be listed");
  }
  for (const std::string& name : names) {
    if (name == "." || name == "..") continue;
    const auto file = parse_file_name(name);
    if (!file) {
      return fail(StoreError::Kind::kForeign,
                  path_ + ": is not a log directory: it holds the file " + name +
                      " and no file CURRENT (name an empty or a new directory)");
    }
    const bool of_a_used_database = file->kind == FileKind::kLog ||
                                    file->kind == FileKind::kTable ||
                                    (file->kind == FileKind::kManifest && file->number > 1);
    if (of_a_used_database) {
      return fail(StoreError::Kind::kCorrupt,
                  path_ + ": the file CURRENT is missing, but " + name +
                      " is there: the log was damaged (" +
                      std::string(advice(StoreError::Kind::kCorrupt)) + ")");
    }
  }
  return {};
}

StoreResult<std::map<std::uint64_t, std::string>> Database::logs() {
  std::vector<std::string> names;
  std::map<std::uint64_t, std::string> found;
  // A directory that does not exist yet has none.
  if (!view_.GetChildren(path_, &names).ok()) return found;
  for (const std::string& name : names) {
    const auto file = parse_file_name(name);
    if (!file || file->kind != FileKind::kLog) continue;
    std::uint64_t size = 0;
    const std::string full = path_ + "/" + name;
    const Status status = view_.GetFileSize(full, &size);
    if (!status.ok()) return tl::unexpected(store_error(status, path_, "measuring " + name));
    if (size > 0) found.emplace(file->number, full);
  }
  return found;
}

StoreResult<std::string> Database::manifest() {
  std::string current;
  if (!view_.FileExists(path_ + "/CURRENT")) return std::string();
  const Status status = read_file(view_, path_ + "/CURRENT", current);
  if (!status.ok()) return tl::unexpected(store_error(status, path_, "reading CURRENT"));
  if (current.ends_with('\n')) current.pop_back();
  const auto file = parse_file_name(current);
  if (!file || file->kind != FileKind::kManifest || !view_.FileExists(path_ + "/" + current)) {
    return fail(StoreError::Kind::kCorrupt,
                path_ + ": the file CURRENT does not name a MANIFEST that exists (" +
                    std::string(advice(StoreError::Kind::kCorrupt)) + ")");
  }
  return path_ + "/" + current;
}

StoreResult<bool> Database::tail_adds_up(const std::string& name) {
  const auto doing = [&] { return "reading the end of " + name; };
  std::uint64_t size = 0;
  Status status = view_.GetFileSize(name, &size);
  if (!status.ok()) return tl::unexpected(store_error(status, path_, doing()));
  leveldb::RandomAccessFile* opened = nullptr;
  status = view_.NewRandomAccessFile(name, &opened);
  if (!status.ok()) return tl::unexpected(store_error(status, path_, doing()));
  const std::unique_ptr<leveldb::RandomAccessFile> file(opened);
  const std::unique_ptr<char[]> scratch(new char[kLogBlockBytes]);
  // The last block that anything was written to.
  for (std::uint64_t end = size; end > 0; end = last_block_start(end)) {
    const std::uint64_t start = last_block_start(end);
    leveldb::Slice block;
    status = file->Read(start, end - start, &block, scratch.get());
    if (!status.ok()) return tl::unexpected(store_error(status, path_, doing()));
    const std::string_view bytes(block.data(), block.size());
    if (!all_zeros(bytes)) return lengths_add_up(bytes);
  }
  return true;
}

// Shows LevelDB the file up to the damage if that is an unfinished write.
StoreResult<void> Database::leave_out_unfinished(const std::string& name, std::string_view bytes) {
  const LogScan scan = scan_log(bytes);
  if (!scan.damage) return {};
  const std::string where = name + " at byte " + std::to_string(scan.damage->offset) + ": ";
  if (scan.damage->intact_behind) {
    return fail(StoreError::Kind::kCorrupt,
                where + scan.damage->text + ", and intact records follow it: it is no unfinished " +
                    "write (" + std::string(advice(StoreError::Kind::kCorrupt)) + ")");
  }
  view_.shorten(name, scan.intact_bytes);
  notes_.push_back(where + scan.damage->text + ", nothing intact follows: left out " +
                   std::to_string(bytes.size() - scan.intact_bytes) +
                   " bytes as an unfinished write");
  return {};
}

StoreResult<void> Database::leave_out_unfinished(const std::string& name) {
  std::string bytes;
  const Status status = read_file(view_, name, bytes);
  if (!status.ok()) return tl::unexpected(store_error(status, path_, "reading " + name));
  return leave_out_unfinished(name, bytes);
}

// LevelDB takes any prefix of a MANIFEST for the whole.  But it removes a log only after the edit
// that stops using it is durable: if the log in use is missing, the last edits are.
StoreResult<void> Database::check_manifest(const std::string& name) {
  std::string bytes;
  const Status status = read_file(view_, name, bytes);
  if (!status.ok()) return tl::unexpected(store_error(status, path_, "reading " + name));
  if (auto done = leave_out_unfinished(name, bytes); !done) return done;
  oldest_log_ = oldest_log_in_use(bytes).value_or(0);
  if (oldest_log_ == 0) return {};
  char log[32];
  std::snprintf(log, sizeof log, "/%06llu.log", static_cast<unsigned long long>(oldest_log_));
  if (view_.FileExists(path_ + log)) return {};
  return fail(StoreError::Kind::kCorrupt,
              path_ + log + ": is in use according to " + name + ", but missing: one of the two " +
                  "lost its end (" + std::string(advice(StoreError::Kind::kCorrupt)) + ")");
}

// A log older than the newest can hold no unfinished write, unless it is no longer in use.
StoreResult<void> Database::check_log_tails(const std::map<std::uint64_t, std::string>& logs) {
  for (const auto& [number, name] : logs) {
    if (number < oldest_log_) continue;
    const auto adds_up = tail_adds_up(name);
    if (!adds_up) return tl::unexpected(adds_up.error());
    if (*adds_up) continue;
    if (number == logs.rbegin()->first) return leave_out_unfinished(name);
    return fail(StoreError::Kind::kCorrupt,
                name + ": the end is damaged, and a newer log follows it (" +
                    std::string(advice(StoreError::Kind::kCorrupt)) + ")");
  }
  return {};
}

StoreResult<void> Database::check_tails() {
  const auto current = manifest();
  if (!current) return tl::unexpected(current.error());
  if (current->empty()) return {};
  if (auto sound = check_manifest(*current); !sound) return sound;
  const auto found = logs();
  if (!found) return tl::unexpected(found.error());
  return check_log_tails(*found);
}

Status Database::open_leveldb(const DatabaseOptions& options) {
  leveldb::Options chosen;
  chosen.create_if_missing = true;
  chosen.paranoid_checks = true;
  chosen.env = &view_;
  chosen.info_log = &logger_;
  chosen.write_buffer_size = options.write_buffer_bytes;
  chosen.max_open_files = kOpenFiles;
  chosen.reuse_logs = false;
  // A null block cache is one of the database's own: a shared one would make runs depend on others.
  chosen.block_cache = nullptr;
  switch (options.compression) {
    case Compression::kNone:
      chosen.compression = leveldb::kNoCompression;
      break;
    case Compression::kSnappy:
      chosen.compression = leveldb::kSnappyCompression;
      break;
  }
  leveldb::DB* db = nullptr;
  const Status status = leveldb::DB::Open(chosen, path_, &db);
  db_.reset(db);
  return status;
}

StoreResult<std::unique_ptr<Database>> Database::open(leveldb::Env& env,
                                                      const std::string& path,
                                                      const DatabaseOptions& options) {
  HOLDFAST_REQUIRE(options.write_buffer_bytes >= 64 << 10, options.write_buffer_bytes);
  std::unique_ptr<Database> database(new Database(env, path));
  if (auto known = database->recognise(env); !known) return tl::unexpected(known.error());
  if (auto sound = database->check_tails(); !sound) return tl::unexpected(sound.error());
  Status status = database->open_leveldb(options);
  if (status.IsCorruption()) {
    // Lengths add up, content does not: still an unfinished write if nothing intact follows.
    const auto logs = database->logs();
    if (!logs) return tl::unexpected(logs.error());
    if (!logs->empty()) {
      const auto done = database->leave_out_unfinished(logs->rbegin()->second);
      if (!done) return tl::unexpected(done.error());
    }
    if (database->view_.any()) status = database->open_leveldb(options);
  }
  if (!status.ok()) return tl::unexpected(store_error(status, path, "opening it"));
  return database;
}

}  // namespace holdfast::storage
