#include "real/client/retry.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "protocol/env/check.h"

#include "real/ports/monotonic.h"
#include "real/ports/os_random.h"

namespace holdfast::real {

bool is_passing(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kNotCoordinator:
    case ErrorKind::kLostElection:
    case ErrorKind::kTooFewVoters:
    case ErrorKind::kNotVoting:
    case ErrorKind::kDeadline:
    case ErrorKind::kNotReady:
    case ErrorKind::kOverloaded:
    case ErrorKind::kStopping:
    case ErrorKind::kUnreachable:
    case ErrorKind::kRefused:
      return true;
    case ErrorKind::kUnknown:
    case ErrorKind::kTooLarge:
    case ErrorKind::kBadTruncate:
    case ErrorKind::kBadRange:
    case ErrorKind::kTruncated:
    case ErrorKind::kPastEnd:
    case ErrorKind::kPending:
    case ErrorKind::kMissing:
    case ErrorKind::kNotCaughtUp:
    case ErrorKind::kNoQuorum:
    case ErrorKind::kBadRequest:
    case ErrorKind::kDiskLow:
    case ErrorKind::kBroken:
      return false;
  }
  HOLDFAST_UNREACHABLE("error kind");
}

std::size_t next_target(const ClientOptions& options, std::size_t target, const Failed& why) {
  if (why.coordinator) {
    const auto named =
        std::ranges::find(options.members, *why.coordinator, &ClientOptions::Member::id);
    if (named != options.members.end()) {
      return static_cast<std::size_t>(named - options.members.begin());
    }
  }
  return (target + 1) % options.members.size();
}

Duration drawn_pause(Duration at_most) {
  OsRandom random;
  return random.between(RandomStream::kBackoff, at_most / 2, at_most);
}

void sleep_until(Instant then) {
  const Duration left = std::max(then - monotonic_now(), Duration());
  std::this_thread::sleep_for(std::chrono::nanoseconds(left.ns()));
}

}  // namespace holdfast::real
