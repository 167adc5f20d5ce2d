#include "storage/log_file.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "storage/leveldb_store.h"
#include "storage/overlay_env.h"
#include "storage/test_records.h"

namespace holdfast::storage {
namespace {

// A log that LevelDB wrote: 40 batches, the last of them fragmented over two blocks.
std::map<std::string, std::string> directory() {
  OverlayEnv env;
  LevelDbStore store(env, "d");
  EXPECT_TRUE(store.open().has_value());
  for (std::uint64_t p = 0; p < 39; ++p)
    EXPECT_TRUE(store.write(batch_of({learned({p}, text(std::string(700, 'v')))})).has_value());
  EXPECT_TRUE(store.write(batch_of({learned({39}, text(std::string(9000, 'w')))})).has_value());
  return env.files();
}

std::string log_of(const std::map<std::string, std::string>& files) {
  for (const auto& [name, bytes] : files)
    if (name.ends_with(".log") && !bytes.empty()) return bytes;
  return "";
}

TEST(LogScan, CountsTheBatchesOfAnIntactLog) {
  const std::string log = log_of(directory());
  const LogScan scan = scan_log(log);
  EXPECT_EQ(scan.batches, 40u);
  EXPECT_EQ(scan.intact_bytes, log.size());
  EXPECT_FALSE(scan.damage.has_value());
  EXPECT_GT(log.size(), kLogBlockBytes);
  EXPECT_TRUE(lengths_add_up(std::string_view(log).substr(last_block_start(log.size()))));
}

TEST(LogScan, ATruncatedLogLosesItsTailOnly) {
  const std::string log = log_of(directory());
  for (std::size_t size = 0; size < log.size(); size += 13) {
    const LogScan scan = scan_log(std::string_view(log).substr(0, size));
    EXPECT_LE(scan.intact_bytes, size);
    EXPECT_FALSE(scan.damage && scan.damage->intact_behind) << size;
  }
}

TEST(LogScan, ZerosAtTheEndAreNoPartOfIt) {
  const std::string log = log_of(directory());
  for (const std::size_t zeros : {1u, 6u, 7u, 100u, 40'000u, 100'000u}) {
    const std::string padded = log + std::string(zeros, '\0');
    const LogScan scan = scan_log(padded);
    EXPECT_EQ(scan.batches, 40u) << zeros;
    EXPECT_EQ(scan.intact_bytes, log.size()) << zeros;
    EXPECT_FALSE(scan.damage.has_value()) << zeros;
  }
  const std::string filled = log + std::string(100, '\0');
  EXPECT_TRUE(lengths_add_up(std::string_view(filled).substr(last_block_start(filled.size()))));
  EXPECT_FALSE(scan_log(std::string(70'000, '\0')).damage.has_value());
}

// Torn at any byte, with zeros from there on.
TEST(LogScan, ATornLogInZerosLosesItsTailOnly) {
  const std::string log = log_of(directory());
  for (std::size_t size = 0; size < log.size(); size += 13) {
    std::string torn = log.substr(0, size);
    const LogScan cut = scan_log(torn);
    const LogScan scan = scan_log(torn + std::string(log.size() + 5000 - size, '\0'));
    EXPECT_EQ(scan.batches, cut.batches) << size;
    EXPECT_EQ(scan.intact_bytes, cut.intact_bytes) << size;
    EXPECT_FALSE(scan.damage && scan.damage->intact_behind) << size;
  }
}

class Flips : public testing::TestWithParam<std::size_t> {};

INSTANTIATE_TEST_SUITE_P(LogScan, Flips, testing::Values(0, 50'000));

TEST_P(Flips, EveryOneIsFoundAndKnownFromAnUnfinishedWrite) {
  std::string log = log_of(directory());
  const std::size_t written = log.size();
  log += std::string(GetParam(), '\0');
  const std::size_t last_batch = [&] {
    std::size_t end = 0;
    for (std::size_t size = 0; size <= written; ++size) {
      const LogScan scan = scan_log(std::string_view(log).substr(0, size));
      if (scan.batches == 39) {
        end = scan.intact_bytes;
        break;
      }
    }
    return end;
  }();
  ASSERT_GT(last_batch, 0u);
  for (std::size_t bit = 0; bit < (written + std::min<std::size_t>(GetParam(), 100)) * 8;
       bit += 37) {
    log[bit / 8] = static_cast<char>(log[bit / 8] ^ 1 << bit % 8);
    const LogScan scan = scan_log(log);
    ASSERT_TRUE(scan.damage.has_value()) << bit;
    EXPECT_EQ(scan.damage->intact_behind, bit / 8 < last_batch) << bit;
    log[bit / 8] = static_cast<char>(log[bit / 8] ^ 1 << bit % 8);
  }
}

TEST(Manifest, SaysWhichLogIsInUse) {
  const auto files = directory();
  for (const auto& [name, bytes] : files) {
    if (name.find("MANIFEST") == std::string::npos) continue;
    const auto oldest = oldest_log_in_use(bytes);
    ASSERT_TRUE(oldest.has_value());
    char log[16];
    std::snprintf(log, sizeof log, "d/%06u.log", static_cast<unsigned>(*oldest));
    EXPECT_TRUE(files.contains(log)) << log;
  }
}

}  // namespace
}  // namespace holdfast::storage
