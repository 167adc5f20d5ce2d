#include "storage/restorer.h"

#include <algorithm>
#include <utility>

namespace holdfast::storage {

void Restorer::raise_begin(const Action& action, Position begin) {
  const std::optional<Position> made_at =
      action.value->type == ValueType::kTruncate ? action.position : action.value->begin_at;
  Begin& known = restored_.begin;
  // Of those that say the same begin the lowest that says who made it; a vote comes late.
  const bool same = begin == known.position && made_at;
  if (begin > known.position || (same && (!known.made_at || action.position < made_from_))) {
    known = {begin, made_at};
    made_from_ = action.position;
  }
}

void Restorer::close_run() {
  if (run_) restored_.learned.add(run_->first, run_->last);
  run_.reset();
}

void Restorer::add_key(const Action& action) {
  const auto is_old = [this](Position p) {
    return p.value + Restored::kKeyPositionsMax <= restored_.end->value;
  };
  if (is_old(action.position)) return;
  // As long again as it may be: cleaned now and then instead of with every record.
  if (keys_.size() == 2 * Restored::kKeyPositionsMax) {
    std::erase_if(keys_, [&](const KeyedPosition& keyed) { return is_old(keyed.position); });
  }
  keys_.push_back({action.position, action.value->key});
}

void Restorer::add(const Action& action, const RecordMark& mark) {
  HOLDFAST_REQUIRE(!restored_.end || *restored_.end < action.position, action.position);
  if (!restored_.first) restored_.first = action.position;
  restored_.end = action.position;
  if (mark.learned_below > learned_below_) {
    learned_below_ = mark.learned_below;
    learn_votes();
  }
  if (action.learned) {
    add_learned(action);
  } else if (mark.alone) {
    restored_.unlearned.push_back(action);
  } else if (action.value && action.position < learned_below_) {
    Action learned = action;
    learned.learned = true;
    add_learned(learned);
  } else {
    votes_.push_back(action);
  }
}

void Restorer::learn_votes() {
  const auto is_covered = [this](const Action& vote) {
    return vote.value && vote.position < learned_below_;
  };
  const auto first = std::ranges::find_if(votes_, is_covered);
  if (first == votes_.end()) return;
  // They come before the run that is growing, unless that one is of votes as well.
  std::optional<Interval> above;
  if (run_ && run_->first > first->position) above = std::exchange(run_, std::nullopt);
  for (auto vote = first; vote != votes_.end(); ++vote) {
    if (!is_covered(*vote)) continue;
    vote->learned = true;
    add_learned(*vote);
  }
  std::erase_if(votes_, [](const Action& vote) { return vote.learned; });
  if (above) restored_.learned.add(above->first, above->last);
}

void Restorer::add_learned(const Action& action) {
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
  std::ranges::sort(result.keys, {}, &KeyedPosition::position);
  result.unlearned.insert(result.unlearned.end(), votes_.begin(), votes_.end());
  std::ranges::sort(result.unlearned, {}, &Action::position);
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
