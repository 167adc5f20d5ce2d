#include "real/server/import_mesos.h"

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <leveldb/env.h>
#include <unistd.h>

#include "real/ports/storage_threads.h"
#include "real/server/data_directory.h"
#include "storage/inspect.h"

namespace holdfast::real {
namespace {

namespace fs = std::filesystem;
using Kind = StoreError::Kind;

tl::unexpected<StoreError> fail(Kind kind, std::string text) {
  return tl::unexpected(StoreError{kind, std::move(text)});
}

Kind kind_of(storage::Severity severity) {
  switch (severity) {
    case storage::Severity::kNote:
    case storage::Severity::kDamaged:
      return Kind::kCorrupt;
    case storage::Severity::kForeign:
      return Kind::kForeign;
    case storage::Severity::kLocked:
      break;
  }
  return Kind::kLocked;
}

StoreResult<void> check_source(const std::string& source) {
  const auto found = storage::inspect(*leveldb::Env::Default(), source, storage::posix_lock_probe);
  const storage::Severity worst = found.worst();
  for (const storage::Finding& finding : found.findings)
    if (finding.severity == worst && worst != storage::Severity::kNote) {
      return fail(kind_of(worst), source + ": " + finding.text);
    }
  if (!found.metadata && found.records.empty()) {
    return fail(Kind::kForeign, source + ": holds no log");
  }
  if (found.metadata && found.metadata->cluster != 0) {
    return fail(Kind::kForeign,
                source + ": is a member's of holdfast already (cluster " +
                    std::to_string(found.metadata->cluster) + "), no log of Mesos");
  }
  return {};
}

// What the file holds is on the disk, or why not.
std::error_code sync_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = file >= 0 && ::fsync(file) == 0;
  const std::error_code error(synced ? 0 : errno, std::generic_category());
  if (file >= 0) ::close(file);
  return error;
}

// All files but those that belong to a process.
StoreResult<void> copy_files(const std::string& source, const std::string& target) {
  std::error_code error;
  fs::create_directory(target, error);
  for (fs::directory_iterator at(source, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name == "LOCK" || name == "LOG" || name == "LOG.old") continue;
    const std::string copy = target + "/" + name;
    if (fs::copy_file(at->path(), copy, error)) error = sync_file(copy);
    // The loop's own step would begin without it.
    if (error) break;
  }
  if (!error && !sync_directory(target)) error = std::make_error_code(std::errc::io_error);
  if (!error) return {};
  const bool full = error == std::errc::no_space_on_device;
  return fail(full ? Kind::kFull : Kind::kIo,
              target + ": " + source + " cannot be copied there: " + error.message());
}

}  // namespace

StoreResult<void> import_mesos(const std::string& source, const Config& config) {
  if (auto sound = check_source(source); !sound) return sound;
  const auto directory = DataDirectory::take(config);
  if (!directory) return tl::unexpected(directory.error());
  std::error_code error;
  if (fs::exists(directory->log_path(), error)) {
    return fail(
        Kind::kForeign,
        directory->path() + ": holds a log already; import into a directory that is not there");
  }
  return directory->fill([&] { return copy_files(source, directory->log_path()); });
}

}  // namespace holdfast::real
