#include "scenarios/script/mail.h"

#include <algorithm>
#include <utility>

#include "scenarios/script/frame_text.h"

namespace holdfast::scenarios::script {
namespace {

// Members with higher ids hear everything a little later, so that a broadcast arrives in the order
// in which it is written down.
Duration travel_time(NodeId to) {
  return Duration::milliseconds(1) + Duration::microseconds(10) * to.value;
}

}  // namespace

bool Route::takes(NodeId sender, NodeId receiver, std::string_view kind) const {
  if (from != NodeId{0} && from != sender) return false;
  if (to != NodeId{0} && to != receiver) return false;
  return kinds.empty() || std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

Mail::Mail(sim::World& world, Trace& trace) : world_(world), trace_(trace) {
  world_.set_courier(
      [this](NodeId from, NodeId to, const Frame& frame) { return take(from, to, frame); });
}

std::string_view Mail::mark_of(NodeId to) const {
  return world_.up(to) ? "" : "nobody there";
}

std::optional<Duration> Mail::take(NodeId from, NodeId to, const Frame& frame) {
  auto envelope = codec_.decode(*frame);
  HOLDFAST_CHECK(envelope.has_value(), envelope ? std::string() : envelope.error().text);
  std::string kind(kind_of(envelope->body));
  Letter letter{from, to, kind, std::move(*envelope), frame};
  // The newest rule counts.
  const auto rule = std::find_if(rules_.rbegin(), rules_.rend(), [&](const Rule& each) {
    return each.route.takes(from, to, kind);
  });
  std::optional<Duration> travel;
  if (rule == rules_.rend() || rule->fate == Fate::kDelivered) {
    trace_.sent(from, to, letter.envelope, mark_of(to));
    travel = travel_time(to);
  } else if (rule->fate == Fate::kLost) {
    trace_.sent(from, to, letter.envelope, "lost");
  } else {
    trace_.sent(from, to, letter.envelope, "held");
    held_.push_back(letter);
  }
  last_.insert_or_assign({from, to, std::move(kind)}, std::move(letter));
  return travel;
}

void Mail::transmit(const Letter& letter, std::string_view mark) {
  trace_.sent(
      letter.from, letter.to, letter.envelope, world_.up(letter.to) ? mark : mark_of(letter.to));
  trace_.end_step();
  world_.transmit(letter.from, letter.to, letter.frame, travel_time(letter.to));
}

// And the exceptions from it.
void Mail::end(Fate fate) {
  std::erase_if(rules_, [fate](const Rule& rule) {
    return rule.fate == fate || rule.fate == Fate::kDelivered;
  });
}

std::size_t Mail::release(const Route& route, std::size_t count) {
  end(Fate::kHeld);
  std::vector<Letter> kept;
  std::size_t released = 0;
  for (Letter& letter : std::exchange(held_, {})) {
    if (released < count && route.takes(letter.from, letter.to, letter.kind)) {
      transmit(letter, "released");
      ++released;
    } else {
      kept.push_back(std::move(letter));
    }
  }
  held_ = std::move(kept);
  return released;
}

std::size_t Mail::discard() {
  end(Fate::kHeld);
  return std::exchange(held_, {}).size();
}

void Mail::mend() {
  end(Fate::kLost);
}

std::size_t Mail::repeat(const Route& route) {
  std::size_t repeated = 0;
  for (const auto& [key, letter] : last_) {
    if (!route.takes(letter.from, letter.to, letter.kind)) continue;
    transmit(letter, "again");
    ++repeated;
  }
  return repeated;
}

}  // namespace holdfast::scenarios::script
