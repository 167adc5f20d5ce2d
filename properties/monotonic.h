#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "protocol/incarnations.h"
#include "protocol/interval_set.h"

#include "properties/flat_map.h"
#include "properties/judge.h"
#include "properties/position_window.h"

namespace holdfast::properties {

inline constexpr PropertyInfo kMonotonic{
    .name = "monotonic",
    .modality = Modality::kAlways,
    .order = Order::kPerNode,
    .statement =
        "promises, votes, learned marks, rounds, the incarnations and the status a node has said "
        "are "
        "on its disk at its next start; no vote is below a promise; a ballot is one proposer's "
        "and stands for one value at a position",
    .reference = "docs/PROTOCOL.md 9.4, I1, I2, I4",
};

// Keeps for every node what it has said since its disk was new, and compares with what its
// directory says at every start.
class Monotonic : public Judge {
 public:
  explicit Monotonic(const Bench& bench);

  void on_event(const Event& e) override;
  void on_crash(NodeId node) override;
  void on_wipe(NodeId node) override;
  void forget_below(Position p) override;
  void finish() override;

 private:
  // What was said, and must be on disk, of one position of one node.
  struct Record {
    Ballot promised;
    Ballot performed;
    std::uint64_t digest = 0;
    std::int64_t promised_ns = 0;
    // The start at which the directory last showed the record.
    std::uint32_t seen = 0;

    bool empty() const { return promised.value == 0; }
  };

  struct NodeDisk {
    PositionWindow<Record> records;
    // The implicit promise, and when it was said.
    Ballot promised;
    std::int64_t promised_ns = 0;
    // The highest round that left the node.
    std::uint64_t round = 0;
    // Read from disk once, so there for ever.
    IntervalSet learned;
    // Said to others who register, so there for ever.
    Incarnations vouched;
    bool voted = false;

    // During a start.
    bool restoring = false;
    std::uint32_t starts = 0;
    Position begin;
    IntervalSet found_learned;
    Incarnations found_known;
  };

  struct Proposal {
    Ballot ballot;
    std::uint64_t digest = 0;
    NodeId by;
  };

  struct Proposals {
    Proposal first;
    std::vector<Proposal> more;
  };

  NodeDisk& disk(NodeId node);
  void restored(const Event& e, NodeDisk& d);
  void restored_action(const Event& e, NodeDisk& d);
  // The directory has been read to its end.
  void opened(NodeId node, NodeDisk& d);
  void check_records(NodeId node, NodeDisk& d);
  void check_learned(NodeId node, const NodeDisk& d);
  void promised(const Event& e, NodeDisk& d);
  void promised_position(const Event& e, NodeDisk& d, Position p, Ballot ballot);
  void accepted(const Event& e, NodeDisk& d);
  void proposed(const Event& e, NodeDisk& d);
  void electing(const Event& e, NodeDisk& d);
  void check_vouched(NodeId node, const NodeDisk& d);
  void live(const Event& e, NodeDisk& d);
  void compare(const Event& e, const Proposal& before, const Vote& vote);

  std::array<std::unique_ptr<NodeDisk>, 256> disks_;
  PositionWindow<Proposals> proposals_;
  FlatMap<NodeId> elections_;  // by ballot
};

}  // namespace holdfast::properties
