#pragma once

// The multi-Paxos leader of a log: elected once by an implicit promise of a quorum, it then writes
// position after position in one round trip each, up to a window of W at a time (D5).
//
//              elect()                      a quorum promised, all up to the end learned
//    kIdle --------------> kElecting ------------------------------------> kElected
//      ^                       |                                              |
//      +---- refused, too few voters, deadline                                |
//      +---- step_down(): refused write, higher promise, TRUNCATED, ----------+
//            deadline, position learned from elsewhere, restart, handed over, no quorum answers
//
// Its ballot alone fences it, never a clock.  After any doubt it steps down: what was in flight is
// reported as unknown, and only another election decides it (D3).

#include <algorithm>
#include <bitset>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/catchup.h"
#include "protocol/events.h"

namespace holdfast {

// Why an election or a write did not succeed.
enum class Failure : std::uint8_t {
  kNone = 0,
  // Elections and writes.
  kRejected,       // a member refused: it promised a higher ballot
  kHigherPromise,  // this member's own replica promised another coordinator
  kTooFewVoters,   // fewer than a quorum of members vote
  kDeadline,       // no quorum answered in time
  // Elections.
  kBusy,       // an election of this member is under way already
  kNotVoting,  // this member itself does not vote
  // Writes.
  kNotElected,   // there is no election to write under, or it has ended
  kTooLarge,     // the entry is over the limit
  kBadTruncate,  // not begin <= to <= the acknowledged end + 1
  // Writes, and why a term ended.
  kHigherPair,  // a coordinator of a higher ballot was heard of
  kTruncated,   // a member has a position of the window truncated
  kLearned,     // another coordinator decided a position of the window
  kRestarted,   // the writer was started again
  // Where members elect by themselves (protocol/elector.h).
  kUnreachable,  // no quorum answered this coordinator's heartbeats for an election timeout
  kHandedOver,   // the coordinator stepped down in favour of a preferred member
  kForgone,      // a live coordinator turned up before anybody was asked
};

std::string_view failure_text(Failure failure);

struct ElectResult {
  Failure failure = Failure::kNone;
  // On success: the term to write under, and the last position that was written before it.
  std::uint64_t term = 0;
  Position end;

  bool ok() const { return failure == Failure::kNone; }

  // "elected, the log ends at 7", or why not.
  std::string text() const;
};

struct WriteResult {
  // kFailed: it did not happen and never will.  kUnknown: the next election decides whether it
  // happened.
  Outcome outcome = Outcome::kFailed;
  Failure failure = Failure::kNone;
  // kOk only.
  Position position;
  // kNotElected only: why the election this was to be written under has ended; kNone: none was won.
  Failure ended_by = Failure::kNone;

  bool ok() const { return outcome == Outcome::kOk; }

  // "ok at position 7", "failed: ..." or "unknown: ..."; says what to do where anything can be
  // done.
  std::string text() const;
};

class Coordinator {
 public:
  Coordinator(Proposer::Wiring wiring, Proposer& proposer, CatchUp& catchup);

  // For fibers.  Runs for coordinator; a term that was won before ends.
  ElectResult elect();

  // For fibers.  Waits until the entry is chosen and every earlier one is acknowledged.  Positions
  // rise in the order of the calls.  With a key that the log holds, or that is in flight: no second
  // entry, but the position of the first.
  WriteResult append(std::uint64_t term, Payload bytes, IdempotencyKey key);

  // For fibers.  Forgets every position below `to`.
  WriteResult truncate(std::uint64_t term, Position to);

  bool elected() const { return state_ == State::kElected; }

  bool electing() const { return state_ == State::kElecting; }

  // The term to write under.  Requires: elected().
  std::uint64_t term() const { return term_; }

  // The ballot of the latest election.
  Ballot ballot() const { return ballot_; }

  // A quorum has promised ballot(): this member is elected, or still learns what was written.  An
  // election that is out of time claims nothing more, whatever its fiber waits for.
  bool claims() const {
    return elected() || (electing() && promised_ && w_.scheduler.now() < deadline_);
  }

  // Why the last term ended.
  Failure stepped_down_for() const { return stepped_down_for_; }

  // No append waits for room in the window.
  bool quiet() const { return queue_.empty(); }

  // Gives up for `reason`: steps down, or lets the election under way fail.
  void abandon(Failure reason);

  // Gives up an election that has asked nobody yet: nothing has happened.
  void forgo();

  // For fibers.  Takes no more appends, waits until those it has are acknowledged, and steps down.
  // False: it stepped down for another reason before that.
  bool retire();

  // Somebody else's message to everybody has just said what is chosen.
  void spoke() { last_broadcast_ = w_.scheduler.now(); }

  // The last position acknowledged, or found by the election.  Requires: elected().
  Position acknowledged() const { return acknowledged_; }

  // At the end of every step: sends what came into the window since, positions in a row together.
  // False: there was nothing.
  bool send_new();

  // For a fiber of its own: resends, gives up, and tells an idle cluster what is chosen.
  void drive();

  // Another member has to learn everything up to `upto`: writes NOPs at the end of the window until
  // it reaches there.  Nothing unless elected.
  void close(Position upto);

  // This member votes no more.
  void on_vote_lost();

  // What the member's replica and peers say.
  void on_implicit_promise(Ballot ballot);
  void on_learned(Position position);
  void on_chosen_heard(const ChosenUpto& chosen);

  // An answer to writes that will never be looked at (node_state.cc).
  bool deaf_to(RequestId request, const WriteReply& reply) const;

  // All that what it does later depends on (node_state.cc).
  void add_state(StateHash& hash) const;

 private:
  enum class State : std::uint8_t { kIdle, kElecting, kElected };

  // One write that a client waits for.
  struct Pending {
    Pending(Scheduler& scheduler, Value v) : value(std::move(v)), finished(scheduler) {}

    Value value;
    bool done = false;
    WriteResult result;
    Event finished;
  };

  // A position of the window.
  struct Slot {
    Position position;
    std::bitset<256> votes;
    std::bitset<256> ignored;
    bool chosen = false;
    // By waited_.
    Duration deadline;
    Instant resend_at;
    Duration resend;
    std::shared_ptr<Pending> pending;
  };

  WriteResult write(std::uint64_t term, Value value);
  static WriteResult await(const std::shared_ptr<Pending>& pending);
  Failure campaign(Ballot ballot, Position& end);
  Failure settle(Ballot ballot, Position end);
  void open_request();
  void fill_window();
  void send_run();
  void resend(Slot& slot);
  void on_write_reply(NodeId from, WriteReply& reply);
  void on_accept(NodeId from, Position first, Position last);
  void count_vote(NodeId from, Slot& slot);
  void forget_votes(NodeId member);
  Slot* slot_at(Position position);
  void acknowledge();

  // Between two looks of drive().
  Duration nap() const { return std::min(w_.options.resend_min, w_.options.chosen_interval); }

  void resend_overdue(Instant now);
  void step_down(Failure reason);
  void give_up_writes(Failure reason);
  void go_on_as(Ballot winner);
  WriteResult not_elected(std::uint64_t term) const;
  void finish(Pending& pending, Outcome outcome, Failure failure, Position position);

  Proposer::Wiring w_;
  Proposer& proposer_;
  CatchUp& catchup_;

  State state_ = State::kIdle;
  std::uint64_t term_ = 0;
  Ballot ballot_;
  // A higher implicit promise was given since the election began.
  bool superseded_ = false;
  // What the election under way has come to: somebody was asked; a quorum promised; it is given up.
  bool asked_ = false;
  bool promised_ = false;
  Instant deadline_;
  Failure abandoned_ = Failure::kNone;
  Failure stepped_down_for_ = Failure::kNone;

  // Elected only.  What the answers to all writes of the term go to.
  RequestId request_;
  // Elected only.  The window holds consecutive positions from acknowledged_ + 1.
  Position acknowledged_;
  std::deque<Slot> window_;
  // So many of the last were not sent to anybody yet.
  std::size_t unsent_ = 0;
  std::deque<std::shared_ptr<Pending>> queue_;
  // Of the window and the queue, those with a key.
  std::map<IdempotencyKey, std::shared_ptr<Pending>> keyed_;
  Instant last_broadcast_;
  // What drive() has waited in all, by whole naps: a clock that jumps and a process that was paused
  // must not look like writes that nobody answers.
  Duration waited_;
  bool retiring_ = false;
  Event work_;
  // Notified when the window has become empty, and when a term has ended.
  Event settled_;
};

}  // namespace holdfast
