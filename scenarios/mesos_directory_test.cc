// Directories as each release of Mesos leaves them, made by hand with LevelDB and without our
// codec: three members open theirs, elect, append, truncate, and open them again.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <leveldb/db.h>
#include <nlohmann/json.hpp>

#include "protocol/test_cluster.h"

#include "storage/inspect.h"
#include "storage/leveldb_store.h"
#include "storage/overlay_env.h"

namespace holdfast::scenarios {
namespace {

using storage::Detail;
using storage::inspect;
using storage::LevelDbStore;
using storage::OverlayEnv;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kDirectory = "log";

// ---- What Mesos writes, byte by byte

std::string varint(std::uint64_t n) {
  std::string bytes;
  for (; n >= 128; n >>= 7)
    bytes += static_cast<char>(128 | (n & 127));
  return bytes + static_cast<char>(n);
}

std::string number(unsigned field, std::uint64_t n) {
  return varint(field << 3) + varint(n);
}

std::string part(unsigned field, const std::string& bytes) {
  return varint(field << 3 | 2) + varint(bytes.size()) + bytes;
}

std::string ten_digits(std::uint64_t n) {
  const std::string digits = std::to_string(n);
  return std::string(10 - digits.size(), '0') + digits;
}

std::string twenty_digits(std::uint64_t n) {
  const std::string digits = std::to_string(n);
  return "A" + std::string(20 - digits.size(), '0') + digits;
}

using Entry = std::pair<std::string, std::string>;

constexpr std::uint64_t kVoting = 1;
constexpr std::uint64_t kRecovering = 2;
constexpr std::uint64_t kStarting = 3;

Entry metadata(std::uint64_t status, std::uint64_t promised) {
  return {ten_digits(0), number(1, 3) + part(4, number(1, status) + number(2, promised))};
}

Entry promise_record(std::uint64_t proposal) {
  return {ten_digits(0), number(1, 1) + part(2, number(1, proposal))};
}

Entry record(std::uint64_t position, const std::string& action) {
  const std::uint64_t n = position + 1;
  return {n <= 9'999'999'999 ? ten_digits(n) : twenty_digits(n),
          number(1, 2) + part(3, number(1, position) + action)};
}

Entry promise_only(std::uint64_t position, std::uint64_t promised) {
  return record(position, number(2, promised));
}

std::string nop() {
  return number(5, 1) + part(6, "");
}

std::string tombstone() {
  return number(5, 1) + part(6, number(1, 1));
}

std::string append(const std::string& bytes) {
  return number(5, 2) + part(7, part(1, bytes));
}

std::string truncate(std::uint64_t to) {
  return number(5, 3) + part(8, number(1, to));
}

Entry written(std::uint64_t position,
              std::uint64_t promised,
              std::uint64_t performed,
              const std::string& value) {
  return record(position, number(2, promised) + number(3, performed) + value);
}

Entry learned(std::uint64_t position, std::uint64_t proposal, const std::string& value) {
  return record(position, number(2, proposal) + number(3, proposal) + number(4, 1) + value);
}

// ---- The directories

struct Fixture {
  const char* name;
  // Of the members 1 to 3.
  std::vector<std::vector<Entry>> directories;
  // What the log holds once somebody is elected.
  std::uint64_t begin;
  std::uint64_t end;
  std::vector<std::string> entries;
};

// Before 0.17: a PROMISE record, and no status.  Position 3 is written by a quorum, learned by
// none.
Fixture before_0_17() {
  const std::vector<Entry> common{promise_record(9),
                                  learned(0, 2, nop()),
                                  learned(1, 2, append("one")),
                                  learned(2, 9, append("two"))};
  std::vector<Entry> voted = common;
  voted.push_back(written(3, 9, 9, append("three")));
  return {"before_0_17", {voted, voted, common}, 0, 3, {"one", "two", "three"}};
}

// 0.17 to 1.4: holes, promises without a value, and a vote above its promise (gap G1).
Fixture of_0_17() {
  return {"of_0_17",
          {{metadata(kVoting, 300),
            learned(0, 1, nop()),
            learned(1, 1, append("one")),
            written(2, 1, 300, append("two")),
            promise_only(3, 301)},
           {metadata(kVoting, 300), learned(0, 1, nop()), written(2, 1, 300, append("two"))},
           {metadata(kVoting, 1), learned(0, 1, nop()), learned(1, 1, append("one"))}},
          0,
          3,
          {"one", "two"}};
}

// Killed in the middle of its recovery: it has no number, which it needs before it may vote here.
Fixture recovering() {
  const std::vector<Entry> whole{metadata(kVoting, 4),
                                 learned(0, 1, nop()),
                                 learned(1, 1, append("one")),
                                 learned(2, 4, append("two"))};
  return {"recovering",
          {whole, whole, {metadata(kRecovering, 0), learned(0, 1, nop())}},
          0,
          2,
          {"one", "two"}};
}

// A member of a cluster that initialised itself (since 0.19), killed between its two phases.
Fixture of_0_19() {
  return {"of_0_19",
          {{metadata(kVoting, 1), learned(0, 1, nop()), learned(1, 1, append("one"))},
           {metadata(kVoting, 1), learned(0, 1, nop()), learned(1, 1, append("one"))},
           {metadata(kStarting, 0)}},
          0,
          1,
          {"one"}};
}

// Since 1.5: tombstones.  The promise of a recovered replica is 0, and so are its tombstone's
// ballots.  Its deletions (never synced up to 1.11.0) were lost.
Fixture of_1_5() {
  return {"of_1_5",
          {{metadata(kVoting, 0),
            learned(1, 1, append("forgotten")),
            promise_only(2, 7),
            learned(3, 0, tombstone()),
            learned(4, 2, append("four")),
            learned(5, 2, append("five"))},
           {metadata(kVoting, 2),
            learned(4, 2, append("four")),
            learned(5, 2, append("five")),
            learned(6, 2, truncate(4))},
           {metadata(kVoting, 2),
            learned(0, 1, nop()),
            learned(1, 1, append("forgotten")),
            learned(2, 1, append("forgotten")),
            learned(3, 1, append("forgotten")),
            learned(4, 2, append("four"))}},
          4,
          6,
          {"four", "five"}};
}

// TRUNCATE past its own position, which Mesos does not refuse: it deletes the record that says so,
// and after a restart the truncation is forgotten.  Member 1 was killed before the deletion.
Fixture truncate_past_itself() {
  return {"truncate_past_itself",
          {{metadata(kVoting, 2), learned(5, 2, append("five")), learned(6, 2, truncate(9))},
           {metadata(kVoting, 2)},
           {metadata(kVoting, 2)}},
          9,
          8,
          {}};
}

// Up to 1.11.0 the last position whose key is right is 2147483646.
Fixture of_1_11_at_its_last_key() {
  constexpr std::uint64_t kLast = 2'147'483'646;
  const std::vector<Entry> all{metadata(kVoting, 5),
                               learned(kLast - 2, 5, truncate(kLast - 3)),
                               learned(kLast - 1, 5, append("last but one")),
                               learned(kLast, 5, append("last"))};
  return {"of_1_11_at_its_last_key", {all, all, all}, kLast - 3, kLast, {"last but one", "last"}};
}

// Mesos master since 2021: keys of both widths in one log.
Fixture of_master_at_the_wide_keys() {
  constexpr std::uint64_t kWide = 9'999'999'999;  // the first position whose key has 21 letters
  const std::vector<Entry> all{metadata(kVoting, 5),
                               learned(kWide - 2, 5, truncate(kWide - 2)),
                               learned(kWide - 1, 5, append("narrow")),
                               learned(kWide, 5, append("wide")),
                               written(kWide + 1, 5, 5, append("wider"))};
  return {"of_master_at_the_wide_keys",
          {all, all, all},
          kWide - 2,
          kWide + 1,
          {"narrow", "wide", "wider"}};
}

void put_all(leveldb::Env& env, const std::vector<Entry>& entries) {
  leveldb::Options options;
  options.create_if_missing = true;
  options.env = &env;
  leveldb::DB* opened = nullptr;
  ASSERT_TRUE(leveldb::DB::Open(options, kDirectory, &opened).ok());
  const std::unique_ptr<leveldb::DB> db(opened);
  leveldb::WriteOptions synced;
  synced.sync = true;
  for (const auto& [key, value] : entries)
    ASSERT_TRUE(db->Put(synced, key, value).ok());
}

std::optional<std::string> nobody(const std::string&) {
  return std::nullopt;
}

// ---- Every one of them is used like a log of ours

class MesosDirectory : public testing::TestWithParam<Fixture> {
 protected:
  void SetUp() override {
    for (std::size_t i = 0; i < envs.size(); ++i)
      put_all(envs[i], GetParam().directories[i]);
  }

  std::shared_ptr<ReplicaStore> store_of(NodeId id) {
    return std::make_shared<LevelDbStore>(envs.at(id.value - 1u), kDirectory);
  }

  test::ClusterOptions members() {
    return {.store = [this](NodeId id) { return store_of(id); }};
  }

  static void restart_all(test::Cluster& cluster) {
    for (const std::uint8_t id : {1, 2, 3})
      cluster.crash(id);
    for (const std::uint8_t id : {1, 2, 3})
      cluster.boot(id);
    cluster.run_for(Duration::milliseconds(20));
  }

  // What `holdfast check` and `holdfast dump` say of each.
  void expect_sound(const char* when) {
    for (OverlayEnv& env : envs) {
      const auto before = env.files();
      const storage::Inspection inspection = inspect(env, kDirectory, nobody);
      EXPECT_EQ(exit_code(inspection), 0) << when << "\n" << to_text(inspection, Detail::kSummary);
      const auto json = nlohmann::json::parse(to_json(inspection, Detail::kRecords));
      EXPECT_EQ(json["verdict"], "sound") << when;
      EXPECT_EQ(json["records"].size(), inspection.records.size()) << when;
      EXPECT_EQ(env.files(), before) << when << ": looking changes nothing";
    }
  }

  std::array<OverlayEnv, 3> envs;
};

TEST_P(MesosDirectory, IsCheckedAndDumpedAsItIs) {
  expect_sound("as Mesos left it");
  for (std::size_t i = 0; i < envs.size(); ++i) {
    const auto inspection = inspect(envs[i], kDirectory, nobody);
    ASSERT_TRUE(inspection.metadata.has_value());
    EXPECT_EQ(inspection.metadata->cluster, 0u) << "it belongs to nobody yet";
    EXPECT_EQ(inspection.records.size() + 1, GetParam().directories[i].size());
  }
}

TEST_P(MesosDirectory, IsALogLikeAnyOther) {
  const Fixture& fixture = GetParam();
  {
    test::Cluster cluster(members());
    const auto elected = cluster.elect(1);
    ASSERT_TRUE(elected.ok()) << failure_text(elected.failure);
    EXPECT_EQ(elected.end.value, fixture.end);
    EXPECT_EQ(cluster.image(1).begin().position.value, fixture.begin);
    if (fixture.begin <= fixture.end) {
      EXPECT_EQ(cluster.texts(1, fixture.begin, fixture.end), fixture.entries);
    }
    const WriteResult first = cluster.append(1, "ours");
    ASSERT_EQ(first.outcome, Outcome::kOk);
    EXPECT_EQ(first.position.value, fixture.end + 1);
    restart_all(cluster);
    ASSERT_TRUE(cluster.elect(2).ok());
    ASSERT_EQ(cluster.truncate(2, first.position).outcome, Outcome::kOk);
    ASSERT_EQ(cluster.append(2, "after").outcome, Outcome::kOk);
    cluster.run_for(Duration::seconds(5));
    // Also those that Mesos left on their way to it.
    for (const std::uint8_t id : {1, 2, 3})
      EXPECT_EQ(cluster.image(id).metadata().status, Status::kVoting) << int{id};
    restart_all(cluster);
    const auto again = cluster.elect(1);
    ASSERT_TRUE(again.ok()) << failure_text(again.failure);
    EXPECT_EQ(cluster.image(1).begin().position, first.position);
    EXPECT_THAT(cluster.texts(1, first.position.value, again.end.value),
                ElementsAre("ours", "after"));
    EXPECT_TRUE(cluster.trace.disagreements.empty());
  }
  expect_sound("after we used it");
  const auto inspection = inspect(envs[1], kDirectory, nobody);
  EXPECT_NE(inspection.metadata->cluster, 0u);
  EXPECT_EQ(inspection.metadata->member, NodeId{2});
}

TEST_P(MesosDirectory, BelongsFromThenOnToOneMemberOfOneLog) {
  test::Cluster cluster(members());
  const NodeOptions right = cluster.member(2).options;
  const auto refused = [&](auto change) {
    cluster.crash(2);
    cluster.member(2).options = right;
    change(cluster.member(2).options);
    cluster.boot(2);
    cluster.run_for(Duration::milliseconds(20));
    const auto& stopped = cluster.member(2).stopped;
    return stopped && stopped->kind == StoreError::Kind::kForeign ? stopped->text : "it started";
  };
  EXPECT_THAT(refused([](NodeOptions& o) { o.cluster = 7; }), HasSubstr("cluster 1"));
  EXPECT_THAT(refused([](NodeOptions& o) { o.log = 7; }), HasSubstr("log 1"));
  EXPECT_THAT(refused([](NodeOptions& o) { o.self = NodeId{3}; }), HasSubstr("member 2"));
  EXPECT_THAT(refused([](NodeOptions& o) {
                o.membership = Membership({NodeId{1}, NodeId{2}, NodeId{3}, NodeId{4}});
              }),
              HasSubstr("the members 1, 2, 3, the configuration says 1, 2, 3, 4"));
  EXPECT_EQ(refused([](NodeOptions&) {}), "it started");
}

INSTANTIATE_TEST_SUITE_P(Releases,
                         MesosDirectory,
                         testing::Values(before_0_17(),
                                         of_0_17(),
                                         recovering(),
                                         of_0_19(),
                                         of_1_5(),
                                         truncate_past_itself(),
                                         of_1_11_at_its_last_key(),
                                         of_master_at_the_wide_keys()),
                         [](const auto& test) { return std::string(test.param.name); });

// ---- What no release can read

struct Wrapped {
  const char* name;
  // As "%.10d" prints the low 32 bits of position + 1.
  const char* key;
  std::uint64_t position;
};

class WrappedKeys : public testing::TestWithParam<Wrapped> {};

TEST_P(WrappedKeys, AreRefusedWithWhatHappenedAndWhatToDo) {
  const auto& [name, key, position] = GetParam();
  OverlayEnv env;
  put_all(env,
          {metadata(kVoting, 1),
           learned(4, 1, append("four")),
           {key, learned(position, 1, append("lost")).second}});
  const auto opened = LevelDbStore(env, kDirectory).open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind, StoreError::Kind::kForeign);
  for (const char* said : {"MESOS-10216",
                           "up to 1.11.0",
                           "wrapped around",
                           "the directory of one that is sound",
                           key,
                           kDirectory}) {
    EXPECT_THAT(opened.error().text, HasSubstr(said));
  }
  EXPECT_THAT(opened.error().text, HasSubstr(std::to_string(position)));
  const auto inspection = inspect(env, kDirectory, nobody);
  EXPECT_EQ(exit_code(inspection), 4) << to_text(inspection, Detail::kRecords);
  EXPECT_THAT(to_text(inspection, Detail::kSummary), HasSubstr("MESOS-10216"));
}

INSTANTIATE_TEST_SUITE_P(
    UpTo1_11,
    WrappedKeys,
    testing::Values(Wrapped{"the_first", "-2147483648", 2'147'483'647},
                    Wrapped{"minus_one", "-0000000001", 4'294'967'294},
                    // Over the metadata record: what the replica promised is gone too.
                    Wrapped{"over_the_metadata", "0000000000", 4'294'967'295},
                    // Over the record of position 4.
                    Wrapped{"over_another_position", "0000000005", 4'294'967'300}),
    [](const auto& test) { return std::string(test.param.name); });

// Before 0.17 a replica that had promised nothing kept no record that says it votes.
TEST(OldMesos, RecordsWithoutAStatusAreThoseOfAnEmptyReplica) {
  OverlayEnv env;
  put_all(env, {learned(0, 1, nop()), learned(1, 1, append("one"))});
  LevelDbStore store(env, kDirectory);
  const auto restored = store.open();
  ASSERT_TRUE(restored.has_value()) << restored.error().text;
  EXPECT_EQ(restored->metadata.status, Status::kEmpty);
  EXPECT_EQ(restored->end, Position{1});
}

// LevelDB called its tables .sst up to 1.13, which Mesos bundled before 1.3.
TEST(OldLevelDb, TablesOfItsNameAreRead) {
  OverlayEnv env;
  put_all(env, {metadata(kVoting, 3), learned(0, 1, nop()), learned(1, 1, append("one"))});
  {
    leveldb::Options options;
    options.env = &env;
    leveldb::DB* opened = nullptr;
    ASSERT_TRUE(leveldb::DB::Open(options, kDirectory, &opened).ok());
    const std::unique_ptr<leveldb::DB> db(opened);
    db->CompactRange(nullptr, nullptr);
  }
  int renamed = 0;
  for (const auto& [name, bytes] : env.files()) {
    if (!name.ends_with(".ldb")) continue;
    ASSERT_TRUE(env.RenameFile(name, name.substr(0, name.size() - 3) + "sst").ok());
    ++renamed;
  }
  EXPECT_GT(renamed, 0);
  LevelDbStore store(env, kDirectory);
  const auto restored = store.open();
  ASSERT_TRUE(restored.has_value()) << restored.error().text;
  EXPECT_EQ(restored->end, Position{1});
  EXPECT_EQ(restored->metadata.promised, Ballot{3});
}

}  // namespace
}  // namespace holdfast::scenarios
