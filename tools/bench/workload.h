#pragma once

// The fixed worlds that are timed.  They are the same in every run and on every machine; change
// one, and its figures can no longer be compared with those written down in docs/benchmarks.md.

#include <cstdint>

#include "protocol/fiber/stack_pool.h"

#include "scenarios/cluster.h"

namespace holdfast::bench {

// What a world did while it was timed.
struct Work {
  std::uint64_t delivered = 0;
  std::uint64_t events = 0;
  std::uint64_t appends = 0;
  double simulated_seconds = 0;

  Work& operator+=(const Work& other);
};

// Whether the world keeps fingerprint, digests and the ring of last events.
enum class Account : std::uint8_t { kKept, kNone };

// 5 replicas, all judges on; node 1 is elected and appends 100 bytes 50 times a second of virtual
// time.  Links take 0.5 to 1.5 ms, nothing goes wrong, entries are never truncated.
class SteadyAppends {
 public:
  static constexpr std::size_t kEntryBytes = 100;

  SteadyAppends(scenarios::StoreKind store, StackPool& stacks, Account account = Account::kKept);

  // So many seconds of virtual time.  Requires: every judge is content.
  Work run(std::int64_t seconds);

 private:
  void append();

  scenarios::Cluster cluster_;
  std::uint64_t sent_ = 0;
};

// One replica with `records` learned entries of 100 bytes in LevelDB, on a simulated disk.
class Restarts {
 public:
  Restarts(std::int64_t records, StackPool& stacks);

  // The process is killed, boots, and has restored its log.
  void restart();

 private:
  void fill(std::int64_t records);
  void run_until_ready();

  scenarios::Cluster cluster_;
};

// Runs the swarm's plan of one seed.  Requires: every judge is content.
Work run_swarm_seed(std::uint64_t seed, StackPool& stacks);

}  // namespace holdfast::bench
