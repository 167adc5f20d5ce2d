#pragma once

// leveldb::Env of one simulated machine, over its FileSystem.
//
// Nothing here knows real time, real files or threads.  NowMicros() moves only by
// SleepForMicroseconds(); Schedule() only queues, and drain() runs what was queued, because LevelDB
// calls Schedule() with its mutex held.  A LevelDB call that has to wait for background work runs
// it meanwhile, if RunningEnv says which env's (sim/condition_variable_hook.cc).
//
// Files opened in one life of the machine are useless in the next: every operation fails.
// Everything fails as well from die() on, until begin_life().

#include <array>
#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <leveldb/env.h>

#include "sim/disk_options.h"
#include "sim/file_system.h"

namespace holdfast::sim {

class Unaccounted;

class SimEnv final : public leveldb::Env {
 public:
  // `key` decides what is up to chance; `faults` counts what was done to callers.  Both references
  // must outlive the env and every file opened through it.
  SimEnv(FileSystem& files, std::uint64_t key, DiskFaultCounts& faults);

  // From now on draws are those of another key.
  void rekey(std::uint64_t key) { key_ = key; }

  // --- Faults.  Errors stay set over lives; die() does not.

  // This share of such calls fails from now on.
  void set_errors(DiskOperation operation, std::uint32_t per_million);
  // The n-th such call from now fails, 1 being the next.
  void fail_nth(DiskOperation operation, std::uint64_t n);
  void clear_errors();
  // From now on so many bytes can be appended; bytes of removed files can be used again.
  void set_free_space(std::uint64_t bytes);
  void clear_free_space();

  // From now on logs of LevelDB ("*.log") are written into zeros that were written and synced
  // before, so many bytes or a multiple at a time, as real/server/padded_env.h does it; 0: appended
  // to.  Zeros for which there is no space are left out.
  void set_log_padding(std::size_t bytes) { log_padding_ = bytes; }

  void die();
  // Die once `changes` more changing operations succeeded.  Of the one that then comes, if it is
  // an append, `tear` chooses how much is written.
  void die_after(std::uint64_t changes, std::uint64_t tear);
  void cancel_death();

  bool dead() const { return dead_; }

  // Background work of the life before must have been drained.
  void begin_life();

  // --- Background work.

  // Runs one piece, oldest first; false if none is queued.
  bool run_one();
  void drain();

  bool has_background_work() const { return !background_.empty(); }

  // --- What happened.

  // Changing operations that succeeded, over all lives: what die_after() counts.
  std::uint64_t changes() const { return changes_; }

  // A hash over every change made, with names and bytes.
  std::uint64_t digest() const { return digest_; }

  // From now on it stays as it is (World::keep_no_account).
  void keep_no_account(const Unaccounted&) { accounts_ = false; }

  std::uint64_t slept_micros() const { return slept_micros_; }

  // For SimDisk: leveldb::Env has no such call.
  leveldb::Status sync_directory(const std::string& path);

  // --- leveldb::Env.
  leveldb::Status NewSequentialFile(const std::string& path,
                                    leveldb::SequentialFile** result) override;
  // Reads return slices into the file itself; a file must not be appended to meanwhile.
  leveldb::Status NewRandomAccessFile(const std::string& path,
                                      leveldb::RandomAccessFile** result) override;
  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** result) override;
  leveldb::Status NewAppendableFile(const std::string& path,
                                    leveldb::WritableFile** result) override;
  bool FileExists(const std::string& path) override;
  leveldb::Status GetChildren(const std::string& path, std::vector<std::string>* result) override;
  leveldb::Status RemoveFile(const std::string& path) override;
  leveldb::Status CreateDir(const std::string& path) override;
  leveldb::Status RemoveDir(const std::string& path) override;
  leveldb::Status GetFileSize(const std::string& path, std::uint64_t* size) override;
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
  leveldb::Status LockFile(const std::string& path, leveldb::FileLock** lock) override;
  leveldb::Status UnlockFile(leveldb::FileLock* lock) override;
  void Schedule(void (*function)(void*), void* argument) override;
  // Refused: there is one thread.
  void StartThread(void (*function)(void*), void* argument) override;
  leveldb::Status GetTestDirectory(std::string* path) override;
  leveldb::Status NewLogger(const std::string& path, leveldb::Logger** result) override;
  std::uint64_t NowMicros() override;
  void SleepForMicroseconds(int micros) override;

 private:
  friend class SimSequentialFile;
  friend class SimRandomAccessFile;
  friend class SimWritableFile;

  enum class Effect : std::uint8_t { kReads, kChanges };
  enum class Verdict : std::uint8_t { kGo, kDead, kCut, kFails };

  struct ErrorRule {
    std::uint32_t per_million = 0;
    std::uint64_t nth = 0;    // counts down; 0: none
    std::uint64_t calls = 0;  // while any fault was armed
  };

  struct Work {
    void (*function)(void*);
    void* argument;
  };

  // Nothing can go wrong with an operation of a file opened in life `life`.
  bool plain(std::uint64_t life) const { return life == life_ && !armed_; }

  Verdict admit(DiskOperation operation, Effect effect, std::uint64_t life);
  Verdict judge(DiskOperation operation, Effect effect);
  bool error_strikes(DiskOperation operation);
  void rearm();
  static leveldb::Status status(Verdict verdict, const std::string& path);

  // A change succeeded; `what` and what `detail()` returns go into the digest.
  template <typename Detail>
  void changed(std::uint64_t what, Detail detail);
  // Ends an operation on names: counts the change or tells the error.
  leveldb::Status finish(FileError error, std::uint64_t what, const std::string& path);
  leveldb::Status open_writable(const std::string& path,
                                FileSystem::Existing existing,
                                leveldb::WritableFile** result);
  leveldb::Status append_guarded(File& file,
                                 std::uint64_t life,
                                 std::string_view bytes,
                                 const std::string& path);
  leveldb::Status pad(File& file, std::uint64_t life, std::size_t needed, const std::string& path);
  std::uint64_t free_space() const;
  void append(File& file, std::string_view bytes);
  void append_part(File& file, std::string_view bytes, std::uint64_t choice);

  FileSystem& files_;
  std::uint64_t key_;
  DiskFaultCounts& faults_;

  std::uint64_t life_ = 1;
  // Any fault is set or possible: operations must ask admit().
  bool armed_ = false;
  bool dead_ = false;
  bool dying_ = false;
  bool limited_ = false;
  std::uint64_t changes_left_ = 0;
  std::uint64_t tear_ = 0;
  std::uint64_t capacity_bytes_ = 0;
  std::size_t log_padding_ = 0;
  std::array<ErrorRule, kDiskOperationCount> errors_;

  std::deque<Work> background_;
  std::set<std::string> locks_;
  std::uint64_t changes_ = 0;
  std::uint64_t digest_ = 0;
  bool accounts_ = true;
  std::uint64_t slept_micros_ = 0;
};

// While it lives, LevelDB calls of this thread that wait for background work run `env`'s.
class RunningEnv {
 public:
  explicit RunningEnv(SimEnv& env);
  ~RunningEnv();

  RunningEnv(const RunningEnv&) = delete;
  RunningEnv& operator=(const RunningEnv&) = delete;

 private:
  SimEnv* const before_;
};

}  // namespace holdfast::sim
