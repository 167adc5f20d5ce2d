#include "real/server/backup.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "protocol/env/check.h"

#include "real/server/data_directory.h"

namespace holdfast::real {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr std::uint64_t kOldCluster = 7;

const BackupHead kHead{.cluster = kOldCluster,
                       .log = 1,
                       .cluster_name = "old",
                       .begin = Position{3},
                       .end = Position{9},
                       .taken = 1'700'000'000};

ReadEntry entry(std::uint64_t position, std::string bytes, IdempotencyKey key = {}) {
  return {Position{position}, std::make_shared<const std::string>(std::move(bytes)), key};
}

class BackupTest : public ::testing::Test {
 protected:
  BackupTest() {
    std::string pattern = fs::temp_directory_path() / "holdfast-backup-XXXXXX";
    HOLDFAST_CHECK(::mkdtemp(pattern.data()) != nullptr);
    root_ = pattern;
    file_ = root_ + "/backup";
  }

  ~BackupTest() override { fs::remove_all(root_); }

  void write(const std::vector<ReadEntry>& entries) {
    const auto writer = BackupWriter::create(file_, kHead);
    HOLDFAST_CHECK(writer.has_value());
    for (const ReadEntry& one : entries)
      HOLDFAST_CHECK((*writer)->add(one).has_value());
    HOLDFAST_CHECK((*writer)->finish().has_value());
  }

  void write_some() { write({entry(4, "four"), entry(5, "", {8, 9}), entry(8, "eight")}); }

  // The entries' bytes, or what is wrong.
  std::string read() {
    const auto reader = BackupReader::open(file_);
    if (!reader) return reader.error();
    std::string text;
    while (true) {
      const auto next = (*reader)->next();
      if (!next) return next.error();
      if (!*next) return text;
      text += std::to_string((*next)->position.value) + *(*next)->bytes + " ";
    }
  }

  std::string bytes() const {
    std::ifstream in(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  void overwrite(const std::string& with) {
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << with;
  }

  Config config(std::uint64_t cluster) const {
    Config config;
    config.cluster = cluster;
    config.file = "member1.toml";
    config.members = {{NodeId{1}, {}, {}, {}}, {NodeId{2}, {}, {}, {}}};
    config.self = Config::Self{NodeId{1}, root_ + "/data"};
    config.node.cluster = cluster;
    config.node.self = NodeId{1};
    config.node.membership = Membership({NodeId{1}, NodeId{2}});
    return config;
  }

  std::string root_;
  std::string file_;
};

TEST_F(BackupTest, IsReadAsItWasWritten) {
  write_some();
  EXPECT_EQ(read(), "4four 5 8eight ");
  EXPECT_EQ((*BackupReader::open(file_))->head(), kHead);
  EXPECT_FALSE(fs::exists(file_ + ".part"));
  const auto reader = BackupReader::open(file_);
  EXPECT_EQ((**(*reader)->next()).key, IdempotencyKey{});
  EXPECT_EQ((**(*reader)->next()).key, (IdempotencyKey{8, 9}));
}

TEST_F(BackupTest, WhatIsNotFinishedIsNotThere) {
  { EXPECT_TRUE((*BackupWriter::create(file_, kHead))->add(entry(4, "four")).has_value()); }
  EXPECT_FALSE(fs::exists(file_));
  EXPECT_FALSE(fs::exists(file_ + ".part"));
}

TEST_F(BackupTest, AFileIsNotReplaced) {
  overwrite("precious");
  EXPECT_THAT(BackupWriter::create(file_, kHead).error(), HasSubstr("name a new file"));
  EXPECT_EQ(bytes(), "precious");
  EXPECT_THAT(BackupWriter::create(root_ + "/none/backup", kHead).error(),
              HasSubstr("cannot be made"));
}

TEST_F(BackupTest, EveryDamageIsNoticed) {
  write_some();
  const std::string whole = bytes();
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x41);
    overwrite(damaged);
    EXPECT_THAT(read(), HasSubstr(file_ + ": at byte")) << i;
    overwrite(whole.substr(0, i));
    EXPECT_THAT(read(), HasSubstr(file_ + ": at byte")) << i;
  }
  overwrite(whole + "x");
  EXPECT_THAT(read(), HasSubstr("something follows"));
}

TEST_F(BackupTest, MakesADirectoryOfANewCluster) {
  write_some();
  const auto wanted = restored_cluster(file_);
  ASSERT_TRUE(wanted.has_value()) << wanted.error();
  const Config made = config(*wanted);
  const auto restored = restore(file_, made);
  ASSERT_TRUE(restored.has_value()) << restored.error().text;

  const auto directory = DataDirectory::take(made);
  ASSERT_TRUE(directory.has_value()) << directory.error().text;
  const auto store = make_store(*directory, made);
  const auto opened = store->open();
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  EXPECT_EQ(opened->metadata.status, Status::kVoting);
  EXPECT_EQ(opened->metadata.cluster, *wanted);
  EXPECT_EQ(opened->begin.position, kHead.begin);
  EXPECT_EQ(opened->end, kHead.end);
  EXPECT_TRUE(opened->unlearned.empty());
  EXPECT_EQ(opened->keys, (std::vector<KeyedPosition>{{Position{5}, {8, 9}}}));
  const auto records = store->read(kHead.begin, kHead.end, 1 << 20);
  ASSERT_EQ(records->size(), 7u);
  for (std::size_t i = 0; i < records->size(); ++i) {
    const Action& action = (*records)[i];
    EXPECT_EQ(action.position, Position{3 + i});
    EXPECT_TRUE(action.learned);
    const bool is_entry = i == 1 || i == 2 || i == 5;
    EXPECT_EQ(action.value->type, is_entry ? ValueType::kAppend : ValueType::kNop) << i;
  }
}

TEST_F(BackupTest, AnotherBackupIsAnotherCluster) {
  write_some();
  const auto one = restored_cluster(file_);
  fs::remove(file_);
  write({entry(4, "four"), entry(5, "", {8, 10}), entry(8, "eight")});
  const auto other = restored_cluster(file_);
  EXPECT_NE(*one, *other);
  for (const std::uint64_t cluster : {kOldCluster, *one}) {
    const auto refused = restore(file_, config(cluster));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, StoreError::Kind::kForeign);
    EXPECT_THAT(refused.error().text, HasSubstr("write id = " + std::to_string(*other)));
    EXPECT_FALSE(fs::exists(root_ + "/data"));
  }
}

TEST_F(BackupTest, ADirectoryWithALogIsLeftAlone) {
  write_some();
  const Config made = config(*restored_cluster(file_));
  ASSERT_TRUE(restore(file_, made).has_value());
  const auto again = restore(file_, made);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().kind, StoreError::Kind::kForeign);
  EXPECT_THAT(again.error().text, HasSubstr("holds a log already"));
}

TEST_F(BackupTest, WhatWasCutShortIsTakenByNobody) {
  write_some();
  const Config made = config(*restored_cluster(file_));
  fs::create_directory(root_ + "/data");
  std::ofstream(root_ + "/data/filling") << "";
  for (const auto& taken :
       {DataDirectory::take(made).map([](const auto&) {}), restore(file_, made)}) {
    ASSERT_FALSE(taken.has_value());
    EXPECT_THAT(taken.error().text, HasSubstr("was cut short; remove it"));
  }
}

}  // namespace
}  // namespace holdfast::real
