#include "tools/sim_pool.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <new>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "protocol/env/check.h"

namespace holdfast::tools {
namespace {

constexpr unsigned kJobsMax = 1024;
// Of what a worker wrote before it died, the end is kept.
constexpr std::size_t kLastWordsMax = 16'384;

std::int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

// In the size before a message: it holds what was found so far, of a run that goes on.
constexpr std::uint64_t kFoundSoFar = std::uint64_t{1} << 63;

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "holdfast-sim: %s: %s\n", what, std::strerror(errno));
  std::exit(kExitCrash);
}

// False: the other end is gone.
bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool write_message(int fd, const SeedRecord& record, std::uint64_t flag) {
  const std::string bytes = save(record);
  const std::uint64_t size = bytes.size() | flag;
  const std::string_view head(reinterpret_cast<const char*>(&size), sizeof size);
  return write_all(fd, head) && write_all(fd, bytes);
}

std::string content_of(int file) {
  const off_t size = ::lseek(file, 0, SEEK_END);
  const auto wanted = static_cast<std::size_t>(std::max<off_t>(size, 0));
  std::string text(std::min(wanted, kLastWordsMax), '\0');
  const ssize_t got =
      ::pread(file, text.data(), text.size(), static_cast<off_t>(wanted - text.size()));
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return text;
}

void empty(int file) {
  if (::ftruncate(file, 0) != 0 || ::lseek(file, 0, SEEK_SET) != 0) die("cannot empty a buffer");
}

}  // namespace

// Where workers say what they do; in memory that all of them share.
struct Pool::Shared {
  struct Slot {
    // Index + 1 of the run under way; 0: none.
    std::atomic<std::uint64_t> current{0};
    std::atomic<std::int64_t> began_ns{0};
    std::atomic<bool> in_run{false};
  };

  std::atomic<std::uint64_t> next{0};
  std::atomic<bool> stopped{false};
  std::atomic<bool> interrupted{false};
  Slot slots[kJobsMax];
};

struct Pool::Worker {
  pid_t pid = 0;
  unsigned number = 0;
  // The end of its pipe that is read; -1: it is not running.
  int results = -1;
  // What it writes to its standard error.
  int errors = -1;
  std::string buffer;
  // Of the run it is in.
  std::vector<Found> found;
  bool killed = false;
};

Pool::Pool(const Options& options, Work work, Bury bury)
    : options_(options),
      work_(std::move(work)),
      bury_(std::move(bury)) {
  HOLDFAST_REQUIRE(options.jobs >= 1 && options.jobs <= kJobsMax, options.jobs);
  void* memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) die("cannot share memory with workers");
  shared_ = new (memory) Shared;
  const auto jobs = std::min<std::uint64_t>(options.jobs, options.count);
  for (unsigned i = 0; i < jobs; ++i) {
    Worker& worker = *workers_.emplace_back(std::make_unique<Worker>());
    worker.number = i;
    worker.errors = ::memfd_create("stderr of a worker", MFD_CLOEXEC);
    if (worker.errors < 0) die("cannot make a buffer for a worker's standard error");
    start(worker);
  }
}

Pool::~Pool() {
  for (const auto& worker : workers_) {
    if (worker->results >= 0) {
      ::kill(worker->pid, SIGKILL);
      ::close(worker->results);
      ::waitpid(worker->pid, nullptr, 0);
    }
    ::close(worker->errors);
  }
  ::munmap(shared_, sizeof(Shared));
}

void Pool::start(Worker& worker) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) die("cannot make a pipe");
  empty(worker.errors);
  worker.found.clear();
  worker.killed = false;
  // Whatever is buffered would be written twice.
  std::fflush(nullptr);
  worker.pid = ::fork();
  if (worker.pid < 0) die("cannot start a worker");
  if (worker.pid > 0) {
    ::close(ends[1]);
    worker.results = ends[0];
    return;
  }
  ::close(ends[0]);
  worker.results = ends[1];
  work(worker);
}

namespace {

template <typename Slot>
class SharedDesk final : public Pool::Desk {
 public:
  SharedDesk(const std::atomic<bool>& interrupted, Slot& slot, int results)
      : interrupted_(interrupted),
        slot_(slot),
        results_(results) {}

  bool interrupted() const override { return interrupted_.load(std::memory_order_relaxed); }

  void begins_run() override { slot_.in_run = true; }

  void found(const std::vector<Found>& so_far) override {
    SeedRecord record;
    record.found = so_far;
    if (!write_message(results_, record, kFoundSoFar)) ::_exit(1);
  }

 private:
  const std::atomic<bool>& interrupted_;
  Slot& slot_;
  const int results_;
};

}  // namespace

// The whole life of a worker.
void Pool::work(Worker& worker) {
  // Without a parent nobody reads.  Ctrl-C reaches the whole group, but the parent decides.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_DFL);
  ::signal(SIGPIPE, SIG_IGN);
  ::dup2(worker.errors, STDERR_FILENO);
  Shared::Slot& slot = shared_->slots[worker.number];
  SharedDesk desk(shared_->interrupted, slot, worker.results);
  while (!shared_->stopped) {
    const std::uint64_t index = shared_->next.fetch_add(1);
    if (index >= options_.count) break;
    slot.in_run = false;
    slot.began_ns = now_ns();
    slot.current = index + 1;
    SeedRecord record = work_(index, desk);
    record.index = index;
    std::fflush(nullptr);
    if (::lseek(STDERR_FILENO, 0, SEEK_CUR) > 0) {
      record.output = content_of(STDERR_FILENO);
      empty(STDERR_FILENO);
    }
    if (!write_message(worker.results, record, 0)) ::_exit(1);
    slot.current = 0;
  }
  ::_exit(0);
}

bool Pool::over() const {
  return arrived_.empty() && std::all_of(workers_.begin(), workers_.end(), [](const auto& worker) {
           return worker->results < 0;
         });
}

void Pool::stop() {
  shared_->stopped = true;
}

void Pool::interrupt() {
  shared_->stopped = true;
  shared_->interrupted = true;
}

std::optional<SeedRecord> Pool::pop() {
  if (arrived_.empty()) return std::nullopt;
  const auto first = arrived_.begin();
  const bool complete = std::all_of(
      workers_.begin(), workers_.end(), [](const auto& worker) { return worker->results < 0; });
  if (first->first != next_index_ && !complete) return std::nullopt;
  SeedRecord record = std::move(first->second);
  next_index_ = first->first + 1;
  arrived_.erase(first);
  return record;
}

std::optional<SeedRecord> Pool::next(Duration tick) {
  if (auto record = pop()) return record;
  listen(tick);
  return pop();
}

void Pool::listen(Duration tick) {
  std::vector<pollfd> ends;
  std::vector<Worker*> whose;
  for (const auto& worker : workers_) {
    if (worker->results < 0) continue;
    ends.push_back({.fd = worker->results, .events = POLLIN, .revents = 0});
    whose.push_back(worker.get());
  }
  const int ready = ::poll(ends.data(), ends.size(), static_cast<int>(tick.ns() / 1'000'000));
  if (ready < 0 && errno != EINTR) die("cannot wait for workers");
  for (std::size_t i = 0; ready > 0 && i < ends.size(); ++i)
    if (ends[i].revents != 0) read_from(*whose[i]);
  kill_the_stuck();
}

void Pool::read_from(Worker& worker) {
  char bytes[1 << 16];
  const ssize_t got = ::read(worker.results, bytes, sizeof bytes);
  if (got < 0 && errno == EINTR) return;
  if (got > 0) {
    worker.buffer.append(bytes, static_cast<std::size_t>(got));
    take_records(worker);
  } else {
    ended(worker);
  }
}

void Pool::take_records(Worker& worker) {
  std::string_view rest = worker.buffer;
  std::uint64_t size = 0;
  while (rest.size() >= sizeof size) {
    std::memcpy(&size, rest.data(), sizeof size);
    const bool goes_on = (size & kFoundSoFar) != 0;
    size &= ~kFoundSoFar;
    if (rest.size() < sizeof size + size) break;
    auto record = load(rest.substr(sizeof size, size));
    HOLDFAST_CHECK(record.has_value(), worker.number, size);
    worker.found = goes_on ? std::move(record->found) : std::vector<Found>();
    if (!goes_on && !record->interrupted) arrived_.emplace(record->index, std::move(*record));
    rest.remove_prefix(sizeof size + size);
  }
  worker.buffer.erase(0, worker.buffer.size() - rest.size());
}

// The pipe is closed: the worker is done, or dead.
void Pool::ended(Worker& worker) {
  int status = 0;
  while (::waitpid(worker.pid, &status, 0) < 0 && errno == EINTR) {
  }
  ::close(worker.results);
  worker.results = -1;
  worker.buffer.clear();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  Shared::Slot& slot = shared_->slots[worker.number];
  const std::uint64_t current = slot.current.exchange(0);
  std::string how = "it ended with exit status " + std::to_string(WEXITSTATUS(status));
  if (worker.killed) {
    how = fmt::format("it did not end within {} s and was killed",
                      options_.patience.ns() / 1'000'000'000);
  } else if (WIFSIGNALED(status)) {
    how = fmt::format("signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  }
  const std::string said = last_words(worker);
  if (current == 0) {
    std::fprintf(
        stderr, "holdfast-sim: a worker died between two runs: %s\n%s", how.c_str(), said.c_str());
    std::exit(kExitCrash);
  }
  const Death death{.index = current - 1,
                    .text = how + "\n" + said,
                    .in_run = slot.in_run,
                    .found = std::move(worker.found)};
  SeedRecord record = bury_(death);
  record.index = death.index;
  arrived_.insert_or_assign(death.index, std::move(record));
  if (!shared_->stopped) start(worker);
}

std::string Pool::last_words(const Worker& worker) const {
  return content_of(worker.errors);
}

void Pool::kill_the_stuck() {
  const std::int64_t latest = now_ns() - options_.patience.ns();
  for (const auto& worker : workers_) {
    const Shared::Slot& slot = shared_->slots[worker->number];
    if (worker->results < 0 || worker->killed || slot.current == 0 || slot.began_ns > latest) {
      continue;
    }
    worker->killed = true;
    ::kill(worker->pid, SIGKILL);
  }
}

scenarios::RunHooks hooks_of(Pool::Desk& desk) {
  scenarios::RunHooks hooks;
  hooks.interrupted = [&desk] { return desk.interrupted(); };
  hooks.at_violation = [&desk](const auto& violations) { desk.found(found_of(violations)); };
  return hooks;
}

bool is_debugged() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word)
    if (word == "TracerPid:") return status >> word && word != "0";
  return false;
}

}  // namespace holdfast::tools
