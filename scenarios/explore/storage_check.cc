#include "scenarios/explore/storage_check.h"

#include <memory>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "protocol/env/check.h"
#include "protocol/env/state_hash.h"

#include "sim/file_system.h"
#include "sim/sim_env.h"
#include "storage/durable_store.h"

#include "scenarios/explore/disk_image.h"

namespace holdfast::scenarios {
namespace {

constexpr const char* kDirectory = "/member/log";
constexpr std::size_t kNoLimit = ~std::size_t{0};

// One machine: files, and a store on them.
class Machine {
 public:
  explicit Machine(const StorageCheckOptions& options)
      : directories_unsynced_(options.directories_unsynced),
        files_(sim::DirectoryModel::kStrictPosix),
        env_(files_, 1, faults_) {
    env_.set_log_padding(options.log_padding);
    // What an operator does once.
    for (const char* const directory : {"/member", kDirectory})
      HOLDFAST_CHECK(files_.make_directory(directory) == sim::FileError::kNone);
    for (const char* const directory : {"/", "/member"})
      HOLDFAST_CHECK(files_.sync_directory(directory) == sim::FileError::kNone);
  }

  ~Machine() { close(); }

  sim::SimEnv& env() { return env_; }

  sim::FileSystem& files() { return files_; }

  StoreResult<Restored> open() {
    const sim::RunningEnv running(env_);
    store_ = make_store();
    auto restored = store_->open();
    env_.drain();
    return restored;
  }

  StoreResult<void> apply(const StoreChange& change) {
    switch (change.kind) {
      case StoreChange::Kind::kOpen:
        return open().map([](const Restored&) {});
      case StoreChange::Kind::kWrite: {
        const sim::RunningEnv running(env_);
        auto written = store_->write(change.batch);
        env_.drain();
        return written;
      }
      case StoreChange::Kind::kErase: {
        const sim::RunningEnv running(env_);
        auto erased = store_->erase_below(change.bound, change.records_max);
        env_.drain();
        return erased.map([](std::size_t) {});
      }
    }
    HOLDFAST_UNREACHABLE("kind of change");
  }

  void close() {
    const sim::RunningEnv running(env_);
    env_.drain();
    store_.reset();
  }

  // Puts it there as earlier lives did, and ends this one.
  void prepare(const explore::Image& image) {
    const DiskImage disk = DiskImage::of(image);
    WriteBatch batch{.metadata = disk.metadata, .actions = {}};
    for (const auto& [position, action] : disk.records)
      batch.actions.push_back(action);
    if (batch.empty()) return;
    HOLDFAST_CHECK(open().has_value());
    HOLDFAST_CHECK(apply({.kind = StoreChange::Kind::kWrite, .image = {}, .batch = batch}));
    close();
    env_.begin_life();
  }

  // What is on its disk, as a store that opens it finds it; or why that does not open.
  StoreResult<DiskImage> contents() {
    const auto restored = open();
    if (!restored) return tl::unexpected(restored.error());
    DiskImage disk;
    disk.metadata = restored->metadata;
    const sim::RunningEnv running(env_);
    const auto records = store_->read(Position{}, restored->end.value_or(Position{}), kNoLimit);
    env_.drain();
    if (!records) return tl::unexpected(records.error());
    for (const Action& action : *records)
      disk.records.emplace(action.position, action);
    return disk;
  }

 private:
  std::shared_ptr<ReplicaStore> make_store() {
    if (directories_unsynced_) return std::make_shared<storage::LevelDbStore>(env_, kDirectory);
    return storage::make_durable_store(
        env_,
        [this](const std::string& path) { return env_.sync_directory(path).ok(); },
        kDirectory,
        {});
  }

  bool directories_unsynced_;
  sim::DiskFaultCounts faults_;
  sim::FileSystem files_;
  sim::SimEnv env_;
  std::shared_ptr<ReplicaStore> store_;
};

// How the power failed in a change.
struct Loss {
  std::uint64_t changes = 0;  // of files, that the device had done
  std::size_t left = 0;       // so many units of bytes that were not synced
  sim::UnsyncedEntries entries = sim::UnsyncedEntries::kLost;
  std::uint64_t key = 0;  // of a subset
};

StateName name_of(const sim::FileSystemImage& image) {
  StateHash hash;
  for (const auto& [path, bytes] : image.files) {
    hash.add(path);
    hash.add(bytes);
  }
  return hash.name();
}

// A store says of a disk without metadata what a new member has.
std::string bytes_of(DiskImage disk) {
  if (!disk.metadata) disk.metadata = Metadata{};
  return disk.bytes();
}

// What may be there afterwards.
struct Allowed {
  DiskImage before;
  DiskImage after;
  bool partly = false;  // deletions: any of the records between

  bool is_before(const DiskImage& found) const { return bytes_of(found) == bytes_of(before); }

  bool is_after(const DiskImage& found) const { return bytes_of(found) == bytes_of(after); }

  bool holds(const DiskImage& found) const {
    if (is_before(found) || is_after(found)) return true;
    if (!partly || found.metadata != before.metadata) return false;
    const auto within = [](const DiskImage& small, const DiskImage& large) {
      for (const auto& [position, action] : small.records) {
        const auto place = large.records.find(position);
        if (place == large.records.end() || !(place->second == action)) return false;
      }
      return true;
    };
    return within(after, found) && within(found, before);
  }
};

class Check {
 public:
  Check(const StoreTrace& trace, const StorageCheckOptions& options)
      : trace_(trace),
        options_(options) {}

  StorageChecked run() {
    for (StoreTrace::Place place = 1; place <= trace_.steps() && checked_.problem.empty();
         ++place) {
      if (options_.go_on && !options_.go_on(checked_.steps)) {
        checked_.stopped = true;
        break;
      }
      check(place);
      ++checked_.steps;
    }
    return std::move(checked_);
  }

 private:
  static constexpr std::uint64_t kSubsets = 4;

  // Up to the last change but this one.
  std::unique_ptr<Machine> machine_before(StoreTrace::Place place) const {
    auto machine = std::make_unique<Machine>(options_);
    const std::vector<StoreTrace::Place> way = trace_.way_to(place);
    machine->prepare(trace_.step(way.front()).change.image);
    for (const StoreTrace::Place each : way)
      if (each != place) HOLDFAST_CHECK(machine->apply(trace_.step(each).change).has_value());
    return machine;
  }

  // By the model of the disk.
  Allowed allowed(StoreTrace::Place place) const {
    const std::vector<StoreTrace::Place> way = trace_.way_to(place);
    CheckedStore model(trace_.step(way.front()).change.image);
    Allowed all;
    all.before = all.after = model.disk();
    for (const StoreTrace::Place each : way) {
      const StoreChange& change = trace_.step(each).change;
      all.before = model.disk();
      if (change.kind == StoreChange::Kind::kWrite) HOLDFAST_CHECK(model.write(change.batch));
      if (change.kind == StoreChange::Kind::kErase) {
        HOLDFAST_CHECK(model.erase_below(change.bound, change.records_max));
      }
      all.after = model.disk();
      all.partly = change.kind == StoreChange::Kind::kErase;
    }
    return all;
  }

  void check(StoreTrace::Place place) {
    const Allowed wanted = allowed(place);
    const std::uint64_t changes = check_whole(place, wanted);
    std::set<StateName> known;
    for (Loss loss; loss.changes <= changes && checked_.problem.empty(); ++loss.changes) {
      bool more = true;
      for (loss.left = 0; more && checked_.problem.empty(); ++loss.left)
        more = lose(place, wanted, loss, known);
    }
  }

  // Nothing fails: the store and the model of it must agree.  Returns how many changes it took.
  std::uint64_t check_whole(StoreTrace::Place place, const Allowed& wanted) {
    const std::unique_ptr<Machine> machine = machine_before(place);
    const std::uint64_t before = machine->env().changes();
    HOLDFAST_CHECK(machine->apply(trace_.step(place).change).has_value());
    const std::uint64_t changes = machine->env().changes() - before;
    machine->close();
    machine->env().begin_life();
    const auto found = machine->contents();
    if (!found || !wanted.is_after(*found)) {
      complain(place, "nothing failed, and it is not what the checker takes it for", found);
    }
    return changes;
  }

  // With every fate of directories.  False: there is not so much that was not synced.
  bool lose(StoreTrace::Place place, const Allowed& wanted, Loss loss, std::set<StateName>& known) {
    using Entries = sim::UnsyncedEntries;
    bool more = true;
    for (const Entries entries :
         {Entries::kLost, Entries::kKept, Entries::kPrefix, Entries::kSubset}) {
      loss.entries = entries;
      const bool drawn = entries == Entries::kPrefix || entries == Entries::kSubset;
      for (loss.key = 0; loss.key < (drawn ? kSubsets : 1); ++loss.key) {
        if (!checked_.problem.empty()) return false;
        more = lose_once(place, wanted, loss, known) && more;
      }
      // Without changes of directories all fates are one.
      if (entries == Entries::kKept && !directories_matter_) break;
    }
    return more;
  }

  bool lose_once(StoreTrace::Place place,
                 const Allowed& wanted,
                 const Loss& loss,
                 std::set<StateName>& known) {
    const std::unique_ptr<Machine> machine = machine_before(place);
    machine->env().die_after(loss.changes, 0);
    (void)machine->apply(trace_.step(place).change);
    machine->env().die();
    machine->close();
    const bool more = cut(machine->files(), loss.left);
    machine->files().lose_power({.data = sim::UnsyncedData::kPrefix, .entries = loss.entries},
                                loss.key);
    machine->env().begin_life();
    ++checked_.losses;
    const StateName name = name_of(machine->files().snapshot());
    if (loss.entries == sim::UnsyncedEntries::kLost) name_when_lost_ = name;
    directories_matter_ = name != name_when_lost_;
    if (!known.insert(name).second) return more;
    ++checked_.images;
    const auto found = machine->contents();
    if (!found || !wanted.holds(*found)) {
      complain(place,
               fmt::format("the power failed after {} changes of files, with {} bytes of what was "
                           "not synced, directories {} ({})",
                           loss.changes,
                           loss.left * options_.cut_bytes,
                           static_cast<int>(loss.entries),
                           loss.key),
               found);
      return false;
    }
    if (wanted.is_after(*found) && !wanted.is_before(*found)) ++checked_.kept;
    return more;
  }

  // Leaves so many units of what was not synced of each file, and calls them durable, so that
  // nothing of it is up to chance.  False: no file had more.
  bool cut(sim::FileSystem& files, std::size_t left) const {
    bool more = false;
    for (const auto& [path, bytes] : files.snapshot().files) {
      sim::File& file = *files.find(path);
      const std::size_t end = file.end();
      if (file.synced >= end) continue;
      const std::size_t kept = file.synced + std::min(left * options_.cut_bytes, end - file.synced);
      more = more || kept < end;
      file.bytes.replace(kept, end - kept, file.padding > 0 ? end - kept : 0, '\0');
      file.synced = file.bytes.size();
      file.padding = 0;
    }
    return more;
  }

  void complain(StoreTrace::Place place,
                const std::string& how,
                const StoreResult<DiskImage>& found) {
    static constexpr const char* kKinds[] = {"open", "write", "erase"};
    const StoreTrace::Step& step = trace_.step(place);
    checked_.problem =
        fmt::format("step {} of the trace (change {} of its life: {}): {}: {}",
                    place,
                    step.depth,
                    kKinds[static_cast<std::size_t>(step.change.kind)],
                    how,
                    found ? fmt::format("{} records are there, neither as before nor as after",
                                        found->records.size())
                          : "it does not open: " + found.error().text);
  }

  const StoreTrace& trace_;
  const StorageCheckOptions& options_;
  StorageChecked checked_;
  StateName name_when_lost_;
  bool directories_matter_ = false;
};

}  // namespace

StorageChecked check_storage(const StoreTrace& trace, const StorageCheckOptions& options) {
  HOLDFAST_REQUIRE(options.cut_bytes > 0);
  return Check(trace, options).run();
}

}  // namespace holdfast::scenarios
