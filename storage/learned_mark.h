#pragma once

// What the records of a store say of each other: a vote that turned out to be chosen is not written
// once more as learned; the next records above it tell how far votes are (docs/log_format.md).
//
// The statement of a record at q with the mark M <= q + 1: every record at a position below M
// holds what is learned there, unless it is `alone` or has no value.  It is true when it is
// written, in one batch with what makes it true, and stays true:
//   - nothing that is learned becomes unlearned again, or another value;
//   - a vote that is written below the highest mark so far is written `alone`;
//   - a record that may replace another carries the highest mark so far, up to q + 1, which is no
//     lower than what that one carried; and records are deleted from below, where they covered
//     nothing that is left.

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/codec/codec.h"
#include "protocol/position_map.h"
#include "protocol/replica_store.h"

namespace holdfast::storage {

inline bool is_learned(const Action& stored, const RecordMark& mark, Position learned_below) {
  return stored.learned || (!mark.alone && stored.value && stored.position < learned_below);
}

class LearnedMark {
 public:
  // What was found: votes that no mark covers, with their payloads or not; of these and others some
  // that are whole; the highest position with a record; the highest mark.
  void restore(const std::vector<Action>& votes,
               const std::vector<Action>& whole,
               std::optional<Position> end,
               Position below);

  // An action of a batch that must be written, with what its record says besides.
  struct Written {
    const Action* action;
    RecordMark mark;
  };

  // Which actions of the batch have to be written: all but the votes that others cover now.  The
  // result is good until the next call.  Then, if the batch is durable, became_durable().
  // Nothing is stored below `first`.
  const std::vector<Written>& plan(const WriteBatch& batch, Position first);
  void became_durable();

  // The highest mark that is durable.  Any lane: of what is read from the store afterwards.
  Position durable_below() const { return {durable_below_.load(std::memory_order_acquire)}; }

 private:
  bool confirms_vote(const Action& action) const;
  Position first_vote_or_end() const;

  // Votes that no mark covers, as they are stored.
  PositionMap<Action> votes_;
  std::optional<Position> end_;
  // The highest mark, also of the batch under way.
  Position below_;
  std::vector<Written> written_;
  std::vector<const Action*> confirmed_;

  std::atomic<std::uint64_t> durable_below_ = 0;
};

}  // namespace holdfast::storage
