#include "properties/learned_is_chosen.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

namespace holdfast::properties {

LearnedIsChosen::LearnedIsChosen(const Bench& bench)
    : Judge(kLearnedIsChosen,
            {EventKind::kLearned, EventKind::kChosen, EventKind::kRestoredLearned},
            bench) {}

void LearnedIsChosen::on_event(const Event& e) {
  if (e.kind == EventKind::kLearned) {
    learned(e, Learning::of(e));
  } else if (e.kind == EventKind::kChosen) {
    said_chosen(e, Vote::of(e));
  } else {
    restored(e, {e.word(0)}, {e.word(1)});
  }
}

void LearnedIsChosen::learned(const Event& e, const Learning& learning) {
  const ChosenLog& log = facts().chosen();
  const Position p = learning.position;
  if (learning.value.tombstone()) {
    if (p < log.truncated()) return;
    violated(e,
             fmt::format("position {}: a tombstone is learned, but no chosen TRUNCATE covers it; "
                         "the furthest keeps {}",
                         p.value,
                         log.truncated().value));
    return;
  }
  if (log.chosen(p, learning.value.digest)) [[likely]]
    return;
  if (p < log.forgotten()) return;
  violated(e,
           fmt::format("position {}: {} is learned, but no quorum of {} accepted it at one ballot; "
                       "votes: {}",
                       p.value,
                       show(learning.value),
                       facts().members().quorum,
                       votes_at(p)));
}

void LearnedIsChosen::said_chosen(const Event& e, const Vote& chosen) {
  const ChosenLog& log = facts().chosen();
  if (chosen.position < log.forgotten()) return;
  const Tally* votes = log.votes(chosen.position, chosen.ballot, chosen.value.digest);
  if (votes != nullptr && log.decides(*votes)) [[likely]]
    return;
  violated(e,
           fmt::format("position {}: {} is said to be chosen at ballot {}, but no {} members said "
                       "ACCEPT at that ballot in lives that count; votes: {}",
                       chosen.position.value,
                       show(chosen.value),
                       show(chosen.ballot),
                       facts().members().quorum,
                       votes_at(chosen.position)));
}

// A learned mark on a disk is as good as its quorum, too.
void LearnedIsChosen::restored(const Event& e, Position first, Position last) {
  const ChosenLog& log = facts().chosen();
  // What lies below a chosen TRUNCATE may be a tombstone, which nobody voted for.
  Position p = std::max({first, log.truncated(), log.forgotten()});
  for (; p <= last; p = p.next()) {
    if (p < log.frontier()) p = std::min(last, log.frontier().previous());
    if (log.decided(p)) continue;
    violated(e,
             fmt::format("position {}: the directory says it is learned, but no quorum accepted "
                         "any value there; votes: {}",
                         p.value,
                         votes_at(p)));
    return;
  }
}

std::string LearnedIsChosen::votes_at(Position p) const {
  const ChosenSlot* slot = facts().chosen().find(p);
  if (slot == nullptr || slot->first.voters == 0) return "none";
  std::string text;
  const auto add = [&](const Tally& tally) {
    text += fmt::format(
        "{}{} at ballot {} by", text.empty() ? "" : "; ", show(tally.value), show(tally.ballot));
    const auto& ids = facts().members().ids;
    for (std::size_t i = 0; tally.lives.empty() && i < ids.size(); ++i)
      if ((tally.voters >> i & 1) != 0) text += fmt::format(" {}", ids[i].value);
    for (const Voter& voter : tally.lives)
      text += fmt::format(" {}/{}", ids[voter.index].value, voter.incarnation.value);
  };
  add(slot->first);
  std::for_each(slot->more.begin(), slot->more.end(), add);
  return text;
}

}  // namespace holdfast::properties
