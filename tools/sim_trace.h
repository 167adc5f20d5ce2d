#pragma once

// A run as a story: one line per event of the protocol, per frame, per fault and per life.

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/codec/codec.h"

#include "sim/observer.h"

#include "scenarios/cluster.h"
#include "tools/sim_event_text.h"

namespace holdfast::tools {

// What of a run is shown; all that is set must hold.
struct TraceFilter {
  // Of the protocol: after the event with this number nothing more is shown.
  std::optional<std::uint64_t> until;
  bool frames = true;
  bool points = true;
  // Events of the node, and frames to and from it.
  std::optional<NodeId> node;
  // Events and frames about the position, or a range with it in.
  std::optional<Position> position;
  std::optional<Ballot> ballot;
};

class Trace final : public sim::Observer {
 public:
  // Writes to `out`, which outlives it.
  Trace(std::FILE* out, const TraceFilter& filter) : out_(out), filter_(filter) {}

  void on_event(const sim::TraceEvent& event) override;
  void on_point(NodeId node, Point point) override;
  void on_life(const sim::LifeNote& note) override;
  void on_fault(const sim::FaultNote& note) override;
  void on_heal(Instant at, sim::NodeSet core) override;

  bool wants_frames() const override { return filter_.frames; }

  void on_frame(const sim::FrameNote& note) override;

 private:
  bool shows(NodeId node, const Subject& subject) const;
  void line(Instant at, const std::string& who, const std::string& what, const std::string& text);

  std::FILE* out_;
  TraceFilter filter_;
  bool over_ = false;
  // Points have no time of their own.
  Instant latest_;
  Codec codec_;
};

// "fault begins"
std::string_view moment_text(sim::FaultMoment moment);

// One line per node: life, status, promise, what of the log it has.
std::string state_text(scenarios::Cluster& cluster);

}  // namespace holdfast::tools
