#pragma once

#include <cstddef>

#include <leveldb/env.h>

namespace holdfast::real {

// The files of this machine, as leveldb::Env::Default() has them, but that LevelDB's logs ("*.log")
// are written into zeros that were written and synced before, kPaddingBytes at a time.
//
// A sync of a file that grows also has to make its new size durable, perhaps through the journal of
// the file system, which all members on one disk share; one of bytes that are there does not.
// LevelDB skips zeros at the end of a log.  The simulator's disks do the same
// (sim::SimEnv::set_log_padding()), with all that can go wrong.
//
// Where there is no space for zeros, a log grows by what is written to it; and so it does by writes
// that are so large that zeros would cost more than they save.
//
// Tables ("*.ldb") are synced as they are written, kTableSyncBytes at a time: a sync of a log that
// comes behind all of a table at once would take as long as that.
inline constexpr std::size_t kPaddingBytes = 256 << 10;
inline constexpr std::size_t kPaddedWriteMax = 32 << 10;
inline constexpr std::size_t kTableSyncBytes = 512 << 10;

// Lives for ever; from any thread.
leveldb::Env& padded_env();

}  // namespace holdfast::real
