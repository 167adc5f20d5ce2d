#include "properties/history.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace holdfast::properties {
namespace {

// A read that skips more positions than this tells nothing worth its time.
constexpr std::uint64_t kGapMax = std::uint64_t{1} << 20;

}  // namespace

History::History(const Bench& bench)
    : Judge(kHistory,
            {EventKind::kAppendCalled,
             EventKind::kAppendReturned,
             EventKind::kTruncateCalled,
             EventKind::kTruncateReturned,
             EventKind::kElectCalled,
             EventKind::kElectReturned,
             EventKind::kReadCalled,
             EventKind::kReadEntry,
             EventKind::kReadReturned,
             EventKind::kBarrierCalled,
             EventKind::kBarrierReturned},
            bench) {}

void History::on_event(const Event& e) {
  if (e.kind == EventKind::kAppendCalled) {
    append_called(e);
  } else if (e.kind == EventKind::kAppendReturned) {
    append_returned(e);
  } else if (e.kind == EventKind::kReadEntry) {
    read_entry(e);
  } else if (e.kind == EventKind::kReadCalled) {
    reads_.push_back({.op = e.word(0), .node = e.node, .entries = {}});
  } else if (e.kind == EventKind::kReadReturned) {
    read_returned(e);
  } else if (e.kind == EventKind::kTruncateCalled) {
    truncate_called_ = std::max(truncate_called_, Position{e.word(1)});
    ops_.at(e.word(0)) = {.digest = 0, .floor = acknowledged_, .keyed = false};
  } else if (e.kind == EventKind::kTruncateReturned) {
    truncate_returned(e);
  } else if (e.kind == EventKind::kElectCalled || e.kind == EventKind::kBarrierCalled) {
    ops_.at(e.word(0)) = {.digest = 0, .floor = acknowledged_, .keyed = false};
  } else {
    end_returned(e);
  }
}

void History::on_crash(NodeId node) {
  std::erase_if(reads_, [&](const Read& read) { return read.node == node; });
}

void History::forget_below(Position p) {
  slots_.drop_below(p);
}

std::optional<History::Op> History::take(std::uint64_t op) {
  const Op* found = ops_.find(op);
  if (found == nullptr) return std::nullopt;
  const Op taken = *found;
  ops_.erase(op);
  return taken;
}

void History::append_called(const Event& e) {
  const bool keyed = e.word(2) != 0 || e.word(3) != 0;
  Appended& appended = appended_.at(e.word(1));
  if (++appended.calls == 1) appended.floor = acknowledged_;
  ops_.at(e.word(0)) = {
      .digest = e.word(1), .floor = keyed ? appended.floor : acknowledged_, .keyed = keyed};
}

void History::append_returned(const Event& e) {
  const OpResult result = OpResult::of(e);
  const auto op = take(result.op);
  if (!op) {
    violated(e, fmt::format("append {} returned, but was not under way", result.op));
    return;
  }
  if (result.outcome == Outcome::kFailed) {
    Appended& appended = appended_.at(op->digest);
    ++appended.failed;
    if (appended.places + appended.failed > appended.calls) {
      violated(e, fmt::format("append {} failed, but was seen in the log", result.op));
    }
  }
  if (result.outcome != Outcome::kOk) return;
  check_floor(e, result, *op);
  Slot& slot = place(e, result.position, op->digest);
  // An append under a known key is told the position of the first.
  if (slot.op != 0 && !op->keyed) {
    violated(e,
             fmt::format("operations {} and {} were both acknowledged at position {}",
                         slot.op,
                         result.op,
                         result.position.value));
  }
  slot.op = result.op;
}

void History::check_floor(const Event& e, const OpResult& result, const Op& op) {
  const Position p = result.position;
  if (op.floor && p <= *op.floor) {
    violated(e,
             fmt::format("operation {} landed at position {}, but began after position {} was "
                         "acknowledged",
                         result.op,
                         p.value,
                         op.floor->value));
  }
  if (!acknowledged_ || *acknowledged_ < p) acknowledged_ = p;
}

History::Slot& History::place(const Event& e, Position p, std::uint64_t digest) {
  Slot& slot = slots_.at(p);
  if (slot.known == Known::kAppend && slot.digest == digest) return slot;
  if (slot.known != Known::kNothing) {
    violated(e,
             fmt::format(
                 "append {:016x} is at position {}, where event {} showed {}",
                 digest,
                 p.value,
                 slot.seq,
                 slot.known == Known::kOther ? "no append" : fmt::format("{:016x}", slot.digest)));
    return slot;
  }
  slot = {.known = Known::kAppend, .op = 0, .digest = digest, .seq = e.seq};
  // Clients of former times, whose directory the run began with, appended what nobody here did.
  const ChosenSlot* chosen = facts().chosen().find(p);
  if (chosen != nullptr && chosen->inherited) return slot;
  Appended& appended = appended_.at(digest);
  if (++appended.places + appended.failed > appended.calls) {
    violated(e,
             fmt::format("append {:016x} at position {}: it was called {} times, failed {} times, "
                         "and is at {} positions",
                         digest,
                         p.value,
                         appended.calls,
                         appended.failed,
                         appended.places));
  }
  return slot;
}

void History::truncate_returned(const Event& e) {
  const OpResult result = OpResult::of(e);
  const auto op = take(result.op);
  if (!op || result.outcome != Outcome::kOk) return;
  check_floor(e, result, *op);
  no_append(e, result.position);
}

void History::end_returned(const Event& e) {
  const OpResult result = OpResult::of(e);
  const auto op = take(result.op);
  if (!op || result.outcome != Outcome::kOk || !op->floor) return;
  if (result.position.value != kNoPosition && result.position >= *op->floor) return;
  violated(e,
           fmt::format("{} {} succeeded with end {}, but position {} was acknowledged before it "
                       "was called",
                       e.kind == EventKind::kBarrierReturned ? "barrier" : "elect",
                       result.op,
                       result.position.value,
                       op->floor->value));
}

void History::read_entry(const Event& e) {
  const auto it = std::find_if(
      reads_.begin(), reads_.end(), [&](const Read& read) { return read.op == e.word(0); });
  if (it == reads_.end()) return;
  it->entries.push_back({.position = {e.word(1)}, .digest = e.word(2)});
}

void History::read_returned(const Event& e) {
  const auto it = std::find_if(
      reads_.begin(), reads_.end(), [&](const Read& read) { return read.op == e.word(0); });
  if (it == reads_.end()) return;
  const Read read = std::move(*it);
  reads_.erase(it);
  if (static_cast<Outcome>(e.word(1)) != Outcome::kOk) return;
  check_read(e, read, {e.word(2)}, {e.word(3)});
}

void History::check_read(const Event& e, const Read& read, Position from, Position to) {
  Position next = from;
  for (const Entry& entry : read.entries) {
    if (entry.position < next || entry.position > to) {
      violated(e,
               fmt::format("read {} of [{}, {}]: position {} out of order or range",
                           read.op,
                           from.value,
                           to.value,
                           entry.position.value));
      return;
    }
    if (next < entry.position) pass_over(e, next, entry.position.previous());
    place(e, entry.position, entry.digest);
    next = entry.position.next();
  }
  if (next <= to) pass_over(e, next, to);
}

void History::pass_over(const Event& e, Position first, Position last) {
  if (last.value - first.value > kGapMax) return;
  // Whoever asked for a truncate may see either side of it.
  for (Position p = std::max(first, truncate_called_); p <= last; p = p.next())
    no_append(e, p);
}

void History::no_append(const Event& e, Position p) {
  Slot& slot = slots_.at(p);
  if (slot.known == Known::kAppend) {
    violated(
        e,
        fmt::format("append {:016x}{} was seen at position {} at event {}, but is not there any "
                    "more",
                    slot.digest,
                    slot.op == 0 ? std::string() : fmt::format(" (operation {})", slot.op),
                    p.value,
                    slot.seq));
    return;
  }
  slot = {.known = Known::kOther, .op = 0, .digest = 0, .seq = e.seq};
}

}  // namespace holdfast::properties
