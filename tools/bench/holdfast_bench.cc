// The key figures of docs/benchmarks.md, all from one run on one core.
//
// Each is a Google Benchmark of a fixed world; the table at the end sets them against their marks.
// Rates are per second of CPU time, which a shared machine disturbs less than time on the wall.

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <map>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <sched.h>

#include "tools/bench/workload.h"
#include "tools/heap.h"

namespace holdfast::bench {
namespace {

constexpr std::int64_t kSlice = 10;  // seconds of virtual time per iteration
constexpr int kRepetitions = 3;
constexpr int kSlices = 20;  // iterations: the log grows to 10,000 entries
constexpr int kPairs = 61;
constexpr std::uint64_t kSeeds = 200;
constexpr std::int64_t kFewRecords = 500;
constexpr std::int64_t kMoreRecords = 10'000;

void count(benchmark::State& state, const Work& work) {
  using benchmark::Counter;
  const auto rate = [&](double amount) { return Counter(amount, Counter::kIsRate); };
  state.counters["delivered/s"] = rate(static_cast<double>(work.delivered));
  state.counters["events/s"] = rate(static_cast<double>(work.events));
  state.counters["simulated/real"] = rate(work.simulated_seconds);
  state.counters["delivered"] = static_cast<double>(work.delivered);
  // Seconds, which Google Benchmark prints with a prefix: "2.5u".
  state.counters["CPU/delivered"] =
      Counter(static_cast<double>(work.delivered), Counter::kIsRate | Counter::kInvert);
}

void steady(benchmark::State& state, scenarios::StoreKind store) {
  StackPool stacks;
  SteadyAppends world(store, stacks);
  Work work;
  for (auto _ : state)
    work += world.run(kSlice);
  count(state, work);
}

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Two equal worlds in turn, of which one keeps no account: what fingerprint, digests and the ring
// of last events cost, as a share of the time without them.
void account(benchmark::State& state, scenarios::StoreKind store) {
  StackPool stacks;
  SteadyAppends with(store, stacks, Account::kKept);
  SteadyAppends without(store, stacks, Account::kNone);
  const auto time_of = [](SteadyAppends& world) {
    const double began = cpu_seconds();
    world.run(kSlice);
    return cpu_seconds() - began;
  };
  std::vector<double> shares;
  bool with_first = true;
  for (auto _ : state) {
    const double first = time_of(with_first ? with : without);
    const double second = time_of(with_first ? without : with);
    shares.push_back(with_first ? first / second - 1 : second / first - 1);
    with_first = !with_first;
  }
  // Of many pairs the middle one: what else runs here strikes one of a pair, now and then.
  std::nth_element(shares.begin(), shares.begin() + shares.size() / 2, shares.end());
  state.counters["account %"] = 100 * shares[shares.size() / 2];
}

void swarm(benchmark::State& state) {
  StackPool stacks;
  Work work;
  std::uint64_t seeds = 0;
  for (auto _ : state) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed, ++seeds)
      work += run_swarm_seed(seed, stacks);
  }
  count(state, work);
  state.counters["seeds/s"] =
      benchmark::Counter(static_cast<double>(seeds), benchmark::Counter::kIsRate);
}

void restart(benchmark::State& state) {
  StackPool stacks;
  Restarts replica(state.range(0), stacks);
  // The first one also turns LevelDB's log into a table.
  replica.restart();
  for (auto _ : state)
    replica.restart();
}

// Prints what Google Benchmark prints, and keeps the best repetition of each for the table: what
// else runs on the machine only ever adds time.
class Keeping final : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.error_occurred || run.run_type != Run::RT_Iteration) continue;
      const double iterations = static_cast<double>(run.iterations);
      const double cpu = run.cpu_accumulated_time / iterations;
      std::map<std::string, double>& row = rows_[run.run_name.function_name + run.run_name.args];
      if (!row.empty() && row["cpu"] <= cpu) continue;
      for (const auto& [name, counter] : run.counters)
        row[name] = counter.value;
      row["cpu"] = cpu;
      row["wall"] = run.real_accumulated_time / iterations;
    }
  }

  bool has(const std::string& run) const { return rows_.contains(run); }

  double of(const std::string& run, const std::string& figure) const {
    return rows_.at(run).at(figure);
  }

 private:
  std::map<std::string, std::map<std::string, double>> rows_;
};

void print_row(const char* figure, const char* mark, double value, const char* unit) {
  std::printf("%-46s %-24s %12.4g %s\n", figure, mark, value, unit);
}

void print_world(const Keeping& kept, const std::string& run, const std::string& store) {
  if (!kept.has(run)) return;
  const bool memory = store == "memory";
  const auto say =
      [&](const char* what, const char* mark, const char* figure, double factor, const char* unit) {
        print_row((store + ": " + what).c_str(), mark, kept.of(run, figure) * factor, unit);
      };
  say("delivered messages",
      memory ? "1 M/s, goal 2 M/s" : "0.3 M/s, goal 0.5 M/s",
      "delivered/s",
      1e-6,
      "M/s");
  say("simulated/real", "1000", "simulated/real", 1, "x");
  say("events", "", "events/s", 1e-6, "M/s");
  say("CPU time per delivered message", "", "CPU/delivered", 1e6, "us");
  say("wall/CPU", "", "wall", 1 / kept.of(run, "cpu"), "");
}

void print_restart(const Keeping& kept) {
  const std::string few = "restart" + std::to_string(kFewRecords);
  const std::string more = "restart" + std::to_string(kFewRecords + kMoreRecords);
  if (!kept.has(few)) return;
  print_row("restart of a replica with 500 records", "50 us", kept.of(few, "cpu") * 1e6, "us");
  if (!kept.has(more)) return;
  print_row(
      "each further 10,000 records", "", (kept.of(more, "cpu") - kept.of(few, "cpu")) * 1e6, "us");
}

void print_table(const Keeping& kept) {
  std::printf(
      "\n%-46s %-24s %12s\n", "figure (per second of CPU time, one core)", "mark", "measured");
  print_world(kept, "steady_leveldb", "LevelDB");
  print_world(kept, "steady_memory", "memory");
  for (const char* run : {"account_leveldb", "account_memory"}) {
    if (!kept.has(run)) continue;
    print_row((std::string(run) + ": fingerprint and trace ring").c_str(),
              "at most 5 %",
              kept.of(run, "account %"),
              "%");
  }
  if (kept.has("swarm")) {
    print_row("swarm", "", kept.of("swarm", "seeds/s"), "seeds/s");
    print_row("swarm: simulated/real", "", kept.of("swarm", "simulated/real"), "x");
    print_row("swarm: delivered messages", "", kept.of("swarm", "delivered/s") * 1e-6, "M/s");
  }
  print_restart(kept);
}

void stay_on_one_core() {
  const int here = sched_getcpu();
  if (here < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(here), &set);
  // Only steadier figures depend on it.
  (void)sched_setaffinity(0, sizeof set, &set);
}

void register_all() {
  using benchmark::RegisterBenchmark;
  using scenarios::StoreKind;
  RegisterBenchmark("steady_leveldb", [](benchmark::State& s) { steady(s, StoreKind::kLevelDb); })
      ->Iterations(kSlices)
      ->Repetitions(kRepetitions)
      ->Unit(benchmark::kMillisecond);
  RegisterBenchmark("steady_memory", [](benchmark::State& s) { steady(s, StoreKind::kMemory); })
      ->Iterations(kSlices)
      ->Repetitions(kRepetitions)
      ->Unit(benchmark::kMillisecond);
  RegisterBenchmark("account_leveldb", [](benchmark::State& s) { account(s, StoreKind::kLevelDb); })
      ->Iterations(kPairs)
      ->Unit(benchmark::kMillisecond);
  RegisterBenchmark("account_memory", [](benchmark::State& s) { account(s, StoreKind::kMemory); })
      ->Iterations(kPairs)
      ->Unit(benchmark::kMillisecond);
  RegisterBenchmark("swarm", swarm)->Iterations(1)->Repetitions(2)->Unit(benchmark::kMillisecond);
  RegisterBenchmark("restart", restart)
      ->Arg(kFewRecords)
      ->Arg(kFewRecords + kMoreRecords)
      ->Repetitions(kRepetitions)
      ->Unit(benchmark::kMicrosecond);
}

}  // namespace
}  // namespace holdfast::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  holdfast::bench::register_all();
  holdfast::bench::stay_on_one_core();
  holdfast::keep_heap();
  holdfast::bench::Keeping reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  holdfast::bench::print_table(reporter);
  return 0;
}
