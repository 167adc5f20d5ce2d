#pragma once

// One replica's half of Paxos, as plain functions:
//
//     (what the acceptor knows, request)  ->  (what to persist, reply)
//
// Nothing here waits, reads a clock, draws a number or touches a disk, so the replica, the model
// checker and a fuzzer call the same code.  The caller has two obligations: requests of one
// position are taken one at a time, and a reply other than REJECT and IGNORED leaves only once
// everything it was computed from is durable.
//
// Names are the Mesos log's: promise = phase 1, write = phase 2, learned = chosen.  "PMS" is
// Lamport, "Paxos Made Simple".  The deviations D1, D4, D6 and D11 are argued in docs/PROTOCOL.md.

#include <optional>

#include "protocol/mesos_compat.h"
#include "protocol/messages.h"

namespace holdfast {

// What an acceptor knows that bears on one request.
struct AcceptorView {
  Status status = Status::kEmpty;
  // The largest implicit promise: holds for every position without a record.
  Ballot promised;
  Begin begin;
  // The highest position with a record; 0 in an empty log, as if position 0 had one.
  Position end;
  // The record of the request's position, if there is one and the request names one.
  std::optional<Action> action;
  // Of a request that settles: some position above is decided, or promised to a higher ballot than
  // the request's.
  bool overtaken = false;
  // For tests: rules of Mesos that this acceptor follows instead of ours.
  MesosCompat mesos;
};

struct PromiseStep {
  PromiseReply reply;
  // An implicit promise to persist.
  std::optional<Ballot> promised;
  // The pair of an election that settles, to persist.
  std::optional<ChosenUpto> settled;
  // A record to persist.
  std::optional<Action> record;
};

struct WriteStep {
  WriteReply reply;
  std::optional<Action> record;
};

// Phase 1b (PMS 2.2).
//
// Ensures: an ACCEPT means no write below request.ballot will be accepted at the position (of an
// implicit promise: at every position that has no record now), unless the reply carries a learned
// action, which is no promise but the outcome.  An equal ballot is a resend of the same attempt,
// since ballots are never used twice (D4): it is answered from the state as it is now.
//
// A request that settles is refused as well when it was overtaken; an ACCEPT to it means that every
// later answer of this acceptor can carry its pair (docs/PROTOCOL.md, 6).
[[nodiscard]] PromiseStep on_promise(const AcceptorView& view, const PromiseRequest& request);

// Phase 2b (PMS 2.2, P1a).
//
// Ensures: an ACCEPT without a learned action means `value` is this acceptor's vote at
// request.ballot; the position's promise is at least that ballot (D1); a learned action is never
// overwritten.
[[nodiscard]] WriteStep on_write(const AcceptorView& view, const WriteRequest& request);

}  // namespace holdfast
