#include "sim/sim_env.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>  // lint: allow(thread) the hook must leave other threads alone
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/leveldb_fixture.h"

namespace holdfast::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SimEnvTest : public ::testing::Test {
 protected:
  // Null and a failure of the test if it cannot be opened.
  std::unique_ptr<leveldb::WritableFile> create(const std::string& path) {
    leveldb::WritableFile* file = nullptr;
    EXPECT_TRUE(env_.NewWritableFile(path, &file).ok());
    return std::unique_ptr<leveldb::WritableFile>(file);
  }

  std::string read(const std::string& path) {
    std::string bytes;
    const leveldb::Status status = leveldb::ReadFileToString(&env_, path, &bytes);
    return status.ok() ? bytes : status.ToString();
  }

  DiskFaultCounts faults_;
  FileSystem files_{DirectoryModel::kStrictPosix};
  SimEnv env_{files_, 42, faults_};
};

TEST_F(SimEnvTest, FilesReadBackAsWritten) {
  EXPECT_TRUE(env_.CreateDir("/d").ok());
  const auto file = create("/d/b");
  EXPECT_TRUE(file->Append("hello ").ok());
  EXPECT_TRUE(file->Append("world").ok());
  create("/d/a");
  std::vector<std::string> names;
  EXPECT_TRUE(env_.GetChildren("/d", &names).ok());
  EXPECT_THAT(names, ElementsAre("a", "b"));
  std::uint64_t size = 0;
  EXPECT_TRUE(env_.GetFileSize("/d/b", &size).ok());
  EXPECT_EQ(size, 11u);
  EXPECT_EQ(read("/d/b"), "hello world");
  EXPECT_TRUE(env_.RenameFile("/d/b", "/d/a").ok());
  EXPECT_EQ(read("/d/a"), "hello world");
  EXPECT_TRUE(env_.GetFileSize("/d/b", &size).IsNotFound());
  EXPECT_THAT(read("/d/b"), HasSubstr("No such file or directory"));

  leveldb::WritableFile* more = nullptr;
  EXPECT_TRUE(env_.NewAppendableFile("/d/a", &more).ok());
  EXPECT_TRUE(more->Append("!").ok());
  delete more;
  leveldb::RandomAccessFile* random = nullptr;
  EXPECT_TRUE(env_.NewRandomAccessFile("/d/a", &random).ok());
  leveldb::Slice part;
  EXPECT_TRUE(random->Read(6, 100, &part, nullptr).ok());
  EXPECT_EQ(part.ToString(), "world!");
  EXPECT_EQ(part.data(), files_.find("/d/a")->bytes.data() + 6) << "no copy";
  EXPECT_FALSE(random->Read(13, 1, &part, nullptr).ok());
  delete random;
  EXPECT_TRUE(env_.RemoveFile("/d/a").ok());
  EXPECT_TRUE(env_.RemoveDir("/d").ok());
  EXPECT_FALSE(env_.FileExists("/d"));
}

TEST_F(SimEnvTest, LocksExcludeEachOtherWithinALife) {
  leveldb::FileLock* first = nullptr;
  leveldb::FileLock* second = nullptr;
  EXPECT_TRUE(env_.LockFile("/LOCK", &first).ok());
  EXPECT_FALSE(env_.LockFile("/LOCK", &second).ok());
  env_.die();
  env_.begin_life();
  EXPECT_TRUE(env_.LockFile("/LOCK", &second).ok()) << "a lock dies with its process";
  EXPECT_TRUE(env_.UnlockFile(first).ok());
  EXPECT_FALSE(env_.LockFile("/LOCK", &first).ok()) << "the dead life must not unlock it";
  EXPECT_TRUE(env_.UnlockFile(second).ok());
}

TEST_F(SimEnvTest, TimeMovesOnlyBySleeping) {
  EXPECT_EQ(env_.NowMicros(), 0u);
  env_.SleepForMicroseconds(1'000);
  EXPECT_EQ(env_.NowMicros(), 1'000u);
}

TEST_F(SimEnvTest, ADeadLifeCannotWriteIntoTheNext) {
  const auto old_file = create("/f");
  EXPECT_TRUE(old_file->Append("old").ok());
  env_.die();
  EXPECT_FALSE(old_file->Append("x").ok());
  EXPECT_FALSE(env_.FileExists("/f"));
  leveldb::WritableFile* refused = nullptr;
  EXPECT_FALSE(env_.NewWritableFile("/g", &refused).ok());
  env_.begin_life();
  EXPECT_FALSE(old_file->Append("y").ok());
  EXPECT_FALSE(old_file->Sync().ok());
  EXPECT_EQ(read("/f"), "old");
}

TEST_F(SimEnvTest, DiesAtTheChosenChangeAndTearsIt) {
  const auto file = create("/f");
  bool part = false;
  std::uint64_t tear = 0;
  while (!part) {
    files_.wipe();
    env_.die();
    env_.begin_life();
    const auto again = create("/f");
    env_.die_after(2, tear++);
    EXPECT_TRUE(again->Append("first").ok());
    EXPECT_TRUE(again->Sync().ok());
    EXPECT_FALSE(again->Append("second").ok());
    EXPECT_TRUE(env_.dead());
    EXPECT_FALSE(again->Append("third").ok());
    const std::string found = files_.find("/f")->bytes;
    EXPECT_TRUE(std::string("firstsecond").starts_with(found)) << found;
    part = found.size() > 5 && found.size() < 11;
    ASSERT_LT(tear, 100u);
  }
}

TEST_F(SimEnvTest, InjectedErrorsAreReportedAndCounted) {
  const auto file = create("/f");
  env_.fail_nth(DiskOperation::kAppend, 2);
  EXPECT_TRUE(file->Append("1").ok());
  EXPECT_THAT(file->Append("2").ToString(), HasSubstr("Input/output error"));
  env_.fail_nth(DiskOperation::kSync, 1);
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_TRUE(file->Sync().ok());
  env_.fail_nth(DiskOperation::kOpen, 1);
  std::uint64_t size = 0;
  EXPECT_FALSE(env_.GetFileSize("/f", &size).ok());
  env_.fail_nth(DiskOperation::kRead, 1);
  EXPECT_THAT(read("/f"), HasSubstr("Input/output error"));
  env_.fail_nth(DiskOperation::kDirectory, 1);
  EXPECT_FALSE(env_.sync_directory("/").ok());
  for (const DiskFault fault : {DiskFault::kAppendError,
                                DiskFault::kSyncError,
                                DiskFault::kOpenError,
                                DiskFault::kReadError,
                                DiskFault::kDirectoryError}) {
    EXPECT_EQ(faults_.of(fault), 1u) << name_of(fault);
  }
  env_.set_errors(DiskOperation::kSync, 250'000);
  int failed = 0;
  for (int i = 0; i < 1'000; ++i)
    failed += file->Sync().ok() ? 0 : 1;
  EXPECT_GT(failed, 200);
  EXPECT_LT(failed, 300);
  env_.clear_errors();
  EXPECT_TRUE(file->Sync().ok());
}

TEST_F(SimEnvTest, ManifestsSyncTheirDirectory) {
  EXPECT_TRUE(env_.CreateDir("/d").ok());
  EXPECT_TRUE(env_.sync_directory("/").ok());
  create("/d/000003.log");
  EXPECT_TRUE(create("/d/other")->Sync().ok());
  EXPECT_TRUE(create("/d/MANIFEST-000002")->Sync().ok());
  create("/d/late");
  env_.die();
  files_.lose_power({}, 1);
  env_.begin_life();
  std::vector<std::string> names;
  EXPECT_TRUE(env_.GetChildren("/d", &names).ok());
  EXPECT_THAT(names, ElementsAre("000003.log", "MANIFEST-000002", "other"));
}

TEST_F(SimEnvTest, AFullDiskSaysSoAndTakesBackFreedSpace) {
  create("/big")->Append(std::string(100, 'x'));
  env_.set_free_space(10);
  const auto file = create("/f");
  EXPECT_TRUE(file->Append("12345678").ok());
  EXPECT_THAT(file->Append("9abc").ToString(), HasSubstr("No space left on device"));
  EXPECT_EQ(read("/f"), "123456789a") << "what fits is written, as a short write does";
  EXPECT_EQ(faults_.of(DiskFault::kFull), 1u);
  EXPECT_TRUE(env_.RemoveFile("/big").ok());
  EXPECT_TRUE(file->Append(std::string(100, 'y')).ok());
  EXPECT_FALSE(file->Append("z").ok());
  env_.clear_free_space();
  EXPECT_TRUE(file->Append("z").ok());
}

TEST_F(SimEnvTest, LogsAreWrittenIntoZeros) {
  env_.set_log_padding(8);
  const auto log = create("/000003.log");
  EXPECT_TRUE(log->Append("abc").ok());
  EXPECT_EQ(read("/000003.log"), "abc" + std::string(5, '\0'));
  EXPECT_TRUE(log->Sync().ok());
  EXPECT_TRUE(log->Append("defgh").ok());
  EXPECT_EQ(read("/000003.log"), "abcdefgh");
  EXPECT_TRUE(log->Append(std::string(9, 'x')).ok());
  EXPECT_EQ(read("/000003.log"), "abcdefgh" + std::string(9, 'x') + std::string(7, '\0'));
  const auto table = create("/000004.ldb");
  EXPECT_TRUE(table->Append("abc").ok());
  EXPECT_EQ(read("/000004.ldb"), "abc");
}

TEST_F(SimEnvTest, WhatALogLosesReadsAsZeros) {
  for (const UnsyncedData data :
       {UnsyncedData::kLost, UnsyncedData::kPrefix, UnsyncedData::kTorn}) {
    files_.wipe();
    env_.set_log_padding(4096);
    const auto log = create("/000003.log");
    EXPECT_TRUE(env_.sync_directory("/").ok());
    EXPECT_TRUE(log->Append(std::string(100, 'a')).ok());
    EXPECT_TRUE(log->Sync().ok());
    EXPECT_TRUE(log->Append(std::string(2000, 'b')).ok());
    env_.die();
    files_.lose_power({.data = data}, 3);
    env_.begin_life();
    const std::string found = read("/000003.log");
    ASSERT_EQ(found.size(), 4096u) << static_cast<int>(data);
    EXPECT_EQ(found.substr(0, 100), std::string(100, 'a'));
    const std::size_t end = found.find('\0');
    ASSERT_GE(end, 100u);
    EXPECT_EQ(found.find_first_not_of('b', 100), end);
    EXPECT_EQ(found.find_first_not_of('\0', end), std::string::npos);
    if (data == UnsyncedData::kLost) {
      EXPECT_EQ(end, 100u);
    }
  }
}

TEST_F(SimEnvTest, WhereZerosDoNotFitALogGrows) {
  env_.set_log_padding(64);
  env_.set_free_space(100);
  const auto log = create("/000003.log");
  EXPECT_TRUE(log->Append(std::string(64, 'a')).ok()) << "128 do not fit";
  EXPECT_EQ(read("/000003.log").size(), 64u);
  EXPECT_TRUE(log->Append(std::string(36, 'b')).ok());
  EXPECT_FALSE(log->Append("c").ok());
  EXPECT_EQ(faults_.of(DiskFault::kFull), 1u);
}

TEST_F(SimEnvTest, ASyncOfZerosThatFailsIsTold) {
  env_.set_log_padding(64);
  const auto log = create("/000003.log");
  EXPECT_TRUE(log->Append("a").ok());
  env_.fail_nth(DiskOperation::kSync, 1);
  EXPECT_TRUE(log->Append("b").ok());
  EXPECT_FALSE(log->Append(std::string(64, 'c')).ok());
  EXPECT_EQ(faults_.of(DiskFault::kSyncError), 1u);
}

TEST_F(SimEnvTest, LevelDbOnAFullDiskFailsThenRecovers) {
  {
    Database database(env_, DirectorySyncs::kAdded);
    ASSERT_TRUE(database.opened().ok());
    EXPECT_TRUE(database.put("a", "acknowledged").ok());
    env_.set_free_space(40);
    EXPECT_THAT(database.put("b", std::string(100, 'b')).ToString(),
                HasSubstr("No space left on device"));
  }
  env_.begin_life();
  env_.clear_free_space();
  Database database(env_, DirectorySyncs::kAdded);
  ASSERT_TRUE(database.opened().ok()) << database.opened().ToString();
  std::string value;
  EXPECT_TRUE(database.get("a", &value).ok());
  EXPECT_EQ(value, "acknowledged");
  EXPECT_TRUE(database.put("b", "fits now").ok());
}

// An error LevelDB meets must reach the caller: at once, or at the next write at the latest.  With
// fail-stop at the first error nothing acknowledged may be missing.
TEST(SimEnvErrors, NoInjectedErrorIsSilent) {
  const std::vector<DiskOperation> kinds = {
      DiskOperation::kOpen, DiskOperation::kAppend, DiskOperation::kSync};
  for (const DiskOperation kind : kinds) {
    int struck = 0;
    for (std::uint64_t nth = 1; nth <= 60; ++nth) {
      DiskFaultCounts faults;
      FileSystem files(DirectoryModel::kStrictPosix);
      SimEnv env(files, 7, faults);
      int acknowledged = 0;
      bool reported = false;
      {
        Database database(env, DirectorySyncs::kAdded);
        ASSERT_TRUE(database.opened().ok());
        env.fail_nth(kind, nth);
        while (!reported && acknowledged < 100) {
          reported = !database.put(std::to_string(acknowledged), std::string(2'000, 'v')).ok();
          if (!reported) ++acknowledged;
        }
        struck += faults.of(error_fault(kind)) > 0 ? 1 : 0;
        if (faults.of(error_fault(kind)) > 0) {
          EXPECT_TRUE(reported) << name_of(error_fault(kind)) << " " << nth;
        }
        env.die();
        env.drain();
      }
      files.lose_power({.data = UnsyncedData::kPrefix}, nth);
      env.begin_life();
      env.clear_errors();
      Database database(env, DirectorySyncs::kAdded);
      ASSERT_TRUE(database.opened().ok()) << database.opened().ToString();
      for (int i = 0; i < acknowledged; ++i) {
        std::string value;
        EXPECT_TRUE(database.get(std::to_string(i), &value).ok()) << i;
      }
    }
    EXPECT_GT(struck, 5) << name_of(error_fault(kind));
  }
}

TEST_F(SimEnvTest, WaitsInsideLevelDbRunTheQueuedWork) {
  Database database(env_, DirectorySyncs::kAdded);
  const RunningEnv running(env_);
  leveldb::WriteOptions options;
  // No drain: the second memtable switch has to wait for the first flush.
  for (int i = 0; i < 2'000; ++i) {
    ASSERT_TRUE(database.db().Put(options, std::to_string(i), std::string(1'000, 'v')).ok());
  }
  database.db().CompactRange(nullptr, nullptr);
  env_.drain();
  std::string value;
  EXPECT_TRUE(database.get("1999", &value).ok());
}

TEST_F(SimEnvTest, ALifeEndsWithBackgroundWorkQueued) {
  {
    Database database(env_, DirectorySyncs::kAdded);
    leveldb::WriteOptions options;
    int written = 0;
    while (!env_.has_background_work() && written < 1'000) {
      ASSERT_TRUE(
          database.db().Put(options, std::to_string(written++), std::string(1'000, 'v')).ok());
    }
    ASSERT_TRUE(env_.has_background_work());
    env_.die();
  }
  EXPECT_FALSE(env_.has_background_work());
  env_.begin_life();
}

TEST_F(SimEnvTest, OtherThreadsReallyWait) {
  std::mutex mutex;
  std::condition_variable condition;
  bool waits = false;
  bool ready = false;
  bool woken = false;
  const RunningEnv running(env_);
  // lint: allow(thread) the hook must leave other threads alone
  std::thread waiter([&] {
    std::unique_lock<std::mutex> lock(mutex);
    waits = true;
    condition.wait(lock, [&] { return ready; });
    woken = true;
  });
  while (!ready) {
    const std::lock_guard<std::mutex> lock(mutex);
    ready = waits;
  }
  condition.notify_all();
  waiter.join();
  EXPECT_TRUE(woken);
}

TEST_F(SimEnvTest, ADeadlockIsTold) {
  std::mutex mutex;
  std::condition_variable condition;
  const auto wait_for_ever = [&] {
    const RunningEnv running(env_);
    std::unique_lock<std::mutex> lock(mutex);
    condition.wait(lock);
  };
  EXPECT_DEATH(wait_for_ever(), "deadlock: LevelDB waits");
  EXPECT_DEATH(env_.StartThread(nullptr, nullptr), "one thread");
}

}  // namespace
}  // namespace holdfast::sim
