#include "storage/learned_mark.h"

#include <algorithm>

namespace holdfast::storage {

void LearnedMark::restore(const std::vector<Action>& votes,
                          const std::vector<Action>& whole,
                          std::optional<Position> end,
                          Position below) {
  // What is below begin is not worth reading; it holds the mark back until it is erased.
  for (const Action& vote : votes)
    votes_.set(vote.position, Action{.position = vote.position});
  for (const Action& action : whole)
    if (votes_.find(action.position) != nullptr) votes_.set(action.position, action);
  end_ = end;
  below_ = below;
  durable_below_ = below.value;
}

// What is stored would read the same but for `learned`.
bool LearnedMark::confirms_vote(const Action& action) const {
  const Action* const vote = votes_.find(action.position);
  return vote != nullptr && vote->value && vote->promised == action.promised &&
         vote->performed == action.performed && *vote->value == *action.value &&
         vote->value->begin_at == action.value->begin_at &&
         vote->value->checksum == action.value->checksum;
}

Position LearnedMark::first_vote_or_end() const {
  if (const auto first = votes_.first_from({})) return *first;
  return end_ ? end_->next() : Position{0};
}

const std::vector<LearnedMark::Written>& LearnedMark::plan(const WriteBatch& batch,
                                                           Position first) {
  votes_.erase_below(first);
  written_.clear();
  confirmed_.clear();
  const std::optional<Position> end_before = end_;
  for (const Action& action : batch.actions) {
    const bool confirmed = action.learned && confirms_vote(action);
    if (confirmed) {
      confirmed_.push_back(&action);
    } else {
      written_.push_back({&action, {.alone = !action.learned && action.position < below_}});
    }
    if (action.learned) {
      votes_.erase(action.position);
    } else if (action.position >= below_) {
      votes_.set(action.position, action);
    }
    end_ = std::max(end_.value_or(action.position), action.position);
  }
  below_ = std::max(below_, first_vote_or_end());

  const auto position = [](const Action* action) { return action->position; };
  std::ranges::sort(confirmed_, {}, position);
  bool carries = false;
  std::optional<Position> carrier;
  for (const Written& one : written_)
    carrier = std::max(carrier.value_or(one.action->position), one.action->position);
  // From above: what no record covers is written, and the highest of those carries for the others.
  for (auto at = confirmed_.rbegin(); at != confirmed_.rend(); ++at) {
    const Position p = (*at)->position;
    if (p < below_ && carrier && p <= *carrier) {
      carries = true;
      continue;
    }
    written_.push_back({*at, {}});
    if (p < below_) carrier = p;
  }
  for (Written& one : written_) {
    const Position p = one.action->position;
    const bool replaces = end_before && p <= *end_before;
    if (replaces || (carries && p == *carrier)) one.mark.learned_below = std::min(below_, p.next());
  }
  return written_;
}

void LearnedMark::became_durable() {
  durable_below_.store(below_.value, std::memory_order_release);
}

}  // namespace holdfast::storage
