#pragma once

// One machine of a world: its ports, its disk and clock, and the process that lives on it, if any.
//
// The ports only remember what a step asks for; the world carries it out when the step is over.
// Once the node is dead they do nothing while the process unwinds.

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "protocol/env/process.h"

#include "sim/observer.h"
#include "sim/options.h"
#include "sim/requests.h"
#include "sim/sim_clock.h"
#include "sim/sim_disk.h"

namespace holdfast::sim {

// What all nodes share while a step runs.
struct StepContext {
  Observer& observer;
  Instant now;
  std::uint64_t trace_events = 0;
};

class SimNode final : private Clock, private Network, private Disk, private Random, private Tracer {
 public:
  SimNode(NodeId node, const WorldOptions& options, DiskHost& host, StepContext& context);

  NodeId id() const { return id_; }

  const Ports& ports() const { return ports_; }

  SimDisk& disk() { return disk_; }

  SimClock& clock() { return clock_; }

  const SimClock& clock() const { return clock_; }

  bool up() const { return process_ != nullptr; }

  Process& process() { return *process_; }

  // Counts boots, from 1; 0 before the first.
  std::uint32_t life() const { return life_; }

  // From now on draws are those of another seed.
  void rekey(std::uint64_t seed);

  // A life begins; the process follows by adopt(), in the same step.
  void begin_life(Instant origin);

  void adopt(std::unique_ptr<Process> process) { process_ = std::move(process); }

  // Destroys the process.  The disk must have crashed before.
  void end_life();

  // Between these the ports take requests.
  void begin_step();

  void end_step() { stepping_ = false; }

  Requests& requests() { return requests_; }

  // On the node's own clock.
  Instant alarm() const { return alarm_; }

  void clear_alarm() { alarm_ = Instant::never(); }

 private:
  enum class State : std::uint8_t { kDead, kAlive };

  Instant now() const override { return step_time_; }

  void set_alarm(Instant at) override;
  void send(NodeId to, Frame frame) override;
  void submit(Lane lane, Job job, Done done) override;
  bool sync_directory(const std::string& path) override;
  std::uint64_t draw(RandomStream stream) override;
  void record(EventKind kind,
              std::initializer_list<std::uint64_t> words,
              std::string_view bytes) override;
  void reach(Point point) override;

  const NodeId id_;
  std::uint64_t random_key_;
  StepContext& context_;
  SimDisk disk_;
  SimClock clock_;
  const Ports ports_;

  State state_ = State::kDead;
  bool stepping_ = false;
  std::uint32_t life_ = 0;
  std::uint64_t life_key_ = 0;
  std::array<std::uint64_t, 16> draws_{};
  Instant step_time_;
  Instant alarm_ = Instant::never();
  Requests requests_;
  std::unique_ptr<Process> process_;
};

}  // namespace holdfast::sim
