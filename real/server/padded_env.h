#pragma once

#include <cstddef>

#include <leveldb/env.h>

namespace holdfast::real {

// The files of this machine, as leveldb::Env::Default() has them, but that LevelDB's logs ("*.log")
// are written into zeros that were written and synced before, kPaddingBytes at a time.
//
// A sync of a file that grows also has to make its new size durable, which takes the file system's
// journal, that all members on one disk share; one of bytes that are there already does not.
// LevelDB skips zeros at the end of a log.  The simulator's disks do the same
// (sim::SimEnv::set_log_padding()), with all that can go wrong.
//
// Where there is no space for zeros, a log grows by what is written to it.
inline constexpr std::size_t kPaddingBytes = 1 << 20;

// Lives for ever; from any thread.
leveldb::Env& padded_env();

}  // namespace holdfast::real
