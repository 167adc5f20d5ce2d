#include "tools/sim_laboratory.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "scenarios/run.h"
#include "tools/sim_capsule.h"
#include "tools/sim_interrupt.h"
#include "tools/sim_pool.h"
#include "tools/sim_trace.h"

namespace holdfast::tools {
namespace {

using scenarios::RunPlan;
using scenarios::ShrinkCandidates;

constexpr Duration kTick = Duration::milliseconds(100);
// Whatever takes longer hangs, and counts as dead.
constexpr Duration kPatience = Duration::seconds(120);
// A story of more events is for `replay --trace`.
constexpr std::uint64_t kStoryEvents = 120;
// Nobody compares more events than this by eye.
constexpr std::uint64_t kToldEvents = 20'000;
// But a program does.
constexpr std::uint64_t kDiffEvents = 1'000'000;

std::int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

struct Extent {
  // No event after this one is told.
  std::uint64_t until = kToldEvents;
  bool until_violation = true;
};

// Plays the plan once more and tells its events.
void tell(SeedRecord& record, const RunPlan& plan, StackPool& stacks, const Extent& extent) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* out = ::open_memstream(&text, &size);
  if (out == nullptr) return;
  {
    Trace trace(out, {.until = extent.until, .frames = false, .points = false});
    scenarios::RunHooks hooks;
    hooks.watcher = &trace;
    hooks.until_violation = extent.until_violation;
    scenarios::run(plan, stacks, hooks);
  }
  std::fclose(out);
  record.telling.assign(text, size);
  std::free(text);  // As open_memstream wants it.
}

SeedRecord play_here(std::uint64_t index,
                     const RunPlan& plan,
                     Laboratory::Until until,
                     Pool::Desk& desk) {
  using Until = Laboratory::Until;
  scenarios::RunHooks hooks = hooks_of(desk);
  const bool to_end = until == Until::kEnd || until == Until::kEndTold;
  hooks.until_violation = !to_end;
  StackPool stacks;
  SeedRecord record = record_of(index, plan.world.seed, run(plan, stacks, hooks));
  record.interrupted = desk.interrupted();
  if (until == Until::kViolationTold) tell(record, plan, stacks, {});
  if (until == Until::kEndTold) {
    tell(record, plan, stacks, {.until = kDiffEvents, .until_violation = false});
  }
  if (until != Until::kEnd || !record.failed()) return record;
  add_trail(record, plan, stacks);
  const auto point = failure_point(record);
  if (point && point->event <= kStoryEvents) tell(record, plan, stacks, {.until = point->event});
  return record;
}

}  // namespace

std::optional<scenarios::FailurePoint> failure_point(const SeedRecord& record) {
  if (died_first(record) || record.found.empty()) return std::nullopt;
  const Found& first = record.found.front();
  return scenarios::FailurePoint{.at = Duration::nanoseconds(first.time_ns), .event = first.event};
}

Laboratory::Laboratory(const Options& options) : options_(options), began_ns_(now_ns()) {}

std::int64_t Laboratory::real_ns() const {
  return now_ns() - began_ns_;
}

bool Laboratory::stopped() const {
  return interrupt_signal() != 0 || (options_.budget && real_ns() >= options_.budget->ns());
}

void Laboratory::extend(Duration budget) {
  options_.budget = Duration::nanoseconds(real_ns()) + budget;
}

std::optional<SeedRecord> Laboratory::play(const RunPlan& plan, Until until) {
  std::optional<SeedRecord> result;
  play_each(
      {1, [&](std::size_t) { return plan; }, {}},
      until,
      [] { return interrupt_signal() != 0; },
      [&](SeedRecord record) {
        result = std::move(record);
        return false;
      });
  return result;
}

std::vector<SeedRecord> Laboratory::play_all(const std::vector<RunPlan>& plans, Until until) {
  std::vector<SeedRecord> records;
  if (plans.empty()) return records;
  play_each(
      {plans.size(), [&](std::size_t i) { return plans[i]; }, {}},
      until,
      [this] { return stopped(); },
      [&](SeedRecord record) {
        records.push_back(std::move(record));
        return true;
      });
  return records;
}

std::optional<scenarios::ShrinkHit> Laboratory::first_failing(const ShrinkCandidates& candidates,
                                                              const FailureName& name) {
  std::optional<scenarios::ShrinkHit> hit;
  play_each(
      candidates,
      Until::kViolation,
      [this] { return stopped(); },
      [&](const SeedRecord& record) {
        if (name_of(record) != name) return true;
        const auto point = failure_point(record);
        if (candidates.events_max && point && point->event > *candidates.events_max) return true;
        hit = {.index = record.index, .point = point};
        return false;
      });
  return hit;
}

void Laboratory::play_each(const ShrinkCandidates& candidates,
                           Until until,
                           const std::function<bool()>& is_over,
                           const std::function<bool(SeedRecord)>& take) {
  Pool pool(
      {.count = candidates.count, .jobs = options_.jobs, .patience = kPatience},
      [&](std::uint64_t index, Pool::Desk& desk) {
        const RunPlan plan = candidates.make(index);
        desk.begins_run();
        return play_here(index, plan, until, desk);
      },
      [](const Pool::Death& death) { return record_of_death(0, death.text, death.found); });
  while (!pool.over()) {
    if (is_over()) return;
    auto record = pool.next(kTick);
    if (!record) continue;
    ++runs_;
    if (!take(std::move(*record))) return;
  }
}

}  // namespace holdfast::tools
