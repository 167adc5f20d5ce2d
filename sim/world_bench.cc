// How fast the world itself is: five nodes that answer every frame, no judges.

#include <memory>

#include <benchmark/benchmark.h>

#include "sim/schedule.h"
#include "sim/world.h"

namespace holdfast::sim {
namespace {

class Ponger final : public Process {
 public:
  Ponger(NodeId node, const Ports& ports) : node_(node), ports_(ports) {}

  // Keeps several frames in the air per node, as a coordinator with a window does.
  void start() override {
    for (std::uint8_t i = 1; i <= 4; ++i)
      pong(std::make_shared<const std::string>(100, 'x'), i);
  }

  void on_frame(const Frame& frame) override { pong(frame, ++turn_ % 4 + 1); }

  void on_alarm() override {}

 private:
  void pong(Frame frame, unsigned distance) {
    const auto to = static_cast<std::uint8_t>((node_.value - 1 + distance) % 5 + 1);
    ports_.network.send(NodeId{to}, std::move(frame));
  }

  const NodeId node_;
  const Ports& ports_;
  unsigned turn_ = 0;
};

class PongCast final : public Cast {
 public:
  std::unique_ptr<Process> boot(NodeId node, const Ports& ports, leveldb::Env&) override {
    return std::make_unique<Ponger>(node, ports);
  }

  void power_failed(NodeId) override {}

  void wiped(NodeId) override {}

  std::vector<NodeId> with_role(Role) override { return {}; }

  bool may_wipe(NodeId) override { return true; }
};

class NobodyWatches final : public Observer {
 public:
  void on_event(const TraceEvent&) override {}

  void on_point(NodeId, Point) override {}

  void on_life(const LifeNote&) override {}

  void on_fault(const FaultNote&) override {}

  void on_heal(Instant, NodeSet) override {}
};

WorldOptions bench_options() {
  WorldOptions options;
  options.nodes = 5;
  options.quorum = 3;
  return options;
}

void deliver(benchmark::State& state, const WorldOptions& options) {
  PongCast cast;
  NobodyWatches observer;
  World world(options, cast, observer);
  world.boot_all();
  for (auto _ : state)
    world.run_events(1000);
  state.counters["messages"] = benchmark::Counter(
      static_cast<double>(world.counters().network.delivered), benchmark::Counter::kIsRate);
}

void ping_pong(benchmark::State& state) {
  deliver(state, bench_options());
}

BENCHMARK(ping_pong);

// Every class of background trouble draws; copies more than make up for what is lost, up to full
// queues.
void ping_pong_in_trouble(benchmark::State& state) {
  WorldOptions options = bench_options();
  options.network.tail_ppm = 1'000;
  options.network.loss_ppm = 20'000;
  options.network.duplicate_ppm = 50'000;
  options.network.corrupt_ppm = 1'000;
  options.network.queue_frames = 30;
  options.clock.drift_max_ppm = 1'000;
  deliver(state, options);
}

BENCHMARK(ping_pong_in_trouble);

void make_and_destroy_a_world(benchmark::State& state) {
  PongCast cast;
  NobodyWatches observer;
  const WorldOptions options = bench_options();
  for (auto _ : state) {
    World world(options, cast, observer);
    world.boot_all();
  }
}

BENCHMARK(make_and_destroy_a_world);

void draw_a_plan(benchmark::State& state) {
  std::uint64_t seed = 0;
  for (auto _ : state) {
    const WorldOptions options = draw_world_options(++seed, Profile::kDefault);
    benchmark::DoNotOptimize(draw_faults(options));
  }
}

BENCHMARK(draw_a_plan);

}  // namespace
}  // namespace holdfast::sim

BENCHMARK_MAIN();
