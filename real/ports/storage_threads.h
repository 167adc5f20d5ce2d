#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "protocol/env/disk.h"

#include "real/ports/event_loop.h"

namespace holdfast::real {

// Makes the entries of a directory durable, by fsync on the directory itself.  False: it cannot be
// opened, or the device failed.  From any thread.
bool sync_directory(const std::string& path);

// The disk port: one thread per lane, so that bulk work blocks no commit.
class StorageThreads final : public Disk {
 public:
  // Told on the loop's thread of each job that ended: how long it waited for its thread, and how
  // long it ran.
  using Watch = std::function<void(Lane lane, Duration waited, Duration ran)>;

  // `run_done` gets every `done` on the loop's thread, in the order in which the jobs of its lane
  // ended; `watch`, if any, is told before that.  `loop` outlives it.
  StorageThreads(EventLoop& loop, std::function<void(const Done&)> run_done, Watch watch = nullptr);

  // As stop().
  ~StorageThreads() override;

  void submit(Lane lane, Job job, Done done) override;

  // From any thread.
  bool sync_directory(const std::string& path) override { return real::sync_directory(path); }

  // Waits for the jobs that run; those that wait are dropped, no `done` runs any more, and what is
  // submitted later is dropped as well.  Idempotent.
  void stop();

  // Jobs whose `done` has not run yet.
  std::size_t pending() const { return pending_; }

 private:
  class Worker;

  // Tells dones that are on their way that nobody waits for them any more.
  struct Owner {
    StorageThreads* threads;
  };

  struct Times {
    Lane lane;
    Instant submitted;
    Instant began;
    Instant ended;
  };

  void finished(const Times& times, const Done& done);

  EventLoop& loop_;
  std::function<void(const Done&)> run_done_;
  Watch watch_;
  std::size_t pending_ = 0;
  std::shared_ptr<Owner> owner_;
  std::array<std::unique_ptr<Worker>, 2> workers_;
};

}  // namespace holdfast::real
