#include "real/ports/real_clock.h"

#include <gtest/gtest.h>

#include "real/ports/test_machine.h"

namespace holdfast::real {
namespace {

void pass(EventLoop& loop, Duration time) {
  EXPECT_FALSE(run_until(
      loop, [] { return false; }, time));
}

TEST(RealClock, RunsAtItsRate) {
  EventLoop loop;
  for (const std::int64_t permille : {250, 1000, 3000}) {
    RealClock clock(loop, {permille}, [] {});
    const Instant born = clock.now();
    const Instant began = clock.machine_now();
    EXPECT_EQ(born, began);
    pass(loop, Duration::milliseconds(5));
    EXPECT_EQ(clock.now(), born) << "it moved during a step";
    clock.tick();
    const Duration passed = clock.machine_now() - began;
    EXPECT_GE(passed, Duration::milliseconds(5));
    EXPECT_EQ((clock.now() - born).ns(), passed.ns() * permille / 1000);
  }
}

TEST(RealClock, AnAlarmIsNotEarlyAtAnyRate) {
  EventLoop loop;
  for (const std::int64_t permille : {333, 1000, 1777}) {
    bool rang = false;
    RealClock clock(loop, {permille}, [&] { rang = true; });
    const Instant at = clock.now() + Duration::nanoseconds(3'000'001);
    const Instant began = clock.machine_now();
    clock.set_alarm(at);
    ASSERT_TRUE(run_until(loop, [&] { return rang; }));
    clock.tick();
    EXPECT_GE(clock.now(), at);
    EXPECT_GE((clock.machine_now() - began).ns(), 3'000'001 * std::int64_t{1000} / permille);
  }
}

// By their times traces of several machines are merged.
TEST(Machine, TracesHaveTheMachinesTime) {
  class Recorder final : public Process {
   public:
    explicit Recorder(Ports ports) : ports_(ports) {}

    void start() override {
      ports_.clock.set_alarm(ports_.clock.now() + Duration::milliseconds(50));
    }

    void on_frame(const Frame&) override {}

    void on_alarm() override {
      ports_.tracer.record(static_cast<EventKind>(4), {});
      rang = true;
    }

    bool rang = false;

   private:
    Ports ports_;
  };

  EventLoop loop;
  KeptJournal journal;
  MachineOptions options;
  options.network = network_options(NodeId{1}, loopback_members(loop, 1));
  options.clock_rate = {.permille = 10'000};
  Machine machine(loop, journal, std::move(options));
  Recorder recorder(machine.ports());
  const Instant before = loop.now();
  ASSERT_TRUE(machine.boot(recorder).has_value());
  ASSERT_TRUE(run_until(loop, [&] { return recorder.rang; }));
  const Instant at = machine.tracer().events().back().at;
  EXPECT_GE(at, before + Duration::milliseconds(5));
  EXPECT_LE(at, loop.now());
  machine.halt();
}

}  // namespace
}  // namespace holdfast::real
