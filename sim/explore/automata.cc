#include "sim/explore/automata.h"

#include <algorithm>

#include <fmt/format.h>

namespace holdfast::explore {

// A state: the local state of each node, the judgement, and the messages in flight, sorted.

void Automata::initial(Transitions& out) {
  next_.clear();
  std::vector<Message> sent;
  Judgement judgement = judge_.start();
  for (Node node = 0; node < nodes_; ++node) {
    const Reaction start = behaviour_.start(node);
    next_.push_back(start.next);
    sent.insert(sent.end(), start.sent.begin(), start.sent.end());
    judgement = judged(judgement, start.seen);
  }
  next_.push_back(judgement);
  std::sort(sent.begin(), sent.end());
  next_.insert(next_.end(), sent.begin(), sent.end());
  out.add(0, next_);
}

void Automata::successors(Words state, Transitions& out) {
  const Words locals = state.first(nodes_);
  const std::size_t first = nodes_ + 1;
  for (std::size_t i = first; i < state.size(); ++i) {
    const Message message = state[i];
    if (i > first && state[i - 1] == message) continue;
    const Node node = behaviour_.receiver(message);
    const Reaction& reaction = this->reaction(node, locals[node], message);
    if (reaction.next == locals[node] && reaction.sent.empty()) continue;
    next_.assign(state.begin(), state.end());
    next_[node] = reaction.next;
    next_[nodes_] = judged(state[nodes_], reaction.seen);
    next_.erase(next_.begin() + static_cast<std::ptrdiff_t>(i));
    const auto flying = static_cast<std::ptrdiff_t>(first);
    for (const Message sent : reaction.sent)
      next_.insert(std::upper_bound(next_.begin() + flying, next_.end(), sent), sent);
    out.add(message, next_);
  }
}

std::string Automata::violation(Words state) {
  return judge_.violation(state[nodes_]);
}

const Reaction& Automata::reaction(Node node, LocalState state, Message message) {
  const std::uint64_t key = std::uint64_t{state} << 32 | message;
  const auto [place, fresh] =
      known_reactions_.try_emplace(key, static_cast<std::uint32_t>(reactions_.size()));
  if (fresh) reactions_.push_back(behaviour_.deliver(node, state, message));
  return reactions_[place->second];
}

Judgement Automata::judged(Judgement now, Observation seen) {
  if (seen == kNothingSeen) return now;
  const std::uint64_t key = std::uint64_t{now} << 32 | seen;
  const auto [place, fresh] = known_judgements_.try_emplace(key, 0);
  if (fresh) place->second = judge_.observe(now, seen);
  return place->second;
}

std::string Automata::text_of(Words state) const {
  std::string text;
  for (Node node = 0; node < nodes_; ++node)
    text += fmt::format("node {}: {}\n", node, behaviour_.text_of_local(node, state[node]));
  for (const Message message : state.subspan(nodes_ + 1))
    text += fmt::format("in flight: {}\n", behaviour_.text_of_message(message));
  return text;
}

std::string Automata::text_of(Words, EventName event) const {
  return fmt::format("deliver {}", behaviour_.text_of_message(event));
}

}  // namespace holdfast::explore
