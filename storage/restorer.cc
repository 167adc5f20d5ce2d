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
  if (const auto begin = begin_from(action)) raise_begin(action, *begin);
}

Restored Restorer::take(Metadata metadata) {
  close_run();
  Restored result = std::move(restored_);
  restored_ = {};
  const Position begin = result.begin.position;
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
