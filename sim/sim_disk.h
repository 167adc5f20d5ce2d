#pragma once

// The disk of one simulated machine, as its node sees it (Disk) and as the world drives it.
//
// A job is not run when it is submitted but when it completes, so that a crash in between can still
// drop it or cut it at any file operation.  Each lane has one job in flight; its latency is drawn
// when it begins.  LevelDB's background work is done at the end of the job that caused it, on that
// job's time.
//
//   submit -> DiskHost::disk_wakeup(node, ticket, after) ... complete(ticket): job, then done
//   crash  -> the process is destroyed -> boot -> the next process

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/env/disk.h"
#include "protocol/env/node_id.h"
#include "protocol/env/time.h"

#include "sim/disk_options.h"
#include "sim/file_system.h"
#include "sim/sim_env.h"

namespace holdfast::sim {

// The world, as far as a disk needs one.
class DiskHost {
 public:
  virtual ~DiskHost() = default;

  // Call SimDisk::complete(ticket) after `after`, as a step of the node's process.  Wakeups of a
  // life that is over may be delivered or not.
  virtual void disk_wakeup(NodeId node, std::uint64_t ticket, Duration after) = 0;
};

class SimDisk final : public Disk {
 public:
  // Works at once, with no files.  `host` must outlive the disk.
  SimDisk(NodeId node, std::uint64_t seed, const DiskOptions& options, DiskHost& host);

  // From now on draws are those of another seed.
  void rekey(std::uint64_t seed);

  // The file system of this machine, for whoever builds the node's store.  The same object in every
  // life.
  leveldb::Env& env() { return env_; }

  // Ignored once the device is dead.
  void submit(Lane lane, Job job, Done done) override;
  bool sync_directory(const std::string& path) override;

  // Ends the job that `ticket` was given for: runs it and its background work, then `done`.
  // Does nothing if that job is gone.
  void complete(std::uint64_t ticket);

  // --- Lives.

  // The device dies.  Call it before the process is destroyed: jobs in flight run as far as
  // `choice` says, and every other job is dropped, its `done` never called.  From then on
  // everything fails, quietly, while the process unwinds.
  void crash(const CrashChoice& choice);

  // Begins a life, after the process before was destroyed: what unsynced data survived is decided
  // and the device works again.  Without crash() before, nothing is lost.
  // Requires: no job is left, from crash() or because all were completed.
  void boot();

  // All files are gone.  Requires what boot() requires, and does what it does.
  void wipe();

  // --- Faults, from now until cleared.

  void set_errors(DiskOperation operation, std::uint32_t per_million);

  // The n-th such call from now fails, 1 being the next.
  void fail_nth(DiskOperation operation, std::uint64_t n) { env_.fail_nth(operation, n); }

  // Back to the errors of the options.
  void clear_errors();

  // The disk is full after so many more bytes.
  void set_full(std::uint64_t free_bytes) { env_.set_free_space(free_bytes); }

  void clear_full() { env_.clear_free_space(); }

  // No job completes.
  void set_stalled();
  void clear_stalled();
  // Jobs that begin take so many times as long.  Requires: factor >= 1; 1 is the normal speed.
  void set_slow(std::int64_t factor);

  // --- Profile `beyond`.

  // Flips one bit in the files whose path contains `pattern`; nothing if they hold no byte.
  std::optional<std::string> flip_bit(std::string_view pattern, std::uint64_t choice);

  FileSystemImage snapshot() const { return files_.snapshot(); }

  // An old copy in place of all files.  Requires what boot() requires, and does what it does.
  void restore_snapshot(const FileSystemImage& image);

  // --- What happened.

  bool alive() const { return !env_.dead(); }

  // No job waits or is in flight.
  bool idle() const;

  const DiskFaultCounts& faults() const { return faults_; }

  // A hash over every change to files in all lives: equal runs have equal digests.
  std::uint64_t digest() const { return env_.digest(); }

  // From now on it stays as it is (World::keep_no_account).
  void keep_no_account(const Unaccounted& key) { env_.keep_no_account(key); }

  // Changing file operations that succeeded, in all lives.
  std::uint64_t file_changes() const { return env_.changes(); }

  std::uint64_t used_bytes() const { return files_.used_bytes(); }

 private:
  struct Pending {
    Job job;
    Done done;
  };

  // The front job is in flight, under `ticket`.
  struct Queue {
    std::deque<Pending> jobs;
    std::uint64_t ticket = 0;
    std::uint64_t begun = 0;
    // Its time came during a stall.
    bool held = false;
  };

  Queue& queue(Lane lane) { return queues_[static_cast<std::size_t>(lane)]; }

  void begin_front(Lane lane);
  Duration draw_latency(Lane lane, std::uint64_t job);
  void finish_front(Lane lane);
  void run(const Job& job);
  void run_at_crash(Lane lane, const JobFate& fate);
  void lose_power(const PowerLoss& loss);
  void begin_life();

  const NodeId node_;
  std::uint64_t key_;
  const DiskOptions options_;
  DiskHost& host_;
  DiskFaultCounts faults_;
  FileSystem files_;
  SimEnv env_;

  std::array<Queue, 2> queues_;
  std::uint64_t next_ticket_ = 1;
  std::int64_t slow_factor_ = 1;
  bool stalled_ = false;
  std::uint64_t crash_number_ = 0;
  // What the last crash did to the machine; nothing if only the process died.
  std::optional<PowerLoss> power_loss_;
};

}  // namespace holdfast::sim
