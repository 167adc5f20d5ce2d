#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "protocol/interval_set.h"

#include "properties/event.h"
#include "properties/position_window.h"

namespace holdfast::properties {

// A set of positions that mostly grows at its upper end: one bit each, and the first position at or
// above a floor that is not in it.
class PositionSet {
 public:
  void add(Position p);
  // Requires: first <= last.
  void add(Position first, Position last);
  bool contains(Position p) const;

  // The lowest position at or above the floor that is not in the set.
  Position frontier() const { return frontier_; }

  // Raises the floor; what lies below it may be forgotten.
  void raise_floor(Position floor);

  // [first, last] is in the set, whole.  Requires: first <= last.
  bool contains_all(Position first, Position last) const;

 private:
  // Longer intervals are kept as intervals: nothing may take time by the number of positions then.
  static constexpr std::uint64_t kBitsMax = std::uint64_t{1} << 22;

  void advance();

  PositionWindow<std::uint64_t> bits_;  // by position / 64
  IntervalSet long_;
  Position frontier_;
};

// An operation that a client of the node waits for.
struct OpenOp {
  std::uint64_t op = 0;
  EventKind called{};
  std::uint64_t since = 0;  // seq
};

// What one node's events say about it.  Per-node order is enough for all of it.
struct ReplicaView {
  // Of the run.
  std::uint64_t boots = 0;
  std::uint64_t restores = 0;
  // How often its disk was lost.
  std::uint64_t disks_lost = 0;

  // Of the disk, as far as it was said.
  std::optional<Status> status;
  Incarnation incarnation;
  // A begin that was said or restored, the highest since the last wipe.
  Position begin;

  // Of the life.
  bool live = false;
  // The incarnations it says it knows, by index of the members; none: it knows of no lost disk.
  std::shared_ptr<const std::vector<Incarnation>> known;
  PositionSet learned;
  std::optional<Ballot> electing;
  std::optional<Ballot> elected;
  std::optional<Interval> catching_up;
  std::vector<OpenOp> open;

  // The last event of any kind.
  EventKind last_kind{};
  std::uint64_t last_seq = 0;
  std::int64_t last_time_ns = 0;

  void boot();
  // A life is over: what was only in memory is gone.
  void crash();
  void wipe();
  void begin_moved(Position to);
  void opened(std::uint64_t op, const Event& e);
  void closed(std::uint64_t op);

  bool truncated_or_learned(Position p) const { return p < begin || learned.contains(p); }
};

}  // namespace holdfast::properties
