#pragma once

// LevelDB's log format, read for its damage.  Write-ahead logs and MANIFESTs are written in it:
// blocks of 32 KiB of records, each with a masked CRC-32C, a length and a type; a batch that does
// not fit its block is cut into fragments.
//
// LevelDB's reader ends quietly at a length that runs past the end of the file, since an unfinished
// write looks so.  A flipped bit in a length looks so too, and every acknowledged batch behind it
// would be lost without a word.  What tells them apart: our store syncs every batch before it
// writes the next, so an unfinished write is the last thing in its file.  Damage with an intact
// batch behind it cannot be one.
//
// A log may be written into zeros that were there before, so zeros at the end of a file are no part
// of what was written, and no damage.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::storage {

inline constexpr std::size_t kLogBlockBytes = 32'768;

struct LogDamage {
  // Where the first record that is not intact begins.
  std::size_t offset = 0;
  std::string text;
  // An intact batch begins further on.
  bool intact_behind = false;
};

struct LogScan {
  // The end of the last batch before any damage.
  std::size_t intact_bytes = 0;
  std::size_t batches = 0;
  // Nothing but an unfinished fragmented batch at the very end counts as no damage.
  std::optional<LogDamage> damage;
};

// Verifies every checksum.
LogScan scan_log(std::string_view file);

// Whether the lengths in the last block of a file lead exactly to its end, or to where it holds
// nothing but zeros.  Looks at no checksum.  `last_block` begins at last_block_start().
bool lengths_add_up(std::string_view last_block);

constexpr std::uint64_t last_block_start(std::uint64_t file_bytes) {
  return file_bytes == 0 ? 0 : (file_bytes - 1) / kLogBlockBytes * kLogBlockBytes;
}

bool all_zeros(std::string_view bytes);

// The number of the oldest write-ahead log that the intact part of a MANIFEST says is in use; none
// if it does not say.
std::optional<std::uint64_t> oldest_log_in_use(std::string_view manifest);

}  // namespace holdfast::storage
