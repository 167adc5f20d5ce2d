#pragma once

// How the programs end (docs/operations.md lists them).

#include "protocol/replica_store.h"

namespace holdfast::real {

enum class ExitCode : int {
  kDone = 0,
  kUsage = 2,      // the command line or the configuration is wrong
  kDamaged = 3,    // the directory holds what cannot be what was written
  kForeign = 4,    // the directory is not this member's
  kInUse = 5,      // another process has the directory
  kRefused = 6,    // the cluster answered, and said no: nothing was done
  kNoAnswer = 7,   // nobody answered in time, or nobody could: nothing was done
  kUnknown = 8,    // a write was sent, and whether it happened is unknown
  kAddress = 9,    // cannot listen where the configuration says
  kStorage = 10,   // the disk failed
  kDiskFull = 11,  // the disk is full
};

ExitCode exit_code_of(StoreError::Kind kind);

// What an operator should do about it.
std::string_view advice_for(StoreError::Kind kind);

}  // namespace holdfast::real
