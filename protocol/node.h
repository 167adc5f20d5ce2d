#pragma once

// One member, wired from ports and a store: the same in the simulator, the checker and production.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "protocol/env/process.h"

#include "protocol/elector.h"
#include "protocol/fiber/scheduler.h"
#include "protocol/log.h"
#include "protocol/options.h"
#include "protocol/recovery.h"
#include "protocol/replica_store.h"

namespace holdfast {

class StackPool;

class Node final : public Process, private ReplicaListener, private StateWatch {
 public:
  // `ready` runs once, in the step in which the directory was opened; it may spawn fibers on
  // scheduler() that use log().  `stopped` runs at most once, when storage failed or the directory
  // is not this member's; nothing happens on the node after that step.
  //
  // `elected` and `lost` tell of the terms of this member's coordinator, whoever called for the
  // election: at the end of the step in which a term began or ended, in order.  They may spawn
  // fibers; log().current_writer() appends in the term.
  struct Callbacks {
    std::function<void()> ready;
    std::function<void(const StoreError&)> stopped;
    std::function<void(std::uint64_t term)> elected = {};
    std::function<void(std::uint64_t term, Failure reason)> lost = {};
  };

  // Requires: options.invalid() is empty.
  Node(NodeOptions options,
       Ports ports,
       std::shared_ptr<ReplicaStore> store,
       Callbacks callbacks,
       StackPool* stacks = nullptr);
  ~Node() override;

  void start() override;
  void on_frame(const Frame& frame) override;
  void on_alarm() override;
  void on_disconnect(NodeId member) override;

  // One step in which the application on this node does something, such as spawning a fiber.  Does
  // nothing unless is_ready().
  void act(const std::function<void()>& action);

  Scheduler& scheduler() { return scheduler_; }

  Log& log() { return log_; }

  const NodeOptions& options() const { return options_; }

  // For judges and status pages.
  const LogImage& image() const { return replica_.image(); }

  bool coordinating() const { return coordinator_.elected(); }

  // Whom this member takes for the coordinator, as far as it knows: for redirects and status pages.
  std::optional<NodeId> coordinator() const { return elector_.coordinator(); }

  // What it waits for until it votes.
  const RecoveryReport& recovery() const { return recovery_.report(); }

  // For fibers.  Asks the coordinator on this member to step down in favour of `to`, after it has
  // finished what is in flight.  False: it did not coordinate, or lost its term before that.
  bool hand_over(NodeId to) { return elector_.hand_over(to); }

  bool is_ready() const { return state_ == State::kReady; }

  // For whoever compares states (the model checker); slow.  Before start(): `outside` adds what
  // fibers of the application and jobs of the disk can see besides this node.
  void watch_states(std::function<void(StateHash&)> outside);
  // Before every later step: names what the node is given.
  void begin_watched_step(const StateName& input);
  // Equal names: the same will happen at the same events.  Between steps; requires a watch.
  StateName state_name() const;
  // The frame would change nothing and be answered by nothing, now and at any later time, also in
  // later lives.  Says false when in doubt.
  bool deaf_to(const Frame& frame, Losses losses) const;

 private:
  enum class State : std::uint8_t { kOpening, kReady, kStopped };

  // The disk, with every completion made a step of this node.
  class SteppedDisk final : public Disk {
   public:
    SteppedDisk(Disk& disk, std::function<void(const Done&)> run_step)
        : disk_(disk),
          run_step_(std::move(run_step)) {}

    void submit(Lane lane, Job job, Done done) override {
      if (free_.empty()) {
        free_.push_back(waiting_.size());
        waiting_.emplace_back();
      }
      const std::size_t slot = free_.back();
      free_.pop_back();
      waiting_[slot] = std::move(done);
      disk_.submit(lane, std::move(job), [this, slot] { finish(slot); });
    }

    bool sync_directory(const std::string& path) override { return disk_.sync_directory(path); }

   private:
    void finish(std::size_t slot) {
      const Done done = std::exchange(waiting_[slot], nullptr);
      free_.push_back(slot);
      run_step_(done);
    }

    Disk& disk_;
    std::function<void(const Done&)> run_step_;
    // Kept here, so that what is submitted is small enough for std::function to hold in place.
    std::vector<Done> waiting_;
    std::vector<std::size_t> free_;
  };

  void on_opened(StoreResult<Restored> restored);
  void dispatch(Envelope& envelope);
  void hear_chosen(const ChosenUpto& chosen);
  void stop(const StoreError& error);
  void on_disk_done(const Disk::Done& done);
  void end_step();
  bool report_term();

  void add_surroundings(StateHash& hash) const override;

  void on_own_answer(RequestId request, Message reply) override;
  void on_implicit_promise(Ballot ballot) override;
  void on_learned(const Action& action) override;
  void on_store_failed(const StoreError& error) override;

  NodeOptions options_;
  SteppedDisk disk_;
  Ports ports_;
  std::shared_ptr<ReplicaStore> store_;
  Callbacks callbacks_;
  std::function<void(StateHash&)> outside_;
  State state_ = State::kOpening;
  std::optional<StoreError> failure_;

  Scheduler scheduler_;
  Peers peers_;
  Requests requests_;
  Replica replica_;
  Ballots ballots_;
  Proposer::Wiring wiring_;
  Proposer proposer_;
  CatchUp catchup_;
  Coordinator coordinator_;
  Elector elector_;
  Recovery recovery_;
  Log log_;
  // The term that the application was told of; 0: none.
  std::uint64_t reported_term_ = 0;
  std::deque<std::pair<RequestId, Message>> own_answers_;
};

// What makes an empty directory a VOTING member's: written once, by an operator's explicit command.
// The log starts at `first`: every position below counts as truncated.
WriteBatch initial_batch(const NodeOptions& options, Position first);

}  // namespace holdfast
