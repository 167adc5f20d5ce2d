// What is left of a FileSystem after a power loss.

#include <algorithm>
#include <map>
#include <utility>

#include "protocol/env/check.h"
#include "protocol/env/hash.h"

#include "sim/file_system.h"

namespace holdfast::sim {
namespace {

// Streams of keyed draws; the values keep draws of one key apart.
enum class Draw : std::uint64_t { kCut = 1, kTruncation, kLength, kForgotten, kSector, kChange };

std::uint64_t draw(std::uint64_t key, Draw stream) {
  return mix(key, static_cast<std::uint64_t>(stream));
}

bool coin(std::uint64_t key, Draw stream) {
  return (draw(key, stream) & 1) != 0;
}

// In [0, max], the two ends more often than a uniform draw would.
std::size_t draw_cut(std::size_t max, std::uint64_t key) {
  const std::uint64_t random = draw(key, Draw::kCut);
  switch (random % 4) {
    case 0:
      return 0;
    case 1:
      return max;
    default:
      return (random >> 2) % (max + 1);
  }
}

// Sectors that hold a byte not synced.
struct Sectors {
  std::size_t first = 0;
  std::size_t end = 0;
};

Sectors unsynced_sectors(const File& file) {
  return {.first = file.synced / kSectorBytes,
          .end = (file.end() + kSectorBytes - 1) / kSectorBytes};
}

// Where the bytes end if only the first so many of the unsynced sectors were written.
std::size_t torn_length(const File& file, std::uint64_t key) {
  const Sectors sectors = unsynced_sectors(file);
  const std::size_t written = draw_cut(sectors.end - sectors.first, key);
  if (written == 0) return file.synced;
  return std::min(file.end(), (sectors.first + written) * kSectorBytes);
}

void zero(File& file, std::size_t from, std::size_t to) {
  std::fill(file.bytes.begin() + static_cast<std::ptrdiff_t>(from),
            file.bytes.begin() + static_cast<std::ptrdiff_t>(to),
            '\0');
}

// Nothing that was written is left from `at` on.  Where zeros had been written ahead, they are.
void cut(File& file, std::size_t at) {
  if (file.padding == 0) {
    file.bytes.resize(at);
  } else {
    zero(file, at, file.end());
  }
}

void lose_sectors(File& file, std::uint64_t key) {
  const Sectors sectors = unsynced_sectors(file);
  std::size_t written_end = file.synced;
  for (std::size_t sector = sectors.first; sector < sectors.end; ++sector) {
    const std::size_t from = std::max(file.synced, sector * kSectorBytes);
    const std::size_t to = std::min(file.end(), (sector + 1) * kSectorBytes);
    if (coin(mix(key, sector), Draw::kSector)) {
      zero(file, from, to);
    } else {
      written_end = to;
    }
  }
  if (coin(key, Draw::kLength)) cut(file, written_end);
}

void lose_data(File& file, UnsyncedData kind, std::uint64_t key) {
  switch (kind) {
    case UnsyncedData::kLost:
      cut(file, file.synced);
      return;
    case UnsyncedData::kPrefix:
      cut(file, file.synced + draw_cut(file.end() - file.synced, key));
      return;
    case UnsyncedData::kTorn:
      cut(file, torn_length(file, key));
      return;
    case UnsyncedData::kSectors:
      lose_sectors(file, key);
      return;
    case UnsyncedData::kStretched:
      zero(file, torn_length(file, key), file.end());
      return;
  }
  HOLDFAST_UNREACHABLE("a power loss of no kind");
}

// Leaves of `file` what is on the platter.  True if something that could be read is gone.
bool settle(File& file, UnsyncedData kind, std::uint64_t key) {
  const bool exposed = file.synced < file.end() || file.replaced || !file.forgotten.empty();
  if (!exposed) {
    file.synced = file.bytes.size();
    file.padding = 0;
    return false;
  }
  const std::string before = file.bytes;
  const bool truncation_lost =
      file.replaced && (kind == UnsyncedData::kLost || coin(key, Draw::kTruncation));
  if (truncation_lost) {
    file.bytes = *file.replaced;
  } else {
    for (const File::Range& range : file.forgotten) {
      if (range.to <= file.synced && coin(mix(key, range.from), Draw::kForgotten)) {
        zero(file, range.from, range.to);
      }
    }
    lose_data(file, kind, key);
  }
  file.synced = file.bytes.size();
  file.padding = 0;
  file.replaced.reset();
  file.forgotten.clear();
  return file.bytes != before;
}

}  // namespace

std::vector<bool> FileSystem::surviving_changes(UnsyncedEntries kind, std::uint64_t key) const {
  std::vector<bool> survives(pending_.size(), kind == UnsyncedEntries::kKept);
  if (kind == UnsyncedEntries::kLost || kind == UnsyncedEntries::kKept) return survives;
  if (kind == UnsyncedEntries::kPrefix || model_ == DirectoryModel::kJournaled) {
    const std::size_t kept = draw_cut(pending_.size(), draw(key, Draw::kChange));
    std::fill_n(survives.begin(), kept, true);
    return survives;
  }
  // Keyed by names and not by place in the list, so that another fault removed from the run leaves
  // these draws alone.
  std::map<std::uint64_t, std::uint64_t> seen;
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    const Change& change = pending_[i];
    const std::uint64_t name = mix(hash_bytes(change.from_name), hash_bytes(change.to_name));
    const std::uint64_t occurrence = seen[name]++;
    survives[i] = coin(mix(mix(key, name), occurrence), Draw::kChange);
    if (!survives[i]) continue;
    // A file that durably moved or went away durably was there before.
    for (std::size_t earlier = 0; earlier < i; ++earlier) {
      if (pending_[earlier].entry == change.entry) survives[earlier] = true;
    }
  }
  return survives;
}

void FileSystem::adopt_durable(Directory& directory,
                               const std::string& path,
                               const PowerLoss& loss,
                               std::uint64_t key,
                               LossReport& report) {
  directory.entries = directory.durable;
  for (const auto& [name, entry] : directory.entries) {
    const std::string child = path + '/' + name;
    if (entry.directory) {
      adopt_durable(*entry.directory, child, loss, key, report);
      continue;
    }
    if (settle(*entry.file, loss.data, mix(key, hash_bytes(child)))) ++report.files_hurt;
    entry.file->linked = true;
    used_bytes_ += entry.file->bytes.size();
  }
}

LossReport FileSystem::lose_power(const PowerLoss& loss, std::uint64_t key) {
  LossReport report;
  const std::vector<bool> survives = surviving_changes(loss.entries, key);
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    if (survives[i]) {
      commit(pending_[i]);
    } else {
      ++report.changes_lost;
    }
  }
  pending_.clear();
  used_bytes_ = 0;
  adopt_durable(*root_, "", loss, key, report);
  return report;
}

}  // namespace holdfast::sim
