#include "sim/disk_options.h"

#include "protocol/env/check.h"

namespace holdfast::sim {

std::string_view name_of(DiskFault fault) {
  switch (fault) {
    case DiskFault::kOpenError:
      return "open error";
    case DiskFault::kReadError:
      return "read error";
    case DiskFault::kAppendError:
      return "append error";
    case DiskFault::kSyncError:
      return "sync error";
    case DiskFault::kDirectoryError:
      return "directory error";
    case DiskFault::kFull:
      return "disk full";
    case DiskFault::kJobDropped:
      return "job dropped";
    case DiskFault::kJobCut:
      return "job cut";
    case DiskFault::kJobUnanswered:
      return "job unanswered";
    case DiskFault::kProcessKilled:
      return "process killed";
    case DiskFault::kDataLost:
      return "unsynced data lost";
    case DiskFault::kDataPrefix:
      return "unsynced data cut";
    case DiskFault::kDataTorn:
      return "unsynced data torn";
    case DiskFault::kDataSectors:
      return "unsynced sectors lost";
    case DiskFault::kDataStretched:
      return "unsynced data zeroed";
    case DiskFault::kEntriesLost:
      return "directory entries lost";
    case DiskFault::kSlow:
      return "slow disk";
    case DiskFault::kStall:
      return "disk stall";
    case DiskFault::kTailLatency:
      return "tail latency";
    case DiskFault::kWipe:
      return "disk wiped";
    case DiskFault::kBitFlip:
      return "bit flipped";
    case DiskFault::kStaleCopy:
      return "stale copy restored";
  }
  HOLDFAST_UNREACHABLE("a disk fault without a name");
}

DiskFault error_fault(DiskOperation operation) {
  switch (operation) {
    case DiskOperation::kOpen:
      return DiskFault::kOpenError;
    case DiskOperation::kRead:
      return DiskFault::kReadError;
    case DiskOperation::kAppend:
      return DiskFault::kAppendError;
    case DiskOperation::kSync:
      return DiskFault::kSyncError;
    case DiskOperation::kDirectory:
      return DiskFault::kDirectoryError;
  }
  HOLDFAST_UNREACHABLE("a disk operation without a fault");
}

}  // namespace holdfast::sim
