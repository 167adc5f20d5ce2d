#pragma once

// Files in memory, over the files of another Env or over nothing.  What lies below is only ever
// read: LevelDB, which writes even to open a database, can so look at a directory without touching
// it.  Locks are its own; nothing is locked below.
//
// Background work goes to a thread of the Env given, or of Env::Default().

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <leveldb/env.h>

namespace holdfast::storage {

class OverlayEnv : public leveldb::EnvWrapper {
 public:
  // Nothing below.
  OverlayEnv();
  // `below` must outlive this.
  explicit OverlayEnv(leveldb::Env* below);

  ~OverlayEnv() override;

  // What every file above contains.
  std::map<std::string, std::string> files() const;
  // Puts a file there, as if it were durable.
  void put(const std::string& name, std::string bytes);
  // Everything that was not synced is lost.  Requires: no file is open.
  void power_fail();

  leveldb::Status NewSequentialFile(const std::string& name,
                                    leveldb::SequentialFile** file) override;
  leveldb::Status NewRandomAccessFile(const std::string& name,
                                      leveldb::RandomAccessFile** file) override;
  leveldb::Status NewWritableFile(const std::string& name, leveldb::WritableFile** file) override;
  leveldb::Status NewAppendableFile(const std::string& name, leveldb::WritableFile** file) override;
  bool FileExists(const std::string& name) override;
  leveldb::Status GetChildren(const std::string& directory,
                              std::vector<std::string>* names) override;
  leveldb::Status RemoveFile(const std::string& name) override;
  leveldb::Status CreateDir(const std::string& name) override;
  leveldb::Status RemoveDir(const std::string& name) override;
  leveldb::Status GetFileSize(const std::string& name, std::uint64_t* size) override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
  leveldb::Status LockFile(const std::string& name, leveldb::FileLock** lock) override;
  leveldb::Status UnlockFile(leveldb::FileLock* lock) override;
  leveldb::Status NewLogger(const std::string& name, leveldb::Logger** logger) override;

 private:
  struct Data;

  // The file above, or a copy of the one below; null when there is neither.
  std::shared_ptr<Data> find(const std::string& name);
  leveldb::Status open(const std::string& name, std::shared_ptr<Data>& data);

  leveldb::Env* below_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Data>> files_;
  // Files below that were removed here.
  std::set<std::string> removed_;
  std::set<std::string> locked_;
};

// The whole file.
leveldb::Status read_file(leveldb::Env& env, const std::string& name, std::string& bytes);

}  // namespace holdfast::storage
