#include "real/server/data_directory.h"

#include <filesystem>
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "protocol/env/check.h"

#include "real/server/exit_code.h"

namespace holdfast::real {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using Kind = StoreError::Kind;

class DataDirectoryTest : public ::testing::Test {
 protected:
  DataDirectoryTest() {
    std::string pattern = fs::temp_directory_path() / "holdfast-data-XXXXXX";
    HOLDFAST_CHECK(::mkdtemp(pattern.data()) != nullptr);
    root_ = pattern;
  }

  ~DataDirectoryTest() override { fs::remove_all(root_); }

  Config config(std::uint8_t id = 1, std::uint64_t cluster = 7) const {
    Config config;
    config.cluster = cluster;
    config.members = {{NodeId{1}, {}, {}}, {NodeId{2}, {}, {}}};
    config.self = Config::Self{NodeId{id}, path()};
    config.node.cluster = cluster;
    config.node.self = NodeId{id};
    config.node.membership = Membership({NodeId{1}, NodeId{2}});
    return config;
  }

  std::string path() const { return root_ + "/data"; }

  std::string root_;
};

TEST_F(DataDirectoryTest, IsMadeAndTakenByOne) {
  const auto first = DataDirectory::take(config());
  ASSERT_TRUE(first.has_value()) << first.error().text;
  const auto second = DataDirectory::take(config());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().kind, Kind::kLocked);
  EXPECT_THAT(second.error().text, HasSubstr(path()));
}

TEST_F(DataDirectoryTest, IsFreeAgainAfterwards) {
  EXPECT_TRUE(DataDirectory::take(config()).has_value());
  EXPECT_TRUE(DataDirectory::take(config()).has_value());
}

TEST_F(DataDirectoryTest, OfSomethingElseIsRefused) {
  fs::create_directory(path());
  std::ofstream(path() + "/notes.txt") << "mine";
  const auto taken = DataDirectory::take(config());
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().kind, Kind::kForeign);
  EXPECT_THAT(taken.error().text, HasSubstr("notes.txt"));
  EXPECT_FALSE(fs::exists(path() + "/lock")) << "it was changed";
}

TEST_F(DataDirectoryTest, NeedsItsParent) {
  Config nowhere = config();
  nowhere.self->data_directory = root_ + "/no/data";
  const auto taken = DataDirectory::take(nowhere);
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().kind, Kind::kIo);
  EXPECT_THAT(taken.error().text, HasSubstr("make its parent directory"));
}

TEST_F(DataDirectoryTest, IsInitialisedOnce) {
  const auto made = initialise(config());
  ASSERT_TRUE(made.has_value()) << made.error().text;
  const auto again = initialise(config());
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().kind, Kind::kForeign);
  EXPECT_THAT(again.error().text, HasSubstr("is initialised already"));
  const auto directory = DataDirectory::take(config());
  ASSERT_TRUE(directory.has_value());
  const auto restored = make_store(*directory, config())->open();
  ASSERT_TRUE(restored.has_value());
  EXPECT_EQ(restored->metadata.status, Status::kVoting);
  EXPECT_EQ(restored->metadata.cluster, 7u);
  EXPECT_EQ(restored->metadata.member, NodeId{1});
}

TEST_F(DataDirectoryTest, OfAnotherMemberOrClusterIsRefusedByName) {
  ASSERT_TRUE(initialise(config()).has_value());
  Config longer = config();
  longer.node.membership = Membership({NodeId{1}, NodeId{2}, NodeId{3}});
  const std::pair<Config, const char*> others[] = {
      {config(2), "says \"member 1\", the configuration says \"member 2\""},
      {config(1, 8), "says \"cluster 7\", the configuration says \"cluster 8\""},
      {longer, "says \"members 1 2\", the configuration says \"members 1 2 3\""}};
  for (const auto& [other, said] : others) {
    const auto taken = DataDirectory::take(other);
    ASSERT_FALSE(taken.has_value());
    EXPECT_EQ(exit_code_of(taken.error().kind), ExitCode::kForeign);
    EXPECT_THAT(taken.error().text, HasSubstr(said));
  }
}

// A directory that was never marked, such as one of Mesos: the log itself says whose it is.
TEST_F(DataDirectoryTest, WithoutAnIdentityTheLogDecides) {
  ASSERT_TRUE(initialise(config()).has_value());
  fs::remove(path() + "/identity");
  const auto made = initialise(config(2));
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().text, HasSubstr("belongs to member 1 of cluster 7"));
  EXPECT_FALSE(fs::exists(path() + "/identity")) << "marked as another's";
  const auto directory = DataDirectory::take(config());
  ASSERT_TRUE(directory.has_value());
  ASSERT_TRUE(directory->mark().has_value());
  EXPECT_TRUE(fs::exists(path() + "/identity"));
  EXPECT_TRUE(directory->mark().has_value()) << "once is enough";
}

TEST_F(DataDirectoryTest, InUseIsNotInitialised) {
  const auto held = DataDirectory::take(config());
  ASSERT_TRUE(held.has_value());
  const auto made = initialise(config());
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().kind, Kind::kLocked);
}

TEST(ExitCodes, EveryKindOfFailureHasItsOwn) {
  std::set<int> codes;
  std::set<std::string_view> advice;
  for (const Kind kind : {Kind::kIo, Kind::kFull, Kind::kCorrupt, Kind::kLocked, Kind::kForeign}) {
    EXPECT_TRUE(codes.insert(static_cast<int>(exit_code_of(kind))).second);
    EXPECT_TRUE(advice.insert(advice_for(kind)).second);
  }
}

}  // namespace
}  // namespace holdfast::real
