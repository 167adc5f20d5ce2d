// LevelDB waits on std::condition_variable for background work: in CompactRange, when the second
// write buffer fills before the first was flushed, and in its destructor.  With one thread nobody
// would ever notify it.  libleveldb.so imports std::condition_variable::wait, and the dynamic
// linker resolves that to the definition below when it is in the executable, so a wait runs the
// queued work instead.  All other waits in the process go to the real one.

#include <condition_variable>
#include <mutex>

#include <dlfcn.h>

#include "protocol/env/check.h"

#include "sim/sim_env.h"

namespace holdfast::sim {
namespace {

// The one piece of state outside any world: a wait() has no other way to know whose background work
// could end it.  Worlds run whole on one thread, and several may run in one process.
thread_local SimEnv* running_env = nullptr;  // lint: allow(thread_local) see above

void real_wait(std::condition_variable* condition, std::unique_lock<std::mutex>& lock) {
  using Wait = void (*)(std::condition_variable*, std::unique_lock<std::mutex>&);
  static const Wait next = reinterpret_cast<Wait>(
      dlsym(RTLD_NEXT, "_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE"));
  HOLDFAST_CHECK(next != nullptr);
  next(condition, lock);
}

}  // namespace

RunningEnv::RunningEnv(SimEnv& env) : before_(running_env) {
  running_env = &env;
}

RunningEnv::~RunningEnv() {
  running_env = before_;
}

}  // namespace holdfast::sim

void std::condition_variable::wait(std::unique_lock<std::mutex>& lock) {
  using holdfast::sim::running_env;
  if (running_env == nullptr) {
    holdfast::sim::real_wait(this, lock);
    return;
  }
  lock.unlock();
  const bool ran = running_env->run_one();
  lock.lock();
  if (!ran) {
    HOLDFAST_UNREACHABLE(
        "deadlock: LevelDB waits inside a disk job and no background work is queued that could "
        "wake it; was a store used outside a job, or by two jobs at once?");
  }
}
