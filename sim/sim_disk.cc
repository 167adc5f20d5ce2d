#include "sim/sim_disk.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "protocol/env/check.h"
#include "protocol/env/hash.h"

namespace holdfast::sim {
namespace {

// Streams of keyed draws.
enum Stream : std::uint64_t { kDisk = 201, kLatency, kTail, kPowerLoss };

std::uint64_t below(std::uint64_t random, std::int64_t bound) {
  return bound <= 0 ? 0 : random % static_cast<std::uint64_t>(bound);
}

DiskFault data_fault(UnsyncedData kind) {
  switch (kind) {
    case UnsyncedData::kLost:
      return DiskFault::kDataLost;
    case UnsyncedData::kPrefix:
      return DiskFault::kDataPrefix;
    case UnsyncedData::kTorn:
      return DiskFault::kDataTorn;
    case UnsyncedData::kSectors:
      return DiskFault::kDataSectors;
    case UnsyncedData::kStretched:
      return DiskFault::kDataStretched;
  }
  HOLDFAST_UNREACHABLE("a power loss of no kind");
}

std::uint64_t key_of(NodeId node, std::uint64_t seed) {
  return mix(mix(seed, kDisk), node.value);
}

}  // namespace

SimDisk::SimDisk(NodeId node, std::uint64_t seed, const DiskOptions& options, DiskHost& host)
    : node_(node),
      key_(key_of(node, seed)),
      options_(options),
      host_(host),
      files_(options.directories),
      env_(files_, key_, faults_) {
  clear_errors();
  env_.set_log_padding(options.log_padding);
}

void SimDisk::rekey(std::uint64_t seed) {
  key_ = key_of(node_, seed);
  env_.rekey(key_);
}

void SimDisk::submit(Lane lane, Job job, Done done) {
  HOLDFAST_REQUIRE(job != nullptr);
  if (env_.dead()) return;
  Queue& waiting = queue(lane);
  waiting.jobs.push_back({.job = std::move(job), .done = std::move(done)});
  if (waiting.jobs.size() == 1) begin_front(lane);
}

bool SimDisk::sync_directory(const std::string& path) {
  return env_.sync_directory(path).ok();
}

void SimDisk::begin_front(Lane lane) {
  Queue& waiting = queue(lane);
  waiting.ticket = next_ticket_++;
  waiting.held = false;
  const Duration latency = draw_latency(lane, waiting.begun++);
  host_.disk_wakeup(node_, waiting.ticket, latency);
}

Duration SimDisk::draw_latency(Lane lane, std::uint64_t job) {
  const LaneLatency& shape = lane == Lane::kCommit ? options_.commit : options_.bulk;
  const std::uint64_t key = mix(mix(key_, kLatency + 100 * static_cast<std::uint64_t>(lane)), job);
  const auto extra = static_cast<std::int64_t>(below(key, shape.spread.ns()));
  std::int64_t ns = shape.base.ns() + extra;
  const std::uint64_t tail = mix(key, kTail);
  if (tail % 1'000'000 < shape.tail_per_million) {
    faults_.add(DiskFault::kTailLatency);
    const auto coins = static_cast<std::uint32_t>(std::countr_zero(tail / 1'000'000));
    ns <<= std::min(1 + coins, shape.tail_doublings_max);
  }
  if (slow_factor_ > 1) faults_.add(DiskFault::kSlow);
  return Duration::nanoseconds(ns) * slow_factor_;
}

void SimDisk::complete(std::uint64_t ticket) {
  for (const Lane lane : {Lane::kCommit, Lane::kBulk}) {
    Queue& waiting = queue(lane);
    if (waiting.jobs.empty() || waiting.ticket != ticket) continue;
    if (stalled_) {
      waiting.held = true;
    } else {
      finish_front(lane);
    }
    return;
  }
}

void SimDisk::finish_front(Lane lane) {
  Queue& waiting = queue(lane);
  run(waiting.jobs.front().job);
  // The job goes only after `done` returned: `done` may read what the job's closure owns.
  const Pending finished = std::move(waiting.jobs.front());
  waiting.jobs.pop_front();
  if (!waiting.jobs.empty()) begin_front(lane);
  if (finished.done) finished.done();
}

void SimDisk::run(const Job& job) {
  const RunningEnv running(env_);
  job();
  env_.drain();
}

void SimDisk::crash(const CrashChoice& choice) {
  HOLDFAST_REQUIRE(!env_.dead());
  const Lane second = choice.first == Lane::kCommit ? Lane::kBulk : Lane::kCommit;
  for (const Lane lane : {choice.first, second}) {
    run_at_crash(lane, lane == Lane::kCommit ? choice.commit : choice.bulk);
  }
  env_.die();
  // LevelDB's destructor waits for its background work; with the device dead that ends at once.
  env_.drain();
  for (Queue& waiting : queues_)
    waiting.jobs.clear();
  power_loss_ = choice.power;
  if (!choice.power) faults_.add(DiskFault::kProcessKilled);
}

void SimDisk::run_at_crash(Lane lane, const JobFate& fate) {
  Queue& waiting = queue(lane);
  if (waiting.jobs.empty()) return;
  if (fate.kind == JobFate::Kind::kDropped || env_.dead()) {
    faults_.add(DiskFault::kJobDropped);
    return;
  }
  if (fate.kind == JobFate::Kind::kCut) env_.die_after(fate.operation, fate.tear);
  run(waiting.jobs.front().job);
  faults_.add(env_.dead() ? DiskFault::kJobCut : DiskFault::kJobUnanswered);
  env_.cancel_death();
}

void SimDisk::boot() {
  if (env_.dead() && power_loss_) lose_power(*power_loss_);
  begin_life();
}

void SimDisk::lose_power(const PowerLoss& loss) {
  const LossReport report = files_.lose_power(loss, mix(mix(key_, kPowerLoss), crash_number_++));
  if (report.files_hurt > 0) faults_.add(data_fault(loss.data));
  if (report.changes_lost > 0) faults_.add(DiskFault::kEntriesLost);
}

void SimDisk::begin_life() {
  HOLDFAST_REQUIRE(idle());
  power_loss_.reset();
  env_.begin_life();
}

void SimDisk::wipe() {
  begin_life();
  files_.wipe();
  faults_.add(DiskFault::kWipe);
}

void SimDisk::restore_snapshot(const FileSystemImage& image) {
  begin_life();
  files_.restore(image);
  faults_.add(DiskFault::kStaleCopy);
}

std::optional<std::string> SimDisk::flip_bit(std::string_view pattern, std::uint64_t choice) {
  std::optional<std::string> path = files_.flip_bit(pattern, choice);
  if (path) faults_.add(DiskFault::kBitFlip);
  return path;
}

void SimDisk::set_errors(DiskOperation operation, std::uint32_t per_million) {
  env_.set_errors(operation, per_million);
}

void SimDisk::clear_errors() {
  env_.clear_errors();
  for (std::size_t kind = 0; kind < kDiskOperationCount; ++kind) {
    env_.set_errors(static_cast<DiskOperation>(kind), options_.errors_per_million[kind]);
  }
}

void SimDisk::set_stalled() {
  if (!stalled_) faults_.add(DiskFault::kStall);
  stalled_ = true;
}

void SimDisk::clear_stalled() {
  stalled_ = false;
  for (Queue& waiting : queues_) {
    if (waiting.jobs.empty() || !waiting.held) continue;
    waiting.held = false;
    host_.disk_wakeup(node_, waiting.ticket, Duration());
  }
}

void SimDisk::set_slow(std::int64_t factor) {
  HOLDFAST_REQUIRE(factor >= 1, factor);
  slow_factor_ = factor;
}

bool SimDisk::idle() const {
  return std::all_of(
      queues_.begin(), queues_.end(), [](const Queue& waiting) { return waiting.jobs.empty(); });
}

}  // namespace holdfast::sim
