#include "real/server/leadership.h"

#include <algorithm>
#include <string>

namespace holdfast::real {
namespace {

ErrorKind kind_of(Failure failure) {
  switch (failure) {
    case Failure::kTooFewVoters:
      return ErrorKind::kTooFewVoters;
    case Failure::kNotVoting:
      return ErrorKind::kNotVoting;
    case Failure::kDeadline:
      return ErrorKind::kDeadline;
    case Failure::kTooLarge:
      return ErrorKind::kTooLarge;
    case Failure::kBadTruncate:
      return ErrorKind::kBadTruncate;
    case Failure::kNone:
    case Failure::kNotElected:
    case Failure::kBusy:
    case Failure::kRejected:
    case Failure::kHigherPromise:
    case Failure::kHigherPair:
    case Failure::kTruncated:
    case Failure::kLearned:
    case Failure::kRestarted:
    case Failure::kUnreachable:
    case Failure::kHandedOver:
    case Failure::kForgone:
      return ErrorKind::kLostElection;
  }
  HOLDFAST_UNREACHABLE("failure");
}

}  // namespace

Failed failed_write(Failure failure) {
  return {.kind = kind_of(failure),
          .text = "nothing written: " + std::string(failure_text(failure))};
}

Leadership::Leadership(Node& node) : node_(node), changed_(node.scheduler()) {}

bool Leadership::await_coordinator(Instant deadline) {
  Scheduler& scheduler = node_.scheduler();
  while (!node_.coordinator()) {
    if (scheduler.now() >= deadline) return false;
    // Others' terms are heard of, not announced.
    maybe(changed_.wait_until(
        std::min(deadline, scheduler.now() + node_.options().heartbeat_interval)));
  }
  return true;
}

std::optional<Failed> Leadership::lead(Instant deadline) {
  // Without a vote of its own it will not coordinate, and may hear of nobody who does.
  if (node_.image().metadata().status != Status::kVoting && !node_.coordinator()) {
    return failed_write(Failure::kNotVoting);
  }
  if (!await_coordinator(deadline)) {
    return Failed{.kind = ErrorKind::kDeadline,
                  .text = "nothing written: this member knows of no coordinator; is a quorum up?"};
  }
  if (node_.coordinating()) return std::nullopt;
  const NodeId coordinator = *node_.coordinator();
  return Failed{.kind = ErrorKind::kNotCoordinator,
                .text = "nothing written: member " + std::to_string(int{coordinator.value}) +
                        " coordinates, as far as this one knows",
                .coordinator = coordinator};
}

}  // namespace holdfast::real
