#pragma once

// The files of one simulated machine, in memory.  They outlive the machine's processes.
//
// Everything written is readable at once, and durable only later: a file's bytes when the file was
// synced, a directory's entries when the directory was (DirectoryModel).  lose_power() forgets what
// was not durable, as far as a PowerLoss says.
//
// Paths are absolute; empty and "." components are ignored, ".." is refused.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/disk_options.h"

namespace holdfast::sim {

enum class FileError : std::uint8_t {
  kNone,
  kNotFound,
  kExists,
  kNotDirectory,
  kIsDirectory,
  kNotEmpty,
  kInvalid,  // a path with "..", or a directory renamed into itself
};

// As strerror() says it.
std::string_view text_of(FileError error);

// A file: what programs read, and what of it a power loss cannot take.
struct File {
  struct Range {
    std::size_t from = 0;
    std::size_t to = 0;
  };

  std::string bytes;
  // So many zeros at the end will be replaced by what is appended; durable.
  std::size_t padding = 0;
  // So many leading bytes are durable.
  std::size_t synced = 0;
  // The durable content that a truncation not yet synced replaces.
  std::optional<std::string> replaced;
  // Ranges whose sync failed: the kernel forgot that they are dirty, so later syncs succeed
  // without writing them.
  std::vector<Range> forgotten;
  // Has a name.
  bool linked = true;
  // Handles that hand out slices into `bytes`; it must not move meanwhile.
  std::uint32_t slicing_readers = 0;

  // Where the next byte goes.
  std::size_t end() const { return bytes.size() - padding; }
};

struct Directory;

// Exactly one of the two.
struct Entry {
  std::shared_ptr<File> file{};
  std::shared_ptr<Directory> directory{};

  bool operator==(const Entry&) const = default;
};

struct Directory {
  using Entries = std::map<std::string, Entry, std::less<>>;

  Entries entries;
  Entries durable;
};

// A copy of all files, as programs see them.
struct FileSystemImage {
  std::vector<std::string> directories;
  std::map<std::string, std::string> files;
};

// What a power loss took.
struct LossReport {
  std::size_t files_hurt = 0;
  std::size_t changes_lost = 0;
};

class FileSystem {
 public:
  explicit FileSystem(DirectoryModel model);

  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;

  // Null if there is no such file.
  std::shared_ptr<File> find(std::string_view path) const;
  bool exists(std::string_view path) const;

  // Opens a file, creating it if need be.  `kTruncate` empties one that is there.
  enum class Existing : std::uint8_t { kTruncate, kKeep };
  FileError open(std::string_view path, Existing existing, std::shared_ptr<File>* file);

  FileError remove(std::string_view path);
  // Atomic.  Replaces a file that has the name `to`.
  FileError rename(std::string_view from, std::string_view to);
  FileError make_directory(std::string_view path);
  FileError remove_directory(std::string_view path);
  // Names without path, sorted.
  FileError list(std::string_view path, std::vector<std::string>* names) const;

  void append(File& file, std::string_view bytes);
  // Writes zeros ahead, for who appends by this handle: another one starts behind them.
  void pad(File& file, std::size_t bytes);
  void sync(File& file);
  // A sync that reported failure: nothing more of the file is durable, and what was not may never
  // become so.
  void fail_sync(File& file);
  FileError sync_directory(std::string_view path);

  // Bytes in files that have a name.
  std::uint64_t used_bytes() const { return used_bytes_; }

  // Afterwards all that is left is durable.  `key` decides whatever is up to chance.
  // Requires: nobody uses a file opened before ever again, except to close it.
  LossReport lose_power(const PowerLoss& loss, std::uint64_t key);

  // Removes everything, durably.
  void wipe();
  FileSystemImage snapshot() const;
  // Everything becomes as it was, durably.  Requires what lose_power() requires.
  void restore(const FileSystemImage& image);

  // Flips one bit, chosen by `choice`, in the files whose path contains `pattern`, and returns the
  // path; nothing if these files hold no byte.
  std::optional<std::string> flip_bit(std::string_view pattern, std::uint64_t choice);

 private:
  // One atomic change of entries: a creation has no `from`, a removal no `to`.
  struct Change {
    std::shared_ptr<Directory> from{};
    std::string from_name{};
    std::shared_ptr<Directory> to{};
    std::string to_name{};
    Entry entry{};
  };

  // The directory a path lies in, and the last component.
  struct Place {
    FileError error = FileError::kNone;
    std::shared_ptr<Directory> parent{};
    std::string_view name{};
  };

  Place locate(std::string_view path) const;
  const Entry* entry_at(std::string_view path) const;
  std::shared_ptr<Directory> directory_at(std::string_view path) const;
  void unlink(File& file);
  void truncate(File& file);
  void record(Change change);
  static void commit(const Change& change);
  void commit_all();

  std::vector<bool> surviving_changes(UnsyncedEntries kind, std::uint64_t key) const;
  void adopt_durable(Directory& directory,
                     const std::string& path,
                     const PowerLoss& loss,
                     std::uint64_t key,
                     LossReport& report);

  DirectoryModel model_;
  std::shared_ptr<Directory> root_;
  // Changes that are not durable yet, oldest first.
  std::vector<Change> pending_;
  std::uint64_t used_bytes_ = 0;
};

}  // namespace holdfast::sim
