#pragma once

// Who runs for coordinator, and when.
//
//      elected: a heartbeat every interval, answered by a quorum, or it steps down
//          ^
//          | elect()
//      canvass: would a quorum support an election?  --- no ---+
//          ^                                                   |
//          | a random wait                                     v
//      election_timeout without a sign of a live coordinator <-+
//
// Nothing is safe because of it: what a member may write is decided by ballots alone, and elect()
// may be called by anybody at any time.  The elector only keeps that from happening needlessly, and
// sees to it that it happens at all (docs/PROTOCOL.md, "The elector").
//
// Time is counted in intervals of this member's own alarm, at most one for each time it rings: a
// clock that jumps and a process that was paused have waited no longer than one interval.

#include <array>
#include <cstdint>
#include <optional>

#include "protocol/coordinator.h"

namespace holdfast {

class Elector {
 public:
  Elector(Proposer::Wiring wiring, Coordinator& coordinator);

  // For two fibers of their own: heartbeats and silence; canvasses and elections.  Both return at
  // once where the application decides (NodeOptions::elections).
  void drive();
  void run();

  // Whom this member takes for the coordinator; none while it knows of none.  Good for a redirect
  // and a status page, never for a decision.  Where the application decides, the last one heard of.
  std::optional<NodeId> coordinator() const;

  // For fibers.  Finishes what is in flight, steps down, and tells `to` to run at once.  False:
  // this member does not coordinate, or lost its term before that.
  bool hand_over(NodeId to);

  // What the member's replica and peers say.  `asker` is another member.
  void on_heartbeat(const Asker& asker, const Heartbeat& heartbeat);
  void on_canvass(const Asker& asker);
  void on_hand_over(const HandOver& message);
  // A write or a notice by the elected coordinator of `ballot`.
  void on_coordinator_frame(NodeId from, Ballot ballot);
  void on_implicit_promise(Ballot ballot);
  // The connection to `member` has ended, it seems.
  void on_disconnect(NodeId member);

  // All that what it does later depends on (node_state.cc).
  void add_state(StateHash& hash) const;

 private:
  // What a coordinator knows of another member.
  struct Hearing {
    // Heartbeats since its last answer, and in a row after which it was ready to take over.
    std::uint64_t missed = 0;
    std::uint64_t ready = 0;
  };

  // Whom this member heard of last.
  struct Belief {
    // 0: nobody; or a candidate, who may not become one.
    NodeId node;
    Ballot ballot;
  };

  enum class Verdict : std::uint8_t { kOpen, kSupported, kRefused };

  bool on() const { return w_.options.elections == Elections::kByElector; }

  bool voting() const { return w_.replica.image().metadata().status == Status::kVoting; }

  Ballot promised() const { return w_.replica.image().metadata().promised; }

  const Configuration& configuration() const { return w_.options.membership.at(Position{}); }

  bool supports() const;
  bool supports_only(NodeId candidate);
  bool ready() const;
  void heard(const Belief& belief);
  void listen();
  void beat();
  void on_heartbeat_reply(NodeId from, const HeartbeatReply& reply);
  bool reachable() const;
  void consider_hand_over();
  std::size_t rank(NodeId id) const;
  Duration draw_pause();
  bool told_to_run();
  bool wait_for_turn();
  bool canvass();
  Verdict count(const std::vector<std::pair<NodeId, CanvassReply>>& replies) const;
  void observe(const CanvassReply& reply);

  Proposer::Wiring w_;
  Coordinator& coordinator_;
  // Constant: intervals in an election timeout.
  const std::uint64_t patience_;

  Belief believed_;
  // Intervals since the last sign of a live coordinator.
  std::uint64_t silent_ = 0;
  // The connection to the last one ended since.
  bool disconnected_ = false;
  // Whom this member supports, and for how many more intervals nobody else; 0: nobody.
  NodeId favourite_;
  std::uint64_t favoured_for_ = 0;
  // Notified when patience has ended, when somebody was heard, and when told to run.
  Event stirred_;
  // The coordinator that stepped down in this member's favour.
  std::optional<Ballot> told_by_;
  // Coordinators up to this ballot have stepped down, whatever arrives of theirs.
  Ballot over_;
  // What was staged an interval ago, and whether it is still not durable.
  CommitQueue::Sequence staged_ = 0;
  bool disk_lags_ = false;

  // While this member claims to be the coordinator of `beaten_`.
  Ballot beaten_;
  std::optional<OpenRequest> heartbeat_;
  std::array<Hearing, 256> hearings_{};
  bool handing_over_ = false;
  unsigned handed_over_ = 0;
};

}  // namespace holdfast
