#include "protocol/log_image.h"

#include <algorithm>
#include <utility>

namespace holdfast {

void LogImage::restore(Restored restored) {
  metadata_ = std::move(restored.metadata);
  begin_ = restored.begin;
  end_ = restored.end;
  // A TRUNCATE of Mesos may name a first position past its own record; what lies below is settled.
  if (begin_.position > Position{0}) raise_end(begin_.position.previous());
  learned_ = std::move(restored.learned);
  for (const KeyedPosition& keyed : restored.keys)
    keys_.add(keyed.position, keyed.key);
  for (Action& action : restored.unlearned) {
    HOLDFAST_CHECK(!action.learned && action.position >= begin_.position, action.position);
    const Position position = action.position;
    entries_.set(position, Entry{std::move(action), true});
  }
}

Position LogImage::first_missing(Position from) const {
  return learned_.first_absent(std::max(from, begin_.position));
}

std::vector<Interval> LogImage::missing(Position from, Position to, std::size_t limit) const {
  from = std::max(from, begin_.position);
  if (from > to) return {};
  return learned_.absent(from, to, limit);
}

const Action* LogImage::find(Position p) const {
  const Entry* const entry = entries_.find(p);
  return entry == nullptr ? nullptr : &entry->action;
}

std::vector<Action> LogImage::in_memory(Position from, Position to) const {
  std::vector<Action> actions;
  for (auto at = entries_.first_from(from); at && *at <= to; at = entries_.first_from(at->next()))
    actions.push_back(entries_.find(*at)->action);
  return actions;
}

bool LogImage::learned_on_disk(Position from, Position to) const {
  for (auto p = learned_.first_from(from); p && *p <= to; p = learned_.first_from(p->next()))
    if (entries_.find(*p) == nullptr) return true;
  return false;
}

AcceptorView LogImage::view(std::optional<Position> p) const {
  AcceptorView view{.status = metadata_.status,
                    .promised = metadata_.promised,
                    .begin = begin_,
                    .end = voting_end(),
                    .action = std::nullopt};
  if (p && *p >= begin_.position) {
    HOLDFAST_REQUIRE(!on_disk_only(*p), *p);
    if (const Action* action = find(*p)) view.action = *action;
  }
  return view;
}

void LogImage::put(const Action& record) {
  HOLDFAST_REQUIRE(!record.learned && record.position >= begin_.position, record.position);
  HOLDFAST_CHECK(!learned_.contains(record.position), record.position);
  set(record);
}

void LogImage::learn(const Action& action) {
  HOLDFAST_REQUIRE(action.learned && action.value && action.position >= begin_.position);
  HOLDFAST_CHECK(!learned_.contains(action.position), action.position);
  set(action);
  learned_.add(action.position);
  if (action.value->key != IdempotencyKey{}) keys_.add(action.position, action.value->key);
}

std::optional<Position> LogImage::find_key(IdempotencyKey key) const {
  const auto position = keys_.find(key);
  return position && *position >= begin_.position ? position : std::nullopt;
}

void LogImage::set(const Action& action) {
  entries_.set(action.position, Entry{action, false});
  raise_end(action.position);
}

void LogImage::raise_end(Position p) {
  if (!end_ || *end_ < p) end_ = p;
}

bool LogImage::overtaken(Position p, Ballot ballot) const {
  if (begin_.position > p.next() || learned_.first_from(p.next())) return true;
  for (auto at = entries_.first_from(p.next()); at; at = entries_.first_from(at->next()))
    if (entries_.find(*at)->action.promised > ballot) return true;
  return false;
}

std::vector<Position> LogImage::accepted_at(Ballot ballot, Position upto) const {
  std::vector<Position> positions;
  for (auto at = entries_.first_from(learned_.first_absent(begin_.position)); at && *at <= upto;
       at = entries_.first_from(at->next())) {
    const Action& action = entries_.find(*at)->action;
    if (!action.learned && action.value && action.performed == ballot) positions.push_back(*at);
  }
  return positions;
}

void LogImage::became_durable(const Action& record) {
  if (!record.learned) return;
  Entry* const entry = entries_.find(record.position);
  // Memory has no tombstones, and what they replace only until begin has moved.
  if (entry == nullptr || !entry->action.learned || entry->durable) return;
  entry->durable = true;
  cached_.push_back(record.position);
  if (cached_.size() > cached_max_) {
    entries_.erase(cached_.front());
    cached_.pop_front();
  }
}

void LogImage::move_begin(const Begin& begin) {
  HOLDFAST_REQUIRE(begin.position > begin_.position, begin.position, begin_.position);
  begin_ = begin;
  if (begin.position > Position{0}) {
    learned_.remove(Position{0}, begin.position.previous());
    raise_end(begin.position.previous());
  }
  entries_.erase_below(begin.position);
  std::erase_if(cached_, [&](Position p) { return p < begin.position; });
}

}  // namespace holdfast
