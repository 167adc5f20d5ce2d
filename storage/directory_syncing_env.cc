#include "storage/directory_syncing_env.h"

#include <memory>
#include <utility>

namespace holdfast::storage {

std::string parent_directory(const std::string& path) {
  const std::size_t end = path.find_last_not_of('/');
  if (end == std::string::npos) return path.empty() ? "." : "/";
  const std::size_t slash = path.find_last_of('/', end);
  if (slash == std::string::npos) return ".";
  const std::size_t last = path.find_last_not_of('/', slash);
  return last == std::string::npos ? "/" : path.substr(0, last + 1);
}

DirectorySyncingEnv::DirectorySyncingEnv(leveldb::Env& base, SyncDirectory sync_directory)
    : EnvWrapper(&base),
      sync_directory_(std::move(sync_directory)) {}

leveldb::Status DirectorySyncingEnv::usable(const std::string& name) const {
  if (!failed_) return leveldb::Status::OK();
  return leveldb::Status::IOError(parent_directory(name), "the directory could not be synced");
}

leveldb::Status DirectorySyncingEnv::sync_parent(const std::string& name) {
  if (!failed_ && !sync_directory_(parent_directory(name))) failed_ = true;
  return usable(name);
}

leveldb::Status DirectorySyncingEnv::NewWritableFile(const std::string& name,
                                                     leveldb::WritableFile** file) {
  *file = nullptr;
  leveldb::Status status = usable(name);
  if (status.ok()) status = target()->NewWritableFile(name, file);
  if (status.ok()) status = sync_parent(name);
  if (!status.ok()) {
    delete std::exchange(*file, nullptr);
  }
  return status;
}

leveldb::Status DirectorySyncingEnv::NewAppendableFile(const std::string& name,
                                                       leveldb::WritableFile** file) {
  *file = nullptr;
  leveldb::Status status = usable(name);
  if (status.ok()) status = target()->NewAppendableFile(name, file);
  if (status.ok()) status = sync_parent(name);
  if (!status.ok()) {
    delete std::exchange(*file, nullptr);
  }
  return status;
}

leveldb::Status DirectorySyncingEnv::RenameFile(const std::string& from, const std::string& to) {
  leveldb::Status status = usable(to);
  if (status.ok()) status = target()->RenameFile(from, to);
  if (status.ok()) status = sync_parent(to);
  if (status.ok() && parent_directory(from) != parent_directory(to)) status = sync_parent(from);
  return status;
}

leveldb::Status DirectorySyncingEnv::CreateDir(const std::string& name) {
  if (const leveldb::Status dead = usable(name); !dead.ok()) return dead;
  const leveldb::Status created = target()->CreateDir(name);
  // A directory that exists may owe its durability to nobody: the life that made it may have ended
  // before its sync.  LevelDB ignores the result; the next file's creation then fails.
  const leveldb::Status synced = sync_parent(name);
  return created.ok() ? synced : created;
}

leveldb::Status DirectorySyncingEnv::RemoveFile(const std::string& name) {
  const leveldb::Status status = usable(name);
  return status.ok() ? target()->RemoveFile(name) : status;
}

}  // namespace holdfast::storage
