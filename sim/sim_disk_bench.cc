// What the simulated disk costs: LevelDB on SimEnv, and SimEnv alone.

#include <memory>
#include <string>

#include <benchmark/benchmark.h>
#include <leveldb/db.h>

#include "protocol/env/check.h"

#include "sim/sim_disk.h"
#include "sim/sim_env.h"

namespace holdfast::sim {
namespace {

leveldb::Options options_on(leveldb::Env& env) {
  leveldb::Options options;
  options.env = &env;
  options.create_if_missing = true;
  options.paranoid_checks = true;
  options.compression = leveldb::kNoCompression;
  options.max_open_files = 74;
  options.write_buffer_size = 1 << 20;
  return options;
}

std::unique_ptr<leveldb::DB> open(SimEnv& env) {
  leveldb::DB* db = nullptr;
  const leveldb::Status opened = leveldb::DB::Open(options_on(env), "/log", &db);
  HOLDFAST_CHECK(opened.ok(), opened.ToString());
  return std::unique_ptr<leveldb::DB>(db);
}

void fresh_open_and_close(benchmark::State& state) {
  for (auto _ : state) {
    DiskFaultCounts faults;
    FileSystem files(DirectoryModel::kStrictPosix);
    SimEnv env(files, 1, faults);
    const RunningEnv running(env);
    benchmark::DoNotOptimize(open(env).get());
    env.drain();
  }
}

BENCHMARK(fresh_open_and_close);

void reopen(benchmark::State& state) {
  DiskFaultCounts faults;
  FileSystem files(DirectoryModel::kStrictPosix);
  SimEnv env(files, 1, faults);
  const RunningEnv running(env);
  for (auto _ : state) {
    benchmark::DoNotOptimize(open(env).get());
    (void)env.sync_directory("/log");
    env.drain();
  }
}

BENCHMARK(reopen);

// `range(0)` bytes per value; a new database every 500 puts, as in short worlds.
void synced_put(benchmark::State& state) {
  leveldb::WriteOptions synced;
  synced.sync = true;
  const std::string value(static_cast<std::size_t>(state.range(0)), 'v');
  std::uint64_t count = 0;
  while (state.KeepRunningBatch(500)) {
    state.PauseTiming();
    DiskFaultCounts faults;
    FileSystem files(DirectoryModel::kStrictPosix);
    SimEnv env(files, 1, faults);
    const RunningEnv running(env);
    const std::unique_ptr<leveldb::DB> db = open(env);
    state.ResumeTiming();
    for (int i = 0; i < 500; ++i) {
      const std::string key = std::to_string(1'000'000'000 + ++count);
      HOLDFAST_CHECK(db->Put(synced, key, value).ok());
      env.drain();
    }
    state.PauseTiming();
    env.drain();
    state.ResumeTiming();
  }
}

BENCHMARK(synced_put)->Arg(100)->Arg(1'000);

// What one synced put asks of the env: header, payload, sync.
void file_operations_of_a_put(benchmark::State& state) {
  const std::string header(7, 'h');
  const std::string payload(132, 'p');
  while (state.KeepRunningBatch(500)) {
    state.PauseTiming();
    DiskFaultCounts faults;
    FileSystem files(DirectoryModel::kStrictPosix);
    SimEnv env(files, 1, faults);
    leveldb::WritableFile* file = nullptr;
    HOLDFAST_CHECK(env.NewWritableFile("/f", &file).ok());
    state.ResumeTiming();
    for (int i = 0; i < 500; ++i) {
      benchmark::DoNotOptimize(file->Append(header));
      benchmark::DoNotOptimize(file->Append(payload));
      benchmark::DoNotOptimize(file->Flush());
      benchmark::DoNotOptimize(file->Sync());
    }
    state.PauseTiming();
    delete file;
    state.ResumeTiming();
  }
}

BENCHMARK(file_operations_of_a_put);

class DirectHost final : public DiskHost {
 public:
  void disk_wakeup(NodeId, std::uint64_t ticket, Duration) override { ticket_ = ticket; }

  std::uint64_t ticket_ = 0;
};

void submit_and_complete_an_empty_job(benchmark::State& state) {
  DirectHost host;
  SimDisk disk(NodeId{1}, 1, DiskOptions{}, host);
  std::uint64_t done = 0;
  for (auto _ : state) {
    disk.submit(
        Lane::kCommit, [] {}, [&done] { ++done; });
    disk.complete(host.ticket_);
  }
  benchmark::DoNotOptimize(done);
}

BENCHMARK(submit_and_complete_an_empty_job);

}  // namespace
}  // namespace holdfast::sim

BENCHMARK_MAIN();
