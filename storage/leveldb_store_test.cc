// What only the LevelDB store can do wrong: directories of others, damage, full disks.

#include "storage/leveldb_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <leveldb/comparator.h>

#include "storage/key_format.h"
#include "storage/log_file.h"
#include "storage/overlay_env.h"
#include "storage/test_records.h"

namespace holdfast::storage {
namespace {

using testing::HasSubstr;
using Kind = StoreError::Kind;

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return bytes;
}

// A directory written by plain LevelDB, as Mesos does.
void put_all(leveldb::Env& env,
             const std::vector<std::pair<std::string, std::string>>& entries,
             leveldb::CompressionType compression = leveldb::kNoCompression) {
  leveldb::Options options;
  options.create_if_missing = true;
  options.env = &env;
  options.compression = compression;
  leveldb::DB* opened = nullptr;
  ASSERT_TRUE(leveldb::DB::Open(options, "log", &opened).ok());
  const std::unique_ptr<leveldb::DB> db(opened);
  leveldb::WriteOptions synced;
  synced.sync = true;
  for (const auto& [key, value] : entries)
    ASSERT_TRUE(db->Put(synced, key, value).ok());
  db->CompactRange(nullptr, nullptr);
}

StoreResult<Restored> open(leveldb::Env& env) {
  LevelDbStore store(env, "log");
  return store.open();
}

void expect_refused(leveldb::Env& env, Kind kind, const std::string& text) {
  const auto opened = open(env);
  ASSERT_FALSE(opened.has_value()) << text;
  EXPECT_EQ(opened.error().kind, kind) << opened.error().text;
  EXPECT_THAT(opened.error().text, HasSubstr(text));
  EXPECT_THAT(opened.error().text, HasSubstr("log"));
}

const std::string kVoting300 = from_hex("08032205080110ac02");
const std::string kNopAt0 = from_hex("08021a0c080010021802200128013200");
const std::string kHelloAt1 =
    from_hex("08021a19080110011801200128023a0d0a0b68656c6c6f20776f726c64");
const std::string kPromiseAt5 = from_hex("08021a0408051007");
const std::string kTruncateTo7At11 = from_hex("08021a0e080b100118012001280342020807");
const std::string kTombstoneAt3 = from_hex("08021a0e0803100418042001280132020801");

TEST(MesosDirectory, OpensUnchanged) {
  for (const auto compression : {leveldb::kNoCompression, leveldb::kSnappyCompression}) {
    OverlayEnv env;
    put_all(env,
            {{"0000000000", kVoting300},
             {"0000000001", kNopAt0},
             {"0000000002", kHelloAt1},
             {"0000000006", kPromiseAt5}},
            compression);
    LevelDbStore store(env, "log");
    const auto restored = store.open();
    ASSERT_TRUE(restored.has_value()) << restored.error().text;
    EXPECT_EQ(restored->metadata.status, Status::kVoting);
    EXPECT_EQ(restored->metadata.promised, Ballot{300});
    EXPECT_EQ(restored->learned.list(), (std::vector<Interval>{{{0}, {1}}}));
    ASSERT_EQ(restored->unlearned.size(), 1u);
    EXPECT_EQ(restored->unlearned[0].promised, Ballot{7});
    const auto read = store.read({1}, {1}, 1);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(*read->front().value->bytes, "hello world");
    EXPECT_EQ(read->front().value->checksum, std::nullopt);
  }
}

TEST(MesosDirectory, ItsTruncationsAreKnown) {
  OverlayEnv env;
  put_all(env, {{"0000000004", kTombstoneAt3}});
  EXPECT_EQ(open(env)->begin, (Begin{{4}, std::nullopt}));
  put_all(env, {{"0000000012", kTruncateTo7At11}});
  EXPECT_EQ(open(env)->begin, (Begin{{7}, Position{11}}));
  EXPECT_EQ(open(env)->first, Position{3});
}

TEST(MesosDirectory, APromiseRecordMeansVoting) {
  OverlayEnv env;
  put_all(env, {{"0000000000", from_hex("080112020809")}});
  const auto restored = open(env);
  ASSERT_TRUE(restored.has_value());
  EXPECT_EQ(restored->metadata.status, Status::kVoting);
  EXPECT_EQ(restored->metadata.promised, Ballot{9});
}

// What is ours and what is Mesos' has the same bytes, so Mesos tools read a young log of ours.
TEST(MesosDirectory, RecordsWithoutOurFieldsHaveItsBytes) {
  OverlayEnv env;
  {
    LevelDbStore store(env, "log");
    ASSERT_TRUE(store.open().has_value());
    WriteBatch batch;
    batch.metadata.emplace().status = Status::kVoting;
    batch.metadata->promised = {300};
    Action nop = learned({0}, Value::nop());
    nop.promised = nop.performed = {2};
    batch.actions = {nop};
    ASSERT_TRUE(store.write(batch).has_value());
  }
  leveldb::Options options;
  options.env = &env;
  leveldb::DB* opened = nullptr;
  ASSERT_TRUE(leveldb::DB::Open(options, "log", &opened).ok());
  const std::unique_ptr<leveldb::DB> db(opened);
  std::string value;
  ASSERT_TRUE(db->Get({}, "0000000000", &value).ok());
  EXPECT_EQ(value, kVoting300);
  ASSERT_TRUE(db->Get({}, "0000000001", &value).ok());
  EXPECT_EQ(value, kNopAt0);
}

TEST(ForeignDirectory, KeysOfAnotherProgramAreRefused) {
  OverlayEnv env;
  put_all(env, {{"user:1", "alice"}});
  expect_refused(env, Kind::kForeign, "user:1");
}

TEST(ForeignDirectory, WrappedPositionsAreRefused) {
  OverlayEnv env;
  std::string record;
  Codec().encode_record(learned({1ull << 31}, Value::nop()), record);
  put_all(env, {{wrapped_key({1ull << 31}), record}});
  expect_refused(env, Kind::kForeign, "MESOS-10216");
}

TEST(ForeignDirectory, OtherFilesAreRefusedAndKept) {
  OverlayEnv env;
  env.put("log/passwd", "root");
  expect_refused(env, Kind::kForeign, "passwd");
  EXPECT_EQ(env.files().size(), 1u);
}

TEST(ForeignDirectory, AnotherComparatorIsRefused) {
  class Reverse : public leveldb::Comparator {
   public:
    int Compare(const leveldb::Slice& a, const leveldb::Slice& b) const override {
      return b.compare(a);
    }

    const char* Name() const override { return "test.Reverse"; }

    void FindShortestSeparator(std::string*, const leveldb::Slice&) const override {}

    void FindShortSuccessor(std::string*) const override {}
  };

  static const Reverse reverse;
  OverlayEnv other;
  leveldb::Options options;
  options.create_if_missing = true;
  options.env = &other;
  options.comparator = &reverse;
  leveldb::DB* opened = nullptr;
  ASSERT_TRUE(leveldb::DB::Open(options, "log", &opened).ok());
  delete opened;
  expect_refused(other, Kind::kForeign, "comparator");
}

TEST(Damage, AnUndecodableRecordIsNamed) {
  OverlayEnv env;
  put_all(env, {{"0000000002", "garbage"}});
  expect_refused(env, Kind::kCorrupt, "0000000002");
  expect_refused(env, Kind::kCorrupt, "67617262616765");
}

TEST(Damage, ARecordUnderAnotherKeyIsNamed) {
  OverlayEnv env;
  put_all(env, {{"0000000007", kHelloAt1}});
  expect_refused(env, Kind::kCorrupt, "position 1");
}

TEST(Damage, APayloadThatDoesNotMatchItsChecksumIsNamed) {
  OverlayEnv env;
  std::string record;
  Codec().encode_record(learned({1}, text("payload")), record);
  record[record.find("payload")] = 'P';
  put_all(env, {{"0000000002", record}});
  expect_refused(env, Kind::kCorrupt, "checksum");
}

TEST(Damage, AMissingCurrentDestroysNothing) {
  OverlayEnv env;
  put_all(env, {{"0000000001", kNopAt0}});
  ASSERT_TRUE(env.RemoveFile("log/CURRENT").ok());
  const auto before = env.files();
  expect_refused(env, Kind::kCorrupt, "CURRENT is missing");
  EXPECT_EQ(env.files(), before);
}

TEST(Damage, AMissingTableIsRefused) {
  OverlayEnv env;
  put_all(env, {{"0000000001", kNopAt0}});
  for (const auto& [name, bytes] : env.files())
    if (name.ends_with(".ldb")) static_cast<void>(env.RemoveFile(name));
  expect_refused(env, Kind::kCorrupt, "missing files");
}

// ---- The end of the newest log ----

class Tail : public testing::Test {
 protected:
  void SetUp() override {
    OverlayEnv env;
    LevelDbStore store(env, "log");
    ASSERT_TRUE(store.open().has_value());
    for (std::uint64_t p = 0; p < 20; ++p)
      ASSERT_TRUE(store.write(batch_of({learned({p}, text(std::string(2000, 'v')))})).has_value());
    files = env.files();
    for (const auto& [file, bytes] : files)
      if (file.ends_with(".log") && !bytes.empty()) name = file;
  }

  // The last position after opening with `log` in place of the newest log.
  StoreResult<Restored> open_with(const std::string& log) {
    OverlayEnv env;
    for (const auto& [file, bytes] : files)
      env.put(file, file == name ? log : bytes);
    return open(env);
  }

  static std::size_t last_batch_start(std::string_view log) {
    return scan_log(log.substr(0, log.size() - 1)).intact_bytes;
  }

  std::map<std::string, std::string> files;
  std::string name;
};

TEST_F(Tail, AnUnfinishedEditOfTheManifestIsLeftOut) {
  for (auto& [file, bytes] : files)
    if (file.find("MANIFEST") != std::string::npos) bytes += bytes.substr(0, 20);
  const auto restored = open_with(files[name]);
  ASSERT_TRUE(restored.has_value()) << restored.error().text;
  EXPECT_EQ(restored->end, Position{19});
}

TEST_F(Tail, AMissingLogIsRefused) {
  OverlayEnv env;
  for (const auto& [file, bytes] : files)
    if (file != name) env.put(file, bytes);
  expect_refused(env, Kind::kCorrupt, "missing");
}

TEST_F(Tail, AnUnfinishedWriteIsLeftOut) {
  const std::string& log = files[name];
  ASSERT_GT(log.size(), 33'000u);
  // Torn by sectors: any of the last batch's may be zeros.
  for (const std::size_t cut : {1u, 512u, 1000u, 1999u}) {
    std::string torn = log;
    torn.replace(
        torn.size() - cut, std::min<std::size_t>(cut, 512), std::min<std::size_t>(cut, 512), '\0');
    const auto restored = open_with(torn);
    ASSERT_TRUE(restored.has_value()) << cut << " " << restored.error().text;
    EXPECT_EQ(restored->end, Position{18}) << cut;
    const auto shorter = open_with(log.substr(0, log.size() - cut));
    ASSERT_TRUE(shorter.has_value()) << cut << " " << shorter.error().text;
    EXPECT_EQ(shorter->end, Position{18}) << cut;
  }
}

TEST_F(Tail, ZerosAfterTheLastBatchAreLeftOut) {
  for (const std::size_t zeros : {1u, 7u, 512u, 4096u, 1u << 20}) {
    const auto restored = open_with(files[name] + std::string(zeros, '\0'));
    ASSERT_TRUE(restored.has_value()) << zeros << " " << restored.error().text;
    EXPECT_EQ(restored->end, Position{19}) << zeros;
  }
}

TEST_F(Tail, ALogInZerosWithANewerOneBehindItIsWhole) {
  const std::string& log = files[name];
  OverlayEnv env;
  for (const auto& [file, bytes] : files)
    env.put(file, file == name ? log + std::string(100'000, '\0') : bytes);
  // LevelDB was writing a memtable out when it ended.
  env.put("log/000999.log", log + std::string(50'000, '\0'));
  const auto restored = open(env);
  ASSERT_TRUE(restored.has_value()) << restored.error().text;
  EXPECT_EQ(restored->end, Position{19});
}

TEST_F(Tail, AnUnfinishedWriteInZerosIsLeftOut) {
  const std::string& log = files[name];
  for (std::size_t cut = 1; cut < 2000; cut += 37) {
    const auto restored = open_with(log.substr(0, log.size() - cut) + std::string(70'000, '\0'));
    ASSERT_TRUE(restored.has_value()) << cut << " " << restored.error().text;
    EXPECT_EQ(restored->end, Position{18}) << cut;
  }
}

// LevelDB alone would drop, without a word, every batch behind a length that runs past the end.
TEST_F(Tail, DamageWithBatchesBehindItIsRefused) {
  for (const std::size_t zeros : {0u, 40'000u}) {
    std::string log = files[name] + std::string(zeros, '\0');
    std::size_t refused = 0;
    const std::size_t last_batch = last_batch_start(files[name]);
    for (std::size_t bit = 0; bit < last_batch * 8; bit += 101) {
      log[bit / 8] = static_cast<char>(log[bit / 8] ^ 1 << bit % 8);
      const auto restored = open_with(log);
      if (!restored) {
        EXPECT_EQ(restored.error().kind, Kind::kCorrupt);
        ++refused;
      } else {
        EXPECT_EQ(restored->end, Position{19}) << bit;
      }
      log[bit / 8] = static_cast<char>(log[bit / 8] ^ 1 << bit % 8);
    }
    EXPECT_GT(refused, last_batch * 8 / 101 * 9 / 10) << zeros;
  }
}

TEST_F(Tail, ALengthInAnyBatchButTheLastIsRefused) {
  std::string log = files[name];
  const std::size_t start = last_block_start(log.size());
  for (std::size_t offset = start; offset < last_batch_start(log);) {
    const auto length = static_cast<std::size_t>(static_cast<std::uint8_t>(log[offset + 4]) |
                                                 static_cast<std::uint8_t>(log[offset + 5]) << 8);
    std::string damaged = log;
    damaged[offset + 5] = static_cast<char>(damaged[offset + 5] ^ 0x40);
    const auto restored = open_with(damaged);
    ASSERT_FALSE(restored.has_value()) << offset;
    EXPECT_THAT(restored.error().text, HasSubstr("intact records follow"));
    offset += 7 + length;
  }
}

// ---- Errors while running ----

class FailingEnv : public OverlayEnv {
 public:
  leveldb::Status failure;

  leveldb::Status NewWritableFile(const std::string& name, leveldb::WritableFile** file) override {
    const leveldb::Status status = OverlayEnv::NewWritableFile(name, file);
    if (status.ok()) *file = new File(*this, *file);
    return status;
  }

 private:
  struct File : leveldb::WritableFile {
    File(FailingEnv& of, leveldb::WritableFile* over) : env(of), file(over) {}

    leveldb::Status Append(const leveldb::Slice& bytes) override {
      return env.failure.ok() ? file->Append(bytes) : env.failure;
    }

    leveldb::Status Close() override { return file->Close(); }

    leveldb::Status Flush() override { return file->Flush(); }

    leveldb::Status Sync() override { return env.failure.ok() ? file->Sync() : env.failure; }

    FailingEnv& env;
    std::unique_ptr<leveldb::WritableFile> file;
  };
};

TEST(FailStop, AfterOneErrorEveryCallFails) {
  FailingEnv env;
  LevelDbStore store(env, "log");
  ASSERT_TRUE(store.open().has_value());
  ASSERT_TRUE(store.write(batch_of({learned({1}, text("a"))})).has_value());
  env.failure = leveldb::Status::IOError("log/000003.log", "Input/output error");
  const auto failed = store.write(batch_of({learned({2}, text("b"))}));
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().kind, Kind::kIo);
  env.failure = leveldb::Status::OK();
  EXPECT_FALSE(store.write(batch_of({learned({2}, text("b"))})).has_value());
  EXPECT_FALSE(store.erase_below({2}, 1).has_value());
  const auto read = store.read({1}, {1}, 1);
  ASSERT_FALSE(read.has_value());
  EXPECT_THAT(read.error().text, HasSubstr("stopped at its first error"));
  EXPECT_THAT(read.error().text, HasSubstr("Input/output error"));
}

TEST(FailStop, AFullDiskIsCalledFull) {
  FailingEnv env;
  LevelDbStore store(env, "log");
  ASSERT_TRUE(store.open().has_value());
  env.failure = leveldb::Status::IOError("log/000003.log", "No space left on device");
  const auto failed = store.write(batch_of({learned({2}, text("b"))}));
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().kind, Kind::kFull);
  EXPECT_THAT(failed.error().text, HasSubstr("free some space"));
}

TEST(Store, SpaceOfErasedRecordsComesBack) {
  OverlayEnv env;
  LevelDbOptions options;
  options.database.write_buffer_bytes = 64 << 10;
  options.compact_after_erased = 500;
  LevelDbStore store(env, "log", options);
  ASSERT_TRUE(store.open().has_value());
  std::uint64_t next = 0;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 100; ++i)
      ASSERT_TRUE(store.write(batch_of({learned({next++}, text(std::string(1000, 'v')))})));
    ASSERT_TRUE(store.erase_below({next - 10}, 1000).has_value());
  }
  std::uint64_t bytes = 0;
  for (const auto& [name, content] : env.files())
    bytes += content.size();
  // 2,000 records of 1 KB were written; at most 600 may not have been reclaimed yet.
  EXPECT_LT(bytes, 1'200'000u);
}

}  // namespace
}  // namespace holdfast::storage
