#pragma once

// For the tests of the simulated disk: LevelDB as storage/ opens it, small enough to flush and
// compact soon, with or without directories synced after create and rename.

#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/write_batch.h>

#include "sim/sim_env.h"

namespace holdfast::sim {

inline const char* const kDatabasePath = "/node/log";

// Stock LevelDB never syncs the directory of a new log file, nor after it renamed CURRENT.
class DirectorySyncingTestEnv final : public leveldb::EnvWrapper {
 public:
  explicit DirectorySyncingTestEnv(SimEnv& env) : EnvWrapper(&env), env_(env) {}

  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** file) override {
    const leveldb::Status created = env_.NewWritableFile(path, file);
    if (!created.ok()) return created;
    const leveldb::Status synced = env_.sync_directory(parent(path));
    if (!synced.ok()) {
      delete *file;
      *file = nullptr;
    }
    return synced;
  }

  leveldb::Status RenameFile(const std::string& from, const std::string& to) override {
    const leveldb::Status renamed = env_.RenameFile(from, to);
    return renamed.ok() ? env_.sync_directory(parent(to)) : renamed;
  }

 private:
  static std::string parent(const std::string& path) { return path.substr(0, path.rfind('/')); }

  SimEnv& env_;
};

enum class DirectorySyncs { kStock, kAdded };

// One life of a database.  Destroy it only with background work drained or the env dead and
// drained.
class Database {
 public:
  Database(SimEnv& env, DirectorySyncs syncs) : env_(env), syncing_env_(env) {
    const RunningEnv running(env_);
    make_directory();
    options_.env = syncs == DirectorySyncs::kAdded ? static_cast<leveldb::Env*>(&syncing_env_)
                                                   : static_cast<leveldb::Env*>(&env_);
    options_.create_if_missing = true;
    options_.paranoid_checks = true;
    options_.compression = leveldb::kNoCompression;
    options_.write_buffer_size = 64 << 10;
    options_.max_open_files = 74;
    leveldb::DB* db = nullptr;
    opened_ = leveldb::DB::Open(options_, kDatabasePath, &db);
    db_.reset(db);
    env_.drain();
  }

  ~Database() {
    const RunningEnv running(env_);
    env_.drain();
    db_.reset();
  }

  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const leveldb::Status& opened() const { return opened_; }

  leveldb::DB& db() { return *db_; }

  leveldb::Status write(leveldb::WriteBatch* batch) {
    const RunningEnv running(env_);
    leveldb::WriteOptions options;
    options.sync = true;
    const leveldb::Status written = db_->Write(options, batch);
    env_.drain();
    return written;
  }

  leveldb::Status put(const std::string& key, const std::string& value) {
    leveldb::WriteBatch batch;
    batch.Put(key, value);
    return write(&batch);
  }

  leveldb::Status get(const std::string& key, std::string* value) {
    const RunningEnv running(env_);
    leveldb::ReadOptions options;
    options.verify_checksums = true;
    const leveldb::Status read = db_->Get(options, key, value);
    env_.drain();
    return read;
  }

 private:
  // What an operator does once, before the first start: the directories are there for good.
  void make_directory() {
    if (env_.FileExists(kDatabasePath)) return;
    (void)env_.CreateDir("/node");
    (void)env_.CreateDir(kDatabasePath);
    (void)env_.sync_directory("/node");
    (void)env_.sync_directory("/");
  }

  SimEnv& env_;
  DirectorySyncingTestEnv syncing_env_;
  leveldb::Options options_;
  leveldb::Status opened_;
  std::unique_ptr<leveldb::DB> db_;
};

}  // namespace holdfast::sim
