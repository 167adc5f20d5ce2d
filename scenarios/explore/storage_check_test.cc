#include "scenarios/explore/storage_check.h"

#include <gtest/gtest.h>

#include "scenarios/explore/disk_image.h"
#include "scenarios/explore/exploration.h"

namespace holdfast::scenarios {
namespace {

// All that the stores of a small exploration were asked for.
Explored explored_with_stores(const char* name, std::uint8_t appends, std::uint8_t truncations) {
  for (Configuration configuration : configurations()) {
    if (configuration.name != name) continue;
    configuration.bounds.budget.operations = {0, appends, truncations};
    ExploreOptions options;
    options.trace_stores = true;
    return explore_log(configuration, options, {});
  }
  ADD_FAILURE() << name;
  return {};
}

TEST(StoreTrace, EntersEverythingOnce) {
  StoreTrace trace;
  const StoreChange open{.kind = StoreChange::Kind::kOpen, .image = {}, .batch = {}, .bound = {}};
  const StoreTrace::Place first = trace.add(0, open);
  EXPECT_EQ(trace.add(0, open), first);
  StoreChange erase{.kind = StoreChange::Kind::kErase, .image = {}, .batch = {}, .bound = {}};
  const StoreTrace::Place second = trace.add(first, erase);
  erase.bound = Position{7};
  const StoreTrace::Place third = trace.add(second, erase);
  EXPECT_NE(third, trace.add(first, erase));
  EXPECT_EQ(trace.steps(), 4u);
  EXPECT_EQ(trace.way_to(third), (std::vector<StoreTrace::Place>{first, second, third}));
  EXPECT_EQ(trace.step(third).depth, 3u);
}

TEST(StorageCheck, EveryWriteIsThereWholeOrNotAtAll) {
  const Explored explored = explored_with_stores("running", 1, 1);
  ASSERT_EQ(explored.result.ending, explore::Ending::kExhausted);
  EXPECT_GT(explored.stores.steps(), 20u);
  std::uint64_t asked = 0;
  const StorageChecked checked =
      check_storage(explored.stores, {.cut_bytes = 512, .go_on = [&](std::uint64_t done) {
                                        EXPECT_EQ(done, asked);
                                        return ++asked <= 12;
                                      }});
  EXPECT_EQ(checked.problem, "");
  EXPECT_TRUE(checked.stopped);
  EXPECT_EQ(checked.steps, 12u);
  EXPECT_GT(checked.images, 5 * checked.steps);
  EXPECT_GT(checked.losses, checked.images);
  EXPECT_GT(checked.kept, 0u);
}

// The check finds what is wrong with LevelDB as it comes.
TEST(StorageCheck, FindsThatNamesOfFilesAreLost) {
  const Explored explored = explored_with_stores("elected", 1, 0);
  const StorageChecked checked =
      check_storage(explored.stores, {.cut_bytes = 512, .go_on = {}, .directories_unsynced = true});
  EXPECT_NE(checked.problem, "");
}

}  // namespace
}  // namespace holdfast::scenarios
