#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "properties/chosen_log.h"
#include "properties/event.h"
#include "properties/flat_map.h"
#include "properties/replica_view.h"

namespace holdfast::properties {

// Whom a run is about.
struct Members {
  // Ascending, distinct, 1 to 63 of them.
  std::vector<NodeId> ids;
  // How many votes decide; given, not computed, so that a wrong quorum of the nodes is seen.
  std::size_t quorum = 0;
  // An idempotency key is remembered for at least so many positions.
  std::uint64_t key_positions = 1 << 16;
};

// What several judges need to know of the run so far, kept once and brought up to date before they
// are called.
class Facts {
 public:
  explicit Facts(Members members);

  // Brings the facts up to date; returns the value this event made chosen, if it did.
  std::optional<Decision> apply(const Event& e);

  void on_boot(NodeId node);
  void on_crash(NodeId node);
  void on_wipe(NodeId node);

  const Members& members() const { return members_; }

  const ChosenLog& chosen() const { return chosen_; }

  // A node that is no member has an (empty) view as well.
  const ReplicaView& replica(NodeId node) const { return views_[node.value]; }

  // The index of a member, or none for a stranger.
  std::optional<std::size_t> member(NodeId node) const;

  // What a TRUNCATE with this digest keeps; none if nobody asked for it or learned it.
  std::optional<Position> truncate_target(std::uint64_t digest) const;

  // True during the first life of a node whose directory existed before the run: what that
  // directory says is taken for granted.
  bool inherits(NodeId node) const { return inherits(views_[node.value]); }

  // The lowest position that any member, or any read under way, may still name.
  Position needed_from() const;

  void forget_below(Position p) { chosen_.forget_below(p); }

  // The place of the latest event.
  std::uint64_t seq() const { return seq_; }

  std::int64_t time_ns() const { return time_ns_; }

 private:
  struct OpenRead {
    std::uint64_t op = 0;
    NodeId node;
    Position from;
  };

  static constexpr std::uint8_t kStranger = 255;

  std::optional<Decision> apply_replica(const Event& e, ReplicaView& view);
  void apply_restored(const Event& e, ReplicaView& view);
  void apply_learned(const Learning& learning, ReplicaView& view);
  void apply_proposer(const Event& e, ReplicaView& view);
  std::optional<Decision> apply_vote(const Vote& vote, NodeId node);
  void apply_restored_action(const Event& e, const ReplicaView& view);

  void apply_life(const Event& e, ReplicaView& view);
  Voter voter_of(const ReplicaView& view, std::size_t index) const;

  bool inherits(const ReplicaView& view) const {
    return view.restores == 1 && view.disks_lost == 0;
  }

  Members members_;
  std::array<std::uint8_t, 256> index_{};
  std::array<ReplicaView, 256> views_{};
  ChosenLog chosen_;
  FlatMap<Position> truncates_;  // by digest
  std::vector<OpenRead> reads_;
  std::uint64_t seq_ = 0;
  std::int64_t time_ns_ = 0;
};

}  // namespace holdfast::properties
