#include "real/server/disk_watch.h"

#include <gtest/gtest.h>

#include "real/ports/test_machine.h"

namespace holdfast::real {
namespace {

TEST(DiskWatch, IsLowBelowTheReserveAndWellAgainWithAMargin) {
  EventLoop loop;
  KeptJournal journal;
  std::uint64_t free = 1000;
  DiskWatch watch(loop, journal, 100, [&] { return std::optional(free); });
  const auto look = [&](std::uint64_t now) {
    free = now;
    const bool seen = run_until(loop, [&] { return watch.free_bytes() == now; });
    return seen && watch.is_low();
  };
  watch.begin();
  EXPECT_FALSE(watch.is_low());
  EXPECT_FALSE(look(100));
  EXPECT_TRUE(look(99));
  EXPECT_TRUE(look(100));
  EXPECT_TRUE(look(124));
  EXPECT_FALSE(look(125));
  EXPECT_FALSE(look(101));
  EXPECT_TRUE(look(0));
  EXPECT_EQ(journal.count("disk_low"), 2u);
  EXPECT_EQ(journal.count("disk_well"), 1u);
}

TEST(DiskWatch, WithoutAReserveOrAnAnswerItIsNeverLow) {
  EventLoop loop;
  KeptJournal journal;
  DiskWatch none(loop, journal, 0, [] { return std::optional<std::uint64_t>(0); });
  DiskWatch unknown(loop, journal, 100, [] { return std::optional<std::uint64_t>(); });
  none.begin();
  unknown.begin();
  EXPECT_FALSE(none.is_low() || unknown.is_low());
  EXPECT_EQ(DiskWatch::free_bytes_of("/nowhere/at/all")(), std::nullopt);
  EXPECT_GT(DiskWatch::free_bytes_of("/")().value_or(0), 0u);
}

}  // namespace
}  // namespace holdfast::real
