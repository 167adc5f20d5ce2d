#pragma once

// The typed events a node records, one per step of the protocol that a judge or a reader of a
// trace needs.  The words of each kind are listed beside it; `digest` is Value::digest(); a
// `flags` word has bit 0 learned, bit 1 tombstone, and the ValueType in bits 8..15.
//
// "Said" events mean: the effect is durable as far as the replica believes, and the answer leaves
// in this step.

#include <cstdint>
#include <string_view>

#include "protocol/env/tracer.h"

#include "protocol/action.h"

namespace holdfast {

// No position, in a word that may hold one.
inline constexpr std::uint64_t kNoPosition = ~std::uint64_t{0};

#define HOLDFAST_EVENTS(X)                                                                      \
  /* A life begins.  boot nonce. */                                                             \
  X(kBooted, 1, "booted")                                                                       \
  /* What the directory said.                                                                   \
     status, promised, begin, begin_at|none, end|none, rounds, incarnation. */                  \
  X(kRestored, 2, "restored")                                                                   \
  /* One per interval, after kRestored.  first, last. */                                        \
  X(kRestoredLearned, 3, "restored_learned")                                                    \
  /* One per unlearned record.  position, promised, performed, flags, digest. */                \
  X(kRestoredAction, 4, "restored_action")                                                      \
  /* The store failed and the node stops.  kind; bytes: text. */                                \
  X(kStopped, 5, "stopped")                                                                     \
  /* A replica said ACCEPT to a promise.  position|none, ballot. */                             \
  X(kPromised, 10, "promised")                                                                  \
  /* A replica said ACCEPT to a write.  position, ballot, flags, digest. */                     \
  X(kAccepted, 11, "accepted")                                                                  \
  /* A replica learned a position (in memory).  position, flags, digest, truncate_to. */        \
  X(kLearned, 12, "learned")                                                                    \
  /* begin moved, durably.  begin, begin_at|none. */                                            \
  X(kBegin, 13, "begin")                                                                        \
  /* A replica said REJECT / IGNORED / TRUNCATED.  answer, position|none, ballot. */            \
  X(kRefused, 14, "refused")                                                                    \
  /* The status of the replica changed, durably.  status, incarnation of its directory,         \
     promised. */                                                                               \
  X(kStatus, 15, "status")                                                                      \
  /* A replica knows (in memory) that a member has this incarnation registered, and that this   \
     one was about to vote.  member, registered, voted. */                                      \
  X(kKnown, 16, "known")                                                                        \
  /* A replica said so to a member that registers.  member, registered, voted. */               \
  X(kVouched, 17, "vouched")                                                                    \
  /* elect() was called.  ballot. */                                                            \
  X(kElecting, 20, "electing")                                                                  \
  /* A coordinator is elected.  ballot, end (last position its fill covered). */                \
  X(kElected, 21, "elected")                                                                    \
  /* elect() ended without success.  ballot, reason. */                                         \
  X(kElectionLost, 22, "election_lost")                                                         \
  /* The coordinator stepped down.  ballot, reason. */                                          \
  X(kSteppedDown, 23, "stepped_down")                                                           \
  /* A proposer sends a write for the first time.  position, ballot, flags, digest. */          \
  X(kProposed, 24, "proposed")                                                                  \
  /* A proposer counted a quorum of ACCEPTs at one ballot.  position, ballot, flags, digest. */ \
  X(kChosen, 25, "chosen")                                                                      \
  /* No live coordinator was heard of: the others are asked whether they would support an       \
   * election.  largest implicit promise. */                                                    \
  X(kCanvassing, 26, "canvassing")                                                              \
  /* ... and this is what they said.  members for it (itself included), 1 if that is enough. */ \
  X(kCanvassed, 27, "canvassed")                                                                \
  /* A coordinator stepped down in favour of a member.  member, ballot. */                      \
  X(kHandedOver, 28, "handed_over")                                                             \
  /* Catch-up of [from, to] begins / completed.  from, to. */                                   \
  X(kCatchingUp, 30, "catching_up")                                                             \
  X(kCaughtUp, 31, "caught_up")                                                                 \
  /* A recovering replica is registered at a quorum, and must learn [begin, end].               \
     incarnation, begin, end. */                                                                \
  X(kRegistered, 32, "registered")                                                              \
  /* Client operations, as the application saw them.  The op id is unique in the run. */        \
  /* op, digest, key client, key sequence. */                                                   \
  X(kAppendCalled, 40, "append_called")                                                         \
  /* op, outcome (AppendOutcome), position. */                                                  \
  X(kAppendReturned, 41, "append_returned")                                                     \
  /* op, to. */                                                                                 \
  X(kTruncateCalled, 42, "truncate_called")                                                     \
  /* op, outcome, position. */                                                                  \
  X(kTruncateReturned, 43, "truncate_returned")                                                 \
  /* op. */                                                                                     \
  X(kElectCalled, 44, "elect_called")                                                           \
  /* op, outcome, end. */                                                                       \
  X(kElectReturned, 45, "elect_returned")                                                       \
  /* op, from, to. */                                                                           \
  X(kReadCalled, 46, "read_called")                                                             \
  /* One per entry, before kReadReturned.  op, position, digest. */                             \
  X(kReadEntry, 47, "read_entry")                                                               \
  /* op, outcome, from, to. */                                                                  \
  X(kReadReturned, 48, "read_returned")                                                         \
  /* op. */                                                                                     \
  X(kCatchupCalled, 49, "catchup_called")                                                       \
  /* op, outcome, end. */                                                                       \
  X(kCatchupReturned, 50, "catchup_returned")                                                   \
  /* Why a read failed, before its ...Returned.  op, reason (ReadError::Kind), position. */     \
  X(kReadRefused, 51, "read_refused")                                                           \
  /* op. */                                                                                     \
  X(kBarrierCalled, 52, "barrier_called")                                                       \
  /* op, outcome, end|none. */                                                                  \
  X(kBarrierReturned, 53, "barrier_returned")                                                   \
  /* op, position. */                                                                           \
  X(kAwaitCalled, 54, "await_called")                                                           \
  /* op, outcome, position. */                                                                  \
  X(kAwaitReturned, 55, "await_returned")

enum class EventKind : std::uint16_t {
#define HOLDFAST_EVENT_ENUMERATOR(name, number, text) name = number,
  HOLDFAST_EVENTS(HOLDFAST_EVENT_ENUMERATOR)
#undef HOLDFAST_EVENT_ENUMERATOR
};

// "?" for a number that names no kind.
std::string_view event_name(EventKind kind);

constexpr std::uint64_t event_flags(const Value& value, bool learned) {
  return (learned ? 1u : 0u) | (value.tombstone ? 2u : 0u) |
         static_cast<std::uint64_t>(value.type) << 8;
}

// The outcomes of client operations, as words of the events above.
enum class Outcome : std::uint8_t {
  kOk = 0,
  // It did not happen and never will.
  kFailed = 1,
  // It may have happened, or may yet.
  kUnknown = 2,
};

}  // namespace holdfast
