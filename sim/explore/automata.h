#pragma once

// Nodes that share nothing but messages, explored as automata.
//
// What a node does at a message depends on nothing but its own state and the message.  So the code
// of a node runs once for each pair of them that is ever met, and the search over the whole system
// works with numbers: a state is a row of local states, and a multiset of messages in flight.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "sim/explore/state_space.h"

namespace holdfast::explore {

// Numbers of what a system has shown so far.  Of local states of different nodes no two are one.
using LocalState = std::uint32_t;
using Message = std::uint32_t;
using Node = std::uint32_t;
using Observation = std::uint32_t;
using Judgement = std::uint32_t;

constexpr Observation kNothingSeen = 0;

// What a node does in one step.
struct Reaction {
  LocalState next = 0;
  std::vector<Message> sent;
  Observation seen = kNothingSeen;  // what a judge is told of it

  friend bool operator==(const Reaction&, const Reaction&) = default;
};

// Watches all nodes, and keeps of what it saw no more than it needs.
class Judge {
 public:
  virtual ~Judge() = default;

  virtual Judgement start() = 0;

  // A function of its arguments.
  virtual Judgement observe(Judgement now, Observation seen) = 0;

  // What is wrong, or nothing.
  virtual std::string violation(Judgement now) = 0;
};

// How nodes behave.
class Behaviour {
 public:
  virtual ~Behaviour() = default;

  virtual Node nodes() const = 0;

  virtual Reaction start(Node node) = 0;

  // A function of its arguments; called once for each pair.
  virtual Reaction deliver(Node node, LocalState state, Message message) = 0;

  virtual Node receiver(Message message) const = 0;

  virtual std::string text_of_local(Node node, LocalState state) const = 0;
  virtual std::string text_of_message(Message message) const = 0;
};

// The network keeps messages in no order, delivers each once, and may hold any of them for ever,
// which is how it loses them.  A delivery that changes nothing and sends nothing is no transition:
// the message stays in flight, as if it came later.  An event is the message that is delivered.
//
// What the judge remembers is part of a state: otherwise a state that is met again by a way that is
// wrong would pass unseen.
class Automata : public StateSpace {
 public:
  // Borrows both.
  Automata(Behaviour& behaviour, Judge& judge)
      : behaviour_(behaviour),
        judge_(judge),
        nodes_(behaviour.nodes()) {}

  void initial(Transitions& out) override;
  void successors(Words state, Transitions& out) override;
  std::string violation(Words state) override;
  std::string text_of(Words state) const override;
  std::string text_of(Words from, EventName event) const override;

  // How often the code ran.
  std::uint64_t executions() const { return reactions_.size(); }

 private:
  // Two numbers as one key, to what was found of them.
  using Memory = boost::unordered_flat_map<std::uint64_t, std::uint32_t>;

  const Reaction& reaction(Node node, LocalState state, Message message);
  Judgement judged(Judgement now, Observation seen);

  Behaviour& behaviour_;
  Judge& judge_;
  Node nodes_;
  std::vector<Reaction> reactions_;
  Memory known_reactions_;  // of a local state and a message
  Memory known_judgements_;
  std::vector<std::uint32_t> next_;
};

}  // namespace holdfast::explore
