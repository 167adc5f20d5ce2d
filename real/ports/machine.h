#pragma once

// The ports of one process on this machine, and its steps.

#include <cstddef>
#include <functional>

#include "protocol/env/process.h"

#include "real/ports/member_network.h"
#include "real/ports/os_random.h"
#include "real/ports/real_clock.h"
#include "real/ports/storage_threads.h"
#include "real/ports/trace_ring.h"

namespace holdfast::real {

struct MachineOptions {
  NetworkOptions network;
  // Events of the tracer that are remembered.
  std::size_t trace_events = 4096;
  // See TraceRing.
  std::function<void(const TracedEvent&)> watch;
  StorageThreads::Watch watch_jobs;
  ClockRate clock_rate;
};

// Owns the ports.  Everything is called on the loop's thread.
//
//   Machine machine(loop, journal, options);
//   MyProcess process(machine.ports());
//   machine.boot(process);       ...       machine.halt();
class Machine {
 public:
  // `loop` and `journal` outlive it.
  Machine(EventLoop& loop, Journal& journal, MachineOptions options);

  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // The machine outlives whoever uses them.
  Ports ports() { return {clock_, network_, disk_, random_, tracer_}; }

  // Opens the network, and lets the process begin with its first step soon.  The error says what to
  // do; nothing happens then.
  tl::expected<void, std::string> boot(Process& process);

  // One step of the process, from outside: `body` calls it.  Not from inside a step.
  void step(const std::function<void()>& body);

  // Ends the life of the process: waits for the disk jobs that run, and from then on nothing
  // reaches it and its ports do nothing.  Idempotent.  Not from inside a step.
  void halt();

  const MemberNetwork& network() const { return network_; }

  const TraceRing& tracer() const { return tracer_; }

  // Jobs of the disk that wait or run.
  std::size_t jobs_pending() const { return disk_.pending(); }

  // No job is under way and no alarm set.
  bool idle() const { return disk_.pending() == 0 && !clock_.alarm_is_set(); }

 private:
  EventLoop& loop_;
  Process* process_ = nullptr;
  RealClock clock_;
  OsRandom random_;
  TraceRing tracer_;
  MemberNetwork network_;
  StorageThreads disk_;
  // The first step; a timer, so that it dies with the machine.
  Timer first_step_;
};

}  // namespace holdfast::real
