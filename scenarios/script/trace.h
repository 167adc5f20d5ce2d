#pragma once

// The conversation of a cluster, one line per message and per thing that a member does:
//
//   n1 -> n2 n3       write ballot=1.1 position=3 append "b" chosen=(1.1, 2)
//   n1                votes ballot=1.1 position=3
//   n2 -> n1          accepted ballot=1.1 position=3
//   n1                learns position=3 append "b"
//
// What a member did comes before what it sent, step by step; a broadcast is one line.  A member
// says `chosen` only when it knows more than in its last message.  Its own votes and promises are
// shown where no message shows them.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/events.h"
#include "protocol/messages.h"

#include "sim/event_record.h"
#include "sim/observer.h"
#include "sim/world.h"

namespace holdfast::scenarios::script {

class Trace final : public sim::Observer, public sim::EventSink {
 public:
  // `mark` is added to the line: what becomes of the frame, if it is not simply delivered.
  void sent(NodeId from, NodeId to, const Envelope& envelope, std::string_view mark);

  // A line of its own, such as what a client was told.  `who` may be empty.
  void say(std::string_view who, std::string_view what);

  // The value's digest is known by its text from now on.
  void name(const Value& value);

  // The lines since the last call.  Pauses are measured from now on.
  std::vector<std::string> take();

  // Of the conversation.  What is said is always shown.
  enum class Shown : std::uint8_t { kNo, kYes };

  void show(Shown shown) { shown_ = shown; }

  // Must be called first; `world` tells the time and outlives the trace's last use.
  void watch(const sim::World& world) { world_ = &world; }

  // How often `node` has booted; 0 while it is down.
  std::uint32_t life(NodeId node) const;

  void on_event(const sim::TraceEvent& event) override;

  void on_point(NodeId, Point) override {}

  void on_life(const sim::LifeNote& note) override;

  void on_fault(const sim::FaultNote&) override {}

  void on_heal(Instant, sim::NodeSet) override {}

  void on_world_event(const sim::EventRecord&) override { end_step(); }

  // The step that is being shown is over.
  void end_step();

 private:
  struct Done {
    std::string who;
    std::string text;
    // A message of the same step that says this as well makes the line superfluous.
    std::string covered_by;
  };

  struct Sent {
    NodeId from;
    std::string to;
    std::string text;
    std::string mark;
    ChosenUpto chosen;
    bool says_done = false;
  };

  bool covered(std::string_view text);
  void line(std::string_view who, std::string_view what);
  std::string action_of(const sim::TraceEvent& event) const;
  std::string value_text(std::uint64_t flags, std::uint64_t digest) const;
  void on_election(const sim::TraceEvent& event);
  void on_answer(const sim::TraceEvent& event);
  void on_elector(const sim::TraceEvent& event);
  void on_learning(const sim::TraceEvent& event);
  void on_recovery(const sim::TraceEvent& event);

  Shown shown_ = Shown::kNo;
  const sim::World* world_ = nullptr;
  Instant last_line_;
  std::vector<Done> done_;
  std::vector<Sent> sent_;
  std::map<std::uint64_t, std::string> values_;
  std::map<NodeId, ChosenUpto> chosen_;
  std::map<NodeId, std::uint32_t> lives_;
  std::vector<std::string> lines_;
};

// "n3".
std::string name_of(NodeId node);

}  // namespace holdfast::scenarios::script
