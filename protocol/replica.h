#pragma once

// One replica: acceptor and learner behind their store.  Persists, then replies.
//
//   message            rules                 durable before the answer
//   promise            acceptor.h            the promise
//   write              acceptor.h            the vote
//   learned, chosen    learner.h             (no answer) the mark rides with a later commit;
//                                            a TRUNCATE or tombstone is synced before begin moves
//   fetch              learned actions       nothing: learned is true wherever it stands
//   recover            status and bounds     all that was said so far, and a registered incarnation
//
// Requests are served inline, as part of the step that brought them, unless they need a record that
// only the disk holds; then a fiber reads it first.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/env/process.h"
#include "protocol/env/state_hash.h"

#include "protocol/commit_queue.h"
#include "protocol/fiber/event.h"
#include "protocol/fiber/scheduler.h"
#include "protocol/log_image.h"
#include "protocol/options.h"
#include "protocol/peers.h"
#include "protocol/points.h"

namespace holdfast {

// What the rest of a member wants to hear from its replica.  Called inside the replica's calls:
// implementations only take note.
class ReplicaListener {
 public:
  virtual ~ReplicaListener() = default;

  // An answer to a request that this member asked itself.
  virtual void on_own_answer(RequestId request, Message reply) = 0;

  // The replica promised `ballot` implicitly (not yet durable).
  virtual void on_implicit_promise(Ballot ballot) = 0;

  virtual void on_learned(const Action& action) = 0;

  // Storage failed: the replica answers nothing any more.
  virtual void on_store_failed(const StoreError& error) = 0;
};

// What may still be lost, of what a member knows.
enum class Losses : std::uint8_t {
  kNone,
  kMemories,  // by restarts
  kDisks,     // so that members come back under other numbers, or may have already
};

class Replica {
 public:
  struct Wiring {
    const NodeOptions& options;
    Ports ports;
    Scheduler& scheduler;
    Peers& peers;
    std::shared_ptr<ReplicaStore> store;
    ReplicaListener& listener;
  };

  explicit Replica(Wiring wiring);

  // Takes over what the store holds.  Returns what is wrong if the directory is another member's,
  // cluster's or log's.
  std::optional<StoreError> restore(Restored restored);

  // At the end of every step.
  void begin_commit();

  // Requests.  `asker.node` may be this member itself.
  void on_promise(const Asker& asker, const PromiseRequest& request);
  void on_write(const Asker& asker, const WriteRequest& request);
  void on_fetch(const Asker& asker, const FetchRequest& request);
  void on_recover(const Asker& asker, const RecoverRequest& request);

  // Notices.
  void on_learned(const Action& action);
  void on_chosen(const ChosenUpto& chosen);

  // Another replica said that everything below `begin` is truncated: skips it in one step.
  void on_truncated(const Begin& begin);

  const LogImage& image() const { return image_; }

  // The position is learned or truncated, and will be.
  bool knows(Position p, Losses losses) const;
  // So is every position up to there.
  bool knows_all_to(Position p, Losses losses) const;

  // All that what it does later depends on (node_state.cc).
  void add_state(StateHash& hash) const;

  // A record that will move begin is on its way to the disk: until then begin is not known.
  bool begin_pending() const { return begin_pending_.has_value(); }

  // What is to be written now, and what of it is written: where the first lies above what the
  // second becomes later, the disk does not keep up.
  CommitQueue::Sequence staged() const { return commits_.last_staged(); }

  CommitQueue::Sequence durable() const { return commits_.durable(); }

  // Notified when a position was learned or begin moved.
  Event& progress() { return progress_; }

  // For fibers: what is learned of [from, to], ascending, up to about `bytes_max` of payload;
  // `upto` is the last position spoken for.  Positions truncated meanwhile may be left out: check
  // begin afterwards.
  struct LearnedRange {
    std::vector<Action> actions;
    Position upto;
  };

  LearnedRange read_learned(Position from, Position to, std::size_t bytes_max);

  // For fibers: waits while what was learned comes faster than the disk takes it, so that a
  // catch-up does not gather the whole log in memory.  False: the deadline came first.
  bool make_room(Instant deadline);

  // For fibers: returns once no restart will forget that rounds up to `round` are taken.
  void reserve_rounds(std::uint64_t round);

  // For fibers, each durable when it returns (docs/PROTOCOL.md, "Recovery").
  //
  // The first initialisation goes on: EMPTY to STARTING, and to VOTING.
  void become_starting();
  void become_voting();
  // The directory is a new life of its member, or starts over as one.
  // Requires: incarnation >= the present one.
  void become_recovering(Incarnation incarnation);
  // A VOTING replica that lost nothing takes a higher number, which others have registered.
  void renumber(Incarnation incarnation);
  // RECOVERING to VOTING, in one batch with all that was learned before: `floor` is the implicit
  // promise to keep, `known` what the others have registered and this replica's own number.
  void become_voting_again(Ballot floor, const Incarnations& known);

 private:
  // Requires: not image_.on_disk_only(*p).
  AcceptorView view(std::optional<Position> p) const;
  void record_restored();
  void send(const Asker& asker, Message reply);
  // Sends once all that was staged so far is durable; `said` runs just before.
  template <typename Said>
  void answer(const Asker& asker, Message reply, Said said);
  void register_incarnation(NodeId member, const RecoverRequest& request);
  void record_known();
  void enter(Status status);
  void answer_promise(const Asker& asker, PromiseStep step);
  struct Votes;
  void vote(const Asker& asker, const WriteRequest& request, Votes& votes);
  void say(const Asker& asker, Votes& votes);
  void answer_write(const Asker& asker, WriteStep step, const WriteRequest& request);
  void with_record(Position p, std::function<void(std::optional<Action>)> serve);
  void serve_fetch(const Asker& asker, const FetchRequest& request);
  bool about_to_truncate(Position p) const;
  void learn(const Action& action);
  void stage_begin(const Action& record);
  void begin_is_durable(const Begin& begin);
  void erase_truncated();
  void record_learned(const Action& action);
  void note_promise(const PromiseStep& step, const PromiseRequest& request);
  void note_write(const AcceptorView& view, const WriteStep& step, const WriteRequest& request);
  std::vector<Action> read_store(Position from, Position to, std::size_t bytes_max);

  const NodeOptions& options_;
  Ports ports_;
  Scheduler& scheduler_;
  Peers& peers_;
  std::shared_ptr<ReplicaStore> store_;
  ReplicaListener& listener_;

  LogImage image_;
  CommitQueue commits_;
  Event progress_;
  std::optional<Position> begin_pending_;
  std::size_t reads_in_flight_ = 0;
  // The batch that carries the last reservation of rounds.
  CommitQueue::Sequence rounds_staged_in_ = 0;

  // Records below it are garbage; `erase_wanted_` wakes the fiber that deletes them.
  Position erase_bound_;
  bool erase_pending_ = false;
  Event erase_wanted_;
};

}  // namespace holdfast
