#pragma once

// "Sometimes" points: rare paths of the protocol and the storage that a good test run must take.
// A run of CI length that misses one fails unless it is tagged rare.

#include <cstdint>
#include <span>
#include <string_view>

#include "protocol/env/tracer.h"

namespace holdfast {

// name, text, rare
#define HOLDFAST_POINTS(X)                                                                        \
  X(kFillNop, "fill: no value anywhere, a NOP is written", false)                                 \
  X(kFillAdopts, "fill: adopts the value of the highest ballot", false)                           \
  X(kFillLearned, "fill: a promise answer says the position is learned", false)                   \
  X(kFillTruncated, "fill: the position turns out to be truncated", false)                        \
  X(kFillRejected, "fill: refused, tries again under a higher ballot", false)                     \
  X(kFetchLearns, "catch-up: positions fetched without a ballot", false)                          \
  X(kFetchUnanswered, "catch-up: nobody answers a question in time", false)                       \
  X(kFetchCut, "catch-up: an answer was cut at its size bound", false)                            \
  X(kFetchTombstone, "catch-up: a truncated prefix is skipped in one step", false)                \
  X(kElectRejected, "elect: refused", false)                                                      \
  X(kElectIgnored, "elect: too many replicas do not vote", true)                                  \
  X(kElectTimedOut, "elect: deadline", false)                                                     \
  X(kElectFills, "elect: positions are missing", false)                                           \
  X(kElectOvertaken, "elect: superseded between its fill and its settling", true)                 \
  X(kSettleRefused, "acceptor: an election that settles was overtaken", true)                     \
  X(kFillVoid, "fill: a vote that a later election made void is not adopted", true)               \
  X(kStepDownRejected, "coordinator: steps down on a refused write", false)                       \
  X(kStepDownPromise, "coordinator: steps down on a higher implicit promise", false)              \
  X(kStepDownPair, "coordinator: steps down on the pair of a higher ballot", true)                \
  X(kStepDownDeadline, "coordinator: steps down on a missed deadline", false)                     \
  X(kStepDownTruncated, "coordinator: steps down on TRUNCATED", true)                             \
  X(kStepDownLearned, "coordinator: a window position was learned from elsewhere", true)          \
  X(kStepDownFull, "coordinator: steps down with a full window", false)                           \
  X(kWindowOutOfOrder, "coordinator: a later position is chosen before an earlier", false)        \
  X(kWritesTogether, "coordinator: several writes in one frame", false)                           \
  X(kWindowQueued, "coordinator: an append waits for room in the window", false)                  \
  X(kWriteResent, "coordinator: a write is sent again", false)                                    \
  X(kWriteResendAccepted, "acceptor: a resent write is answered from its vote", false)            \
  X(kWriteOnLearned, "acceptor: a write to a learned position is answered", false)                \
  X(kWriteOnLearnedOther, "acceptor: ... performed under another ballot", true)                   \
  X(kWriteOnTruncated, "acceptor: a write below begin", false)                                    \
  X(kPromiseOnLearned, "acceptor: an explicit promise on a learned position", false)              \
  X(kPromiseOnTruncated, "acceptor: an explicit promise below begin", false)                      \
  X(kPromiseResent, "acceptor: an equal ballot is a resend", false)                               \
  X(kPromiseRaisedByWrite, "acceptor: a write raises the position's promise", false)              \
  X(kReplyHeld, "replica: an answer waits for an earlier commit", false)                          \
  X(kBatchShared, "replica: a commit carries several positions", false)                           \
  X(kLearnedByMark, "learner: learned by chosen_upto without the value", false)                   \
  X(kLearnedLate, "learner: a learned message for a truncated position is dropped", true)         \
  X(kLearnedTwice, "learner: a learned message for a learned position", false)                    \
  X(kTruncateLearned, "learner: a TRUNCATE moves begin", false)                                   \
  X(kTombstoneStored, "learner: a tombstone moves begin", false)                                  \
  X(kBeginPastEnd, "learner: begin = end + 1", true)                                              \
  X(kEraseSlices, "learner: deletion takes more than one slice", false)                           \
  X(kEraseResumed, "replica: deletion resumed after a restart", false)                            \
  X(kRestoredHoles, "replica: opened with holes", false)                                          \
  X(kRestoredUnlearned, "replica: opened with unlearned positions", false)                        \
  X(kReadTruncated, "reader: the range is truncated", false)                                      \
  X(kReadMissing, "reader: the range has a hole", false)                                          \
  X(kReadPending, "reader: the range has an unlearned position", false)                           \
  X(kReadPastEnd, "reader: the range ends past the log", false)                                   \
  X(kReadRaced, "reader: truncated while reading", true)                                          \
  X(kCopyRetried, "reader: a truncation overtook a copy, which is read again", false)             \
  X(kBarrierWaits, "reader: a barrier waits for what is chosen elsewhere", false)                 \
  X(kBarrierFails, "reader: a barrier misses its deadline", false)                                \
  X(kBarrierCloses, "reader: a barrier has the coordinator decide up to its end", false)          \
  X(kAwaitWaits, "reader: a position is waited for", false)                                       \
  X(kTruncateInvalid, "writer: truncate refused by validation", false)                            \
  X(kAppendTooLarge, "writer: an entry over the limit", true)                                     \
  X(kAppendKnown, "writer: an append is answered from its key", false)                            \
  X(kAppendJoined, "writer: an append joins one of the same key in flight", false)                \
  X(kStaleAnswer, "node: an answer to an earlier life or a closed request", false)                \
  X(kDuplicateAnswer, "node: a second answer of one member", false)                               \
  X(kFrameCorrupt, "node: a frame that does not decode", false)                                   \
  X(kFrameForeign, "node: a frame of another cluster, log or member list", true)                  \
  X(kNonVoterAsked, "node: a replica that does not vote is asked to", false)                      \
  X(kDisconnected, "elector: the connection to the coordinator ended", false)                     \
  X(kCanvassWon, "elector: a quorum would support an election", false)                            \
  X(kCanvassRefused, "elector: others hear a coordinator, no election", false)                    \
  X(kCanvassOvertaken, "elector: a coordinator turned up during the canvass", true)               \
  X(kCanvassUnanswered, "elector: too few members answer a canvass", false)                       \
  X(kElectionForgone, "elector: a rival turned up before anybody was asked", true)                \
  X(kHeartbeatRefused, "elector: steps down, a heartbeat's answer names a higher promise", false) \
  X(kUnreachable, "elector: steps down, no quorum answers its heartbeats", false)                 \
  X(kHandedOver, "elector: the coordinator hands over to a preferred member", true)               \
  X(kHandOverLate, "elector: told to take over after another election", true)                     \
  X(kFormerIncarnation, "node: a vote of a member's former incarnation is not counted", false)    \
  X(kVoteForgotten, "coordinator: a vote it held is of a former incarnation", true)               \
  X(kRangeClosed, "coordinator: closes a range for a recovering member", false)                   \
  X(kStartingAll, "recovery: everybody is EMPTY, and twice in the same boots", true)              \
  X(kStartingRaced, "recovery: a member booted between the two rounds", true)                     \
  X(kVotingFirst, "recovery: all are STARTING, the first becomes VOTING", true)                   \
  X(kVotingFollows, "recovery: a STARTING member hears a VOTING one", true)                       \
  X(kRecoveryBegins, "recovery: a lost disk is noticed", false)                                   \
  X(kRecoveryResumed, "recovery: restarted while RECOVERING", false)                              \
  X(kRecoveryRenumbered, "recovery: the number is taken, a higher one is used", true)             \
  X(kRecoveryCloses, "recovery: asks the coordinator to close the range", false)                  \
  X(kRecoveryBallots, "recovery: nobody closes the range, runs ballots there", false)             \
  X(kRecoveryDone, "recovery: VOTING again", false)                                               \
  X(kRecoveryEmptyLog, "recovery: nothing but a truncated prefix was missing", true)              \
  X(kRenumberedVoting, "recovery: a voter takes a higher number and goes on voting", true)        \
  X(kStaleDirectory, "recovery: the directory is an old copy, starts over", true)                 \
  X(kOutnumbered, "node: its own id under a higher incarnation", true)                            \
  X(kStoreFull, "storage: the disk is full and the node stops", false)                            \
  X(kStoreError, "storage: an I/O error stops the node", false)

enum class Point : std::uint16_t {
#define HOLDFAST_POINT_ENUMERATOR(name, text, rare) name,
  HOLDFAST_POINTS(HOLDFAST_POINT_ENUMERATOR)
#undef HOLDFAST_POINT_ENUMERATOR
      kCount
};

struct PointInfo {
  std::string_view name;
  std::string_view text;
  bool rare;
};

// Indexed by Point.
std::span<const PointInfo> points();

}  // namespace holdfast
