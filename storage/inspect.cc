#include "storage/inspect.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "storage/database.h"
#include "storage/key_format.h"
#include "storage/learned_mark.h"
#include "storage/log_file.h"
#include "storage/overlay_env.h"
#include "storage/record_check.h"
#include "storage/restorer.h"

namespace holdfast::storage {

namespace {

Severity severity_of(StoreError::Kind kind) {
  switch (kind) {
    case StoreError::Kind::kIo:
    case StoreError::Kind::kFull:
    case StoreError::Kind::kCorrupt:
      return Severity::kDamaged;
    case StoreError::Kind::kForeign:
      return Severity::kForeign;
    case StoreError::Kind::kLocked:
      return Severity::kLocked;
  }
  HOLDFAST_UNREACHABLE("kind of store error");
}

class Inspector {
 public:
  Inspector(leveldb::Env& files, const std::string& path) : files_(files), path_(path) {
    result_.directory = path;
  }

  Inspection run(const LockProbe& locked) {
    if (!is_database() || held(locked, "")) return std::move(result_);
    if (!files_.FileExists(full("CURRENT"))) {
      find(Severity::kNote, full("CURRENT") + ": does not exist");
    }
    check_logs();
    read_records();
    // Somebody may have started while we read.
    held(locked, " meanwhile, so what was read may be wrong");
    return std::move(result_);
  }

 private:
  void find(Severity severity, std::string text) {
    result_.findings.push_back({severity, std::move(text)});
  }

  bool is_database() {
    if (!files_.GetChildren(path_, &names_).ok()) {
      find(Severity::kForeign, path_ + ": there is no such directory, or it cannot be listed");
      return false;
    }
    std::sort(names_.begin(), names_.end());
    for (const std::string& name : names_)
      if (parse_file_name(name)) return true;
    find(Severity::kForeign, path_ + ": holds no file of a log");
    return false;
  }

  bool held(const LockProbe& locked, std::string_view when) {
    const auto why = locked(path_);
    if (why) find(Severity::kLocked, path_ + ": " + *why + std::string(when));
    return why.has_value();
  }

  std::string full(const std::string& name) const { return path_ + "/" + name; }

  std::string current_manifest() {
    std::string current;
    if (!read_file(files_, full("CURRENT"), current).ok()) return "";
    if (current.ends_with('\n')) current.pop_back();
    return current;
  }

  // Everything a database writes in LevelDB's log format.  Opening it does the same for what it
  // reads, but stops at the first damage.
  void check_logs() {
    const std::string manifest = current_manifest();
    std::string bytes;
    std::uint64_t oldest = 0;
    if (read_file(files_, full(manifest), bytes).ok()) {
      check_log(manifest, bytes, Tail::kMayBeUnfinished);
      oldest = oldest_log_in_use(bytes).value_or(0);
    }
    std::vector<std::string> logs;
    for (const std::string& name : names_) {
      const auto file = parse_file_name(name);
      if (!file || file->kind != FileKind::kLog || file->number < oldest) continue;
      std::uint64_t size = 0;
      if (!files_.GetFileSize(full(name), &size).ok() || size > 0) logs.push_back(name);
    }
    for (const std::string& name : logs) {
      if (!read_file(files_, full(name), bytes).ok()) {
        find(Severity::kDamaged, full(name) + ": cannot be read");
        continue;
      }
      check_log(name, bytes, name == logs.back() ? Tail::kMayBeUnfinished : Tail::kIsFinished);
    }
  }

  enum class Tail : std::uint8_t { kMayBeUnfinished, kIsFinished };

  void check_log(const std::string& name, std::string_view bytes, Tail tail) {
    const LogScan scan = scan_log(bytes);
    if (!scan.damage) return;
    const std::string where =
        full(name) + " at byte " + std::to_string(scan.damage->offset) + ": " + scan.damage->text;
    if (tail == Tail::kMayBeUnfinished && !scan.damage->intact_behind) {
      find(Severity::kNote,
           where + "; nothing intact follows, so this is taken for an unfinished write (" +
               std::to_string(bytes.size() - scan.intact_bytes) + " bytes are left out)");
      return;
    }
    find(Severity::kDamaged, where + "; what was written behind it cannot be trusted");
  }

  void read_records() {
    OverlayEnv overlay(&files_);
    auto database = Database::open(overlay, path_, DatabaseOptions{});
    if (!database) {
      find(severity_of(database.error().kind), database.error().text);
      return;
    }
    leveldb::ReadOptions options;
    options.verify_checksums = true;
    const std::unique_ptr<leveldb::Iterator> it((*database)->db().NewIterator(options));
    RecordCheck check(path_, codec_);
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      auto entry = check.whole({it->key().data(), it->key().size()},
                               {it->value().data(), it->value().size()});
      if (!entry) {
        find(severity_of(entry.error().kind), entry.error().text);
      } else if (auto* metadata = std::get_if<Metadata>(&*entry)) {
        result_.metadata = std::move(*metadata);
      } else {
        restorer_.add(std::get<Action>(*entry), check.mark());
        alone_.push_back(check.mark().alone);
        result_.records.push_back(std::move(std::get<Action>(*entry)));
      }
    }
    if (!it->status().ok()) {
      const StoreError error = store_error(it->status(), path_, "reading records");
      find(severity_of(error.kind), error.text);
    }
    summarize();
  }

  void summarize() {
    const Restored restored = restorer_.take({});
    // What other records say of them.
    for (std::size_t i = 0; i < result_.records.size(); ++i) {
      Action& action = result_.records[i];
      action.learned = is_learned(action, {.alone = alone_[i]}, restorer_.learned_below());
    }
    result_.begin = restored.begin;
    result_.end = restored.end;
    result_.unlearned = restored.unlearned.size();
    if (!restored.end || *restored.end < restored.begin.position) return;
    IntervalSet known = restored.learned;
    for (const Action& action : restored.unlearned)
      known.add(action.position);
    result_.holes = known.absent(
        restored.begin.position, *restored.end, std::numeric_limits<std::size_t>::max());
  }

  leveldb::Env& files_;
  const std::string path_;
  std::vector<std::string> names_;
  Codec codec_;
  Restorer restorer_;
  // Of each of the records.
  std::vector<bool> alone_;
  Inspection result_;
};

}  // namespace

Severity Inspection::worst() const {
  Severity worst = Severity::kNote;
  for (const Finding& finding : findings)
    worst = std::max(worst, finding.severity);
  return worst;
}

std::optional<std::string> posix_lock_probe(const std::string& path) {
  const std::string name = path + "/LOCK";
  const int file = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    if (errno == ENOENT) return std::nullopt;
    return "its file LOCK cannot be opened: " + std::string(std::strerror(errno));
  }

  struct flock lock {};

  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const int asked = ::fcntl(file, F_GETLK, &lock);
  const int why = errno;
  ::close(file);
  if (asked != 0) return "its lock cannot be asked for: " + std::string(std::strerror(why));
  if (lock.l_type == F_UNLCK) return std::nullopt;
  return "process " + std::to_string(lock.l_pid) + " has it open (stop that process first)";
}

Inspection inspect(leveldb::Env& files, const std::string& path, const LockProbe& locked) {
  return Inspector(files, path).run(locked);
}

int exit_code(const Inspection& inspection) {
  switch (inspection.worst()) {
    case Severity::kNote:
      return 0;
    case Severity::kDamaged:
      return 3;
    case Severity::kForeign:
      return 4;
    case Severity::kLocked:
      return 5;
  }
  HOLDFAST_UNREACHABLE("severity");
}

}  // namespace holdfast::storage
