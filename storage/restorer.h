#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/codec/codec.h"
#include "protocol/replica_store.h"

namespace holdfast::storage {

// Rebuilds what a replica knows from its records, given one by one.
class Restorer {
 public:
  // Whole or without its payload; Restored::unlearned is made of what is given.
  // Requires: positions ascend.
  void add(const Action& action, const RecordMark& mark = {});

  Restored take(Metadata metadata);

  // The highest that a mark said.
  Position learned_below() const { return learned_below_; }

  // What is not learned and does not stand alone, as it was given; also below begin.
  const std::vector<Action>& votes() const { return votes_; }

 private:
  void raise_begin(const Action& action, Position begin);
  void close_run();
  void add_learned(const Action& action);
  void learn_votes();
  void add_key(const Action& action);

  Restored restored_;
  // The run of learned positions that is still growing; whole runs are cheaper to add than members.
  std::optional<Interval> run_;
  // Of the learned entries among the last positions, and some older ones.
  std::vector<KeyedPosition> keys_;
  Position learned_below_;
  // Where restored_.begin is from.
  Position made_from_;
  // Not learned by what they say themselves, nor by a mark so far; ascending.
  std::vector<Action> votes_;
};

}  // namespace holdfast::storage
