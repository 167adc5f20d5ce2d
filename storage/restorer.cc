#include "storage/restorer.h"

#include <algorithm>
#include <utility>

namespace holdfast::storage {

void Restorer::raise_begin(const Action& action, Position begin) {
  const std::optional<Position> made_at =
      action.value->type == ValueType::kTruncate ? action.position : action.value->begin_at;
  Begin& known = restored_.begin;
  if (begin > known.position) {
    known = {begin, made_at};
  } else if (begin == known.position && !known.made_at) {
    known.made_at = made_at;
  }
}

void Restorer::close_run() {
  if (run_) restored_.learned.add(run_->first, run_->last);
  run_.reset();
}

void Restorer::add_key(const Action& action) {
  // As long again as it may be: halved now and then instead of moved with every record.
  if (keys_.size() == 2 * Restored::kKeyPositionsMax) {
    keys_.erase(keys_.begin(), keys_.begin() + Restored::kKeyPositionsMax);
  }
  keys_.push_back({action.position, action.value->key});
}

void Restorer::add(const Action& action) {
  HOLDFAST_REQUIRE(!restored_.end || *restored_.end < action.position, action.position);
  if (!restored_.first) restored_.first = action.position;
  restored_.end = action.position;
  if (!action.learned) {
    close_run();
    restored_.unlearned.push_back(action);
    return;
  }
  if (run_ && run_->last.next() == action.position) {
    run_->last = action.position;
  } else {
    close_run();
    run_ = Interval{action.position, action.position};
  }
  if (action.value->key != IdempotencyKey{}) add_key(action);
  if (const auto begin = begin_from(action)) raise_begin(action, *begin);
}

Restored Restorer::take(Metadata metadata) {
  close_run();
  Restored result = std::move(restored_);
  restored_ = {};
  result.keys = std::exchange(keys_, {});
  const Position begin = result.begin.position;
  const std::uint64_t end = result.end.value_or(Position{0}).value;
  std::erase_if(result.keys, [&](const KeyedPosition& keyed) {
    return keyed.position < begin || keyed.position.value + Restored::kKeyPositionsMax <= end;
  });
  if (begin > Position{0}) {
    result.learned.remove({0}, begin.previous());
    const auto kept = std::find_if(result.unlearned.begin(),
                                   result.unlearned.end(),
                                   [&](const Action& a) { return a.position >= begin; });
    result.unlearned.erase(result.unlearned.begin(), kept);
  }
  result.metadata = std::move(metadata);
  return result;
}

}  // namespace holdfast::storage
