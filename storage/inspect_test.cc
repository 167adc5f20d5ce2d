#include "storage/inspect.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "protocol/env/hash.h"

#include "storage/leveldb_store.h"
#include "storage/log_file.h"
#include "storage/overlay_env.h"
#include "storage/test_records.h"

namespace holdfast::storage {
namespace {

using testing::HasSubstr;

std::optional<std::string> nobody(const std::string&) {
  return std::nullopt;
}

std::string dump(const Inspection& inspection) {
  Inspection plain = inspection;
  plain.findings.clear();
  return to_text(plain, Detail::kRecords);
}

// Tables, a MANIFEST of several edits, and a newest log of two blocks.
std::map<std::string, std::string> sample() {
  OverlayEnv env;
  LevelDbOptions options;
  options.database.write_buffer_bytes = 64 << 10;
  LevelDbStore store(env, "d", options);
  EXPECT_TRUE(store.open().has_value());
  WriteBatch batch;
  batch.metadata.emplace().status = Status::kVoting;
  batch.metadata->member = {1};
  batch.actions = {learned({0}, Value::nop())};
  EXPECT_TRUE(store.write(batch).has_value());
  for (std::uint64_t p = 1; p < 300; ++p)
    EXPECT_TRUE(store.write(batch_of({learned({p}, text(std::string(500, 'a' + p % 26)))})));
  EXPECT_TRUE(store.write(batch_of({learned({305}, Value::truncate({3})),
                                    promised({306}, {9}),
                                    written({307}, {9}, text("open"))})));
  return env.files();
}

Inspection inspect_files(const std::map<std::string, std::string>& files) {
  OverlayEnv env;
  for (const auto& [name, bytes] : files)
    env.put(name, bytes);
  Inspection inspection = inspect(env, "d", nobody);
  EXPECT_EQ(env.files(), files);
  return inspection;
}

TEST(Inspect, AReplicaInGoodHealth) {
  const Inspection inspection = inspect_files(sample());
  EXPECT_EQ(inspection.findings.size(), 0u);
  EXPECT_EQ(exit_code(inspection), 0);
  EXPECT_EQ(inspection.records.size(), 303u);
  EXPECT_EQ(inspection.begin, (Begin{{3}, Position{305}}));
  EXPECT_EQ(inspection.end, Position{307});
  EXPECT_EQ(inspection.holes, (std::vector<Interval>{{{300}, {304}}}));
  EXPECT_EQ(inspection.unlearned, 2u);
  EXPECT_EQ(inspection.metadata->member, NodeId{1});
  const std::string text = to_text(inspection, Detail::kRecords);
  EXPECT_THAT(text, HasSubstr("hole       300..304"));
  EXPECT_THAT(text, HasSubstr("305  promised=1 performed=1  learned    TRUNCATE to=3"));
  EXPECT_THAT(text, HasSubstr("306  promised=9  promise only"));
  EXPECT_THAT(text, HasSubstr("verdict    sound"));
  const auto json = nlohmann::json::parse(to_json(inspection, Detail::kRecords));
  EXPECT_EQ(json["version"], 1);
  EXPECT_EQ(json["verdict"], "sound");
  EXPECT_EQ(json["records"].size(), 303u);
  EXPECT_EQ(json["records"][302]["value"]["type"], "APPEND");
  EXPECT_EQ(json["holes"][0]["last"], 304);
}

TEST(Inspect, WhatIsNoLogIsForeign) {
  EXPECT_EQ(exit_code(inspect(*leveldb::Env::Default(), "/nonexistent", nobody)), 4);
  OverlayEnv env;
  env.put("d/passwd", "root");
  EXPECT_EQ(exit_code(inspect(env, "d", nobody)), 4);
}

TEST(Inspect, ALockedDirectoryIsNotRead) {
  OverlayEnv env;
  for (const auto& [name, bytes] : sample())
    env.put(name, bytes);
  const Inspection inspection =
      inspect(env, "d", [](const std::string&) { return std::optional<std::string>("taken"); });
  EXPECT_EQ(exit_code(inspection), 5);
  EXPECT_TRUE(inspection.records.empty());
}

TEST(Inspect, ADamagedRecordDoesNotHideTheOthers) {
  OverlayEnv env;
  {
    leveldb::Options options;
    options.create_if_missing = true;
    options.env = &env;
    leveldb::DB* opened = nullptr;
    ASSERT_TRUE(leveldb::DB::Open(options, "d", &opened).ok());
    const std::unique_ptr<leveldb::DB> db(opened);
    std::string record;
    Codec().encode_record(learned({0}, Value::nop()), record);
    ASSERT_TRUE(db->Put({}, "0000000001", record).ok());
    ASSERT_TRUE(db->Put({}, "0000000002", "rubbish").ok());
    Codec().encode_record(learned({2}, Value::nop()), record);
    ASSERT_TRUE(db->Put({}, "0000000003", record).ok());
  }
  const Inspection inspection = inspect(env, "d", nobody);
  EXPECT_EQ(exit_code(inspection), 3);
  EXPECT_EQ(inspection.records.size(), 2u);
  ASSERT_EQ(inspection.findings.size(), 1u);
  EXPECT_THAT(inspection.findings[0].text, HasSubstr("0000000002"));
}

TEST(Inspect, TruncatedFilesAreReported) {
  const auto files = sample();
  const std::string whole = dump(inspect_files(files));
  for (const auto& [name, bytes] : files) {
    if (name.ends_with("LOCK") || bytes.empty()) continue;
    for (const std::size_t part : {std::size_t{0}, bytes.size() / 3, bytes.size() - 1}) {
      auto damaged = files;
      damaged[name].resize(part);
      const Inspection inspection = inspect_files(damaged);
      // Lost at the end of a log, a write looks unfinished; whole batches leave no trace at all.
      const bool log = name.ends_with(".log");
      EXPECT_TRUE(log || !inspection.findings.empty() || dump(inspection) == whole)
          << name << " cut to " << part;
    }
  }
}

// ---- Every bit ----

struct Outcome {
  std::size_t flips = 0;
  std::size_t refused = 0;   // exit code 3 or 4
  std::size_t noted = 0;     // taken for an unfinished write, said so
  std::size_t harmless = 0;  // every record as it was
  std::size_t silent = 0;    // something changed and nothing was said
};

class BitFlips : public testing::Test {
 protected:
  void SetUp() override {
    files = sample();
    whole = dump(inspect_files(files));
    for (const auto& [name, bytes] : files)
      if (name.ends_with(".log") && !bytes.empty()) newest_log = name;
    ASSERT_GT(files[newest_log].size(), kLogBlockBytes);
  }

  // Flips one bit of every `stride` in [from, to) of the file, one at a time.
  Outcome flip(const std::string& name, std::size_t from, std::size_t to, std::size_t stride) {
    Outcome outcome;
    auto damaged = files;
    std::string& bytes = damaged[name];
    for (std::size_t bit = from * 8; bit < to * 8; bit += stride) {
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
      const Inspection inspection = inspect_files(damaged);
      ++outcome.flips;
      if (exit_code(inspection) != 0) {
        ++outcome.refused;
      } else if (dump(inspection) == whole) {
        ++outcome.harmless;
      } else if (!inspection.findings.empty()) {
        ++outcome.noted;
      } else {
        ++outcome.silent;
        ADD_FAILURE() << name << " bit " << bit << ": records changed without a word";
      }
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    }
    return outcome;
  }

  void print(const std::string& what, const Outcome& o) {
    std::cout << what << ": flips " << o.flips << ", refused " << o.refused << ", noted " << o.noted
              << ", harmless " << o.harmless << ", silent " << o.silent << "\n";
  }

  std::map<std::string, std::string> files;
  std::string whole;
  std::string newest_log;
};

TEST_F(BitFlips, OutsideTheLastBlockNothingChangesUnsaid) {
  for (const auto& [name, bytes] : files) {
    if (name.find("MANIFEST") != std::string::npos) continue;
    const std::size_t to = name == newest_log ? last_block_start(bytes.size()) : bytes.size();
    const Outcome outcome = flip(name, 0, to, bytes.size() < 100 ? 1 : 997);
    print(name, outcome);
    EXPECT_EQ(outcome.silent, 0u);
    EXPECT_EQ(outcome.noted, 0u) << name << ": damage taken for an unfinished write";
  }
}

TEST_F(BitFlips, InsideTheLastBlockOnlyTheLastBatchLooksUnfinished) {
  const std::string& bytes = files[newest_log];
  const Outcome outcome = flip(newest_log, last_block_start(bytes.size()), bytes.size(), 127);
  print("last block of " + newest_log, outcome);
  EXPECT_EQ(outcome.silent, 0u);
  EXPECT_LT(outcome.noted * 20, outcome.flips);
}

TEST_F(BitFlips, InTheManifest) {
  for (const auto& [name, bytes] : files) {
    if (name.find("MANIFEST") == std::string::npos) continue;
    const Outcome outcome = flip(name, 0, bytes.size(), 1);
    print(name, outcome);
    EXPECT_EQ(outcome.silent, 0u);
    // Its last edit may look unfinished, but then files it spoke of would still be there.
    EXPECT_EQ(outcome.noted, 0u);
  }
}

TEST_F(BitFlips, AManifestCutAtAnyByteLosesNothingUnsaid) {
  for (const auto& [name, bytes] : files) {
    if (name.find("MANIFEST") == std::string::npos) continue;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      auto damaged = files;
      damaged[name].resize(size);
      const Inspection inspection = inspect_files(damaged);
      // A last edit that LevelDB's own thread wrote just before the end may change nothing.
      EXPECT_TRUE(exit_code(inspection) != 0 || dump(inspection) == whole)
          << name << " cut to " << size;
    }
  }
}

// ---- A real directory ----

class RealDirectory : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "holdfast_inspect_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root = pattern;
    path = root + "/log";
    LevelDbStore store(*leveldb::Env::Default(), path);
    ASSERT_TRUE(store.open().has_value());
    ASSERT_TRUE(store.write(batch_of({learned({0}, Value::nop()), learned({1}, text("one"))})));
  }

  void TearDown() override { std::filesystem::remove_all(root); }

  std::map<std::string, std::string> content() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      std::ifstream file(entry.path(), std::ios::binary);
      all[entry.path()] = std::string(std::istreambuf_iterator<char>(file), {});
    }
    return all;
  }

  std::string root;
  std::string path;
};

TEST_F(RealDirectory, IsReadAndLeftAlone) {
  const auto before = content();
  const Inspection inspection = inspect(*leveldb::Env::Default(), path, posix_lock_probe);
  EXPECT_EQ(exit_code(inspection), 0) << to_text(inspection, Detail::kRecords);
  EXPECT_EQ(inspection.records.size(), 2u);
  EXPECT_EQ(content(), before);
}

TEST_F(RealDirectory, OfAnotherProcessIsLocked) {
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    LevelDbStore store(*leveldb::Env::Default(), path);
    const char said = store.open().has_value() ? 'y' : 'n';
    static_cast<void>(!::write(ready[1], &said, 1));
    ::pause();
    ::_exit(0);
  }
  char said = 0;
  ASSERT_EQ(::read(ready[0], &said, 1), 1);
  EXPECT_EQ(said, 'y');
  const Inspection inspection = inspect(*leveldb::Env::Default(), path, posix_lock_probe);
  EXPECT_EQ(exit_code(inspection), 5);
  EXPECT_THAT(inspection.findings.at(0).text, HasSubstr(std::to_string(child)));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
}

}  // namespace
}  // namespace holdfast::storage
