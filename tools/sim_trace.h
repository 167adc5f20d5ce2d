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

namespace holdfast::tools {

class Trace final : public sim::Observer {
 public:
  // Writes to `out`, which outlives it.  After the event of the protocol with the number `until`
  // it is silent.
  Trace(std::FILE* out, std::optional<std::uint64_t> until) : out_(out), until_(until) {}

  void on_event(const sim::TraceEvent& event) override;
  void on_point(NodeId node, Point point) override;
  void on_life(const sim::LifeNote& note) override;
  void on_fault(const sim::FaultNote& note) override;
  void on_heal(Instant at, sim::NodeSet core) override;

  bool wants_frames() const override { return true; }

  void on_frame(const sim::FrameNote& note) override;

 private:
  void line(Instant at, const std::string& who, const std::string& what, const std::string& text);

  std::FILE* out_;
  std::optional<std::uint64_t> until_;
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
