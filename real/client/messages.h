#pragma once

// What clients and a member say to each other, as plain structs; codec.h turns them into frames.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/env/time.h"

#include "protocol/action.h"
#include "protocol/types.h"

namespace holdfast::real {

// Why a call did not succeed.
enum class ErrorKind : std::uint8_t {
  // Writes.  Of all but kUnknown: nothing was written, and nothing will be.
  kNotCoordinator = 1,  // ask the member named as coordinator, or any other
  kUnknown = 2,         // it may have been written, or may be yet; the next election decides it
  kLostElection = 3,    // another member runs for coordinator, or is it
  kTooFewVoters = 4,    // no quorum votes
  kNotVoting = 5,       // this member does not vote
  kDeadline = 6,        // no quorum answered in time
  kTooLarge = 7,        // the entry is over entry_bytes_max
  kBadTruncate = 8,     // not begin <= to <= the acknowledged end + 1

  // Reads.
  kBadRange = 9,
  kTruncated = 10,
  kPastEnd = 11,
  kPending = 12,
  kMissing = 13,
  kNotCaughtUp = 14,
  kNoQuorum = 15,  // fewer than a quorum of voting members answered in time

  // Any.
  kNotReady = 16,    // the member is opening its directory
  kOverloaded = 17,  // it has as many requests as it takes
  kStopping = 18,    // it is about to end
  kBadRequest = 19,  // not understood

  // An append.
  kDiskLow = 20,  // the coordinator's disk is about to be full

  // Found by the client library; never sent.
  kUnreachable = 101,  // no connection, so nothing was asked
  kRefused = 102,      // another cluster, or no member at all
  kBroken = 103,  // an answer that cannot be understood, or none: what was asked may have happened
};

inline constexpr ErrorKind kLastSentError = ErrorKind::kDiskLow;

// One word of the kind, for programs: "not_coordinator".
std::string_view error_name(ErrorKind kind);

struct Failed {
  ErrorKind kind = ErrorKind::kBadRequest;
  // For people: what and why.
  std::string text;
  // Reads: the first position concerned.
  std::optional<Position> position{};
  // kNotCoordinator: who is, as far as this member knows.
  std::optional<NodeId> coordinator{};

  bool operator==(const Failed&) const = default;
};

struct AppendRequest {
  Payload entry;
  IdempotencyKey key;
};

// Reads what the member has learned.  Without `from`: from its beginning; without `to`: to the end
// of what it has learned without a gap.
struct ReadRequest {
  std::optional<Position> from;
  std::optional<Position> to;
  // First waits until this is learned, or truncated; kNotCaughtUp: not in time.
  std::optional<Position> await = std::nullopt;
};

// Forgets every position below `to`.
struct TruncateRequest {
  Position to;
};

struct StatusRequest {};

// Learns everything that was acknowledged to anybody before.
struct CatchupRequest {};

struct Request {
  // Chosen by the client, unique on its connection; the answer repeats it.
  std::uint64_t id = 0;
  // When the client stops waiting; whole milliseconds, more than none.
  Duration patience = Duration::seconds(10);
  std::variant<AppendRequest, ReadRequest, TruncateRequest, StatusRequest, CatchupRequest> body;
};

struct Written {
  Position position;

  bool operator==(const Written&) const = default;
};

struct ReadEntry {
  Position position;
  Payload bytes;
  IdempotencyKey key;
};

struct Entries {
  // Ascending.
  std::vector<ReadEntry> entries;
  // Where to read on: the range did not fit into one answer.  None: all of it was read.
  std::optional<Position> next;
};

enum class MemberRole : std::uint8_t {
  kFollower = 1,
  kCoordinator = 2,
};

// "VOTING", as operators see it.
std::string_view status_name(Status status);

struct MemberStatus {
  NodeId member;
  Status status = Status::kEmpty;
  MemberRole role = MemberRole::kFollower;
  Position begin;
  // The highest position with any record.
  std::optional<Position> end;
  // Everything from `begin` up to here is learned; none: nothing is.
  std::optional<Position> learned;
  // Who it believes coordinates.
  std::optional<NodeId> coordinator;
  Incarnation incarnation;
  // How many other members it has a connection to.
  std::uint32_t connected = 0;
  Duration uptime;
  // For people: what it waits for until it votes, and what to do; empty when it votes.
  std::string waits_for;

  bool operator==(const MemberStatus&) const = default;
};

struct CaughtUp {
  // The last position a read may include; none: the log is empty.
  std::optional<Position> upto;

  bool operator==(const CaughtUp&) const = default;
};

struct Response {
  std::uint64_t id = 0;
  std::variant<Failed, Written, Entries, MemberStatus, CaughtUp> body;
};

}  // namespace holdfast::real
