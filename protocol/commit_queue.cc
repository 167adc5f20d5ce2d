#include "protocol/commit_queue.h"

#include <algorithm>

namespace holdfast {

CommitQueue::CommitQueue(Disk& disk,
                         Scheduler& scheduler,
                         std::shared_ptr<ReplicaStore> store,
                         Failed failed)
    : disk_(disk),
      scheduler_(scheduler),
      store_(std::move(store)),
      failed_(std::move(failed)),
      became_durable_(scheduler) {}

void CommitQueue::stage(const Metadata& metadata) {
  metadata_ = metadata;
  wanted_ = true;
}

// Positions mostly rise.
void CommitQueue::put(const Action& record) {
  if (records_.empty() || records_.back().position < record.position) {
    records_.push_back(record);
    return;
  }
  const auto at = std::ranges::lower_bound(records_, record.position, {}, &Action::position);
  if (at->position == record.position) {
    *at = record;
  } else {
    records_.insert(at, record);
  }
}

void CommitQueue::stage(const Action& record) {
  put(record);
  wanted_ = true;
}

void CommitQueue::stage_lazily(const Action& record) {
  put(record);
  ++lazy_positions_;
  lazy_bytes_ += record.value ? record.value->size() : 0;
  if (crowded()) wanted_ = true;
}

bool CommitQueue::when_durable(Effect effect) {
  const Sequence sequence = last_staged();
  if (sequence <= durable_) {
    effect();
    return false;
  }
  HOLDFAST_CHECK(held_.empty() || held_.back().sequence <= sequence, sequence);
  held_.push_back({sequence, std::move(effect), scheduler_.moment()});
  return true;
}

void CommitQueue::wait(Sequence sequence) {
  became_durable_.await([&] { return durable_ >= sequence; });
}

bool CommitQueue::wait_until(Sequence sequence, Instant deadline) {
  return became_durable_.await_until(deadline, [&] { return durable_ >= sequence; });
}

void CommitQueue::begin(const std::function<void(const WriteBatch&)>& finished) {
  if (!wanted_ || in_flight_ || dead_) return;
  job_ = std::make_shared<Job>();
  job_->batch.metadata = std::move(metadata_);
  metadata_.reset();
  job_->batch.actions = std::exchange(records_, {});
  lazy_positions_ = 0;
  lazy_bytes_ = 0;
  wanted_ = false;
  in_flight_ = true;
  ++next_;
  finished_ = finished;
  // The job owns what it touches: the node may be gone before it ends.
  disk_.submit(
      Lane::kCommit,
      [job = job_, store = store_] {
        const auto result = store->write(job->batch);
        if (!result) job->error = result.error();
        job->written = true;
      },
      [this] { on_written(); });
}

void CommitQueue::on_written() {
  HOLDFAST_CHECK(in_flight_);
  in_flight_ = false;
  const std::shared_ptr<Job> job = std::move(job_);
  if (job->error) {
    dead_ = true;
    failed_(*job->error);
    return;
  }
  durable_ = next_ - 1;
  finished_(job->batch);
  if (job->written && records_.capacity() == 0) {
    // Only for its memory, which most batches can use again.
    records_ = std::move(job->batch.actions);
    records_.clear();
  }
  release_held();
  became_durable_.notify_all();
}

// Effects may hold further ones back, which then belong to later batches.
void CommitQueue::release_held() {
  std::size_t released = 0;
  while (released < held_.size() && held_[released].sequence <= durable_) {
    Effect effect = std::move(held_[released].effect);
    ++released;
    effect();
  }
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(released));
}

}  // namespace holdfast
