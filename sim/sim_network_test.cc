// How the fates of frames are spread.  What faults do to links is in world_link_test.cc.

#include "sim/sim_network.h"

#include <algorithm>
#include <memory>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/toy_cast.h"

namespace holdfast::sim {
namespace {

constexpr NodeId kOne{1};
constexpr NodeId kTwo{2};

NetworkOptions plain() {
  NetworkOptions options = quiet_options(3).network;
  options.queue_frames = 1'000'000'000;
  return options;
}

std::vector<Duration> delays(const NetworkOptions& options, std::uint64_t seed, int count) {
  SimNetwork network(options, seed);
  std::vector<Duration> result;
  for (int i = 0; i < count; ++i) {
    const SimNetwork::Fate fate = network.send(kOne, kTwo, Instant::at(1'000));
    for (std::uint32_t copy = 0; copy < fate.copies; ++copy) {
      result.push_back(fate.copy[copy].at - Instant::at(1'000));
    }
  }
  return result;
}

TEST(SimNetwork, DelaysAreUniformOverTheSpread) {
  NetworkOptions options = plain();
  options.delay_spread = Duration::milliseconds(9);
  std::vector<Duration> found = delays(options, 1, 20'000);
  std::sort(found.begin(), found.end());
  EXPECT_GE(found.front(), Duration::milliseconds(1));
  EXPECT_LE(found.back(), Duration::milliseconds(10));
  for (int tenth = 1; tenth < 10; ++tenth) {
    const Duration wanted = Duration::milliseconds(1) + Duration::microseconds(900) * tenth;
    const Duration got = found[static_cast<std::size_t>(2'000 * tenth)];
    EXPECT_NEAR(static_cast<double>(got.ns()), static_cast<double>(wanted.ns()), 120'000) << tenth;
  }
}

TEST(SimNetwork, TheTailIsGeometric) {
  NetworkOptions options = plain();
  options.tail_ppm = 500'000;
  options.tail_doublings_max = 4;
  std::map<std::int64_t, int> factors;
  for (const Duration each : delays(options, 2, 40'000))
    ++factors[each.ns() / 1'000'000];
  EXPECT_EQ(factors.size(), 5u);
  EXPECT_NEAR(factors[1], 20'000, 500);
  EXPECT_NEAR(factors[2], 10'000, 400);
  EXPECT_NEAR(factors[4], 5'000, 300);
  EXPECT_NEAR(factors[8], 2'500, 250);
  EXPECT_NEAR(factors[16], 2'500, 250) << "all longer ones";
}

TEST(SimNetwork, RatesAreWhatTheySay) {
  NetworkOptions options = plain();
  options.loss_ppm = 200'000;
  options.duplicate_ppm = 100'000;
  options.corrupt_ppm = 50'000;
  SimNetwork network(options, 3);
  for (int i = 0; i < 100'000; ++i)
    network.send(kOne, kTwo, Instant());
  const NetworkCounters& counters = network.counters();
  EXPECT_EQ(counters.sent, 100'000u);
  EXPECT_NEAR(static_cast<double>(counters.lost), 20'000, 600);
  EXPECT_NEAR(static_cast<double>(counters.duplicated), 8'000, 400);
  EXPECT_NEAR(static_cast<double>(counters.corrupted), 4'000, 300);
  EXPECT_EQ(network.in_flight(kOne, kTwo), 100'000 - counters.lost + counters.duplicated);
}

TEST(SimNetwork, AClassThatIsOffChangesNoOtherDraw) {
  NetworkOptions options = plain();
  options.delay_spread = Duration::milliseconds(9);
  const std::vector<Duration> before = delays(options, 4, 1'000);
  options.corrupt_ppm = 300'000;
  EXPECT_EQ(delays(options, 4, 1'000), before);
  EXPECT_NE(delays(options, 5, 1'000), before);
}

TEST(SimNetwork, LinksAreBiasedAndInOrderIfAskedTo) {
  NetworkOptions options = plain();
  options.link_bias_max = Duration::milliseconds(50);
  SimNetwork network(options, 6);
  std::vector<Instant> arrivals;
  for (std::uint8_t from = 1; from <= 3; ++from) {
    for (std::uint8_t to = 1; to <= 3; ++to) {
      if (from != to) {
        arrivals.push_back(network.send(NodeId{from}, NodeId{to}, Instant()).copy[0].at);
      }
    }
  }
  std::sort(arrivals.begin(), arrivals.end());
  EXPECT_EQ(std::unique(arrivals.begin(), arrivals.end()), arrivals.end());

  options.delay_spread = Duration::milliseconds(100);
  options.in_order = 1;
  const std::vector<Duration> ordered = delays(options, 7, 200);
  EXPECT_TRUE(std::is_sorted(ordered.begin(), ordered.end()));
}

TEST(SimNetwork, AHealedLinkIsAsGoodAsLinksGet) {
  NetworkOptions options = plain();
  options.loss_ppm = options.duplicate_ppm = options.corrupt_ppm = options.tail_ppm = 900'000;
  options.link_bias_max = Duration::seconds(1);
  options.queue_frames = 1;
  SimNetwork network(options, 8);
  const LinkSet link = LinkSet::of(kOne, kTwo);
  network.cut(link);
  EXPECT_TRUE(network.heal(link, Instant()).empty());
  network.cut(link);
  network.freeze(link);
  for (int i = 0; i < 1'000; ++i) {
    const SimNetwork::Fate fate = network.send(kOne, kTwo, Instant());
    ASSERT_EQ(fate.copies, 1u);
    ASSERT_EQ(fate.damage, 0u);
    ASSERT_EQ(fate.copy[0].at, Instant::at(1'000'000));
    Frame frame = frame_of("x");
    ASSERT_EQ(network.arrive(kOne, kTwo, frame), SimNetwork::Arrival::kDelivered);
  }
}

RC_GTEST_PROP(SimNetwork, DamageAlwaysShows, (const std::string& bytes, std::uint64_t key)) {
  const Frame frame = frame_of(bytes);
  RC_ASSERT(*damaged(frame, key) != bytes);
  RC_ASSERT(*damaged(frame, key) == *damaged(frame, key));
}

}  // namespace
}  // namespace holdfast::sim
