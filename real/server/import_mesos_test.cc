#include "real/server/import_mesos.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <leveldb/env.h>
#include <stdlib.h>

#include "protocol/env/check.h"

#include "real/ports/storage_threads.h"
#include "real/server/data_directory.h"
#include "storage/durable_store.h"

namespace holdfast::real {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using Kind = StoreError::Kind;

class ImportMesosTest : public ::testing::Test {
 protected:
  ImportMesosTest() {
    std::string pattern = fs::temp_directory_path() / "holdfast-import-XXXXXX";
    HOLDFAST_CHECK(::mkdtemp(pattern.data()) != nullptr);
    root_ = pattern;
    source_ = root_ + "/replica";
    config_.cluster = 7;
    config_.members = {{NodeId{1}, {}, {}, {}}, {NodeId{2}, {}, {}, {}}};
    config_.self = Config::Self{NodeId{1}, root_ + "/data"};
    config_.node.cluster = 7;
    config_.node.self = NodeId{1};
    config_.node.membership = Membership({NodeId{1}, NodeId{2}});
  }

  ~ImportMesosTest() override { fs::remove_all(root_); }

  std::shared_ptr<ReplicaStore> open_source() const {
    auto store = storage::make_durable_store(*leveldb::Env::Default(), sync_directory, source_, {});
    HOLDFAST_CHECK(store->open().has_value());
    return store;
  }

  // Without the fields that are ours a record is what Mesos writes.
  void make_source(std::uint64_t cluster = 0) const {
    Value value = Value::append(std::make_shared<const std::string>("of Mesos"), {});
    value.checksum.reset();
    WriteBatch batch;
    batch.metadata = Metadata{.status = Status::kVoting, .promised = Ballot{5}, .cluster = cluster};
    batch.actions.push_back({.position = Position{1},
                             .promised = Ballot{5},
                             .performed = Ballot{5},
                             .learned = true,
                             .value = std::move(value)});
    HOLDFAST_CHECK(open_source()->write(batch).has_value());
  }

  StoreError error() const {
    const auto imported = import_mesos(source_, config_);
    return imported ? StoreError{Kind::kIo, "imported"} : imported.error();
  }

  std::string root_;
  std::string source_;
  Config config_;
};

TEST_F(ImportMesosTest, TheDirectoryHoldsTheLog) {
  make_source();
  const auto imported = import_mesos(source_, config_);
  ASSERT_TRUE(imported.has_value()) << imported.error().text;
  const auto directory = DataDirectory::take(config_);
  ASSERT_TRUE(directory.has_value()) << directory.error().text;
  const auto store = make_store(*directory, config_);
  const auto opened = store->open();
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  EXPECT_EQ(opened->metadata.status, Status::kVoting);
  EXPECT_EQ(opened->metadata.promised, Ballot{5});
  const auto records = store->read(Position{1}, Position{1}, 100);
  ASSERT_EQ(records->size(), 1u);
  EXPECT_EQ(*records->at(0).value->bytes, "of Mesos");
  // The source is as it was.
  EXPECT_EQ(open_source()->read(Position{1}, Position{1}, 100)->size(), 1u);
}

TEST_F(ImportMesosTest, OnlyALogOfMesos) {
  EXPECT_EQ(error().kind, Kind::kForeign);
  fs::create_directory(source_);
  EXPECT_EQ(error().kind, Kind::kForeign);
  std::ofstream(source_ + "/letter") << "dear";
  EXPECT_EQ(error().kind, Kind::kForeign);
  fs::remove_all(source_);
  make_source(9);
  EXPECT_EQ(error().kind, Kind::kForeign);
  EXPECT_THAT(error().text, HasSubstr("is a member's of holdfast already"));
  EXPECT_FALSE(fs::exists(root_ + "/data"));
}

TEST_F(ImportMesosTest, ADamagedLogIsNotTaken) {
  make_source();
  for (const auto& file : fs::directory_iterator(source_))
    if (file.path().extension() == ".log") fs::resize_file(file.path(), fs::file_size(file) - 3);
  // A record that was cut off at the end is what a crash leaves; a wrong one in the middle is
  // damage.
  for (const auto& file : fs::directory_iterator(source_)) {
    if (file.path().extension() != ".log") continue;
    std::fstream bytes(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(20);
    bytes.write("damaged", 7);
  }
  EXPECT_THAT(error().text, HasSubstr(source_));
  EXPECT_FALSE(fs::exists(root_ + "/data"));
}

TEST_F(ImportMesosTest, ADirectoryWithALogIsLeftAlone) {
  make_source();
  ASSERT_TRUE(import_mesos(source_, config_).has_value());
  EXPECT_EQ(error().kind, Kind::kForeign);
  EXPECT_THAT(error().text, HasSubstr("holds a log already"));
}

}  // namespace
}  // namespace holdfast::real
