#pragma once

// One round of Paxos as straight-line code (PMS 2.2): promise, write, and fill, which loops over
// both until its position is learned.

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "protocol/env/process.h"
#include "protocol/env/state_hash.h"

#include "protocol/ballots.h"
#include "protocol/fiber/gather.h"
#include "protocol/peers.h"
#include "protocol/replica.h"
#include "protocol/requests.h"

namespace holdfast {

// How a phase ended.
enum class Phase : std::uint8_t {
  kAccepted,   // by a quorum
  kRejected,   // somebody promised a higher ballot
  kIgnored,    // too few members vote
  kTruncated,  // the position is truncated at some member
  kLearned,    // some member knows the outcome
  kTimedOut,
};

struct PromiseOutcome {
  Phase phase = Phase::kTimedOut;
  // kRejected: the highest ballot seen.
  Ballot ballot;
  // kAccepted, explicit: the value of the highest ballot among the answers; kLearned: the outcome.
  std::optional<Action> action;
  // kAccepted, implicit: the highest end.
  Position end;
  // kAccepted (implicit) and kTruncated: the highest begin among the answers.
  Begin begin;
};

struct WriteOutcome {
  Phase phase = Phase::kTimedOut;
  Ballot ballot;
  std::optional<Action> action;
  Begin begin;
};

// How long to go on trying.
struct Patience {
  Instant deadline;
  // Asked between attempts; true: nobody wants the result any more.  May be empty.
  std::function<bool()> given_up;

  bool over(Instant now) const { return now >= deadline || (given_up && given_up()); }
};

class Proposer {
 public:
  struct Wiring {
    const NodeOptions& options;
    Ports ports;
    Scheduler& scheduler;
    Peers& peers;
    Requests& requests;
    Replica& replica;
    Ballots& ballots;
  };

  explicit Proposer(Wiring wiring) : w_(wiring) {}

  // For fibers.  Asks every member, this one included, and again those that stay silent.
  PromiseOutcome promise(Ballot ballot, std::optional<Position> position, Instant deadline);
  WriteOutcome write(Ballot ballot, Position position, const Value& value, Instant deadline);

  // For fibers: the second half of an election, once all up to `end` is learned.  kAccepted: a
  // quorum will not forget that votes below `ballot` at positions above `end` are void.
  PromiseOutcome settle(Ballot ballot, Position end, Instant deadline);

  // For fibers: runs ballots at `position` until this replica has learned it or has it truncated.
  // False: patience ended first.
  bool fill(Position position, const Patience& patience);

  // What a member says of itself.
  struct Testimony {
    NodeId member;
    BootNonce boot;
    Incarnation incarnation;
    // The highest incarnation of this member that said there that it is about to vote.
    Incarnation knows_voting;
    RecoverReply reply;
  };

  using Until = std::function<bool(const std::vector<Testimony>&)>;

  // Whose word is taken.
  enum class Witnesses : std::uint8_t {
    kCounted,  // what counts as a vote would: nothing of a former incarnation
    kAny,      // also of members that are known under a higher number than they answer under
  };

  // For fibers: asks every member, this one included, and again those that stay silent, until
  // `enough` of the testimonies or the deadline; returns those there are.
  std::vector<Testimony> interview(const RecoverRequest& request,
                                   Instant deadline,
                                   const Until& enough,
                                   Witnesses witnesses = Witnesses::kCounted);

  // For fibers: what q VOTING members answer of themselves, or nothing by the deadline.
  // The answers of this member itself count.
  struct Bounds {
    Begin begin;  // the lowest
    Position end;
  };

  std::optional<Bounds> recover_bounds(Instant deadline);

  // For fibers: one question for learned actions to each member of `wanted`, which answers by the
  // deadline or not at all.  `sink` is called for each first answer; true: it is enough.
  void fetch(const FetchRequest& request,
             Instant deadline,
             const std::function<bool(NodeId)>& wanted,
             const std::function<bool(FetchReply&)>& sink);

 private:
  // Broadcasts `message` until `enough` of the answers or the deadline; false: the deadline.
  template <typename Reply, typename Enough>
  bool call(const Message& message, Instant deadline, Gather<Reply>& gather, Enough enough);

  // Hands a request of this member to its own replica.
  void ask_self(RequestId request, const Message& message);

  PromiseOutcome promise(const PromiseRequest& request, Instant deadline);
  bool fill_once(Position position, const Patience& patience);
  bool is_void(Position position, const Action& vote) const;
  void learn_everywhere(Action action);
  void skip_truncated(Position position, const Begin& begin);

  Wiring w_;
};

void add_to(StateHash& hash, const Proposer::Testimony& testimony);

}  // namespace holdfast
