#include "real/client/messages.h"

#include "protocol/env/check.h"

namespace holdfast::real {

std::string_view error_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kNotCoordinator:
      return "not_coordinator";
    case ErrorKind::kUnknown:
      return "unknown";
    case ErrorKind::kLostElection:
      return "lost_election";
    case ErrorKind::kTooFewVoters:
      return "too_few_voters";
    case ErrorKind::kNotVoting:
      return "not_voting";
    case ErrorKind::kDeadline:
      return "deadline";
    case ErrorKind::kTooLarge:
      return "too_large";
    case ErrorKind::kBadTruncate:
      return "bad_truncate";
    case ErrorKind::kBadRange:
      return "bad_range";
    case ErrorKind::kTruncated:
      return "truncated";
    case ErrorKind::kPastEnd:
      return "past_end";
    case ErrorKind::kPending:
      return "pending";
    case ErrorKind::kMissing:
      return "missing";
    case ErrorKind::kNotCaughtUp:
      return "not_caught_up";
    case ErrorKind::kNoQuorum:
      return "no_quorum";
    case ErrorKind::kNotReady:
      return "not_ready";
    case ErrorKind::kOverloaded:
      return "overloaded";
    case ErrorKind::kStopping:
      return "stopping";
    case ErrorKind::kBadRequest:
      return "bad_request";
    case ErrorKind::kDiskLow:
      return "disk_low";
    case ErrorKind::kUnreachable:
      return "unreachable";
    case ErrorKind::kRefused:
      return "refused";
    case ErrorKind::kBroken:
      return "broken";
  }
  HOLDFAST_UNREACHABLE("error kind");
}

std::string_view status_name(Status status) {
  switch (status) {
    case Status::kVoting:
      return "VOTING";
    case Status::kRecovering:
      return "RECOVERING";
    case Status::kStarting:
      return "STARTING";
    case Status::kEmpty:
      return "EMPTY";
  }
  HOLDFAST_UNREACHABLE("status");
}

}  // namespace holdfast::real
