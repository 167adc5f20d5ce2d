#include "properties/validity.h"

#include <fmt/format.h>

#include "protocol/action.h"

namespace holdfast::properties {

Validity::Validity(const Bench& bench)
    : Judge(kValidity,
            {EventKind::kAppendCalled,
             EventKind::kTruncateCalled,
             EventKind::kProposed,
             EventKind::kChosen,
             EventKind::kLearned},
            bench) {}

void Validity::on_event(const Event& e) {
  if (e.kind == EventKind::kAppendCalled) {
    asked_.at(e.word(1)) = ValueType::kAppend;
  } else if (e.kind == EventKind::kTruncateCalled) {
    asked_.at(Value::truncate({e.word(1)}).digest()) = ValueType::kTruncate;
  } else if (e.kind == EventKind::kLearned) {
    check_learned(e);
  } else {
    const Vote vote = Vote::of(e);
    if (vote.value.tombstone()) {
      violated(e, fmt::format("position {}: a tombstone is voted on", vote.position.value));
    }
    check(e, vote.position, vote.value);
  }
}

void Validity::on_chosen(const Event& e, const Decision& decision) {
  check(e, decision.position, decision.value);
}

void Validity::check_learned(const Event& e) {
  const Learning learning = Learning::of(e);
  if (learning.value.type() == ValueType::kTruncate &&
      Value::truncate(learning.truncate_to).digest() != learning.value.digest) {
    violated(e,
             fmt::format("position {}: {} was learned as a TRUNCATE to {}",
                         learning.position.value,
                         show(learning.value),
                         learning.truncate_to.value));
  }
  // Chosen values were checked when they were chosen.
  const ChosenSlot* slot = facts().chosen().find(learning.position);
  if (slot != nullptr && slot->decided && slot->value.digest == learning.value.digest) return;
  check(e, learning.position, learning.value);
}

bool Validity::asked(ValueName value) {
  switch (value.type()) {
    case ValueType::kNop:
      return true;
    case ValueType::kAppend:
    case ValueType::kTruncate: {
      const ValueType* type = asked_.find(value.digest);
      return type != nullptr && *type == value.type();
    }
  }
  return false;
}

void Validity::check(const Event& e, Position p, ValueName value) {
  if (asked(value)) [[likely]]
    return;
  // What a directory held before the run was asked for by clients of former times.
  const ChosenSlot* slot = facts().chosen().find(p);
  if (slot != nullptr && slot->inherited) return;
  violated(e,
           fmt::format("position {}: {} in {}, which no client has asked for",
                       p.value,
                       show(value),
                       event_name(e.kind)));
}

}  // namespace holdfast::properties
