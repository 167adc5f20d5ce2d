#pragma once

// Scripted processes for tests of the world: what each does on an event is a function of the test.

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "protocol/env/process.h"

#include "sim/cast.h"
#include "sim/observer.h"
#include "sim/options.h"
#include "sim/topology.h"

namespace holdfast::sim {

inline Frame frame_of(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

// Instants of a test count from the beginning of its world.
constexpr Instant after(Duration since) {
  return Instant() + since;
}

// What a toy has at hand.
struct Toy {
  NodeId node;
  const Ports& ports;
  leveldb::Env& env;
};

struct ToyScript {
  std::function<void(Toy&)> start = [](Toy&) {};
  std::function<void(Toy&, const std::string&)> frame = [](Toy&, const std::string&) {};
  std::function<void(Toy&)> alarm = [](Toy&) {};
  std::function<void(Toy&, NodeId)> disconnect = [](Toy&, NodeId) {};
  std::function<void(Toy&)> destroyed = [](Toy&) {};
};

class ToyProcess final : public Process {
 public:
  ToyProcess(Toy toy, const ToyScript& script) : toy_(toy), script_(script) {}

  ~ToyProcess() override { script_.destroyed(toy_); }

  void start() override { script_.start(toy_); }

  void on_frame(const Frame& frame) override { script_.frame(toy_, *frame); }

  void on_alarm() override { script_.alarm(toy_); }

  void on_disconnect(NodeId from) override { script_.disconnect(toy_, from); }

 private:
  Toy toy_;
  const ToyScript& script_;
};

// Plays one script on every node, and remembers what the world told it.
class ToyCast final : public Cast {
 public:
  ToyScript script;
  std::map<Role, std::vector<NodeId>> roles;
  bool wipes_allowed = true;

  std::vector<NodeId> powered_off;
  std::vector<NodeId> wiped_nodes;
  // The ports of the last life of each node, by index.
  std::array<const Ports*, kMaxNodes> ports{};

  std::unique_ptr<Process> boot(NodeId node, const Ports& of, leveldb::Env& env) override {
    ports[index_of(node)] = &of;
    return std::make_unique<ToyProcess>(Toy{node, of, env}, script);
  }

  void power_failed(NodeId node) override { powered_off.push_back(node); }

  void wiped(NodeId node) override { wiped_nodes.push_back(node); }

  std::vector<NodeId> with_role(Role role) override { return roles[role]; }

  bool may_wipe(NodeId) override { return wipes_allowed; }

  // For a step that the test makes on `node`.
  void send(NodeId node, NodeId to, std::string text) {
    ports[index_of(node)]->network.send(to, frame_of(std::move(text)));
  }
};

// Remembers everything it is shown.
class ToyObserver final : public Observer {
 public:
  bool frames_wanted = true;

  struct SeenFrame {
    Instant at;
    FrameMoment moment;
    NodeId from;
    NodeId to;
    std::string text;
  };

  struct SeenFault {
    Instant at;
    FaultMoment moment;
    FaultKind kind;
    NodeId node;
  };

  std::vector<SeenFrame> frames;
  std::vector<SeenFault> faults;
  std::vector<LifeNote> lives;
  std::vector<EventKind> events;
  NodeSet healed;

  void on_event(const TraceEvent& event) override { events.push_back(event.kind); }

  void on_point(NodeId, Point) override {}

  void on_life(const LifeNote& note) override { lives.push_back(note); }

  void on_fault(const FaultNote& note) override {
    faults.push_back({note.at, note.moment, note.fault.kind, note.node});
  }

  void on_heal(Instant, NodeSet core) override { healed = core; }

  bool wants_frames() const override { return frames_wanted; }

  void on_frame(const FrameNote& note) override {
    frames.push_back({note.at, note.moment, note.from, note.to, *note.frame});
  }

  std::size_t count(FrameMoment moment, NodeId from, NodeId to) const {
    std::size_t number = 0;
    for (const SeenFrame& each : frames) {
      if (each.moment == moment && each.from == from && each.to == to) ++number;
    }
    return number;
  }
};

// A world in which nothing goes wrong by itself and every frame takes 1 ms.
inline WorldOptions quiet_options(int nodes) {
  WorldOptions options;
  options.nodes = nodes;
  options.quorum = nodes / 2 + 1;
  options.network.delay_base = Duration::milliseconds(1);
  options.network.delay_spread = Duration();
  options.clock.origin_max = Duration();
  options.disk.commit = LaneLatency{.base = Duration::milliseconds(1),
                                    .spread = Duration(),
                                    .tail_per_million = 0,
                                    .tail_doublings_max = 1};
  options.disk.bulk = options.disk.commit;
  return options;
}

}  // namespace holdfast::sim
