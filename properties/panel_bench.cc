#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "protocol/env/hash.h"

#include "properties/panel.h"

namespace holdfast::properties {
namespace {

constexpr std::uint64_t kTruncateEvery = 1000;

// Five replicas in steady state: per append one call, one proposal, five votes, one count of the
// quorum, five learned marks, one acknowledgement.  A TRUNCATE that keeps the last 500 entries
// comes every 1,000 positions.
class Steady {
 public:
  explicit Steady(std::uint64_t start) : panel_({.ids = {{1}, {2}, {3}, {4}, {5}}, .quorum = 3}) {
    position_ = start;
    for (std::uint8_t node = 1; node <= 5; ++node) {
      panel_.on_boot({node});
      event(node, EventKind::kRestored, {1, 0, start, kNoPosition, kNoPosition, 1000, 0});
    }
  }

  std::uint64_t events() const { return seq_; }

  bool clean() const { return panel_.verdict().clean(); }

  void append() {
    if (position_ % kTruncateEvery == kTruncateEvery - 1) return truncate();
    const std::uint64_t op = ++op_;
    const std::uint64_t digest = mix(op, 17);
    event(1, EventKind::kAppendCalled, {op, digest, 7, op});
    decide(event_flags(Value{.type = ValueType::kAppend}, false), digest, 0);
    event(1, EventKind::kAppendReturned, {op, 0, position_++});
  }

 private:
  void truncate() {
    const std::uint64_t op = ++op_;
    const std::uint64_t to = position_ - 500;
    const Value value = Value::truncate({to});
    event(1, EventKind::kTruncateCalled, {op, to});
    decide(event_flags(value, false), value.digest(), to);
    for (std::uint8_t node = 1; node <= 5; ++node)
      event(node, EventKind::kBegin, {to, position_});
    event(1, EventKind::kTruncateReturned, {op, 0, position_++});
  }

  void decide(std::uint64_t flags, std::uint64_t digest, std::uint64_t to) {
    const std::uint64_t ballot = Ballot::of(5, 0, {1}).value;
    event(1, EventKind::kProposed, {position_, ballot, flags, digest});
    for (std::uint8_t node = 1; node <= 5; ++node)
      event(node, EventKind::kAccepted, {position_, ballot, flags, digest});
    event(1, EventKind::kChosen, {position_, ballot, flags, digest});
    for (std::uint8_t node = 1; node <= 5; ++node)
      event(node, EventKind::kLearned, {position_, flags | 1, digest, to});
  }

  void event(std::uint8_t node, EventKind kind, std::initializer_list<std::uint64_t> words) {
    ++seq_;
    panel_.on_event({.seq = seq_,
                     .time_ns = static_cast<std::int64_t>(seq_) * 1000,
                     .node = {node},
                     .kind = kind,
                     .words = {words.begin(), words.size()},
                     .bytes = {}});
  }

  Panel panel_;
  std::uint64_t seq_ = 0;
  std::uint64_t op_ = 0;
  std::uint64_t position_ = 0;
};

void steady_appends(benchmark::State& state) {
  std::uint64_t events = 0;
  for (auto _ : state) {
    Steady steady(static_cast<std::uint64_t>(state.range(0)));
    for (int i = 0; i < 20'000; ++i)
      steady.append();
    events += steady.events();
    if (!steady.clean()) state.SkipWithError("a correct stream was found wrong");
  }
  state.counters["events/s"] =
      benchmark::Counter(static_cast<double>(events), benchmark::Counter::kIsRate);
  state.counters["ns/event"] = benchmark::Counter(
      static_cast<double>(events) / 1e9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK(steady_appends)->Arg(0)->Arg(9'999'999'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace holdfast::properties
