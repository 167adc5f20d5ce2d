#pragma once

// The messages between members, as plain structs; protocol/codec turns them into frames.

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "protocol/action.h"
#include "protocol/incarnations.h"
#include "protocol/types.h"

namespace holdfast {

// How a replica answered a promise or a write.
enum class Answer : std::uint8_t {
  kAccept = 1,
  kReject = 2,     // a higher ballot is promised
  kIgnored = 3,    // not VOTING: no vote either way
  kTruncated = 4,  // the position is below `begin`: no vote either way
};

// Where a replica's log starts, and the position of the TRUNCATE that made it so.
struct Begin {
  Position position;
  // None: never truncated, or only by records that Mesos wrote and that do not say.
  std::optional<Position> made_at;

  auto operator<=>(const Begin&) const = default;
};

// Phase 1a.  Without a position: for every position that has no record.
struct PromiseRequest {
  Ballot ballot;
  std::optional<Position> position;
  // Without a position only: the election has learned everything up to here, and asks for its
  // promise again together with the memory of that.  An ACCEPT means that the pair (ballot,
  // settles) is durable, and that nothing above it was touched by a higher ballot before.
  std::optional<Position> settles{};
};

// Phase 1b.
struct PromiseReply {
  Answer answer = Answer::kIgnored;
  // kReject: the higher ballot promised.  Else the request's.
  Ballot ballot;
  // Echoes the request.
  std::optional<Position> position;
  // kAccept of an implicit promise: the highest position with any record.
  Position end;
  // kAccept of an explicit promise: the record as it was before, if it holds a value.
  std::optional<Action> action;
  // kAccept of an implicit promise, and kTruncated.
  Begin begin;
};

// Phase 2a, of one position or of several that follow each other.  To ask for more of them at once
// saves frames, steps and syncs, and says nothing else: each is decided for itself.
struct WriteRequest {
  // More are refused by the decoder.
  static constexpr std::size_t kPositionsMax = 4096;

  Ballot ballot;
  Position position;
  Value value;
  // What goes to the positions above `position`, in their order.
  std::vector<Value> rest{};

  Position last() const { return position + rest.size(); }
};

// Phase 2b.
struct WriteReply {
  Answer answer = Answer::kIgnored;
  // kReject: the higher ballot promised.  Else the request's.
  Ballot ballot;
  Position position;
  // kAccept only: the position is already learned, with this action, under another ballot than the
  // request's.  The write was not performed and the vote does not count.
  std::optional<Action> learned;
  // kTruncated only.
  Begin begin;
  // kAccept without `learned` only: so many positions above `position` got the same vote.
  std::uint64_t more = 0;

  Position last() const { return position + more; }
};

// The position is chosen.  Never answered.  Requires: action.learned.
struct Learned {
  Action action;
};

// Asks for learned actions without any ballot.
struct FetchRequest {
  Position from;
  Position to;  // inclusive
};

// The learned actions of [from, upto] that the replica has, ascending.  Those of the asked range
// above `upto` were left out to bound the answer's size.
struct FetchReply {
  Position from;
  Position upto;  // inclusive; below `from` when nothing of the range could be said
  std::vector<Action> actions;
  // Positions below it are truncated at the answering replica.
  Begin begin;
};

// Asks a replica for its status.
struct RecoverRequest {
  // Also registers the asker, who lost its disk, under this incarnation: a VOTING replica makes the
  // number durable before it answers, and counts nothing of the asker's former lives any more.
  std::optional<Incarnation> registering;
  // With a number only: the asker has learned what it needs, and votes as soon as enough others
  // have this durable as well.
  bool about_to_vote = false;
};

// A replica's status; the rest is filled by a VOTING one only.
struct RecoverReply {
  Status status = Status::kEmpty;
  Begin begin;
  Position end;
  // The largest implicit promise.
  Ballot promised;
};

// Nothing but what the envelope carries: the coordinator's way to tell an idle cluster what is
// chosen.  Never answered.
struct ChosenNotice {};

// The elected coordinator of `ballot` is alive, or a candidate that a quorum has promised `ballot`.
// Answered by members that vote, from memory.
struct Heartbeat {
  Ballot ballot;
  // False: the election is not over yet.
  bool elected = false;
};

struct HeartbeatReply {
  // The largest implicit promise.  Above the heartbeat's ballot: its sender is deposed.
  Ballot promised;
  // Knows the log as far as a window behind, and its disk keeps up.
  bool ready = false;
};

// Would you support an election?  Changes nothing, whatever the answer.
struct CanvassRequest {};

struct CanvassReply {
  bool supports = false;
  // The largest implicit promise, for a ballot above it.
  Ballot promised;
  // Whom the answering member takes for the coordinator of `ballot`; node 0: nobody.
  NodeId coordinator;
  Ballot ballot;
};

// The coordinator of `ballot` has stepped down in favour of the receiver, which may run at once.
// Never answered.
struct HandOver {
  Ballot ballot;
};

// A recovering replica must learn every position up to `upto`, and does not want to run ballots
// that would depose whoever coordinates: the coordinator is to write up to there.  Never answered;
// what is chosen shows in its envelopes.
struct CloseRequest {
  Position upto;
};

using Message = std::variant<PromiseRequest,
                             PromiseReply,
                             WriteRequest,
                             WriteReply,
                             Learned,
                             FetchRequest,
                             FetchReply,
                             RecoverRequest,
                             RecoverReply,
                             ChosenNotice,
                             Heartbeat,
                             HeartbeatReply,
                             CanvassRequest,
                             CanvassReply,
                             HandOver,
                             CloseRequest>;

// What every frame says besides its message.
struct Envelope {
  // Identify the log; a frame of another is dropped.
  std::uint64_t cluster = 0;
  std::uint64_t log = 0;
  // Digest of the member list the sender was configured with.
  std::uint64_t config = 0;
  NodeId sender;
  Incarnation incarnation;
  // The sender's boot.
  BootNonce boot;
  // Answers: the boot of the asker, as its request said.  Requests: none.
  BootNonce echo;
  // Requests: chosen by the asker, unique in its boot.  Answers: echoed.  Notices: 0.
  RequestId request;
  // The largest pair the sender knows.
  ChosenUpto chosen;
  // What has been registered at the sender.
  Incarnations known;
  Message body;
};

}  // namespace holdfast
