#include "real/server/data_directory.h"

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <leveldb/env.h>
#include <sys/file.h>
#include <unistd.h>

#include "protocol/node.h"

#include "real/ports/storage_threads.h"
#include "storage/durable_store.h"

namespace holdfast::real {
namespace {

namespace fs = std::filesystem;

tl::unexpected<StoreError> fail(StoreError::Kind kind, std::string text) {
  return tl::unexpected(StoreError{kind, std::move(text)});
}

std::string system_text(int code) {
  return std::error_code(code, std::generic_category()).message();
}

// What a member leaves in its directory, and what a file system puts into its root.
bool is_ours(const std::string& name) {
  return name == "lock" || name == "log" || name == "lost+found";
}

StoreResult<void> make_directory(const std::string& path) {
  std::error_code error;
  if (fs::create_directory(path, error)) {
    if (sync_directory(fs::path(path).parent_path().string())) return {};
    return fail(StoreError::Kind::kIo, path + ": made, but its parent directory cannot be synced");
  }
  if (error) {
    return fail(StoreError::Kind::kIo,
                path + ": cannot be made: " + error.message() +
                    "; make its parent directory, and let this user write there");
  }
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (is_ours(name)) continue;
    return fail(StoreError::Kind::kForeign,
                path + ": holds " + name +
                    ", which is no part of a member's directory; configure a directory of its own");
  }
  if (error) return fail(StoreError::Kind::kIo, path + ": cannot be read: " + error.message());
  return {};
}

}  // namespace

StoreResult<DataDirectory> DataDirectory::take(const std::string& path) {
  if (const auto made = make_directory(path); !made) return tl::unexpected(made.error());
  const std::string lock = path + "/lock";
  const int fd = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    return fail(StoreError::Kind::kIo,
                lock + ": cannot be opened: " + system_text(errno) + "; let this user write there");
  }
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return DataDirectory(path, fd);
  const int code = errno;
  ::close(fd);
  if (code == EWOULDBLOCK) {
    return fail(StoreError::Kind::kLocked,
                path + ": in use by another process; stop it (fuser " + lock + " names it) first");
  }
  return fail(StoreError::Kind::kIo, lock + ": cannot be locked: " + system_text(code));
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::exchange(other.lock_, -1)) {}

DataDirectory::~DataDirectory() {
  // The kernel lets go of the lock; the file stays.
  if (lock_ >= 0) ::close(lock_);
}

std::shared_ptr<ReplicaStore> make_store(const DataDirectory& directory, const Config& config) {
  return storage::make_durable_store(
      *leveldb::Env::Default(),
      sync_directory,
      directory.log_path(),
      {.database = {.write_buffer_bytes = config.write_buffer_bytes}});
}

StoreResult<void> initialise(const Config& config) {
  const auto directory = DataDirectory::take(config.self->data_directory);
  if (!directory) return tl::unexpected(directory.error());
  const auto store = make_store(*directory, config);
  const auto restored = store->open();
  if (!restored) return tl::unexpected(restored.error());
  const Metadata& metadata = restored->metadata;
  const std::string path = directory->log_path();
  if (metadata.cluster != 0 && (metadata.cluster != config.cluster || metadata.log != config.log ||
                                metadata.member != config.self->id)) {
    return fail(StoreError::Kind::kForeign,
                path + ": belongs to member " + std::to_string(int{metadata.member.value}) +
                    " of cluster " + std::to_string(metadata.cluster) + ", log " +
                    std::to_string(metadata.log) + "; configure a directory of its own");
  }
  if (metadata.status != Status::kEmpty || restored->end) {
    return fail(StoreError::Kind::kForeign,
                path + ": is initialised already; start the member, nothing was changed");
  }
  return store->write(initial_batch(config.node, Position{}));
}

}  // namespace holdfast::real
