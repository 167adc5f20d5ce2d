#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/replica_store.h"

namespace holdfast::storage {

// Rebuilds what a replica knows from its records, given one by one.
class Restorer {
 public:
  // Whole, or without its payload if it is learned.  Requires: positions ascend.
  void add(const Action& action);

  Restored take(Metadata metadata);

 private:
  void raise_begin(const Action& action, Position begin);
  void close_run();
  void add_key(const Action& action);

  Restored restored_;
  // The run of learned positions that is still growing; whole runs are cheaper to add than members.
  std::optional<Interval> run_;
  // Of the learned entries among the last positions, and some older ones.
  std::vector<KeyedPosition> keys_;
};

}  // namespace holdfast::storage
