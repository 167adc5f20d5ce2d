#include "tools/sim_merge.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "protocol/env/hash.h"

#include "tools/sim_files.h"
#include "tools/sim_folder_for_test.h"

namespace holdfast::tools {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Sweep sweep_of(std::uint64_t first_seed, std::uint64_t seeds, std::uint64_t shards) {
  return {.core = "0123456789abcdef",
          .scenario = "wipes",
          .profile = "default",
          .arguments = {"--scenario", "wipes"},
          .first_seed = first_seed,
          .seeds = seeds,
          .shards = shards};
}

FailureClass failure_at(const std::string& check) {
  return {.name = {.kind = "safety", .property = "agreement", .check = check},
          .event_kind = "accepted"};
}

// The first `seeds` of a shard, each passed.
ShardResult result_of(const Sweep& sweep, std::uint64_t shard, std::uint64_t seeds) {
  ShardResult result{.sweep = sweep, .shard = shard, .sums = {}, .failures = {}};
  result.sums.seeds = seeds;
  result.sums.passed = seeds;
  const SeedRange range = range_of(sweep, shard);
  for (std::uint64_t seed = range.first; seed < range.first + seeds; ++seed)
    result.sums.digest += mix(seed, seed);
  result.finished = seeds == range.seeds;
  return result;
}

// `count` of them failed, one of which is an example.
void fail(ShardResult& result, const FailureClass& failure, const FailureExample& example) {
  --result.sums.passed;
  ++result.sums.failed;
  FailureGroup& group = result.failures[failure];
  group.exit_code = 12;
  ++group.seeds;
  group.examples.push_back(example);
}

// A folder of a sweep under construction.
class Merging : public testing::Test {
 protected:
  std::string begin(const std::string& name, const Sweep& sweep) {
    const std::string path = folder_.path(name);
    EXPECT_EQ(write_file(sweep_path(path), save(sweep)), "");
    return path;
  }

  static void put(const std::string& folder, const ShardResult& result) {
    const std::string path = result.finished ? finished_path(folder, result.sweep, result.shard)
                                             : part_path(folder, result.sweep, result.shard);
    EXPECT_EQ(write_file(path, save(result)), "");
  }

  static Merged merged(const std::vector<std::string>& folders) {
    auto all = merge(folders);
    EXPECT_TRUE(all.has_value()) << all.error();
    return *all;
  }

  std::string path(const std::string& name) const { return folder_.path(name); }

 private:
  TestFolder folder_{"merge"};
};

std::uint64_t digest_of(std::uint64_t first, std::uint64_t seeds) {
  std::uint64_t sum = 0;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed)
    sum += mix(seed, seed);
  return sum;
}

TEST_F(Merging, CountsEverySeedOnce) {
  const Sweep sweep = sweep_of(1, 100, 7);
  const std::string folder = begin("a", sweep);
  for (std::uint64_t shard = 0; shard < sweep.shards; ++shard)
    put(folder, result_of(sweep, shard, range_of(sweep, shard).seeds));
  // What is left of a shard that was finished by another process says nothing.
  put(folder, result_of(sweep, 3, 5));
  const Merged all = merged({folder});
  EXPECT_EQ(all.sums.seeds, 100u);
  EXPECT_EQ(all.sums.digest, digest_of(1, 100));
  EXPECT_EQ(all.shards_finished, 7u);
  EXPECT_THAT(all.missing, IsEmpty());
  EXPECT_THAT(all.overlapping, IsEmpty());
  EXPECT_EQ(exit_code_of(all), 0);
}

// A sweep in a folder, with some of its shards.
void draw_folder(const std::string& folder, std::set<std::uint64_t>& asked) {
  const auto first = *rc::gen::inRange<std::uint64_t>(0, 30);
  const auto seeds = *rc::gen::inRange<std::uint64_t>(1, 40);
  const Sweep sweep = sweep_of(first, seeds, *rc::gen::inRange<std::uint64_t>(1, seeds + 1));
  std::filesystem::create_directories(folder);
  std::ofstream(sweep_path(folder)) << save(sweep);
  for (std::uint64_t seed = first; seed < first + seeds; ++seed)
    asked.insert(seed);
  for (std::uint64_t shard = 0; shard < sweep.shards; ++shard) {
    const SeedRange range = range_of(sweep, shard);
    // Finished, or its first seeds, or no file.
    const auto played = *rc::gen::weightedElement<std::optional<std::uint64_t>>(
        {{3, range.seeds},
         {1, *rc::gen::inRange<std::uint64_t>(0, range.seeds)},
         {1, std::nullopt}});
    if (!played) continue;
    ShardResult result = result_of(sweep, shard, *played);
    for (std::uint64_t seed = range.first; seed < range.first + *played; ++seed)
      result.sums.points[std::to_string(seed)] = 1;
    const std::string path =
        result.finished ? finished_path(folder, sweep, shard) : part_path(folder, sweep, shard);
    std::ofstream(path) << save(result);
  }
}

// Sweeps that overlap in any way: no seed counts twice, and what does not count is said.
RC_GTEST_PROP(MergingAnything, CountsASeedAtMostOnceAndHidesNothing, ()) {
  const TestFolder all_folders("merge_any");
  std::vector<std::string> folders;
  std::set<std::uint64_t> asked;
  const int count = *rc::gen::inRange(1, 4);
  for (int i = 0; i < count; ++i)
    draw_folder(folders.emplace_back(all_folders.path(std::to_string(i))), asked);
  const auto merged = merge(folders);
  RC_ASSERT(merged.has_value());
  RC_ASSERT(merged->asked == asked.size());
  RC_ASSERT(merged->sums.points.size() == merged->sums.seeds);
  std::uint64_t digest = 0;
  for (const auto& [seed, times] : merged->sums.points) {
    RC_ASSERT(times == 1u);
    RC_ASSERT(asked.contains(std::stoull(seed)));
    digest += digest_of(std::stoull(seed), 1);
  }
  RC_ASSERT(merged->sums.digest == digest);
  RC_ASSERT(merged->missing.size() + merged->unfinished.size() + merged->shards_finished ==
            merged->shards);
  RC_ASSERT((exit_code_of(*merged) == 0) == (merged->sums.seeds == asked.size()));
  RC_ASSERT(merged->contradictions.empty());
  RC_ASSERT(merged->refused.empty());
}

TEST_F(Merging, NamesWhatIsMissingAndWhatIsUnfinished) {
  const Sweep sweep = sweep_of(1, 100, 4);
  const std::string folder = begin("a", sweep);
  put(folder, result_of(sweep, 0, 25));
  put(folder, result_of(sweep, 2, 10));
  const Merged all = merged({folder});
  EXPECT_EQ(all.sums.seeds, 35u);
  EXPECT_THAT(all.missing,
              ElementsAre("shard 1/4 (seeds 26 to 50)", "shard 3/4 (seeds 76 to 100)"));
  EXPECT_THAT(all.unfinished, ElementsAre("shard 2/4 (seeds 51 to 75): 10 of 25 seeds"));
  EXPECT_EQ(exit_code_of(all), kExitUnfinished);
}

TEST_F(Merging, TheSameShardOfTwoFoldersCountsOnce) {
  const Sweep sweep = sweep_of(1, 100, 2);
  const std::string a = begin("a", sweep);
  const std::string b = begin("b", sweep);
  put(a, result_of(sweep, 0, 50));
  put(b, result_of(sweep, 1, 50));
  put(a, result_of(sweep, 1, 20));
  for (const auto& folders : {std::vector{a, b}, std::vector{b, a}}) {
    const Merged all = merged(folders);
    EXPECT_EQ(all.sums.digest, digest_of(1, 100));
    EXPECT_THAT(all.overlapping, ElementsAre(HasSubstr("shard-1-of-2.part.json")));
    EXPECT_EQ(exit_code_of(all), 0);
  }
  ShardResult other = result_of(sweep, 0, 50);
  put(b, other);
  EXPECT_THAT(merged({a, b}).contradictions, IsEmpty());
  ++other.sums.digest;
  put(b, other);
  const Merged differs = merged({a, b});
  EXPECT_THAT(differs.contradictions, ElementsAre(AllOf(HasSubstr(a), HasSubstr(b))));
  EXPECT_EQ(differs.sums.seeds, 100u);
  EXPECT_EQ(exit_code_of(differs), kExitNotDeterministic);
}

TEST_F(Merging, SweepsOfOtherSeedsAddUp) {
  const std::string a = begin("a", sweep_of(1, 100, 2));
  const std::string b = begin("b", sweep_of(101, 50, 1));
  const std::string c = begin("c", sweep_of(140, 40, 4));
  for (const auto& [folder, sweep] : {std::pair(a, sweep_of(1, 100, 2)),
                                      std::pair(b, sweep_of(101, 50, 1)),
                                      std::pair(c, sweep_of(140, 40, 4))})
    for (std::uint64_t shard = 0; shard < sweep.shards; ++shard)
      put(folder, result_of(sweep, shard, range_of(sweep, shard).seeds));
  const Merged two = merged({a, b});
  EXPECT_EQ(two.sums.digest, digest_of(1, 150));
  EXPECT_EQ(two.asked, 150u);
  EXPECT_EQ(exit_code_of(two), 0);
  // Seeds 140 to 149 are in b; 150 is in the same shard of c, and cannot be told from it.
  const Merged three = merged({a, b, c});
  EXPECT_EQ(three.asked, 179u);
  EXPECT_THAT(three.overlapping,
              ElementsAre(HasSubstr("shard-0-of-4.json"), HasSubstr("shard-1-of-4.json")));
  EXPECT_THAT(three.unfinished, ElementsAre("shard 1/4 (seeds 150 to 159): 1 of 10 seeds"));
  EXPECT_EQ(three.sums.digest, digest_of(1, 150) + digest_of(160, 20));
  EXPECT_EQ(exit_code_of(three), kExitUnfinished);
}

TEST_F(Merging, RefusesWhatDoesNotAddUp) {
  const std::string a = begin("a", sweep_of(1, 100, 2));
  Sweep other = sweep_of(101, 50, 1);
  other.core = "fedcba9876543210";
  const std::string b = begin("b", other);
  EXPECT_THAT(merge({a, b}).error(), AllOf(HasSubstr(a), HasSubstr(b), HasSubstr("core")));
  // A file that was copied here, and one that was cut.
  put(a, result_of(other, 0, 50));
  EXPECT_EQ(write_file(finished_path(a, sweep_of(1, 100, 2), 1), "{\"schema\":"), "");
  put(a, result_of(sweep_of(1, 100, 2), 0, 50));
  const Merged all = merged({a});
  EXPECT_THAT(all.refused,
              ElementsAre(AllOf(HasSubstr("shard-0-of-1.json"), HasSubstr("another sweep")),
                          AllOf(HasSubstr("shard-1-of-2.json"), HasSubstr("cut off or damaged"))));
  EXPECT_THAT(all.missing, ElementsAre(HasSubstr("shard 1/2")));
  EXPECT_EQ(exit_code_of(all), kExitUnfinished);
  for (const char* name : {"nowhere", "."}) {
    EXPECT_THAT(merge({path(name)}).error(), AllOf(HasSubstr(path(name)), HasSubstr("--out")));
  }
}

TEST_F(Merging, FailuresOfOneClassAreOneAndTheirStoriesGoByFaults) {
  const Sweep sweep = sweep_of(1, 40, 4);
  const std::string folder = begin("a", sweep);
  const FailureClass here = failure_at("properties/agreement.cc:32");
  const auto shrunk = [](std::uint64_t seed, std::vector<std::string> faults) {
    return FailureExample{.seed = seed,
                          .event = 1,
                          .text = "t",
                          .file = fmt::format("capsules/{}.plan", seed),
                          .faults = std::move(faults),
                          .shrunk = true};
  };
  for (std::uint64_t shard = 0; shard < sweep.shards; ++shard) {
    ShardResult result = result_of(sweep, shard, 10);
    const std::uint64_t seed = 10 * shard + 5;
    fail(result,
         here,
         shrunk(seed,
                shard == 2 ? std::vector<std::string>{"wipe"}
                           : std::vector<std::string>{"cut", "freeze"}));
    fail(result, here, {.seed = seed + 1, .event = 2, .text = "u", .file = "", .faults = {"x"}});
    if (shard == 3) fail(result, failure_at("properties/agreement.cc:54"), shrunk(39, {}));
    put(folder, result);
  }
  const Merged all = merged({folder});
  ASSERT_EQ(all.failures.size(), 2u);
  EXPECT_EQ(all.failures.at(here).seeds, 8u);
  const std::vector<Story> stories = stories_of(all.failures.at(here).examples);
  ASSERT_EQ(stories.size(), 2u);
  EXPECT_THAT(stories[0].faults, ElementsAre("cut", "freeze"));
  EXPECT_EQ(stories[0].example.seed, 5u);
  EXPECT_EQ(stories[0].example.file, folder + "/capsules/5.plan");
  EXPECT_THAT(stories[1].faults, ElementsAre("wipe"));
  EXPECT_EQ(exit_code_of(all), 12);
  const std::string text = summary_text(all, "holdfast-sim");
  EXPECT_THAT(
      text,
      HasSubstr("agreement (safety), check properties/agreement.cc:32, on accepted: 8 seeds"));
  EXPECT_THAT(text, HasSubstr("needs no fault: seed 39"));
  EXPECT_THAT(text, HasSubstr("replay: holdfast-sim replay " + folder + "/capsules/5.plan"));
}

}  // namespace
}  // namespace holdfast::tools
