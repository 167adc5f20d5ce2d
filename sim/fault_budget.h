#pragma once

// How much may be wrong with the cluster at once: what the protocol promises to survive.
//
// The promise covers any crash and any trouble of the network.  How many disks may be lost at once
// depends on who has recovered from the last loss, which only the cast knows (Cast::may_wipe).
// Profile `beyond` lifts every limit.

#include <array>
#include <cstdint>

#include "protocol/env/node_id.h"

#include "sim/faults.h"
#include "sim/options.h"
#include "sim/topology.h"

namespace holdfast::sim {

class FaultBudget {
 public:
  explicit FaultBudget(const WorldOptions& options);

  // Whether `node` may suffer that now.
  bool allows(FaultKind kind, NodeId node) const;

  void went_down(NodeId node) { down_ = down_ | NodeSet::of(node); }

  void came_up(NodeId node) { down_ = down_ - NodeSet::of(node); }

  // A disk that fails calls or takes no more bytes; once per fault.
  void disk_broke(NodeId node) { ++broken_[index_of(node)]; }

  void disk_mended(NodeId node);

 private:
  NodeSet broken_disks() const;

  const bool limited_;
  const std::int64_t down_max_;
  const std::int64_t broken_disks_max_;
  NodeSet down_;
  std::array<std::int64_t, kMaxNodes> broken_{};
};

}  // namespace holdfast::sim
