#include "real/ports/trace_ring.h"

#include <utility>

#include "protocol/env/check.h"

namespace holdfast::real {

TraceRing::TraceRing(std::size_t events_max, std::function<void(const TracedEvent&)> watch)
    : events_max_(events_max),
      watch_(std::move(watch)) {
  HOLDFAST_REQUIRE(events_max > 0);
}

void TraceRing::record(EventKind kind,
                       std::initializer_list<std::uint64_t> words,
                       std::string_view bytes) {
  if (events_.size() < events_max_) events_.emplace_back();
  // The oldest one's memory serves the newest.
  TracedEvent& event = events_[std::exchange(next_, (next_ + 1) % events_max_)];
  event.at = now_;
  event.kind = kind;
  event.words.assign(words.begin(), words.end());
  event.bytes.assign(bytes.substr(0, kBytesKept));
  if (watch_) watch_(event);
}

std::vector<TracedEvent> TraceRing::events() const {
  const std::size_t first = events_.size() < events_max_ ? 0 : next_;
  const auto oldest = events_.begin() + static_cast<std::ptrdiff_t>(first);
  std::vector<TracedEvent> all(oldest, events_.end());
  all.insert(all.end(), events_.begin(), oldest);
  return all;
}

void TraceRing::reach(Point point) {
  const auto index = static_cast<std::size_t>(point);
  if (reached_.size() <= index) reached_.resize(index + 1);
  ++reached_[index];
}

std::uint64_t TraceRing::reached(Point point) const {
  const auto index = static_cast<std::size_t>(point);
  return index < reached_.size() ? reached_[index] : 0;
}

}  // namespace holdfast::real
