#pragma once

// Nodes whose states and messages are plain values.

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sim/explore/automata.h"

namespace holdfast::explore {

// Numbers for values, from 0 on, in the order in which they were met.
template <typename Value>
class Interned {
 public:
  std::uint32_t number_of(const Value& value) {
    const auto [place, fresh] = numbers_.try_emplace(value, numbers_.size());
    if (fresh) values_.push_back(&place->first);
    return place->second;
  }

  // Valid for ever.  Requires: number < size().
  const Value& operator[](std::uint32_t number) const { return *values_[number]; }

  std::size_t size() const { return values_.size(); }

 private:
  std::map<Value, std::uint32_t> numbers_;
  std::vector<const Value*> values_;
};

template <typename Content>
struct Letter {
  Node from;
  Node to;
  Content content;

  friend auto operator<=>(const Letter&, const Letter&) = default;
};

// What a node is given to act with in one step.
template <typename State, typename Content>
struct Step {
  Node self;
  State state;  // in and out
  std::vector<Letter<Content>> sent;
  Observation seen = kNothingSeen;

  void send(Node to, Content content) {
    sent.push_back({.from = self, .to = to, .content = std::move(content)});
  }
};

// A system is this class with the four functions at its end.
template <typename State, typename Content>
class TypedBehaviour : public Behaviour {
 public:
  using StepOf = Step<State, Content>;

  Reaction start(Node node) final {
    StepOf step{.self = node, .state = {}, .sent = {}, .seen = kNothingSeen};
    on_start(step);
    return numbered(std::move(step));
  }

  Reaction deliver(Node node, LocalState state, Message message) final {
    const Letter<Content>& letter = letters_[message];
    StepOf step{.self = node, .state = states_[state].second, .sent = {}, .seen = kNothingSeen};
    on_message(step, letter.from, letter.content);
    return numbered(std::move(step));
  }

  Node receiver(Message message) const final { return letters_[message].to; }

  std::string text_of_local(Node, LocalState state) const final {
    return text_of(states_[state].second);
  }

  std::string text_of_message(Message message) const final {
    const Letter<Content>& letter = letters_[message];
    return std::to_string(letter.from) + " to " + std::to_string(letter.to) + ": " +
           text_of(letter.content);
  }

  const State& state(LocalState number) const { return states_[number].second; }

 protected:
  virtual void on_start(StepOf& step) = 0;
  virtual void on_message(StepOf& step, Node from, const Content& content) = 0;
  virtual std::string text_of(const State& state) const = 0;
  virtual std::string text_of(const Content& content) const = 0;

 private:
  Reaction numbered(StepOf step) {
    Reaction reaction{.next = states_.number_of({step.self, std::move(step.state)}),
                      .sent = {},
                      .seen = step.seen};
    for (const Letter<Content>& letter : step.sent)
      reaction.sent.push_back(letters_.number_of(letter));
    return reaction;
  }

  Interned<std::pair<Node, State>> states_;
  Interned<Letter<Content>> letters_;
};

}  // namespace holdfast::explore
