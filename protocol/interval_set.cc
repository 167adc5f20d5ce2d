#include "protocol/interval_set.h"

#include <algorithm>
#include <iterator>

namespace holdfast {

bool IntervalSet::contains(Position p) const {
  return run_end(p).has_value();
}

void IntervalSet::add(Position first, Position last) {
  HOLDFAST_REQUIRE(first <= last, first, last);
  auto next = intervals_.upper_bound(first);
  if (next != intervals_.begin()) {
    const auto before = std::prev(next);
    // An interval that starts at or before `first` takes the new one in if they touch.
    if (before->second >= last) return;
    if (before->second.next() >= first) {
      before->second = last;
      absorb(before);
      return;
    }
  }
  absorb(intervals_.emplace_hint(next, first, last));
}

// Takes in the intervals behind `it` that it reaches.
void IntervalSet::absorb(std::map<Position, Position>::iterator it) {
  auto next = std::next(it);
  while (next != intervals_.end() && next->first <= it->second.next()) {
    it->second = std::max(it->second, next->second);
    next = intervals_.erase(next);
  }
}

void IntervalSet::remove(Position first, Position last) {
  HOLDFAST_REQUIRE(first <= last, first, last);
  auto it = intervals_.upper_bound(first);
  if (it != intervals_.begin()) {
    const auto before = std::prev(it);
    const Position end = before->second;
    if (end >= first) {
      if (before->first == first) {
        intervals_.erase(before);
      } else {
        before->second = first.previous();
      }
      if (end > last) {
        intervals_.emplace(last.next(), end);
        return;
      }
    }
  }
  while (it != intervals_.end() && it->first <= last) {
    const Position end = it->second;
    it = intervals_.erase(it);
    if (end > last) {
      intervals_.emplace_hint(it, last.next(), end);
      return;
    }
  }
}

std::optional<Position> IntervalSet::run_end(Position p) const {
  const auto next = intervals_.upper_bound(p);
  if (next == intervals_.begin()) return std::nullopt;
  const auto before = std::prev(next);
  if (before->second < p) return std::nullopt;
  return before->second;
}

std::optional<Position> IntervalSet::first_from(Position p) const {
  if (contains(p)) return p;
  const auto next = intervals_.upper_bound(p);
  if (next == intervals_.end()) return std::nullopt;
  return next->first;
}

Position IntervalSet::first_absent(Position p) const {
  const auto end = run_end(p);
  return end ? end->next() : p;
}

std::vector<Interval> IntervalSet::absent(Position first, Position last, std::size_t limit) const {
  std::vector<Interval> gaps;
  Position at = first_absent(first);
  while (at <= last && gaps.size() < limit) {
    const auto next = first_from(at);
    if (!next || *next > last) {
      gaps.push_back({at, last});
      break;
    }
    gaps.push_back({at, next->previous()});
    at = first_absent(*next);
  }
  return gaps;
}

std::vector<Interval> IntervalSet::list() const {
  std::vector<Interval> all;
  all.reserve(intervals_.size());
  for (const auto& [first, last] : intervals_)
    all.push_back({first, last});
  return all;
}

}  // namespace holdfast
