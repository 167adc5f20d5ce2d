// Stores over files in memory: what the code costs, without a device.

#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "storage/directory_syncing_env.h"
#include "storage/leveldb_store.h"
#include "storage/memory_store.h"
#include "storage/overlay_env.h"

namespace holdfast::storage {
namespace {

Action entry(std::uint64_t position) {
  static const Payload kBytes = std::make_shared<const std::string>(100, 'x');
  Action action;
  action.position = {position};
  action.promised = action.performed = Ballot::of(3, 0, {1});
  action.learned = true;
  action.value = Value::append(kBytes, {7, position});
  return action;
}

void append(benchmark::State& state, ReplicaStore& store) {
  HOLDFAST_CHECK(store.open().has_value());
  const auto batch_size = static_cast<std::uint64_t>(state.range(0));
  WriteBatch batch;
  std::uint64_t next = 1;
  for (auto _ : state) {
    batch.actions.clear();
    for (std::uint64_t i = 0; i < batch_size; ++i)
      batch.actions.push_back(entry(next++));
    HOLDFAST_CHECK(store.write(batch).has_value());
    // Bounded, as a log in use is.
    if (next % 4096 < batch_size && next > 8192) {
      HOLDFAST_CHECK(store.erase_below({next - 4096}, 10'000).has_value());
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(next - 1));
}

void leveldb_append(benchmark::State& state) {
  OverlayEnv files;
  DirectorySyncingEnv env(files, [](const std::string&) { return true; });
  LevelDbOptions options;
  options.database.write_buffer_bytes = static_cast<std::size_t>(state.range(1)) << 10;
  LevelDbStore store(env, "log", options);
  append(state, store);
}

void memory_append(benchmark::State& state) {
  MemoryImage image;
  MemoryStore store(image);
  append(state, store);
}

// Opening a store again, with `records` records: restart after restart, as a simulator does.
void leveldb_open(benchmark::State& state) {
  OverlayEnv files;
  DirectorySyncingEnv env(files, [](const std::string&) { return true; });
  {
    LevelDbStore store(env, "log");
    HOLDFAST_CHECK(store.open().has_value());
    for (std::int64_t p = 1; p <= state.range(0); ++p) {
      WriteBatch batch;
      batch.actions.push_back(entry(static_cast<std::uint64_t>(p)));
      HOLDFAST_CHECK(store.write(batch).has_value());
    }
  }
  for (auto _ : state) {
    LevelDbStore store(env, "log");
    const auto restored = store.open();
    HOLDFAST_CHECK(restored.has_value() && restored->end.has_value() == (state.range(0) > 0));
  }
}

// The same with all records still in the log: the first restart after a crash.
void leveldb_open_from_log(benchmark::State& state) {
  OverlayEnv files;
  {
    LevelDbStore store(files, "log");
    HOLDFAST_CHECK(store.open().has_value());
    for (std::int64_t p = 1; p <= state.range(0); ++p) {
      WriteBatch batch;
      batch.actions.push_back(entry(static_cast<std::uint64_t>(p)));
      HOLDFAST_CHECK(store.write(batch).has_value());
    }
  }
  const auto bytes = files.files();
  for (auto _ : state) {
    state.PauseTiming();
    auto env = std::make_unique<OverlayEnv>();
    for (const auto& [name, content] : bytes)
      env->put(name, content);
    auto store = std::make_unique<LevelDbStore>(*env, "log");
    state.ResumeTiming();
    HOLDFAST_CHECK(store->open().has_value());
    state.PauseTiming();
    store.reset();
    env.reset();
    state.ResumeTiming();
  }
}

void memory_open(benchmark::State& state) {
  MemoryImage image;
  {
    MemoryStore store(image);
    HOLDFAST_CHECK(store.open().has_value());
    WriteBatch batch;
    for (std::int64_t p = 1; p <= state.range(0); ++p)
      batch.actions.push_back(entry(static_cast<std::uint64_t>(p)));
    HOLDFAST_CHECK(store.write(batch).has_value());
  }
  for (auto _ : state) {
    MemoryStore store(image);
    HOLDFAST_CHECK(store.open().has_value());
  }
}

// Records per batch, write buffer in KiB.
BENCHMARK(leveldb_append)->Args({1, 64})->Args({1, 4096})->Args({8, 4096});
BENCHMARK(memory_append)->Arg(1)->Arg(8);
BENCHMARK(leveldb_open)->Arg(0)->Arg(10)->Arg(500)->Arg(10'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(leveldb_open_from_log)->Arg(500)->Arg(10'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(memory_open)->Arg(500)->Arg(10'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace holdfast::storage

BENCHMARK_MAIN();
