// The gaps of Mesos as the checker found them: with its rules each schedule is wrong at its end,
// and with ours nothing of it is.

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tools/explore_bounds.h"
#include "tools/explore_schedule.h"
#include "tools/sim_files.h"

namespace holdfast::tools {
namespace {

using scenarios::Configuration;
using scenarios::Explored;

Explored played(const Schedule& schedule, bool repaired) {
  const auto& all = scenarios::configurations();
  const auto found = std::ranges::find(all, schedule.configuration, &Configuration::name);
  EXPECT_NE(found, all.end()) << schedule.configuration;
  Configuration configuration = *found;
  if (repaired) configuration.company.compat = {};
  configuration.bounds.links = schedule.links;
  configuration.bounds.budget = {};
  for (const std::string& budget : schedule.budget)
    EXPECT_EQ(set_budget(budget, configuration.bounds), "");
  scenarios::ExploreOptions options;
  options.terms.disks = schedule.disks;
  options.reductions = schedule.reductions;
  return scenarios::play_events(configuration, options, schedule.events);
}

TEST(Gaps, ArePlayedAndClosed) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(HOLDFAST_GAPS_DIR)) {
    const std::string path = entry.path().string();
    const auto text = read_file(path);
    ASSERT_TRUE(text) << text.error();
    const auto schedule = parse_schedule(*text);
    ASSERT_TRUE(schedule) << path << ": " << schedule.error();
    const Explored wrong = played(*schedule, false);
    EXPECT_TRUE(wrong.confirmed.starts_with("voting: ")) << path << ": " << wrong.confirmed;
    EXPECT_EQ(wrong.counterexample.size(), schedule->events.size()) << path;
    EXPECT_EQ(played(*schedule, true).confirmed, "") << path;
    ++files;
  }
  EXPECT_EQ(files, 4u);
}

}  // namespace
}  // namespace holdfast::tools
