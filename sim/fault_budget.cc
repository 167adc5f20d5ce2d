#include "sim/fault_budget.h"

#include "protocol/env/check.h"

namespace holdfast::sim {

FaultBudget::FaultBudget(const WorldOptions& options)
    : limited_(options.profile == Profile::kDefault),
      down_max_(options.down_max),
      broken_disks_max_(options.broken_disks_max) {}

NodeSet FaultBudget::broken_disks() const {
  NodeSet broken;
  for (unsigned i = 0; i < kMaxNodes; ++i) {
    if (broken_[i] > 0) broken = broken | NodeSet::of(node_at(i));
  }
  return broken;
}

bool FaultBudget::allows(FaultKind kind, NodeId node) const {
  if (!limited_) return true;
  const NodeSet self = NodeSet::of(node);
  switch (kind) {
    case FaultKind::kWipe:
    case FaultKind::kCrashLost:
    case FaultKind::kCrashPrefix:
    case FaultKind::kCrashTorn:
    case FaultKind::kRestart:
      return (down_ | self).size() <= down_max_;
    case FaultKind::kOpenError:
    case FaultKind::kReadError:
    case FaultKind::kWriteError:
    case FaultKind::kSyncError:
    case FaultKind::kDirectoryError:
    case FaultKind::kDiskFull:
      return (broken_disks() | self).size() <= broken_disks_max_;
    case FaultKind::kCrashSectors:
    case FaultKind::kCrashStretched:
    case FaultKind::kBitFlip:
    case FaultKind::kStaleCopy:
      return false;
    case FaultKind::kCut:
    case FaultKind::kIsolate:
    case FaultKind::kSplit:
    case FaultKind::kBridge:
    case FaultKind::kRing:
    case FaultKind::kFreeze:
    case FaultKind::kPhase:
    case FaultKind::kClog:
    case FaultKind::kSwizzle:
    case FaultKind::kLoss:
    case FaultKind::kDuplicate:
    case FaultKind::kCorrupt:
    case FaultKind::kPause:
    case FaultKind::kSlow:
    case FaultKind::kDrift:
    case FaultKind::kJump:
    case FaultKind::kDiskStall:
    case FaultKind::kDiskSlow:
      return true;
  }
  HOLDFAST_UNREACHABLE("a fault kind without a budget");
}

void FaultBudget::disk_mended(NodeId node) {
  HOLDFAST_REQUIRE(broken_[index_of(node)] > 0, node);
  --broken_[index_of(node)];
}

}  // namespace holdfast::sim
