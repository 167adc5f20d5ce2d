#pragma once

// The post between the members of a script: delivers each frame after a fixed time, unless the
// script holds, drops or repeats it.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "protocol/env/network.h"
#include "protocol/env/node_id.h"
#include "protocol/env/time.h"

#include "protocol/codec/codec.h"

#include "sim/world.h"

#include "scenarios/script/trace.h"

namespace holdfast::scenarios::script {

// Which frames.  NodeId{0} stands for every member, no kind for every kind.
struct Route {
  NodeId from;
  NodeId to;
  std::vector<std::string> kinds;

  bool takes(NodeId sender, NodeId receiver, std::string_view kind) const;
};

class Mail {
 public:
  // Both outlive it.  From now on it carries the frames of `world`.
  Mail(sim::World& world, Trace& trace);

  // What is sent from now on is kept until release().
  void hold(Route route) { rules_.push_back({std::move(route), Fate::kHeld}); }

  // What is sent from now on is lost until mend().
  void drop(Route route) { rules_.push_back({std::move(route), Fate::kLost}); }

  // What is sent from now on is delivered, until release() or mend().
  void pass(Route route) { rules_.push_back({std::move(route), Fate::kDelivered}); }

  // Ends every hold.  The kept frames of `route`, at most `count` of them, oldest first, set out
  // now; the others are forgotten only by discard().  Returns how many set out.
  std::size_t release(const Route& route, std::size_t count);

  // Ends every hold, and every kept frame is lost.  Returns how many.
  std::size_t discard();

  // Ends every drop.
  void mend();

  // The last frame of each link of `route` is sent once more.  Returns how many.
  std::size_t repeat(const Route& route);

 private:
  enum class Fate : std::uint8_t { kDelivered, kHeld, kLost };

  struct Rule {
    Route route;
    Fate fate;
  };

  struct Letter {
    NodeId from;
    NodeId to;
    std::string kind;
    Envelope envelope;
    Frame frame;
  };

  void end(Fate fate);
  std::optional<Duration> take(NodeId from, NodeId to, const Frame& frame);
  void transmit(const Letter& letter, std::string_view mark);
  std::string_view mark_of(NodeId to) const;

  sim::World& world_;
  Trace& trace_;
  Codec codec_;
  std::vector<Rule> rules_;
  std::vector<Letter> held_;
  // The last of each sender, receiver and kind.
  std::map<std::tuple<NodeId, NodeId, std::string>, Letter> last_;
};

}  // namespace holdfast::scenarios::script
