#pragma once

// What a world shows to whoever watches it: judges, reports, traces.  Watching changes nothing: no
// draw, no time, no fingerprint.  Everything passed lives during the call only.

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "protocol/env/network.h"
#include "protocol/env/node_id.h"
#include "protocol/env/time.h"
#include "protocol/env/tracer.h"

#include "sim/faults.h"
#include "sim/topology.h"

namespace holdfast::sim {

// What a node recorded with its tracer.
struct TraceEvent {
  // Of all trace events of the run, from 0.
  std::uint64_t sequence;
  // Of the world, not of the node's clock.
  Instant at;
  NodeId node;
  EventKind kind;
  std::initializer_list<std::uint64_t> words;
  std::string_view bytes;
};

enum class FaultMoment : std::uint8_t {
  kBegan,
  kEnded,
  kSkippedByBudget,
  // Nobody plays the role, or the node is in no state to suffer it.
  kSkippedForTarget,
};

struct FaultNote {
  Instant at;
  FaultMoment moment;
  const Fault& fault;
  // Whom it hit; 0: nobody in particular.
  NodeId node;
};

enum class LifeMoment : std::uint8_t {
  kBooted,
  kPowerLost,
  kKilled,
  kStopped,
  kWiped,
  kResumed,
  kPaused
};

struct LifeNote {
  Instant at;
  LifeMoment moment;
  NodeId node;
  // Counts the boots of the node, from 1.
  std::uint32_t life;
};

enum class FrameMoment : std::uint8_t {
  kSent,
  kDelivered,
  kLost,
  kCut,
  kOverflowed,
  kHeld,
  kDamaged,
  kDuplicated,
  kReceiverDown,
};

struct FrameNote {
  Instant at;
  FrameMoment moment;
  NodeId from;
  NodeId to;
  const Frame& frame;
};

class Observer {
 public:
  virtual ~Observer() = default;

  virtual void on_event(const TraceEvent& event) = 0;

  virtual void on_point(NodeId node, Point point) = 0;

  virtual void on_life(const LifeNote& note) = 0;

  virtual void on_fault(const FaultNote& note) = 0;

  // From now on nothing breaks any more among `core`, and everything else stays as it is.
  virtual void on_heal(Instant at, NodeSet core) = 0;

  // Whether on_frame() is to be called; asked once, when the world is made.
  virtual bool wants_frames() const { return false; }

  virtual void on_frame(const FrameNote&) {}
};

std::string_view name_of(LifeMoment moment);
std::string_view name_of(FrameMoment moment);

}  // namespace holdfast::sim
