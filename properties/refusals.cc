#include "properties/refusals.h"

#include <fmt/format.h>

#include "protocol/read_error.h"

namespace holdfast::properties {

using Kind = ReadError::Kind;

Refusals::Refusals(const Bench& bench)
    : Judge(kRefusals,
            {EventKind::kReadCalled,
             EventKind::kReadReturned,
             EventKind::kCatchupCalled,
             EventKind::kCatchupReturned,
             EventKind::kBarrierCalled,
             EventKind::kBarrierReturned,
             EventKind::kAwaitCalled,
             EventKind::kAwaitReturned,
             EventKind::kReadRefused},
            bench) {}

void Refusals::on_event(const Event& e) {
  if (e.kind == EventKind::kReadCalled) {
    calls_.at(e.word(0)) = {.called = e.kind, .range = {{e.word(1)}, {e.word(2)}}};
  } else if (e.kind == EventKind::kCatchupCalled || e.kind == EventKind::kBarrierCalled ||
             e.kind == EventKind::kAwaitCalled) {
    calls_.at(e.word(0)) = {.called = e.kind, .range = {}};
  } else if (e.kind == EventKind::kReadRefused) {
    refused(e);
  } else {
    returned(e);
  }
}

void Refusals::refused(const Event& e) {
  Call* call = calls_.find(e.word(0));
  if (call == nullptr) {
    violated(e, fmt::format("operation {} was refused, but is not under way", e.word(0)));
    return;
  }
  call->reason_given = true;
  const std::string wrong = objection(e, *call);
  if (wrong.empty()) return;
  violated(e,
           fmt::format("operation {} was refused at position {} for reason {}, {}",
                       e.word(0),
                       e.word(2),
                       e.word(1),
                       wrong));
}

void Refusals::returned(const Event& e) {
  const Call* call = calls_.find(e.word(0));
  if (call == nullptr) return;
  const bool failed = static_cast<Outcome>(e.word(1)) != Outcome::kOk;
  // A catch-up also ends without an end, and without an error, when the log is empty.
  if (failed && !call->reason_given && call->called != EventKind::kCatchupCalled) {
    violated(e, fmt::format("operation {} failed without a reason", e.word(0)));
  }
  calls_.erase(e.word(0));
}

std::string Refusals::objection(const Event& e, const Call& call) const {
  const auto kind = static_cast<Kind>(e.word(1));
  switch (kind) {
    case Kind::kBadRange:
    case Kind::kTruncated:
    case Kind::kPastEnd:
    case Kind::kPending:
    case Kind::kMissing:
      if (call.called != EventKind::kReadCalled) return "which is a reason of reads only";
      return objection_to_read(e, call);
    case Kind::kNotVoting:
      if (call.called == EventKind::kReadCalled) return "which is no reason of reads";
      return facts().replica(e.node).status == Status::kVoting ? "but it votes" : "";
    case Kind::kNoQuorum:
    case Kind::kNotCaughtUp:
      return call.called == EventKind::kReadCalled ? "which is no reason of reads" : "";
  }
  return "which is no documented reason";
}

std::string Refusals::objection_to_read(const Event& e, const Call& call) const {
  const ReplicaView& view = facts().replica(e.node);
  const Position at{e.word(2)};
  const bool within = at >= call.range.first && at <= call.range.last;
  switch (static_cast<Kind>(e.word(1))) {
    case Kind::kBadRange:
      return call.range.last < call.range.first ? "" : "but the range is none";
    case Kind::kTruncated:
      // What is on its way to the disk as a tombstone may show in a read before begin moves.
      return at < view.begin || at < facts().chosen().truncated() ? "" : "but it is not truncated";
    case Kind::kPastEnd:
      return view.learned.contains(at) ? "but it was learned" : "";
    case Kind::kPending:
    case Kind::kMissing:
      if (!within) return "which was not asked for";
      return view.truncated_or_learned(at) ? "but it was learned" : "";
    case Kind::kNotVoting:
    case Kind::kNoQuorum:
    case Kind::kNotCaughtUp:
      break;
  }
  return "which is no reason of reads";
}

}  // namespace holdfast::properties
