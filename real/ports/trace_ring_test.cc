#include "real/ports/trace_ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::real {
namespace {

TEST(TraceRing, KeepsTheLastEvents) {
  std::vector<std::uint64_t> watched;
  TraceRing ring(3, [&](const TracedEvent& event) { watched.push_back(event.words.at(0)); });
  ring.begin_step(Instant::at(7));
  for (std::uint64_t i = 0; i < 10; ++i)
    ring.record(static_cast<EventKind>(4), {i, 1}, "bytes");
  ASSERT_EQ(ring.events().size(), 3u);
  EXPECT_EQ(ring.events().front().words, (std::vector<std::uint64_t>{7, 1}));
  EXPECT_EQ(ring.events().back().words, (std::vector<std::uint64_t>{9, 1}));
  EXPECT_EQ(ring.events().back().bytes, "bytes");
  EXPECT_EQ(ring.events().back().at, Instant::at(7));
  EXPECT_EQ(watched.size(), 10u);
}

TEST(TraceRing, KeepsTheBeginningOfLongBytes) {
  TraceRing ring(1);
  ring.record(static_cast<EventKind>(4), {}, std::string(100'000, 'x'));
  EXPECT_EQ(ring.events().back().bytes, std::string(TraceRing::kBytesKept, 'x'));
}

TEST(TraceRing, CountsPoints) {
  TraceRing ring(1);
  EXPECT_EQ(ring.reached(static_cast<Point>(40)), 0u);
  ring.reach(static_cast<Point>(40));
  ring.reach(static_cast<Point>(40));
  EXPECT_EQ(ring.reached(static_cast<Point>(40)), 2u);
  EXPECT_EQ(ring.reached(static_cast<Point>(39)), 0u);
  EXPECT_EQ(ring.reached(static_cast<Point>(41)), 0u);
}

}  // namespace
}  // namespace holdfast::real
