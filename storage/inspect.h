#pragma once

// What `holdfast check` and `holdfast dump` do: read a store that nobody has open, without changing
// a byte of it, and say everything that is wrong with it.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <leveldb/env.h>

#include "protocol/interval_set.h"
#include "protocol/replica_store.h"

namespace holdfast::storage {

// Worst last.
enum class Severity : std::uint8_t {
  kNote,     // normal after a crash
  kDamaged,  // a file or record cannot be what was written
  kForeign,  // not a log directory
  kLocked,   // a process has it open
};

struct Finding {
  Severity severity = Severity::kNote;
  // Names the file or record.
  std::string text;
};

struct Inspection {
  std::string directory;
  std::vector<Finding> findings;

  // What could be read, even next to damage.
  std::optional<Metadata> metadata;
  // Every intact record, ascending, also below begin.
  std::vector<Action> records;
  Begin begin;
  std::optional<Position> end;
  // Positions of [begin, end] without a record.
  std::vector<Interval> holes;
  std::size_t unlearned = 0;

  Severity worst() const;
};

// Says why the directory is in use, or nothing.
using LockProbe = std::function<std::optional<std::string>(const std::string& path)>;

// Asks the kernel who holds the lock that LevelDB takes, and takes none.  Does not see locks of
// this process.
std::optional<std::string> posix_lock_probe(const std::string& path);

// `files` is only read.
Inspection inspect(leveldb::Env& files, const std::string& path, const LockProbe& locked);

// The exit code of the tools: 0 sound, 3 damaged, 4 foreign, 5 locked.
int exit_code(const Inspection& inspection);

// With or without one line per record.
enum class Detail : std::uint8_t { kSummary, kRecords };

std::string to_text(const Inspection& inspection, Detail detail);

// One object; docs/log_format.md lists its members.
std::string to_json(const Inspection& inspection, Detail detail);

}  // namespace holdfast::storage
