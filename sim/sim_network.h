#pragma once

// What happens to frames between nodes: a directed link per pair, each with its own delays, losses
// and states.  Decides; the world moves the frames.
//
// The fate of the n-th frame of a link is a hash of (seed, what is decided, from, to, n), so
// nothing that happens on one link, and no fault that is left out, changes what another link does.
// A class of trouble that is off draws nothing.
//
// A cut link drops what is sent and what arrives.  A frozen link holds what arrives, and lets it go
// when it thaws.  Both count: a link that two faults cut is whole again when both have ended.

#include <array>
#include <cstdint>
#include <vector>

#include "protocol/env/network.h"
#include "protocol/env/node_id.h"
#include "protocol/env/time.h"

#include "sim/options.h"
#include "sim/topology.h"

namespace holdfast::sim {

struct NetworkCounters {
  std::uint64_t sent = 0;
  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;
  std::uint64_t cut = 0;
  std::uint64_t overflowed = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t corrupted = 0;
  std::uint64_t tails = 0;
  std::uint64_t clogged = 0;
  std::uint64_t held = 0;
  std::uint64_t released = 0;
};

// Rates that a burst raises for a while.
enum class Trouble : std::uint8_t { kLoss, kDuplicate, kCorrupt };
inline constexpr std::size_t kTroubleCount = 3;

class SimNetwork {
 public:
  SimNetwork(const NetworkOptions& options, std::uint64_t seed);

  // When the copies of one frame arrive; none: it is lost.
  struct Fate {
    struct Copy {
      Instant at;
      std::uint32_t tie_break = 0;
    };

    enum class Loss : std::uint8_t { kNone, kLost, kCut, kOverflowed };

    std::uint32_t copies = 0;
    Loss loss = Loss::kNone;
    std::array<Copy, 2> copy;
    // Not 0: the first copy is damaged, as damaged(frame, damage) says.
    std::uint64_t damage = 0;
  };

  Fate send(NodeId from, NodeId to, Instant now);

  // From now on draws are those of another seed.
  void rekey(std::uint64_t seed);

  enum class Arrival : std::uint8_t { kDelivered, kHeld, kCut };

  // A copy's time came.  Takes `frame` if it is held.
  Arrival arrive(NodeId from, NodeId to, Frame& frame);

  // A copy is gone without having arrived (its receiver died with it in its hands).
  void forget(NodeId from, NodeId to) { --link(from, to).in_flight; }

  // A held frame that travels again.
  struct Released {
    NodeId from;
    NodeId to;
    Instant at;
    std::uint32_t tie_break;
    Frame frame;
  };

  void cut(LinkSet links);
  void mend(LinkSet links);
  void freeze(LinkSet links);
  [[nodiscard]] std::vector<Released> thaw(LinkSet links, Instant now);
  // Delays grow by `percent` of the time since `now`.
  void clog(LinkSet links, Instant now, std::int64_t percent);
  void unclog(LinkSet links);
  // Negative takes back what was added.
  void raise(Trouble trouble, LinkSet links, std::int64_t ppm);

  // From now on the links are as good as links get, whatever is called above.
  [[nodiscard]] std::vector<Released> heal(LinkSet links, Instant now);

  // Neither cut nor frozen.
  bool open(NodeId from, NodeId to) const {
    return link(from, to).cuts == 0 && link(from, to).freezes == 0;
  }

  // Frames on their way, those held included.
  std::uint64_t in_flight(NodeId from, NodeId to) const { return link(from, to).in_flight; }

  const NetworkCounters& counters() const { return counters_; }

 private:
  // The keys of this link's draws, and how much slower it is than others, for good.
  struct Keys {
    std::uint64_t delay;
    std::uint64_t tail;
    std::array<std::uint64_t, kTroubleCount> trouble;
    std::uint64_t duplicate_delay;
    std::uint64_t release;
    Duration bias;
  };

  struct Link {
    Keys keys;
    std::uint64_t frames = 0;
    std::uint64_t in_flight = 0;
    std::uint64_t releases = 0;
    Instant last_arrival;
    Instant clogged_since;
    std::int64_t clog_percent = 0;
    std::array<std::int64_t, kTroubleCount> burst_ppm{};
    std::uint16_t cuts = 0;
    std::uint16_t freezes = 0;
    std::uint16_t clogs = 0;
    bool healed = false;
    std::vector<Frame> held;
  };

  Link& link(NodeId from, NodeId to) { return links_[kMaxNodes * index_of(from) + index_of(to)]; }

  const Link& link(NodeId from, NodeId to) const {
    return links_[kMaxNodes * index_of(from) + index_of(to)];
  }

  bool strikes(const Link& on, Trouble trouble, std::uint64_t frame, std::int64_t base_ppm) const;
  Duration travel_time(const Link& on, std::uint64_t frame, Instant now);
  Instant arrival(Link& on, Instant at) const;
  void release(NodeId from, NodeId to, Instant now, std::vector<Released>& out);

  const NetworkOptions options_;
  std::array<Link, kMaxNodes * kMaxNodes> links_;
  NetworkCounters counters_;
};

// A copy of `frame` with a few bits flipped, bytes missing at the end, or bytes added there; never
// equal to it.
Frame damaged(const Frame& frame, std::uint64_t key);

}  // namespace holdfast::sim
