#pragma once

// Worker processes that run seeds, so that a run that aborts takes nothing down but its worker.
//
// Workers are forked, take the next index from shared memory, say there what they are about to do,
// and send what came out through a pipe.  When one dies, the parent knows which run it was in,
// reports that as a crash with what it wrote to its standard error, and starts another.
//
// The process that makes a pool has one thread and is the only one that reads or waits for its
// children.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/env/time.h"

#include "tools/sim_record.h"

namespace holdfast::tools {

class Pool {
 public:
  struct Options {
    // Indexes 0 to count - 1 are run.
    std::uint64_t count = 1;
    // Workers; at least 1.
    unsigned jobs = 1;
    // A run that takes longer is killed, and counts as crashed.
    Duration patience = Duration::seconds(900);
  };

  // What a worker may ask and tell while it works.
  class Desk {
   public:
    virtual ~Desk() = default;

    // True: give up, nobody waits for the result any more.
    virtual bool interrupted() const = 0;

    // From now on a death is the run's, not the drawing of its plan.
    virtual void begins_run() = 0;

    // What the judges objected to so far, should the process die before it can say so in its
    // record.
    virtual void found(const std::vector<Found>& so_far) = 0;
  };

  // Called in a worker.  `index` of the record is set by the pool.
  using Work = std::function<SeedRecord(std::uint64_t index, Desk& desk)>;

  // What a worker died in.
  struct Death {
    std::uint64_t index = 0;
    std::string text;
    // It had a plan already.
    bool in_run = false;
    // What the worker had told its desk.
    std::vector<Found> found;
  };

  // Makes the record of a run whose process died; called in the parent.
  using Bury = std::function<SeedRecord(const Death& death)>;

  Pool(const Options& options, Work work, Bury bury);
  ~Pool();

  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // The next record in the order of indexes.  None: nothing is left, or `tick` has passed and
  // nothing came (see over()).  Once nothing more will come, indexes that were left out by stop()
  // and interrupt() are skipped.
  std::optional<SeedRecord> next(Duration tick);

  // Nothing more will come.
  bool over() const;

  // No further run begins; those under way end and are reported.
  void stop();

  // Those under way end at once and are not reported.
  void interrupt();

 private:
  struct Shared;
  struct Worker;

  void start(Worker& worker);
  [[noreturn]] void work(Worker& worker);
  void listen(Duration tick);
  void read_from(Worker& worker);
  void take_records(Worker& worker);
  void ended(Worker& worker);
  void kill_the_stuck();
  std::string last_words(const Worker& worker) const;
  std::optional<SeedRecord> pop();

  Options options_;
  Work work_;
  Bury bury_;
  Shared* shared_ = nullptr;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::map<std::uint64_t, SeedRecord> arrived_;
  std::uint64_t next_index_ = 0;
};

// Hooks by which a run in a worker asks and tells its desk.
scenarios::RunHooks hooks_of(Pool::Desk& desk);

// True under a debugger, which wants the runs in this very process.
bool is_debugged();

}  // namespace holdfast::tools
