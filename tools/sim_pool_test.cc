#include "tools/sim_pool.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace holdfast::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

SeedRecord buried(const Pool::Death& death) {
  SeedRecord record;
  record.crash = death.text;
  record.has_plan = death.in_run;
  return record;
}

std::vector<SeedRecord> all_of(Pool& pool) {
  std::vector<SeedRecord> records;
  while (!pool.over())
    if (auto record = pool.next(Duration::milliseconds(20))) records.push_back(std::move(*record));
  return records;
}

std::vector<std::uint64_t> indexes_of(const std::vector<SeedRecord>& records) {
  std::vector<std::uint64_t> indexes;
  for (const SeedRecord& record : records)
    indexes.push_back(record.index);
  return indexes;
}

SeedRecord plain(std::uint64_t index) {
  SeedRecord record;
  record.seed = 100 + index;
  return record;
}

TEST(Pool, HandsOverWhatWorkersFoundInOrder) {
  Pool pool(
      {.count = 200, .jobs = 3},
      [](std::uint64_t index, Pool::Desk&) {
        if (index % 7 == 0) ::usleep(3000);
        SeedRecord record = plain(index);
        record.note = std::string(index * 500, 'x');
        return record;
      },
      buried);
  const auto records = all_of(pool);
  ASSERT_THAT(records, SizeIs(200));
  for (std::uint64_t i = 0; i < 200; ++i) {
    EXPECT_EQ(records[i].index, i);
    EXPECT_EQ(records[i].seed, 100 + i);
    EXPECT_EQ(records[i].note.size(), i * 500);
  }
}

TEST(Pool, ReportsADeathAndGoesOn) {
  Pool pool(
      {.count = 6, .jobs = 2},
      [](std::uint64_t index, Pool::Desk& desk) {
        if (index == 1) std::exit(3);
        desk.begins_run();
        if (index == 3) {
          std::fprintf(stderr, "last words\n");
          std::abort();
        }
        if (index == 4) std::fprintf(stderr, "by the way\n");
        return plain(index);
      },
      buried);
  const auto records = all_of(pool);
  ASSERT_THAT(indexes_of(records), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(records[1].crash, HasSubstr("exit status 3"));
  EXPECT_FALSE(records[1].has_plan);
  EXPECT_THAT(records[3].crash, AllOf(HasSubstr("signal 6"), HasSubstr("last words")));
  EXPECT_TRUE(records[3].has_plan);
  EXPECT_EQ(records[4].output, "by the way\n");
  EXPECT_EQ(records[5].output, "");
}

TEST(Pool, ADeathHidesNothingThatWasFoundBefore) {
  const auto buried_with_found = [](const Pool::Death& death) {
    return record_of_death(7, death.text, death.found);
  };
  Pool pool(
      {.count = 3, .jobs = 1},
      [](std::uint64_t index, Pool::Desk& desk) {
        desk.begins_run();
        if (index < 2) desk.found({{.property = "agreement", .kind = "safety"}});
        if (index > 0) std::abort();
        return plain(index);
      },
      buried_with_found);
  const auto records = all_of(pool);
  ASSERT_THAT(records, SizeIs(3));
  EXPECT_EQ(records[0].exit_code(), kExitPassed) << "the record of a run that ends says it all";
  EXPECT_FALSE(died_first(records[1]));
  EXPECT_EQ(records[1].exit_code(), kExitSafety);
  EXPECT_EQ(records[1].found.front().property, "agreement");
  EXPECT_THAT(records[1].crash, HasSubstr("signal 6"));
  EXPECT_TRUE(died_first(records[2])) << "what the run before it found is not its";
  EXPECT_EQ(records[2].exit_code(), kExitCrash);
}

TEST(Pool, KillsARunThatDoesNotEnd) {
  Pool pool(
      {.count = 3, .jobs = 1, .patience = Duration::seconds(1)},
      [](std::uint64_t index, Pool::Desk&) {
        while (index == 1)
          ::pause();
        return plain(index);
      },
      buried);
  const auto records = all_of(pool);
  ASSERT_THAT(indexes_of(records), ElementsAre(0, 1, 2));
  EXPECT_THAT(records[1].crash, HasSubstr("did not end within 1 s"));
}

TEST(Pool, StopLetsRunsEnd) {
  Pool pool(
      {.count = 1'000'000, .jobs = 2},
      [](std::uint64_t index, Pool::Desk&) {
        ::usleep(1000);
        return plain(index);
      },
      buried);
  while (!pool.next(Duration::milliseconds(20))) {
  }
  pool.stop();
  const auto indexes = indexes_of(all_of(pool));
  // Without a gap: index 0 came before.
  for (std::size_t i = 0; i < indexes.size(); ++i)
    EXPECT_EQ(indexes[i], i + 1);
  EXPECT_LT(indexes.size(), 1000u);
}

TEST(Pool, InterruptDropsRunsUnderWay) {
  Pool pool(
      {.count = 10, .jobs = 2},
      [](std::uint64_t index, Pool::Desk& desk) {
        while (index == 1 && !desk.interrupted())
          ::usleep(1000);
        SeedRecord record = plain(index);
        record.interrupted = desk.interrupted();
        return record;
      },
      buried);
  while (!pool.next(Duration::milliseconds(20))) {
  }
  ::usleep(300'000);
  pool.interrupt();
  // What is behind the gap is not lost.
  EXPECT_THAT(indexes_of(all_of(pool)), ElementsAre(2, 3, 4, 5, 6, 7, 8, 9));
}

}  // namespace
}  // namespace holdfast::tools
