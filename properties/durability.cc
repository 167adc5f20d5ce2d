#include "properties/durability.h"

#include <algorithm>

#include <fmt/format.h>

#include "protocol/action.h"

namespace holdfast::properties {

Durability::Durability(const Bench& bench)
    : Judge(kDurability,
            {EventKind::kAppendCalled,
             EventKind::kAppendReturned,
             EventKind::kTruncateCalled,
             EventKind::kTruncateReturned,
             EventKind::kLearned,
             EventKind::kChosen},
            bench) {}

void Durability::on_event(const Event& e) {
  if (e.kind == EventKind::kLearned) {
    const Learning learning = Learning::of(e);
    compare(e, learning.position, learning.value);
  } else if (e.kind == EventKind::kChosen) {
    const Vote chosen = Vote::of(e);
    compare(e, chosen.position, chosen.value);
  } else if (e.kind == EventKind::kAppendCalled) {
    called_.at(e.word(0)) = e.word(1);
  } else if (e.kind == EventKind::kTruncateCalled) {
    called_.at(e.word(0)) = Value::truncate({e.word(1)}).digest();
  } else {
    acknowledged(e);
  }
}

void Durability::on_chosen(const Event& e, const Decision& decision) {
  compare(e, decision.position, decision.value);
}

void Durability::acknowledged(const Event& e) {
  const OpResult result = OpResult::of(e);
  const std::uint64_t* called = called_.find(result.op);
  const std::uint64_t digest = called != nullptr ? *called : 0;
  const bool known = called != nullptr;
  called_.erase(result.op);
  if (result.outcome != Outcome::kOk) return;
  if (!known) {
    violated(e, fmt::format("operation {} was acknowledged but never called", result.op));
    return;
  }
  const Position p = result.position;
  if (p < facts().chosen().forgotten()) return;
  if (!facts().chosen().chosen(p, digest)) {
    violated(e,
             fmt::format("operation {} ({:016x}) was acknowledged at position {}, where no quorum "
                         "had accepted it",
                         result.op,
                         digest,
                         p.value));
  }
  acks_.at(p) = {.known = true, .op = result.op, .digest = digest, .seq = e.seq};
}

void Durability::compare(const Event& e, Position p, ValueName value) {
  const Acknowledged* ack = acks_.find(p);
  if (ack == nullptr || !ack->known || ack->digest == value.digest) [[likely]]
    return;
  if (value.tombstone() && p < facts().chosen().truncated()) return;
  violated(e,
           fmt::format("position {}: {} here, but operation {} ({:016x}) was acknowledged there at "
                       "event {}",
                       p.value,
                       show(value),
                       ack->op,
                       ack->digest,
                       ack->seq));
}

void Durability::forget_below(Position p) {
  acks_.drop_below(p);
}

// Whoever learned it has it, and whoever voted for it and lost no disk since.  (A member that lost
// one learned it again before it voted again, but a crash may have ended the life in which that
// showed.)
bool Durability::survives(Position p, const Acknowledged& ack) const {
  const ChosenLog& log = facts().chosen();
  const ChosenSlot* slot = log.find(p);
  const auto& ids = facts().members().ids;
  for (const NodeId id : ids)
    if (facts().replica(id).learned.contains(p)) return true;
  if (slot == nullptr) return false;
  const auto kept = [&](const Voter& voter) {
    return facts().replica(ids[voter.index]).disks_lost == voter.disks_lost;
  };
  const auto holds = [&](const Tally& tally) {
    if (tally.value.digest != ack.digest) return false;
    if (!tally.lives.empty()) return std::ranges::any_of(tally.lives, kept);
    for (std::size_t i = 0; i < ids.size(); ++i)
      if ((tally.voters >> i & 1) != 0 && kept({.index = i})) return true;
    return false;
  };
  return slot->inherited || holds(slot->first) || std::ranges::any_of(slot->more, holds);
}

void Durability::finish() {
  const Position kept = facts().chosen().truncated();
  acks_.for_each([&](Position p, const Acknowledged& ack) {
    if (!ack.known || p < kept || survives(p, ack)) return;
    violated(NodeId{},
             fmt::format("position {}: operation {} ({:016x}), acknowledged at event {}, is on no "
                         "disk any more",
                         p.value,
                         ack.op,
                         ack.digest,
                         ack.seq));
  });
}

}  // namespace holdfast::properties
