#include "tools/sim_shard.h"

#include <fstream>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/sim_files.h"
#include "tools/sim_folder_for_test.h"

namespace holdfast::tools {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

Sweep sweep_of(std::uint64_t first_seed, std::uint64_t seeds, std::uint64_t shards) {
  return {.core = "0123456789abcdef",
          .scenario = "wipes",
          .profile = "default",
          .arguments = {"--scenario", "wipes", "--set", "nodes=5"},
          .first_seed = first_seed,
          .seeds = seeds,
          .shards = shards};
}

ShardResult example() {
  ShardResult result{.sweep = sweep_of(kMax - 9, 10, 2), .shard = 1, .sums = {}, .failures = {}};
  result.sums = {.seeds = 5, .passed = 2, .failed = 2, .undecided = 1};
  result.sums.undecided_reasons = {{"lost \"too\" much", 1}};
  result.sums.digest = kMax - 1;
  result.sums.faults = {{"cut", 7}};
  FailureGroup& group = result.failures[{
      .name = {.kind = "safety", .property = "agreement", .check = "properties/agreement.cc:32"},
      .event_kind = "accepted"}];
  group = {.exit_code = 12, .seeds = 2, .examples = {}};
  group.examples.push_back({.seed = kMax - 1,
                            .event = 17,
                            .text = "two values",
                            .file = "capsules/wipes-7.plan",
                            .faults = {"cut", "freeze"},
                            .shrunk = true});
  result.finished = true;
  return result;
}

TEST(Shard, RangesCoverTheSweepOnceAndInOrder) {
  for (const Sweep& sweep : {sweep_of(1, 100'000, 7),
                             sweep_of(0, 8, 8),
                             sweep_of(5, 9, 8),
                             sweep_of(3, 1, 1),
                             sweep_of(0, kMax, 1'000'000),
                             sweep_of(kMax - 9, 10, 3)}) {
    std::uint64_t next = sweep.first_seed;
    std::uint64_t seeds = 0;
    const std::uint64_t least = sweep.seeds / sweep.shards;
    for (std::uint64_t shard = 0; shard < sweep.shards; ++shard) {
      const SeedRange range = range_of(sweep, shard);
      ASSERT_EQ(range.first, next) << shard;
      ASSERT_TRUE(range.seeds == least || range.seeds == least + 1) << shard;
      next += range.seeds;
      seeds += range.seeds;
    }
    EXPECT_EQ(seeds, sweep.seeds);
  }
}

TEST(Shard, ReadsBackWhatItWrote) {
  const TestFolder folder("shard");
  const ShardResult result = example();
  ASSERT_EQ(write_file(folder.path("x.json"), save(result)), "");
  const auto again = load_shard(folder.path("x.json"));
  ASSERT_TRUE(again.has_value()) << again.error();
  EXPECT_EQ(*again, result);
  ASSERT_EQ(write_file(folder.path("sweep.json"), save(result.sweep)), "");
  EXPECT_EQ(load_sweep(folder.path("sweep.json")), result.sweep);
  EXPECT_THAT(load_shard(folder.path("sweep.json")).error(), HasSubstr("schema"));
}

TEST(Shard, NamesAFileThatWasCut) {
  const TestFolder folder("shard");
  const std::string whole = save(example());
  // The last byte is a line break.
  for (std::size_t size = 0; size + 1 < whole.size(); ++size) {
    std::ofstream(folder.path("x.json"), std::ios::trunc) << whole.substr(0, size);
    const auto refused = load_shard(folder.path("x.json"));
    ASSERT_FALSE(refused.has_value()) << size;
    ASSERT_THAT(refused.error(), AllOf(HasSubstr(folder.path("x.json")), HasSubstr("remove it")));
  }
}

TEST(Shard, NamesFiguresThatCannotBe) {
  const TestFolder folder("shard");
  const auto error_of = [&](void (*spoil)(ShardResult&)) {
    ShardResult result = example();
    spoil(result);
    EXPECT_EQ(write_file(folder.path("x.json"), save(result)), "");
    const auto loaded = load_shard(folder.path("x.json"));
    return loaded ? "no error" : loaded.error();
  };
  EXPECT_THAT(error_of([](ShardResult& r) { ++r.sums.passed; }), HasSubstr("do not add up"));
  EXPECT_THAT(error_of([](ShardResult& r) { r.failures.clear(); }), HasSubstr("failures"));
  EXPECT_THAT(error_of([](ShardResult& r) { r.shard = 2; }), HasSubstr("no such shard"));
  EXPECT_THAT(error_of([](ShardResult& r) { r.sweep.shards = 11; }), HasSubstr("more shards"));
  EXPECT_THAT(error_of([](ShardResult& r) { --r.sums.seeds, --r.sums.passed; }),
              HasSubstr("without all its seeds"));
}

TEST(Shard, SaysWhereTwoSweepsDiffer) {
  const Sweep sweep = sweep_of(1, 100, 4);
  EXPECT_EQ(difference_of(sweep, sweep), "");
  Sweep other = sweep_of(1, 200, 4);
  other.core = "fedcba9876543210";
  EXPECT_EQ(difference_of(sweep, other),
            "core 0123456789abcdef instead of fedcba9876543210, seeds 100 instead of 200");
}

}  // namespace
}  // namespace holdfast::tools
