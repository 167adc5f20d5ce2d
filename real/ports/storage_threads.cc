#include "real/ports/storage_threads.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

namespace holdfast::real {

bool sync_directory(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  return synced;
}

// Runs tasks one after the other on a thread of its own.
class StorageThreads::Worker {
 public:
  explicit Worker(const char* name) : thread_([this] { run(); }) {
    // For whoever looks at the process with top -H.
    pthread_setname_np(thread_.native_handle(), name);
  }

  ~Worker() {
    std::deque<std::function<void()>> dropped;
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
      dropped.swap(tasks_);
    }
    wake_.notify_one();
    thread_.join();
  }

  void add(std::function<void()> task) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    wake_.notify_one();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
      if (ending_) return;
      std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      // What the task holds is let go of outside the lock.
      task = nullptr;
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool ending_ = false;
  // Last: it uses what is above.
  std::thread thread_;
};

StorageThreads::StorageThreads(EventLoop& loop,
                               std::function<void(const Done&)> run_done,
                               Watch watch)
    : loop_(loop),
      run_done_(std::move(run_done)),
      watch_(std::move(watch)),
      owner_(std::make_shared<Owner>(Owner{this})) {
  workers_[static_cast<std::size_t>(Lane::kCommit)] = std::make_unique<Worker>("hf-commit");
  workers_[static_cast<std::size_t>(Lane::kBulk)] = std::make_unique<Worker>("hf-bulk");
}

StorageThreads::~StorageThreads() {
  stop();
}

void StorageThreads::submit(Lane lane, Job job, Done done) {
  Worker* worker = workers_[static_cast<std::size_t>(lane)].get();
  if (worker == nullptr) return;
  ++pending_;
  // `owner` is only looked into on the loop's thread.
  Times times{.lane = lane, .submitted = monotonic_now(), .began = {}, .ended = {}};
  worker->add(
      [this, owner = owner_, times, job = std::move(job), done = std::move(done)]() mutable {
        times.began = monotonic_now();
        job();
        times.ended = monotonic_now();
        // The job goes where it ran: what it holds may be expensive to let go of.
        job = nullptr;
        loop_.post([owner, times, done = std::move(done)] {
          if (owner->threads != nullptr) owner->threads->finished(times, done);
        });
      });
}

void StorageThreads::finished(const Times& times, const Done& done) {
  --pending_;
  if (watch_) watch_(times.lane, times.began - times.submitted, times.ended - times.began);
  run_done_(done);
}

void StorageThreads::stop() {
  owner_->threads = nullptr;
  for (auto& worker : workers_)
    worker.reset();
}

}  // namespace holdfast::real
