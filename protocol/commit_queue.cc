#include "protocol/commit_queue.h"

namespace holdfast {

CommitQueue::CommitQueue(Disk& disk,
                         Scheduler& scheduler,
                         std::shared_ptr<ReplicaStore> store,
                         Failed failed)
    : disk_(disk),
      store_(std::move(store)),
      failed_(std::move(failed)),
      became_durable_(scheduler) {}

void CommitQueue::stage(const Metadata& metadata) {
  metadata_ = metadata;
  wanted_ = true;
}

void CommitQueue::stage(const Action& record) {
  records_.insert_or_assign(record.position, record);
  wanted_ = true;
}

void CommitQueue::stage_lazily(const Action& record) {
  records_.insert_or_assign(record.position, record);
  ++lazy_positions_;
  lazy_bytes_ += record.value ? record.value->size() : 0;
  if (crowded()) wanted_ = true;
}

bool CommitQueue::when_durable(std::function<void()> effect) {
  const Sequence sequence = last_staged();
  if (sequence <= durable_) {
    effect();
    return false;
  }
  HOLDFAST_CHECK(held_.empty() || held_.back().first <= sequence, sequence);
  held_.emplace_back(sequence, std::move(effect));
  return true;
}

void CommitQueue::wait(Sequence sequence) {
  while (durable_ < sequence)
    became_durable_.wait();
}

bool CommitQueue::wait_until(Sequence sequence, Instant deadline) {
  while (durable_ < sequence) {
    if (!became_durable_.wait_until(deadline)) return durable_ >= sequence;
  }
  return true;
}

void CommitQueue::begin(const std::function<void(const WriteBatch&)>& finished) {
  if (!wanted_ || in_flight_ || dead_) return;
  job_ = std::make_shared<Job>();
  job_->batch.metadata = std::move(metadata_);
  metadata_.reset();
  job_->batch.actions.reserve(records_.size());
  for (auto& [position, record] : records_)
    job_->batch.actions.push_back(std::move(record));
  records_.clear();
  lazy_positions_ = 0;
  lazy_bytes_ = 0;
  wanted_ = false;
  in_flight_ = true;
  ++next_;
  // The job owns what it touches: the node may be gone before it ends.
  disk_.submit(
      Lane::kCommit,
      [job = job_, store = store_] {
        const auto result = store->write(job->batch);
        if (!result) job->error = result.error();
      },
      [this, finished] { on_written(finished); });
}

void CommitQueue::on_written(const std::function<void(const WriteBatch&)>& finished) {
  HOLDFAST_CHECK(in_flight_);
  in_flight_ = false;
  const std::shared_ptr<Job> job = std::move(job_);
  if (job->error) {
    dead_ = true;
    failed_(*job->error);
    return;
  }
  durable_ = next_ - 1;
  finished(job->batch);
  // Effects may hold further ones back, which then belong to later batches.
  while (!held_.empty() && held_.front().first <= durable_) {
    const std::function<void()> effect = std::move(held_.front().second);
    held_.pop_front();
    effect();
  }
  became_durable_.notify_all();
}

}  // namespace holdfast
