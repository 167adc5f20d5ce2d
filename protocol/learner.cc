#include "protocol/learner.h"

namespace holdfast {

LearnStep on_learned(const LearnerView& view, const Action& action) {
  HOLDFAST_REQUIRE(action.learned && action.value);
  if (action.position < view.begin.position) return LearnStep::kDrop;
  if (view.learned) return LearnStep::kKnown;
  const auto begin = begin_from(action);
  if (begin && *begin > view.begin.position) return LearnStep::kStoreBegin;
  return LearnStep::kStore;
}

std::optional<Action> tombstone_for(const Begin& begin, const Begin& local) {
  if (begin.position <= local.position) return std::nullopt;
  Value value = Value::nop();
  value.tombstone = true;
  value.begin_at = begin.made_at;
  // The ballots of a tombstone decide nothing: no vote is ever taken below begin.  1 keeps the
  // record of the form that every reader of the format expects of a stored value.
  return Action{.position = begin.position.previous(),
                .promised = Ballot{1},
                .performed = Ballot{1},
                .learned = true,
                .value = std::move(value)};
}

}  // namespace holdfast
