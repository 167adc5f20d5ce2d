#include "properties/agreement.h"

#include <fmt/format.h>

namespace holdfast::properties {

Agreement::Agreement(const Bench& bench)
    : Judge(kAgreement, {EventKind::kLearned, EventKind::kChosen}, bench) {}

void Agreement::on_event(const Event& e) {
  if (e.kind == EventKind::kChosen) {
    const Vote chosen = Vote::of(e);
    return agree(e, chosen.position, chosen.value);
  }
  const Learning learning = Learning::of(e);
  if (learning.value.tombstone()) return tombstone(e, learning.position);
  agree(e, learning.position, learning.value);
}

void Agreement::on_chosen(const Event& e, const Decision& decision) {
  agree(e, decision.position, decision.value);
}

void Agreement::agree(const Event& e, Position p, ValueName value) {
  Agreed& agreed = agreed_.at(p);
  if (!agreed.known) {
    agreed = {.known = true, .by = e.node, .value = value, .seq = e.seq};
    return;
  }
  if (agreed.value.digest == value.digest && agreed.value.type() == value.type()) [[likely]]
    return;
  violated(e,
           fmt::format("position {}: {} is {} here, but {} was said by node {} at event {}",
                       p.value,
                       show(value),
                       event_name(e.kind),
                       show(agreed.value),
                       agreed.by.value,
                       agreed.seq));
}

void Agreement::tombstone(const Event& e, Position p) {
  if (tombstone_ && *tombstone_ >= p) return;
  tombstone_ = p;
  tombstone_by_ = e.node;
}

void Agreement::forget_below(Position p) {
  agreed_.drop_below(p);
}

void Agreement::finish() {
  if (!tombstone_ || *tombstone_ < facts().chosen().truncated()) return;
  violated(tombstone_by_,
           fmt::format("position {}: a tombstone was learned, but no TRUNCATE beyond it was chosen "
                       "in the whole run; the furthest keeps {}",
                       tombstone_->value,
                       facts().chosen().truncated().value));
}

}  // namespace holdfast::properties
