#include "real/server/data_directory.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "protocol/node.h"

#include "real/ports/storage_threads.h"
#include "real/ports/system_text.h"
#include "real/server/padded_env.h"
#include "storage/durable_store.h"

namespace holdfast::real {
namespace {

namespace fs = std::filesystem;

tl::unexpected<StoreError> fail(StoreError::Kind kind, std::string text) {
  return tl::unexpected(StoreError{kind, std::move(text)});
}

// There while a directory is filled from elsewhere.
constexpr const char* kFilling = "filling";

// What a member leaves in its directory, and what a file system puts into its root.
bool is_ours(const std::string& name) {
  return name == "lock" || name == "identity" || name == "identity.new" || name == "log" ||
         name == "flight" || name == "flight.crashed" || name == "flight.killed" ||
         name == "lost+found";
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
    if (name == kFilling) {
      return fail(StoreError::Kind::kForeign,
                  path + ": what should have filled it was cut short; remove it, and do it again");
    }
    return fail(StoreError::Kind::kForeign,
                path + ": holds " + name +
                    ", which is no part of a member's directory; configure a directory of its own");
  }
  if (error) return fail(StoreError::Kind::kIo, path + ": cannot be read: " + error.message());
  return {};
}

// The content of `identity`.  The first line is the version of the directory.
std::string identity_of(const Config& config) {
  std::string text = "holdfast 1\ncluster " + std::to_string(config.cluster) + "\nlog " +
                     std::to_string(config.log) + "\nmember " +
                     std::to_string(int{config.self->id.value}) + "\nmembers";
  for (const NodeId id : config.node.membership.at(Position{}).members)
    text.append(" ").append(std::to_string(int{id.value}));
  return text.append("\n");
}

// The first line of `found` that is not as in `own`: both, for an error.
std::string difference(const std::string& found, const std::string& own) {
  std::istringstream theirs(found);
  std::istringstream ours(own);
  std::string their_line;
  std::string our_line;
  while (std::getline(ours, our_line)) {
    if (!std::getline(theirs, their_line)) their_line = "nothing";
    if (their_line != our_line) break;
  }
  return "\"" + their_line + "\", the configuration says \"" + our_line + "\"";
}

StoreResult<void> check_identity(const std::string& path, const std::string& own) {
  std::ifstream in(path + "/identity", std::ios::binary);
  if (!in) return {};
  const std::string found((std::istreambuf_iterator<char>(in)), {});
  if (found == own) return {};
  return fail(StoreError::Kind::kForeign,
              path + ": belongs to another member; its identity says " + difference(found, own) +
                  ". Neither can be changed later: point the configuration at the right directory");
}

// All of `bytes`, durably, under `path`.
bool write_file(const std::string& path, const std::string& bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return false;
  const bool written =
      ::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  const bool synced = written && ::fsync(fd) == 0;
  return ::close(fd) == 0 && synced;
}

}  // namespace

StoreResult<DataDirectory> DataDirectory::take(const Config& config) {
  const std::string& path = config.self->data_directory;
  if (const auto made = make_directory(path); !made) return tl::unexpected(made.error());
  const std::string lock = path + "/lock";
  const int fd = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) {
    return fail(StoreError::Kind::kIo,
                lock + ": cannot be opened: " + system_text(errno) + "; let this user write there");
  }
  DataDirectory taken(path, identity_of(config), fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return fail(StoreError::Kind::kIo, lock + ": cannot be locked: " + system_text(errno));
    }
    return fail(StoreError::Kind::kLocked,
                path + ": in use by another process; stop it (fuser " + lock + " names it) first");
  }
  if (const auto own = check_identity(path, taken.identity_); !own) {
    return tl::unexpected(own.error());
  }
  return taken;
}

StoreResult<void> DataDirectory::fill(const std::function<StoreResult<void>()>& fill_it) const {
  const std::string sign = path_ + "/" + kFilling;
  if (!write_file(sign, "") || !sync_directory(path_)) {
    return fail(StoreError::Kind::kIo, sign + ": cannot be made");
  }
  if (auto filled = fill_it(); !filled) return filled;
  std::error_code error;
  fs::remove(sign, error);
  if (error || !sync_directory(path_)) {
    return fail(StoreError::Kind::kIo, sign + ": cannot be removed");
  }
  return mark();
}

StoreResult<void> DataDirectory::mark() const {
  const std::string file = path_ + "/identity";
  std::error_code error;
  if (fs::exists(file, error)) return {};
  if (write_file(file + ".new", identity_)) {
    fs::rename(file + ".new", file, error);
    if (!error && sync_directory(path_)) return {};
  }
  return fail(StoreError::Kind::kIo, file + ": cannot be written");
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_(std::move(other.path_)),
      identity_(std::move(other.identity_)),
      lock_(std::exchange(other.lock_, -1)) {}

DataDirectory::~DataDirectory() {
  // The kernel lets go of the lock; the file stays.
  if (lock_ >= 0) ::close(lock_);
}

std::shared_ptr<ReplicaStore> make_store(const DataDirectory& directory, const Config& config) {
  return storage::make_durable_store(
      padded_env(),
      sync_directory,
      directory.log_path(),
      {.database = {.write_buffer_bytes = config.write_buffer_bytes}});
}

StoreResult<void> initialise(const Config& config) {
  const auto directory = DataDirectory::take(config);
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
  if (const auto written = store->write(initial_batch(config.node, Position{})); !written) {
    return written;
  }
  return directory->mark();
}

}  // namespace holdfast::real
