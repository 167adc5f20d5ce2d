// What it costs to bring back a member that lost its disk: time, messages, bytes and syncs from its
// boot until it votes, for logs of several sizes, with and without a truncated prefix.
// docs/benchmarks.md quotes the figures this prints.

#include <algorithm>
#include <array>
#include <cstdint>
#include <iomanip>
#include <iostream>
#include <vector>

#include <gtest/gtest.h>

#include "scenarios/cluster.h"
#include "scenarios/cost_for_test.h"

namespace holdfast::scenarios {
namespace {

constexpr std::size_t kEntryBytes = 16 << 10;
constexpr std::size_t kWindow = 64;
constexpr std::uint64_t kPrefix = 1'000'000;
// Of the prefix, appended and truncated in the run; the rest is where the log starts.
constexpr std::uint64_t kTruncated = 512;
constexpr NodeId kWriter{1};
constexpr NodeId kVictim{3};

// Three members whose settings are those a member has by itself (protocol/options.h).
ClusterOptions members(std::uint64_t first_position) {
  const NodeOptions usual;
  ClusterOptions options = usual_members();
  options.first_position = first_position;
  options.window = kWindow;
  options.entry_bytes_max = kEntryBytes;
  options.resend_min = usual.resend_min;
  options.resend_max = usual.resend_max;
  options.chosen_interval = usual.chosen_interval;
  options.recovery_deadline = usual.recovery_deadline;
  options.recovery_pause = usual.recovery_pause;
  options.close_deadline = usual.close_deadline;
  options.erase_records_max = static_cast<std::int64_t>(usual.erase_records_max);
  return options;
}

// Counts what concerns the victim.
class Meter final : public sim::Observer, public sim::EventSink {
 public:
  bool running = false;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  // Jobs of its disk: the opening, and synced batches; it reads nothing.
  std::uint64_t syncs = 0;

  void on_event(const sim::TraceEvent&) override {}

  void on_point(NodeId, Point) override {}

  void on_life(const sim::LifeNote& note) override {
    running = running || (note.node == kVictim && note.moment == sim::LifeMoment::kWiped);
  }

  void on_fault(const sim::FaultNote&) override {}

  void on_heal(Instant, sim::NodeSet) override {}

  bool wants_frames() const override { return true; }

  void on_frame(const sim::FrameNote& note) override {
    if (!running || note.moment != sim::FrameMoment::kDelivered) return;
    if (note.from != kVictim && note.to != kVictim) return;
    ++messages;
    bytes += note.frame->size();
  }

  void on_world_event(const sim::EventRecord& record) override {
    const bool job = record.kind == sim::WorldEventKind::kDisk && record.node == kVictim.value;
    if (running && job) ++syncs;
  }
};

struct Cost {
  std::uint64_t kilobytes = 0;
  std::uint64_t begin = 0;
  std::uint64_t us = 0;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t syncs = 0;
};

std::ostream& operator<<(std::ostream& out, const Cost& cost) {
  const auto column = [&](auto value) { out << std::setw(12) << value; };
  column(cost.kilobytes);
  column(cost.begin);
  column(cost.us / 1000);
  column(cost.messages);
  column(cost.bytes / 1024);
  column(cost.syncs);
  return out;
}

class RecoveryCost : public testing::Test {
 protected:
  // For `kilobytes` of entries between `begin` and the end of the log.
  static Cost measure(std::uint64_t kilobytes, std::uint64_t begin) {
    StackPool stacks;
    Meter meter;
    const std::uint64_t first = begin == 0 ? 0 : begin - kTruncated;
    sim::WorldOptions options = world_of_three();
    options.length = Duration::seconds(3600);
    Cluster cluster(options, members(first), stacks, &meter);
    sim::World& world = cluster.world();
    world.set_event_sink(&meter);
    world.run_until(world.now() + Duration::seconds(1));
    cluster.perform({.at = {}, .node = kWriter, .kind = OperationKind::kElect});
    world.run_until(world.now() + Duration::seconds(1));
    if (begin != 0) truncate(cluster, begin);
    write(cluster, kilobytes * 1024 / kEntryBytes);
    world.run_until(world.now() + Duration::seconds(2));
    for (const NodeId id : {kWriter, kVictim})
      EXPECT_EQ(cluster.node(id)->image().begin().position, Position{begin});

    const sim::Fault wipe{.kind = sim::FaultKind::kWipe,
                          .at = world.now() - Instant() + Duration::milliseconds(1),
                          .duration = Duration::milliseconds(1),
                          .target = kVictim};
    world.schedule(std::array{wipe});
    run(cluster, [&] { return meter.running && cluster.node(kVictim) != nullptr; });
    const Instant boot = world.now();
    run(cluster, [&] { return cluster.voting().contains(kVictim); });
    EXPECT_TRUE(cluster.panel().verdict().clean());
    const LogImage& image = cluster.node(kVictim)->image();
    EXPECT_EQ(image.first_missing(Position{}), cluster.node(kWriter)->image().end()->next());
    return {.kilobytes = kilobytes,
            .begin = begin,
            .us = static_cast<std::uint64_t>((world.now() - boot).ns()) / 1000,
            .messages = meter.messages,
            .bytes = meter.bytes,
            .syncs = meter.syncs};
  }

  // Each size without a prefix and with one.
  static std::vector<Cost> measure_all(std::span<const std::uint64_t> kilobytes) {
    std::vector<Cost> costs;
    std::cout << "          KB       begin          ms    messages   KB moved       syncs\n";
    for (const std::uint64_t size : kilobytes) {
      for (const std::uint64_t begin : {std::uint64_t{0}, kPrefix}) {
        costs.push_back(measure(size, begin));
        std::cout << costs.back() << "\n";
      }
    }
    return costs;
  }

  static void expect_independent_of_the_prefix(const std::vector<Cost>& costs) {
    for (std::size_t i = 0; i + 1 < costs.size(); i += 2) {
      expect_within(costs[i].us, costs[i + 1].us, 15);
      expect_within(costs[i].messages, costs[i + 1].messages, 15);
      expect_within(costs[i].bytes, costs[i + 1].bytes, 2);
      expect_within(costs[i].syncs, costs[i + 1].syncs, 15);
    }
  }

  // What a megabyte more costs is the same between any two sizes.
  static void expect_linear(const std::vector<Cost>& costs) {
    const Cost& smallest = costs.front();
    const Cost& largest = costs[costs.size() - 2];
    const auto more = largest.kilobytes - smallest.kilobytes;
    for (std::size_t i = 2; i + 2 < costs.size(); i += 2) {
      const auto part = costs[i].kilobytes - smallest.kilobytes;
      const auto expected = [&](std::uint64_t from, std::uint64_t to) {
        return from + (to - from) * part / more;
      };
      expect_within(costs[i].us, expected(smallest.us, largest.us), 15);
      expect_within(costs[i].messages, expected(smallest.messages, largest.messages), 15);
      expect_within(costs[i].bytes, expected(smallest.bytes, largest.bytes), 2);
      expect_within(costs[i].syncs, expected(smallest.syncs, largest.syncs), 15);
    }
  }

 private:
  static void expect_within(std::uint64_t a, std::uint64_t b, std::uint64_t percent) {
    EXPECT_LE((std::max(a, b) - std::min(a, b)) * 100, std::max(a, b) * percent)
        << a << " and " << b;
  }

  template <typename Done>
  static void run(Cluster& cluster, Done done) {
    ASSERT_EQ(cluster.world().run_until(done, 100'000'000), sim::RunEnd::kReached);
  }

  static void write(Cluster& cluster, std::uint64_t entries) {
    const LogImage& image = cluster.node(kWriter)->image();
    const Position before = image.first_missing(Position{});
    std::uint64_t sent = 0;
    while (sent < entries) {
      const std::uint64_t burst = std::min<std::uint64_t>(kWindow, entries - sent);
      cluster.with_application(kWriter, [&](Application& application) {
        for (std::uint64_t i = 0; i < burst; ++i)
          application.append_sized(kEntryBytes);
      });
      sent += burst;
      run(cluster, [&] { return image.first_missing(Position{}) >= before + sent; });
    }
  }

  // Appends up to `begin`, and cuts off everything below it.
  static void truncate(Cluster& cluster, std::uint64_t begin) {
    const LogImage& image = cluster.node(kWriter)->image();
    write(cluster, begin - image.first_missing(Position{}).value);
    // It keeps the end, which is begin - 1, and the place of its own.
    cluster.perform({.at = {}, .node = kWriter, .kind = OperationKind::kTruncate, .arg = 1});
    run(cluster, [&] { return image.begin().position >= Position{begin}; });
  }
};

TEST_F(RecoveryCost, GrowsWithTheBytesOfTheLogAndNotWithItsPrefix) {
  constexpr std::array<std::uint64_t, 4> kKilobytes{12800, 25600, 51200, 102400};
  const std::vector<Cost> costs = measure_all(kKilobytes);
  expect_independent_of_the_prefix(costs);
  expect_linear(costs);
  // Nothing is sent twice.
  for (const Cost& cost : costs)
    EXPECT_LE(cost.bytes, cost.kilobytes * 1024 * 105 / 100) << cost;
}

}  // namespace
}  // namespace holdfast::scenarios
