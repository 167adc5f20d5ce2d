#pragma once

// What a replica knows of its log, in memory.  Advances at issue: it is what the next request is
// answered from, whether or not the disk has caught up.  Holds no ports and waits for nothing.

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "protocol/env/state_hash.h"

#include "protocol/acceptor.h"
#include "protocol/interval_set.h"
#include "protocol/key_table.h"
#include "protocol/metadata.h"
#include "protocol/position_map.h"
#include "protocol/replica_store.h"

namespace holdfast {

class LogImage {
 public:
  // `cached_max`: learned, durable records kept in memory for late questions about them;
  // `key_positions`: of so many positions at least, the keys of learned entries.
  LogImage(std::size_t cached_max, std::size_t key_positions)
      : keys_(key_positions),
        cached_max_(cached_max) {}

  void restore(Restored restored);

  Metadata& metadata() { return metadata_; }

  const Metadata& metadata() const { return metadata_; }

  const Begin& begin() const { return begin_; }

  // The highest position with a record; none in an empty log.
  std::optional<Position> end() const { return end_; }

  // What an acceptor answers as its end: an empty log says 0, so that the first coordinator fills
  // position 0.
  Position voting_end() const { return end_.value_or(Position{0}); }

  bool learned(Position p) const { return learned_.contains(p); }

  // Neither learned nor truncated.
  bool missing(Position p) const { return p >= begin_.position && !learned_.contains(p); }

  // The lowest missing position that is >= from.
  Position first_missing(Position from) const;

  // The missing positions of [from, to], at most `limit` intervals.
  std::vector<Interval> missing(Position from, Position to, std::size_t limit) const;

  // The record of a position if memory holds it: every unlearned one, every one not yet durable,
  // and some that are.
  const Action* find(Position p) const;

  // The records of [from, to] that memory holds, ascending.
  std::vector<Action> in_memory(Position from, Position to) const;

  // True when the position has a learned record that only the disk holds.
  bool on_disk_only(Position p) const { return learned_.contains(p) && find(p) == nullptr; }

  // True when some position of [from, to] has a learned record that only the disk holds.
  bool learned_on_disk(Position from, Position to) const;

  std::vector<Interval> learned_intervals() const { return learned_.list(); }

  // What the acceptor knows that bears on `p` (none: on an implicit promise).
  // Requires: not on_disk_only(p).
  AcceptorView view(std::optional<Position> p) const;

  // A promise or a vote.  Requires: not learned; record.position >= begin.
  void put(const Action& record);

  // Requires: action.learned, action.position >= begin, not learned yet.
  void learn(const Action& action);

  // A record below the position where begin will be once it is durable: raises end only.
  void raise_end(Position p);

  // Where the entry with this key was learned, if that is remembered and not truncated.
  std::optional<Position> find_key(IdempotencyKey key) const;

  // Some position above `p` is learned or truncated, or promised to a ballot above `ballot`.
  bool overtaken(Position p, Ballot ballot) const;

  // The positions <= upto whose vote was given at `ballot` and that are not learned.
  std::vector<Position> accepted_at(Ballot ballot, Position upto) const;

  // `record` reached the disk.  What is not learned stays in memory anyway.
  void became_durable(const Action& record);

  // Whether the disk knows that the position is learned.
  bool is_durable(Position p) const;

  // Requires: begin > this begin.
  void move_begin(const Begin& begin);

  // All that what it does later depends on (node_state.cc).
  void add_state(StateHash& hash) const;

 private:
  struct Entry {
    Action action;
    bool durable = false;
  };

  void set(const Action& action);

  Metadata metadata_;
  Begin begin_;
  std::optional<Position> end_;
  IntervalSet learned_;
  KeyTable keys_;
  PositionMap<Entry> entries_;
  // Learned and durable positions that `entries_` still holds, oldest first.
  std::deque<Position> cached_;
  std::size_t cached_max_;
};

}  // namespace holdfast
