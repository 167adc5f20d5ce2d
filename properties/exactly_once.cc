#include "properties/exactly_once.h"

#include <fmt/format.h>

namespace holdfast::properties {

ExactlyOnce::ExactlyOnce(const Bench& bench)
    : Judge(kExactlyOnce, {EventKind::kAppendCalled, EventKind::kAppendReturned}, bench) {}

void ExactlyOnce::on_event(const Event& e) {
  if (e.kind == EventKind::kAppendCalled) {
    pending_.at(e.word(0)) = e.word(1);
    ++appended_.at(e.word(1)).calls;
    return;
  }
  const OpResult result = OpResult::of(e);
  const std::uint64_t* digest = pending_.find(result.op);
  if (digest != nullptr && result.outcome == Outcome::kFailed) {
    Appended& appended = appended_.at(*digest);
    ++appended.failed;
    check(e, *digest, appended);
  }
  pending_.erase(result.op);
}

void ExactlyOnce::on_chosen(const Event& e, const Decision& decision) {
  if (decision.value.type() != ValueType::kAppend) return;
  Appended* appended = appended_.find(decision.value.digest);
  // Of former times, or invented: validity knows.
  if (appended == nullptr) return;
  if (++appended->chosen == 1) appended->first = decision.position;
  appended->latest = decision.position;
  check(e, decision.value.digest, *appended);
}

void ExactlyOnce::check(const Event& e, std::uint64_t digest, const Appended& appended) {
  if (appended.chosen + appended.failed <= appended.calls) [[likely]]
    return;
  violated(
      e,
      fmt::format("append {:016x} was called {} times, of which {} failed, but is chosen at {} "
                  "positions, {} first and {} last",
                  digest,
                  appended.calls,
                  appended.failed,
                  appended.chosen,
                  appended.first.value,
                  appended.latest.value));
}

}  // namespace holdfast::properties
