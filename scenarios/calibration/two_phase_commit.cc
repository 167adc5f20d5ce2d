#include "scenarios/calibration/two_phase_commit.h"

#include <algorithm>

namespace holdfast::scenarios {
namespace {

using explore::Transitions;
using explore::Words;

// Word 0 is the transaction manager: its state, and the outcomes it has sent.
constexpr std::uint32_t kUndecided = 0;
constexpr std::uint32_t kCommitted = 1;
constexpr std::uint32_t kAborted = 2;
constexpr std::uint32_t kDecision = 3;  // mask
constexpr std::uint32_t kCommitSent = 4;
constexpr std::uint32_t kAbortSent = 8;

// Each other word is a resource manager: its state, whether it has sent "prepared", and whether the
// transaction manager knows.
constexpr std::uint32_t kWorking = 0;
constexpr std::uint32_t kPrepared = 1;
constexpr std::uint32_t kRmCommitted = 2;
constexpr std::uint32_t kRmAborted = 3;
constexpr std::uint32_t kRmState = 3;  // mask
constexpr std::uint32_t kPreparedSent = 4;
constexpr std::uint32_t kPreparedKnown = 8;

std::uint32_t with_state(std::uint32_t manager, std::uint32_t state) {
  return (manager & ~kRmState) | state;
}

}  // namespace

void TwoPhaseCommit::initial(Transitions& out) {
  next_.assign(managers_ + 1, 0);
  out.add(0, next_);
}

void TwoPhaseCommit::successors(Words state, Transitions& out) {
  explore::EventName event = 0;
  const auto add = [&](std::size_t word, std::uint32_t value) {
    next_.assign(state.begin(), state.end());
    next_[word] = value;
    out.add(event, next_);
  };
  const std::uint32_t manager = state[0];
  const bool undecided = (manager & kDecision) == kUndecided;
  const Words others = state.subspan(1);
  const bool all_known = std::all_of(
      others.begin(), others.end(), [](std::uint32_t rm) { return (rm & kPreparedKnown) != 0; });
  if (undecided && all_known) add(0, manager | kCommitted | kCommitSent);
  ++event;
  if (undecided) add(0, manager | kAborted | kAbortSent);
  ++event;
  for (std::size_t i = 1; i < state.size(); ++i) {
    const std::uint32_t rm = state[i];
    const bool working = (rm & kRmState) == kWorking;
    if (undecided && (rm & kPreparedSent) != 0) add(i, rm | kPreparedKnown);
    ++event;
    if (working) add(i, with_state(rm, kPrepared) | kPreparedSent);
    ++event;
    if (working) add(i, with_state(rm, kRmAborted));
    ++event;
    if ((manager & kCommitSent) != 0) add(i, with_state(rm, kRmCommitted));
    ++event;
    if ((manager & kAbortSent) != 0) add(i, with_state(rm, kRmAborted));
    ++event;
  }
}

explore::Fingerprint TwoPhaseCommit::fingerprint(Words state) {
  if (symmetry_ == Symmetry::kNone) return explore::fingerprint_of(state);
  // All there is of a resource manager is in its word, so that their order is canonical.
  std::vector<std::uint32_t> sorted(state.begin(), state.end());
  std::sort(sorted.begin() + 1, sorted.end());
  return explore::fingerprint_of(sorted);
}

std::string TwoPhaseCommit::violation(Words state) {
  bool committed = false;
  bool aborted = false;
  for (const std::uint32_t rm : state.subspan(1)) {
    committed |= (rm & kRmState) == kRmCommitted;
    aborted |= (rm & kRmState) == kRmAborted;
  }
  return committed && aborted ? "one manager has committed and one has aborted" : "";
}

}  // namespace holdfast::scenarios
