#pragma once

// The checker takes a write of the store for something that happens or does not.  Here that is
// shown of the store that production uses, for the very writes that an exploration made: real
// LevelDB on a simulated disk, which loses power at every change of a file that a write consists
// of, with every beginning of what was not synced left, and directories in every way that
// DirectoryModel knows of. After each of them it is opened again: the write is there whole or not
// at all, and all before it.

#include <cstdint>
#include <functional>
#include <string>

#include "scenarios/explore/store_trace.h"

namespace holdfast::scenarios {

struct StorageCheckOptions {
  // Bytes that were not synced are cut at every multiple of this, and at both ends.
  std::size_t cut_bytes = 1;
  // So many zeros are written ahead of logs, as production does; 0: none.
  std::size_t log_padding = 4096;
  // Asked before each step; false ends the check.
  std::function<bool(std::uint64_t done)> go_on;
  // For tests of this check: files are as LevelDB leaves them, without the syncs that we add.
  bool directories_unsynced = false;
};

struct StorageChecked {
  std::uint64_t steps = 0;   // of the trace, that were checked
  std::uint64_t losses = 0;  // of power
  std::uint64_t images = 0;  // of those, with files that were not the same before: opened again
  std::uint64_t kept = 0;    // of those, with the change in flight whole
  bool stopped = false;
  // What is wrong, with the step and the cut; nothing: all held.
  std::string problem;
};

// Ends with the first problem.
StorageChecked check_storage(const StoreTrace& trace, const StorageCheckOptions& options);

}  // namespace holdfast::scenarios
