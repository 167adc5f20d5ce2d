#include "properties/once_per_key.h"

#include <algorithm>

#include <fmt/format.h>

#include "protocol/env/hash.h"

namespace holdfast::properties {

OncePerKey::OncePerKey(const Bench& bench)
    : Judge(kOncePerKey, {EventKind::kAppendCalled, EventKind::kAppendReturned}, bench) {}

void OncePerKey::on_event(const Event& e) {
  if (e.kind == EventKind::kAppendCalled) {
    if (e.word(2) == 0 && e.word(3) == 0) return;
    const Key key = mix(e.word(2), e.word(3));
    keys_.at(e.word(1)) = key;
    pending_.at(e.word(0)) = key;
    return;
  }
  const OpResult result = OpResult::of(e);
  const Key* key = pending_.find(result.op);
  if (key != nullptr && result.outcome == Outcome::kOk) place(e, *key, result.position);
  pending_.erase(result.op);
}

void OncePerKey::on_chosen(const Event& e, const Decision& decision) {
  if (decision.value.type() != ValueType::kAppend) return;
  const Key* key = keys_.find(decision.value.digest);
  if (key != nullptr) place(e, *key, decision.position);
}

void OncePerKey::place(const Event& e, Key key, Position p) {
  std::optional<Position>& known = places_.at(key);
  if (!known || *known == p) {
    known = p;
    return;
  }
  const Position first = std::min(*known, p);
  const Position second = std::max(*known, p);
  known = second;
  if (first < facts().chosen().truncated()) return;
  if (second.value - first.value > facts().members().key_positions) return;
  violated(
      e,
      fmt::format("entries with one key ({:016x}) are at positions {} and {}: the first is not "
                  "truncated, and keys are remembered for {} positions",
                  key,
                  first.value,
                  second.value,
                  facts().members().key_positions));
}

}  // namespace holdfast::properties
