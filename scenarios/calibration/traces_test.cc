#include "sim/explore/traces.h"

#include <gtest/gtest.h>

#include "sim/explore/search.h"

#include "scenarios/calibration/programs.h"

namespace holdfast::scenarios {
namespace {

// The runs that were made, after checking that the slow way finds as many traces.
explore::TraceCount traces_of(const explore::Program& program) {
  explore::TraceSpace space(program);
  const explore::Result all = search(space, explore::Order::kBreadthFirst, {});
  const explore::TraceCount count = count_traces(program, {});
  EXPECT_EQ(all.terminals, count.traces);
  EXPECT_FALSE(count.stopped);
  return count;
}

TEST(Traces, OfLastZero) {
  const std::uint64_t published[] = {2, 5, 12, 28, 64, 144, 320};
  for (std::uint32_t writers = 1; writers <= 7; ++writers)
    EXPECT_EQ(traces_of(*last_zero(writers)).traces, published[writers - 1]) << writers;
}

TEST(Traces, OfReaders) {
  for (std::uint32_t n = 1; n <= 8; ++n) {
    const explore::TraceCount count = traces_of(*readers(n));
    EXPECT_EQ(count.traces, 1u << n);
    EXPECT_EQ(count.blocked, 0u) << "one run for each trace";
  }
}

TEST(Traces, OfDeliveries) {
  EXPECT_EQ(traces_of(*deliveries(5, 1)).traces, 120u);
  EXPECT_EQ(traces_of(*deliveries(3, 2)).traces, 36u);
  EXPECT_EQ(traces_of(*deliveries(3, 3)).traces, 216u);
  EXPECT_EQ(traces_of(*deliveries(1, 5)).traces, 1u) << "in any order, it is the same";
}

TEST(Traces, CountingStopsWhenAsked) {
  const explore::TraceCount count =
      count_traces(*last_zero(15), [](const explore::TraceCount&) { return false; });
  EXPECT_TRUE(count.stopped);
  EXPECT_EQ(count.traces + count.blocked, 4096u);
}

}  // namespace
}  // namespace holdfast::scenarios
