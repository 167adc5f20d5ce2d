#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "protocol/env/disk.h"

#include "protocol/fiber/event.h"
#include "protocol/inline_function.h"
#include "protocol/replica_store.h"

namespace holdfast {

// Turns changes into synced batches, one in flight, and holds back what may only happen once they
// are durable.
//
// A change is *staged* when the state in memory has advanced by it.  Everything staged while a
// batch is being synced forms the next one.  Some changes (learned marks) are staged lazily: they
// ride along with the next batch but start none, until there are so many that a replica which only
// learns would keep the log in memory and forget it at a restart.
class CommitQueue {
 public:
  // Names a batch; batches become durable in this order.
  using Sequence = std::uint64_t;

  using Failed = std::function<void(const StoreError&)>;

  // Large enough for an answer that waits to be said.
  using Effect = InlineFunction<384>;

  static constexpr std::size_t kLazyPositionsMax = 256;
  static constexpr std::size_t kLazyBytesMax = 1 << 20;

  // `disk` and `scheduler` outlive it.  `failed` is called once, in the step in which a batch
  // turned out not to be durable; nothing is released afterwards.
  CommitQueue(Disk& disk, Scheduler& scheduler, std::shared_ptr<ReplicaStore> store, Failed failed);

  void stage(const Metadata& metadata);
  // Replaces what is staged for the same position.
  void stage(const Action& record);
  void stage_lazily(const Action& record);

  // So much is staged lazily that it no longer waits for company.
  bool crowded() const {
    return lazy_positions_ >= kLazyPositionsMax || lazy_bytes_ >= kLazyBytesMax;
  }

  // The batch that carries what was staged last: once it is durable, so is everything so far.
  Sequence last_staged() const { return wanted_ ? next_ : in_flight_ ? next_ - 1 : durable_; }

  Sequence durable() const { return durable_; }

  // Runs `effect` once everything staged so far is durable: inside this call if it is already.
  // Effects run in the order of these calls.  True: it had to be held back.
  bool when_durable(Effect effect);

  // For fibers: waits until `sequence` is durable.
  void wait(Sequence sequence);
  // False: the deadline came first.
  [[nodiscard]] bool wait_until(Sequence sequence, Instant deadline);

  // At the end of every step: starts the next batch if one is wanted and none is in flight.
  // `finished` is called in the step in which the batch ended well, before held effects run.
  void begin(const std::function<void(const WriteBatch&)>& finished);

  // All that what it does later depends on (node_state.cc).
  void add_state(StateHash& hash) const;

  // Number of positions in the batch last begun.
  std::size_t batch_positions() const { return job_ ? job_->batch.actions.size() : 0; }

 private:
  struct Job {
    WriteBatch batch;
    std::optional<StoreError> error;
    // Its bytes are with the store.  A disk that answers early (the canary) still needs the batch.
    bool written = false;
  };

  struct Held {
    Sequence sequence;
    Effect effect;
    // While states are watched: of what the effect holds.
    StateName name;
  };

  void put(const Action& record);
  void on_written();
  void release_held();

  Disk& disk_;
  Scheduler& scheduler_;
  std::shared_ptr<ReplicaStore> store_;
  Failed failed_;
  Event became_durable_;

  std::optional<Metadata> metadata_;
  // Ascending by position.
  std::vector<Action> records_;
  // Staged lazily since the last batch began.
  std::size_t lazy_positions_ = 0;
  std::size_t lazy_bytes_ = 0;
  // A batch must be written for what is staged.
  bool wanted_ = false;
  bool in_flight_ = false;
  bool dead_ = false;
  // The batch that is being formed; the one in flight is next_ - 1.
  Sequence next_ = 1;
  Sequence durable_ = 0;
  // In the order of sequences.
  std::vector<Held> held_;
  std::shared_ptr<Job> job_;
  std::function<void(const WriteBatch&)> finished_;
};

}  // namespace holdfast
