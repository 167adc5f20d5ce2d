#pragma once

// Everything about a simulated disk that a world may draw.
//
// Which power losses belong where was measured with real LevelDB (sim/crash_matrix_test.cc: a
// crash at every file operation of a workload of synced writes, strict directories):
//
//   profile default   UnsyncedData kLost, kPrefix, kTorn; UnsyncedEntries: all.
//                     With every directory synced after create and rename, LevelDB reopens and
//                     every acknowledged write is there.
//   profile beyond    UnsyncedData kSectors, kStretched: a hole inside the record that was being
//                     written can make LevelDB refuse to open ("checksum mismatch" under
//                     paranoid_checks); acknowledged writes are not lost silently.  Also bit rot
//                     (flip_bit) and a stale copy restored, which LevelDB cannot always notice.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/env/disk.h"
#include "protocol/env/time.h"

namespace holdfast::sim {

// A device writes this many bytes at a time or not at all.
inline constexpr std::size_t kSectorBytes = 512;

// When the entries of a directory (create, rename, remove) are durable.
enum class DirectoryModel : std::uint8_t {
  kStrictPosix,  // once that directory was synced; unsynced changes survive in any combination
  kJournaled,    // as on ext4: syncing any file or directory commits all changes made before;
                 // unsynced changes survive as a prefix
};

// What a power loss does to bytes written after their file's last sync.  Drawn per file.
enum class UnsyncedData : std::uint8_t {
  kLost,       // all gone
  kPrefix,     // cut at any byte
  kTorn,       // cut at a sector boundary
  kSectors,    // any sectors lost, whatever their order; a lost one inside the file reads as zeros
  kStretched,  // the length survives, the bytes only as a prefix of sectors, then zeros
};

// What a power loss does to directory changes made after the directory's last sync.
enum class UnsyncedEntries : std::uint8_t {
  kLost,    // none survives
  kPrefix,  // the first few survive
  kSubset,  // each survives or not (in a kJournaled directory: as kPrefix)
  kKept,    // all survive
};

struct PowerLoss {
  UnsyncedData data = UnsyncedData::kLost;
  UnsyncedEntries entries = UnsyncedEntries::kLost;
};

// What becomes of a lane's in-flight job when the device dies.
struct JobFate {
  enum class Kind : std::uint8_t {
    kDropped,    // never reached the device
    kCut,        // the device died at file operation `operation` of the job
    kCompleted,  // all of it reached the device; nobody was told
  };

  Kind kind = Kind::kDropped;
  // kCut only: how many changing file operations still succeed, LevelDB's background work
  // included.  A job with fewer of them completes.
  std::uint64_t operation = 0;
  // kCut only: chooses how many bytes of that operation, if it is an append, were written.
  std::uint64_t tear = 0;
};

// How a life ends.
struct CrashChoice {
  JobFate commit;
  JobFate bulk;
  // Whose in-flight job reached the device first.  Once one was cut the device is dead, so the
  // other lane's job, if its turn is later, is dropped.
  Lane first = Lane::kCommit;
  // Nothing: only the process died, the machine keeps what was written (though it stays unsynced).
  std::optional<PowerLoss> power = PowerLoss{};
};

// Kinds of calls that can be made to fail.
enum class DiskOperation : std::uint8_t {
  kOpen,       // of a file, for reading or writing
  kRead,       // of a file's bytes
  kAppend,     // may leave a part of the bytes written
  kSync,       // of a file; what was unsynced may be lost even if a later sync succeeds
  kDirectory,  // create, rename, remove, list, sync of a directory
};
inline constexpr std::size_t kDiskOperationCount = 5;

// Every fault a disk can suffer, as counted and reported.
enum class DiskFault : std::uint8_t {
  kOpenError,
  kReadError,
  kAppendError,
  kSyncError,
  kDirectoryError,
  kFull,
  kJobDropped,
  kJobCut,
  kJobUnanswered,
  kProcessKilled,
  kDataLost,
  kDataPrefix,
  kDataTorn,
  kDataSectors,
  kDataStretched,
  kEntriesLost,
  kSlow,
  kStall,
  kTailLatency,
  kWipe,
  kBitFlip,
  kStaleCopy,
};
inline constexpr std::size_t kDiskFaultCount = 22;

// In words, for reports: "append error".
std::string_view name_of(DiskFault fault);
DiskFault error_fault(DiskOperation operation);

// How often each kind of fault happened to one disk.  kData* and kEntriesLost count power losses
// that took something away.
class DiskFaultCounts {
 public:
  void add(DiskFault fault) { ++counts_[static_cast<std::size_t>(fault)]; }

  std::uint64_t of(DiskFault fault) const { return counts_[static_cast<std::size_t>(fault)]; }

 private:
  std::array<std::uint64_t, kDiskFaultCount> counts_{};
};

// How long a lane's job takes: base, plus uniform in [0, spread), doubled again and again with
// probability 1/2 each once the tail was hit.
struct LaneLatency {
  Duration base = Duration::microseconds(150);
  Duration spread = Duration::microseconds(150);
  std::uint32_t tail_per_million = 2'000;
  // At most 2^this times as long.
  std::uint32_t tail_doublings_max = 8;
};

struct DiskOptions {
  DirectoryModel directories = DirectoryModel::kStrictPosix;
  LaneLatency commit;
  LaneLatency bulk{.base = Duration::microseconds(300), .spread = Duration::milliseconds(1)};
  // Share of each kind of call that fails, by DiskOperation.
  std::array<std::uint32_t, kDiskOperationCount> errors_per_million{};
  // See SimEnv::set_log_padding().
  std::uint32_t log_padding = 0;
};

}  // namespace holdfast::sim
