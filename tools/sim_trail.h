#pragma once

// What happened in a run, a byte per event of the protocol: enough to say in which event a run of
// another build parts from it.  Times are left out, so that a timeout that changed is no difference
// until something happens differently.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/observer.h"

namespace holdfast::tools {

// A longer run is remembered up to here.
inline constexpr std::size_t kTrailMax = 20'000;

// "#17 0.000201s node 1 restored VOTING, promised 0"
std::string event_line(const sim::TraceEvent& event);

// Sees events only.
class EventWatcher : public sim::Observer {
 public:
  void on_point(NodeId, Point) override {}

  void on_life(const sim::LifeNote&) override {}

  void on_fault(const sim::FaultNote&) override {}

  void on_heal(Instant, sim::NodeSet) override {}
};

class TrailRecorder final : public EventWatcher {
 public:
  void on_event(const sim::TraceEvent& event) override;

  const std::string& trail() const { return trail_; }

 private:
  std::string trail_;
};

// Follows a run and compares.
class TrailFollower final : public EventWatcher {
 public:
  explicit TrailFollower(std::string trail) : trail_(std::move(trail)) {}

  void on_event(const sim::TraceEvent& event) override;

  // Once the run is over: where it parts from the recorded one, with what happens there instead and
  // what came before; empty: nowhere, as far as the trail goes.
  std::string difference() const;

 private:
  static constexpr std::size_t kBefore = 5;

  std::string trail_;
  std::uint64_t next_ = 0;
  std::vector<std::string> before_;
  std::optional<std::string> here_;
};

// Passes everything on to several, in order.
class Watchers final : public sim::Observer {
 public:
  // Asked for frames when the world is made.  `watcher` outlives this.
  void add(sim::Observer& watcher) { all_.push_back(&watcher); }

  void on_event(const sim::TraceEvent& event) override {
    for (sim::Observer* each : all_)
      each->on_event(event);
  }

  void on_point(NodeId node, Point point) override {
    for (sim::Observer* each : all_)
      each->on_point(node, point);
  }

  void on_life(const sim::LifeNote& note) override {
    for (sim::Observer* each : all_)
      each->on_life(note);
  }

  void on_fault(const sim::FaultNote& note) override {
    for (sim::Observer* each : all_)
      each->on_fault(note);
  }

  void on_heal(Instant at, sim::NodeSet core) override {
    for (sim::Observer* each : all_)
      each->on_heal(at, core);
  }

  bool wants_frames() const override {
    bool any = false;
    for (const sim::Observer* each : all_)
      any = any || each->wants_frames();
    return any;
  }

  void on_frame(const sim::FrameNote& note) override {
    for (sim::Observer* each : all_)
      if (each->wants_frames()) each->on_frame(note);
  }

 private:
  std::vector<sim::Observer*> all_;
};

}  // namespace holdfast::tools
