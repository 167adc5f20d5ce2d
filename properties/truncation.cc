#include "properties/truncation.h"

#include <algorithm>

#include <fmt/format.h>

#include "protocol/action.h"

namespace holdfast::properties {

Truncation::Truncation(const Bench& bench)
    : Judge(kTruncation,
            {EventKind::kRestored, EventKind::kBegin, EventKind::kLearned, EventKind::kAccepted},
            bench) {}

void Truncation::on_event(const Event& e) {
  if (e.kind == EventKind::kLearned) {
    const Learning learning = Learning::of(e);
    check_kept(e, learning.position, learning.value);
  } else if (e.kind == EventKind::kAccepted) {
    const Vote vote = Vote::of(e);
    check_kept(e, vote.position, vote.value);
  } else if (e.kind == EventKind::kBegin) {
    moved(e, {e.word(0)}, e.word(1));
  } else {
    restored(e);
  }
}

void Truncation::on_wipe(NodeId node) {
  said_[node.value] = {};
}

void Truncation::restored(const Event& e) {
  const Position begin = Restoration::of(e).begin;
  if (facts().inherits(e.node)) {
    inherited_ = std::max(inherited_, begin);
    said_[e.node.value] = {.begin = begin, .time_ns = e.time_ns};
    return;
  }
  moved(e, begin, e.word(3));
}

void Truncation::moved(const Event& e, Position begin, std::uint64_t begin_at) {
  Said& said = said_[e.node.value];
  if (begin < said.begin) {
    violated(
        e, fmt::format("begin moves back to {}, after {} was said", begin.value, said.begin.value));
    return;
  }
  if (begin > facts().chosen().truncated()) {
    violated(e,
             fmt::format("begin is {}, but the furthest chosen TRUNCATE keeps {} and above",
                         begin.value,
                         facts().chosen().truncated().value));
  }
  check_maker(e, begin, begin_at);
  if (begin > said.begin) said = {.begin = begin, .time_ns = e.time_ns};
}

void Truncation::check_maker(const Event& e, Position begin, std::uint64_t begin_at) {
  if (begin_at == kNoPosition || begin <= inherited_) return;
  const Position maker{begin_at};
  if (maker < facts().chosen().forgotten()) return;
  if (facts().chosen().chosen(maker, Value::truncate(begin).digest())) return;
  violated(e,
           fmt::format("begin is {}, made by position {}, where no TRUNCATE to {} is chosen",
                       begin.value,
                       maker.value,
                       begin.value));
}

void Truncation::check_kept(const Event& e, Position p, ValueName value) {
  const Said& said = said_[e.node.value];
  if (p >= said.begin) [[likely]]
    return;
  // The record that carries a begin lies right below it.
  if (value.tombstone() && p.next() == said.begin) return;
  // Within the step that moves begin the order in which things are said means nothing.
  if (e.time_ns <= said.time_ns) return;
  violated(e,
           fmt::format("position {}: {} of {} after begin moved to {} at {} ns",
                       p.value,
                       event_name(e.kind),
                       show(value),
                       said.begin.value,
                       said.time_ns));
}

void Truncation::on_chosen(const Event& e, const Decision& decision) {
  if (decision.value.type() != ValueType::kTruncate) return;
  const auto to = facts().truncate_target(decision.value.digest);
  if (!to) return;
  const Position frontier = facts().chosen().frontier();
  if (*to <= decision.position && *to <= frontier) return;
  violated(
      e,
      fmt::format("the TRUNCATE to {} is chosen at position {}, while position {} is the first "
                  "that is not chosen",
                  to->value,
                  decision.position.value,
                  frontier.value));
}

}  // namespace holdfast::properties
