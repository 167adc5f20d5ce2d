#include "real/server/candidate.h"

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
    case Failure::kTruncated:
    case Failure::kLearned:
    case Failure::kRestarted:
      return ErrorKind::kLostElection;
  }
  HOLDFAST_UNREACHABLE("failure");
}

}  // namespace

Failed failed_write(Failure failure) {
  return {.kind = kind_of(failure),
          .text = "nothing written: " + std::string(failure_text(failure))};
}

Candidate::Candidate(Node& node, Random& random)
    : node_(node),
      random_(random),
      writer_(node.log().writer()),
      settled_(node.scheduler()) {}

std::optional<NodeId> Candidate::coordinator() const {
  if (node_.coordinating()) return node_.options().self;
  return std::nullopt;
}

std::optional<Failed> Candidate::lead(Instant deadline) {
  Scheduler& scheduler = node_.scheduler();
  while (!node_.coordinating()) {
    if (scheduler.now() >= deadline) return failed_write(Failure::kDeadline);
    if (running_) {
      maybe(settled_.wait_until(deadline));
      continue;
    }
    running_ = true;
    const ElectResult result = writer_.start();
    running_ = false;
    settled_.notify_all();
    if (result.ok()) break;
    if (result.failure == Failure::kNotVoting) return failed_write(result.failure);
    // Long against an election, so that one of two rivals finishes.
    const Duration backoff = node_.options().backoff;
    scheduler.sleep_for(random_.between(RandomStream::kBackoff, backoff, backoff * 2));
    if (scheduler.now() >= deadline) return failed_write(result.failure);
  }
  return std::nullopt;
}

}  // namespace holdfast::real
