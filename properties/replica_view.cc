#include "properties/replica_view.h"

#include <algorithm>
#include <bit>

namespace holdfast::properties {

void PositionSet::add(Position p) {
  bits_.at({p.value >> 6}) |= std::uint64_t{1} << (p.value & 63);
  if (p == frontier_) advance();
}

void PositionSet::add(Position first, Position last) {
  HOLDFAST_REQUIRE(first <= last, first, last);
  if (last.value - first.value >= kBitsMax) {
    long_.add(first, last);
  } else {
    for (std::uint64_t p = first.value; p <= last.value; ++p)
      bits_.at({p >> 6}) |= std::uint64_t{1} << (p & 63);
  }
  advance();
}

bool PositionSet::contains(Position p) const {
  const std::uint64_t* word = bits_.find({p.value >> 6});
  if (word != nullptr && (*word >> (p.value & 63) & 1) != 0) return true;
  return !long_.empty() && long_.contains(p);
}

bool PositionSet::contains_all(Position first, Position last) const {
  HOLDFAST_REQUIRE(first <= last, first, last);
  if (first <= frontier_ && last < frontier_) {
    // Everything from the floor up to the frontier is there; below the floor nobody asks.
    return true;
  }
  for (Position p = first; p <= last; p = p.next())
    if (!contains(p)) return false;
  return true;
}

void PositionSet::raise_floor(Position floor) {
  bits_.drop_below({floor.value >> 6});
  if (!long_.empty() && floor.value > 0) long_.remove({0}, floor.previous());
  frontier_ = std::max(frontier_, floor);
  advance();
}

void PositionSet::advance() {
  for (;;) {
    const std::uint64_t* word = bits_.find({frontier_.value >> 6});
    if (word != nullptr) {
      const auto run = static_cast<unsigned>(std::countr_one(*word >> (frontier_.value & 63)));
      if (run > 0) {
        frontier_ = frontier_ + run;
        continue;
      }
    }
    if (long_.empty()) return;
    const auto end = long_.run_end(frontier_);
    if (!end) return;
    frontier_ = end->next();
  }
}

void ReplicaView::boot() {
  ++boots;
  live = true;
}

void ReplicaView::crash() {
  live = false;
  known.reset();
  learned = PositionSet();
  electing.reset();
  elected.reset();
  catching_up.reset();
  open.clear();
}

void ReplicaView::wipe() {
  crash();
  ++disks_lost;
  begin = {};
  status.reset();
  incarnation = {};
}

void ReplicaView::begin_moved(Position to) {
  begin = std::max(begin, to);
  learned.raise_floor(begin);
}

void ReplicaView::opened(std::uint64_t op, const Event& e) {
  open.push_back({.op = op, .called = e.kind, .since = e.seq});
}

void ReplicaView::closed(std::uint64_t op) {
  const auto it =
      std::find_if(open.begin(), open.end(), [&](const OpenOp& o) { return o.op == op; });
  if (it != open.end()) open.erase(it);
}

}  // namespace holdfast::properties
