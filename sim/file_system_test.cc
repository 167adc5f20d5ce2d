#include "sim/file_system.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/env/hash.h"

namespace holdfast::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::shared_ptr<File> make(FileSystem& files, const std::string& path, const std::string& bytes) {
  std::shared_ptr<File> file;
  EXPECT_EQ(files.open(path, FileSystem::Existing::kTruncate, &file), FileError::kNone) << path;
  files.append(*file, bytes);
  return file;
}

std::shared_ptr<File> make_durable(FileSystem& files,
                                   const std::string& path,
                                   const std::string& bytes) {
  const std::shared_ptr<File> file = make(files, path, bytes);
  files.sync(*file);
  EXPECT_EQ(files.sync_directory(path.substr(0, path.rfind('/'))), FileError::kNone);
  return file;
}

std::string read(const FileSystem& files, const std::string& path) {
  const std::shared_ptr<File> file = files.find(path);
  return file ? file->bytes : "(no file)";
}

std::vector<std::string> names(const FileSystem& files, const std::string& path) {
  std::vector<std::string> result;
  EXPECT_EQ(files.list(path, &result), FileError::kNone) << path;
  return result;
}

constexpr PowerLoss kLoseAll{};

TEST(FileSystem, NamesAreCheckedAsByPosix) {
  FileSystem files(DirectoryModel::kStrictPosix);
  EXPECT_EQ(files.make_directory("/a"), FileError::kNone);
  EXPECT_EQ(files.make_directory("/a/"), FileError::kExists);
  EXPECT_EQ(files.make_directory("/"), FileError::kExists);
  EXPECT_EQ(files.make_directory("/x/y"), FileError::kNotFound);
  make(files, "/a/./f", "1");
  EXPECT_TRUE(files.exists("//a///f"));
  EXPECT_EQ(files.make_directory("/a/f/b"), FileError::kNotDirectory);
  EXPECT_EQ(files.make_directory("/a/../b"), FileError::kInvalid);
  EXPECT_EQ(files.remove("/a"), FileError::kIsDirectory);
  EXPECT_EQ(files.remove("/a/g"), FileError::kNotFound);
  EXPECT_EQ(files.remove_directory("/a"), FileError::kNotEmpty);
  EXPECT_EQ(files.remove_directory("/a/f"), FileError::kNotDirectory);
  EXPECT_EQ(files.rename("/a", "/a/b"), FileError::kInvalid);
  EXPECT_EQ(files.rename("/a/f", "/a/f"), FileError::kNone);
  EXPECT_EQ(files.rename("/a/f", "/a"), FileError::kExists);
  EXPECT_EQ(files.sync_directory("/a/f"), FileError::kNotDirectory);
  EXPECT_EQ(files.sync_directory("/b"), FileError::kNotFound);
  std::shared_ptr<File> file;
  EXPECT_EQ(files.open("/a", FileSystem::Existing::kKeep, &file), FileError::kIsDirectory);
  make(files, "/a/e", "2");
  EXPECT_THAT(names(files, "/a"), ElementsAre("e", "f"));
}

TEST(FileSystem, SyncedBytesNeedASyncedName) {
  FileSystem files(DirectoryModel::kStrictPosix);
  files.sync(*make(files, "/named", "1"));
  EXPECT_EQ(files.sync_directory("/"), FileError::kNone);
  files.sync(*make(files, "/unnamed", "2"));
  const std::shared_ptr<File> named = files.find("/named");
  files.append(*named, " and more");
  EXPECT_EQ(read(files, "/named"), "1 and more");

  const LossReport report = files.lose_power(kLoseAll, 1);
  EXPECT_EQ(report.files_hurt, 1u);
  EXPECT_EQ(report.changes_lost, 1u);
  EXPECT_THAT(names(files, "/"), ElementsAre("named"));
  EXPECT_EQ(read(files, "/named"), "1");
  EXPECT_EQ(files.used_bytes(), 1u);
}

TEST(FileSystem, AJournalCommitsEarlierNamesWithAnySync) {
  FileSystem files(DirectoryModel::kJournaled);
  make(files, "/a", "1");
  files.sync(*make(files, "/b", "2"));
  make(files, "/c", "3");
  files.lose_power(kLoseAll, 1);
  EXPECT_THAT(names(files, "/"), ElementsAre("a", "b"));
  EXPECT_EQ(read(files, "/a"), "") << "its name was committed, its bytes were not";
  EXPECT_EQ(read(files, "/b"), "2");
}

TEST(FileSystem, ADirectoryNotSyncedTakesItsFilesAlong) {
  FileSystem files(DirectoryModel::kStrictPosix);
  EXPECT_EQ(files.make_directory("/d"), FileError::kNone);
  make_durable(files, "/d/f", "1");
  files.lose_power(kLoseAll, 1);
  EXPECT_THAT(names(files, "/"), IsEmpty());
  EXPECT_EQ(files.used_bytes(), 0u);
}

TEST(FileSystem, RenameIsAllOrNothing) {
  int moved = 0;
  for (std::uint64_t key = 0; key < 100; ++key) {
    FileSystem files(DirectoryModel::kStrictPosix);
    make_durable(files, "/new", "new");
    make_durable(files, "/current", "old");
    EXPECT_EQ(files.rename("/new", "/current"), FileError::kNone);
    EXPECT_EQ(files.used_bytes(), 3u);
    files.lose_power({.entries = UnsyncedEntries::kSubset}, mix(key, 5));
    if (files.exists("/new")) {
      EXPECT_EQ(read(files, "/new"), "new");
      EXPECT_EQ(read(files, "/current"), "old");
    } else {
      EXPECT_EQ(read(files, "/current"), "new");
      ++moved;
    }
  }
  EXPECT_GT(moved, 20);
  EXPECT_LT(moved, 80);
}

TEST(FileSystem, AFileRenamedTwiceIsInOnePlace) {
  for (std::uint64_t key = 0; key < 200; ++key) {
    FileSystem files(DirectoryModel::kStrictPosix);
    EXPECT_EQ(files.make_directory("/d"), FileError::kNone);
    EXPECT_EQ(files.sync_directory("/"), FileError::kNone);
    make_durable(files, "/a", "x");
    EXPECT_EQ(files.rename("/a", "/b"), FileError::kNone);
    EXPECT_EQ(files.rename("/b", "/d/c"), FileError::kNone);
    files.lose_power({.entries = UnsyncedEntries::kSubset}, mix(key, 6));
    EXPECT_EQ(files.exists("/a") + files.exists("/b") + files.exists("/d/c"), 1) << key;
    EXPECT_EQ(files.used_bytes(), 1u);
  }
}

TEST(FileSystem, RemovalIsDurableOnlyWithItsDirectory) {
  FileSystem files(DirectoryModel::kStrictPosix);
  make_durable(files, "/kept", "1");
  EXPECT_EQ(files.remove("/kept"), FileError::kNone);
  EXPECT_EQ(files.used_bytes(), 0u);
  EXPECT_FALSE(files.exists("/kept"));
  files.lose_power(kLoseAll, 1);
  EXPECT_EQ(read(files, "/kept"), "1");
  EXPECT_EQ(files.remove("/kept"), FileError::kNone);
  EXPECT_EQ(files.sync_directory("/"), FileError::kNone);
  files.lose_power(kLoseAll, 2);
  EXPECT_FALSE(files.exists("/kept"));
}

TEST(FileSystem, AnUnsyncedTruncationMayComeUndone) {
  bool undone = false;
  bool done = false;
  for (std::uint64_t key = 0; key < 20; ++key) {
    FileSystem files(DirectoryModel::kStrictPosix);
    make_durable(files, "/f", "old content");
    make(files, "/f", "new");
    files.lose_power({.data = UnsyncedData::kPrefix}, mix(key, 7));
    const std::string found = read(files, "/f");
    undone = undone || found == "old content";
    done = done || found == "new";
    EXPECT_TRUE(found == "old content" || std::string("new").starts_with(found)) << found;
  }
  EXPECT_TRUE(undone && done);
}

TEST(FileSystem, AFailedSyncIsNotHealedByALaterOne) {
  bool healed = false;
  bool hole = false;
  for (std::uint64_t key = 0; key < 20; ++key) {
    FileSystem files(DirectoryModel::kStrictPosix);
    const std::shared_ptr<File> file = make_durable(files, "/f", "ab");
    files.append(*file, "cd");
    files.fail_sync(*file);
    files.append(*file, "ef");
    files.sync(*file);
    EXPECT_EQ(read(files, "/f"), "abcdef") << "it stays readable until the power goes";
    files.lose_power(kLoseAll, mix(key, 8));
    healed = healed || read(files, "/f") == "abcdef";
    hole = hole || read(files, "/f") == std::string("ab\0\0ef", 6);
  }
  EXPECT_TRUE(healed && hole);
}

// 300 synced bytes, then letters: one per sector, so that each sector can be told.
std::string after_loss(UnsyncedData kind, std::uint64_t key) {
  FileSystem files(DirectoryModel::kStrictPosix);
  const std::shared_ptr<File> file = make_durable(files, "/f", std::string(300, '.'));
  std::string more(212, 'a');
  for (char letter = 'b'; letter <= 'e'; ++letter)
    more += std::string(512, letter);
  files.append(*file, more + "fff");
  files.lose_power({.data = kind}, key);
  return read(files, "/f");
}

TEST(FileSystem, PowerLossNeverTouchesSyncedBytes) {
  for (const UnsyncedData kind : {UnsyncedData::kLost,
                                  UnsyncedData::kPrefix,
                                  UnsyncedData::kTorn,
                                  UnsyncedData::kSectors,
                                  UnsyncedData::kStretched}) {
    for (std::uint64_t key = 0; key < 50; ++key) {
      EXPECT_EQ(after_loss(kind, mix(key, 9)).substr(0, 300), std::string(300, '.'));
    }
  }
}

TEST(FileSystem, TornFilesEndAtASector) {
  std::vector<bool> seen(7, false);
  for (std::uint64_t key = 0; key < 200; ++key) {
    const std::string found = after_loss(UnsyncedData::kTorn, mix(key, 10));
    EXPECT_EQ(found.find('\0'), std::string::npos);
    const std::vector<std::size_t> ends = {300, 512, 1024, 1536, 2048, 2560, 2563};
    const auto end = std::find(ends.begin(), ends.end(), found.size());
    ASSERT_NE(end, ends.end()) << found.size();
    seen[static_cast<std::size_t>(end - ends.begin())] = true;
  }
  EXPECT_THAT(seen, ::testing::Each(true));
}

TEST(FileSystem, PrefixesEndAnywhere) {
  bool inside_a_sector = false;
  for (std::uint64_t key = 0; key < 50; ++key) {
    const std::string found = after_loss(UnsyncedData::kPrefix, mix(key, 11));
    EXPECT_GE(found.size(), 300u);
    inside_a_sector = inside_a_sector || (found.size() > 512 && found.size() % 512 != 0);
  }
  EXPECT_TRUE(inside_a_sector);
}

TEST(FileSystem, LostSectorsLeaveHolesOfZeros) {
  bool hole_before_data = false;
  bool cut = false;
  for (std::uint64_t key = 0; key < 50; ++key) {
    const std::string found = after_loss(UnsyncedData::kSectors, mix(key, 12));
    for (std::size_t from = 512; from < found.size(); from += 512) {
      const std::string sector = found.substr(from, 512);
      EXPECT_EQ(sector, std::string(sector.size(), sector[0])) << "a sector is whole or zero";
      hole_before_data = hole_before_data || (sector[0] == '\0' && found.back() != '\0');
    }
    cut = cut || found.size() < 2563;
  }
  EXPECT_TRUE(hole_before_data && cut);
}

TEST(FileSystem, StretchedFilesKeepTheirLength) {
  for (std::uint64_t key = 0; key < 50; ++key) {
    const std::string found = after_loss(UnsyncedData::kStretched, mix(key, 13));
    EXPECT_EQ(found.size(), 2563u);
    const std::size_t zeros = found.find('\0');
    if (zeros == std::string::npos) continue;
    EXPECT_EQ(found.find_first_not_of('\0', zeros), std::string::npos);
  }
}

TEST(FileSystem, OneFilesFateDoesNotDependOnAnother) {
  const auto fate = [](bool with_other) {
    FileSystem files(DirectoryModel::kStrictPosix);
    if (with_other) make_durable(files, "/aaa", "synced");
    const std::shared_ptr<File> file = make_durable(files, "/f", "");
    files.append(*file, std::string(1'000, 'x'));
    files.lose_power({.data = UnsyncedData::kPrefix}, 77);
    return read(files, "/f").size();
  };
  EXPECT_EQ(fate(false), fate(true));
}

TEST(FileSystem, AnImageRestoresOldFilesDurably) {
  FileSystem files(DirectoryModel::kStrictPosix);
  EXPECT_EQ(files.make_directory("/d"), FileError::kNone);
  EXPECT_EQ(files.make_directory("/d/e"), FileError::kNone);
  make(files, "/d/e/f", "old");
  const FileSystemImage image = files.snapshot();
  make(files, "/d/e/f", "newer");
  make(files, "/g", "new");
  files.restore(image);
  files.lose_power(kLoseAll, 1);
  EXPECT_EQ(read(files, "/d/e/f"), "old");
  EXPECT_FALSE(files.exists("/g"));
  EXPECT_EQ(files.used_bytes(), 3u);
  files.wipe();
  EXPECT_THAT(names(files, "/"), IsEmpty());
}

TEST(FileSystem, FlipsTheChosenBitOfMatchingFiles) {
  FileSystem files(DirectoryModel::kStrictPosix);
  make(files, "/1.log", "a");
  make(files, "/2.ldb", "b");
  make(files, "/3.log", "cd");
  EXPECT_EQ(files.flip_bit(".tmp", 3), std::nullopt);
  EXPECT_EQ(files.flip_bit(".log", 24 + 9), "/3.log");
  EXPECT_EQ(read(files, "/1.log") + read(files, "/2.ldb") + read(files, "/3.log"), "abad");
}

}  // namespace
}  // namespace holdfast::sim
