// The Envs: what is synced when, and what an overlay leaves alone.

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/directory_syncing_env.h"
#include "storage/leveldb_store.h"
#include "storage/overlay_env.h"

namespace holdfast::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ParentDirectory, IsWhatLiesBeforeTheLastSlash) {
  EXPECT_EQ(parent_directory("a/b/c"), "a/b");
  EXPECT_EQ(parent_directory("a/b/"), "a");
  EXPECT_EQ(parent_directory("a//b"), "a");
  EXPECT_EQ(parent_directory("a"), ".");
  EXPECT_EQ(parent_directory("/a"), "/");
  EXPECT_EQ(parent_directory("/"), "/");
  EXPECT_EQ(parent_directory(""), ".");
}

class Syncing : public testing::Test {
 protected:
  OverlayEnv files;
  std::vector<std::string> synced;
  int fail_after = 1000;
  DirectorySyncingEnv env{files, [this](const std::string& path) {
                            synced.push_back(path);
                            return --fail_after >= 0;
                          }};

  leveldb::Status create(const std::string& name) {
    leveldb::WritableFile* file = nullptr;
    const leveldb::Status status = env.NewWritableFile(name, &file);
    EXPECT_EQ(status.ok(), file != nullptr);
    delete file;
    return status;
  }
};

TEST_F(Syncing, NewNamesAreSynced) {
  EXPECT_TRUE(create("a/b/1").ok());
  leveldb::WritableFile* file = nullptr;
  EXPECT_TRUE(env.NewAppendableFile("a/2", &file).ok());
  delete file;
  EXPECT_TRUE(env.RenameFile("a/2", "a/3").ok());
  EXPECT_TRUE(env.RenameFile("a/3", "c/3").ok());
  EXPECT_TRUE(env.CreateDir("d/e").ok());
  EXPECT_TRUE(env.RemoveFile("c/3").ok());
  EXPECT_THAT(synced, ElementsAre("a/b", "a", "a", "c", "a", "d"));
}

TEST_F(Syncing, AFailedSyncFailsTheCallAndEveryLaterOne) {
  fail_after = 1;
  EXPECT_TRUE(create("a/1").ok());
  EXPECT_TRUE(create("a/2").IsIOError());
  fail_after = 1000;
  EXPECT_TRUE(create("a/3").IsIOError());
  EXPECT_TRUE(env.RenameFile("a/1", "a/4").IsIOError());
  EXPECT_TRUE(env.CreateDir("b").IsIOError());
}

// However early the sync fails, the store says so, and what was there before opens afterwards: in
// particular LevelDB must not remove the MANIFEST that a rename has just made the current one.
TEST_F(Syncing, AStoreOverItStopsAtAFailedSyncAndLosesNothing) {
  bool failed_somewhere = false;
  for (int n = 0;; ++n) {
    OverlayEnv fresh;
    WriteBatch batch;
    batch.metadata = Metadata{};
    batch.metadata->status = Status::kVoting;
    batch.metadata->promised = Ballot{77};
    {
      DirectorySyncingEnv good(fresh, [](const std::string&) { return true; });
      LevelDbStore store(good, "log");
      ASSERT_TRUE(store.open().has_value());
      ASSERT_TRUE(store.write(batch).has_value());
    }
    int left = n;
    bool opened_early = false;
    {
      DirectorySyncingEnv failing(fresh, [&](const std::string&) { return --left >= 0; });
      LevelDbStore store(failing, "log");
      const auto opened = store.open();
      opened_early = opened.has_value();
      if (!opened) {
        failed_somewhere = true;
        EXPECT_EQ(opened.error().kind, StoreError::Kind::kIo);
        EXPECT_THAT(opened.error().text, HasSubstr("could not be synced"));
      }
    }
    DirectorySyncingEnv good(fresh, [](const std::string&) { return true; });
    LevelDbStore store(good, "log");
    const auto opened = store.open();
    ASSERT_TRUE(opened.has_value()) << n << ": " << opened.error().text;
    EXPECT_EQ(opened->metadata.promised, Ballot{77});
    if (opened_early) break;
  }
  EXPECT_TRUE(failed_somewhere);
}

TEST(Overlay, NeverWritesBelow) {
  OverlayEnv below;
  below.put("d/kept", "kept");
  below.put("d/gone", "gone");
  OverlayEnv above(&below);
  EXPECT_TRUE(leveldb::WriteStringToFile(&above, "new", "d/new").ok());
  EXPECT_TRUE(leveldb::WriteStringToFile(&above, "changed", "d/kept").ok());
  EXPECT_TRUE(above.RemoveFile("d/gone").ok());
  EXPECT_FALSE(above.FileExists("d/gone"));
  EXPECT_TRUE(above.RenameFile("d/new", "d/newer").ok());
  std::vector<std::string> names;
  EXPECT_TRUE(above.GetChildren("d", &names).ok());
  EXPECT_THAT(names, ElementsAre("kept", "newer"));
  std::string bytes;
  EXPECT_TRUE(read_file(above, "d/kept", bytes).ok());
  EXPECT_EQ(bytes, "changed");
  EXPECT_EQ(below.files(),
            (std::map<std::string, std::string>{{"d/gone", "gone"}, {"d/kept", "kept"}}));
}

}  // namespace
}  // namespace holdfast::storage
