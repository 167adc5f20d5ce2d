// What fibers cost.  `ninja fiber_bench && bin/fiber_bench`; figures in docs/benchmarks.md.

#include <cstdint>
#include <optional>

#include <benchmark/benchmark.h>

#include "protocol/env/clock.h"

#include "protocol/fiber/channel.h"
#include "protocol/fiber/event.h"
#include "protocol/fiber/scheduler.h"
#include "protocol/fiber/stack_pool.h"

namespace holdfast {
namespace {

class BenchClock : public Clock {
 public:
  Instant now() const override { return now_; }

  void set_alarm(Instant at) override { alarm_ = at; }

  void advance_to_alarm() { now_ = alarm_; }

 private:
  Instant now_;
  Instant alarm_ = Instant::never();
};

// The cheapest possible step: one event wakes one fiber, which waits again.
void step_of_one_fiber(benchmark::State& state) {
  BenchClock clock;
  Scheduler scheduler(clock);
  Event event(scheduler);
  scheduler.spawn([&] {
    for (;;)
      event.wait();
  });
  scheduler.run();
  for (auto _ : state) {
    event.notify_one();
    scheduler.run();
  }
  scheduler.shut_down();
}

BENCHMARK(step_of_one_fiber);

// Per iteration every fiber yields once; the figure that counts is items per second.
void yield_round(benchmark::State& state) {
  BenchClock clock;
  Scheduler scheduler(clock);
  bool stop = false;
  std::uint64_t rounds = 0;
  for (std::int64_t i = 1; i < state.range(0); ++i) {
    scheduler.spawn([&] {
      while (!stop)
        scheduler.yield();
    });
  }
  scheduler.spawn([&] {
    for (auto _ : state) {
      scheduler.yield();
      ++rounds;
    }
    stop = true;
  });
  scheduler.run();
  state.SetItemsProcessed(static_cast<std::int64_t>(rounds) * state.range(0));
}

BENCHMARK(yield_round)->Arg(1)->Arg(10)->Arg(100)->Arg(1'000)->Arg(10'000);

void spawn_run_finish(benchmark::State& state) {
  BenchClock clock;
  Scheduler scheduler(clock);
  int ran = 0;
  for (auto _ : state) {
    scheduler.spawn([&ran] { ++ran; });
    scheduler.run();
  }
  benchmark::DoNotOptimize(ran);
}

BENCHMARK(spawn_run_finish);

// Two fibers hand one item back and forth.
void channel_round_trip(benchmark::State& state) {
  BenchClock clock;
  Scheduler scheduler(clock);
  Channel<int> there(scheduler, 1);
  Channel<int> back(scheduler, 1);
  scheduler.spawn([&] {
    for (;;)
      back.push(there.pop());
  });
  scheduler.spawn([&] {
    for (auto _ : state) {
      there.push(1);
      benchmark::DoNotOptimize(back.pop());
    }
  });
  scheduler.run();
  scheduler.shut_down();
}

BENCHMARK(channel_round_trip);

// A request that is answered in time: a timer is armed and disarmed, among `range` others.
void wait_with_deadline(benchmark::State& state) {
  BenchClock clock;
  Scheduler scheduler(clock);
  Event event(scheduler);
  for (std::int64_t i = 0; i < state.range(0); ++i)
    scheduler.spawn([&scheduler, i] { scheduler.sleep_for(Duration::seconds(i + 2)); });
  scheduler.spawn([&] {
    for (;;)
      benchmark::DoNotOptimize(event.wait_until(scheduler.now() + Duration::seconds(1)));
  });
  scheduler.run();
  for (auto _ : state) {
    event.notify_one();
    scheduler.run();
  }
  scheduler.shut_down();
}

BENCHMARK(wait_with_deadline)->Arg(0)->Arg(30)->Arg(1'000);

// A step in which one timer fires and is armed again, among `range` others.
void sleep_and_wake(benchmark::State& state) {
  BenchClock clock;
  Scheduler scheduler(clock);
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    scheduler.spawn([&scheduler, i] {
      scheduler.sleep_for(Duration::milliseconds(i));
      for (;;)
        scheduler.sleep_for(Duration::seconds(1));
    });
  }
  scheduler.run();
  for (auto _ : state) {
    clock.advance_to_alarm();
    scheduler.run();
  }
}

BENCHMARK(sleep_and_wake)->Arg(1)->Arg(30)->Arg(1'000);

void make_scheduler(benchmark::State& state) {
  BenchClock clock;
  StackPool stacks;
  for (auto _ : state) {
    Scheduler scheduler(clock, &stacks);
    benchmark::DoNotOptimize(scheduler.fibers());
  }
}

BENCHMARK(make_scheduler);

// A node's life: a scheduler, `range` fibers that wait, and the crash that unwinds them.
void live_and_die(benchmark::State& state) {
  BenchClock clock;
  StackPool stacks;
  for (auto _ : state) {
    Scheduler scheduler(clock, &stacks);
    Event event(scheduler);
    for (std::int64_t i = 0; i < state.range(0); ++i)
      scheduler.spawn([&event] { event.wait(); });
    scheduler.run();
    scheduler.shut_down();
  }
}

BENCHMARK(live_and_die)->Arg(1)->Arg(10);

}  // namespace
}  // namespace holdfast

BENCHMARK_MAIN();
