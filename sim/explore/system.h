#pragma once

// All nodes at once, alive: the reference that the automata are measured against.  It remembers
// nothing and numbers nothing; a state is what a list of events led to.
//
// Events are named by what they are, never by a place in a list, so that a schedule can be edited:
// a frame by its sender, the sender's step and its place among what that step sent.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/explore/bounds.h"
#include "sim/explore/life.h"
#include "sim/explore/referee.h"

namespace holdfast::explore {

// The name of a frame.
struct Origin {
  Node sender = 0;
  std::uint32_t step = 0;    // counts all steps of the sender, from 1, over its lives
  std::uint32_t output = 0;  // of the step, from 0

  friend auto operator<=>(const Origin&, const Origin&) = default;
};

struct SystemEvent {
  Kind kind = Kind::kDeliver;
  // Deliveries.
  Origin frame{};
  // All others.
  Node node = 0;
  // The lane; the kind of the operation; which of the images a crash may leave.
  std::uint32_t argument = 0;
  // Of a crash in a step: which of those that are possible.
  std::uint32_t variant = 0;

  friend auto operator<=>(const SystemEvent&, const SystemEvent&) = default;
};

// Which of the ways in which it may end.
constexpr std::uint32_t& way_of(SystemEvent& event) {
  return event.kind == Kind::kCrash ? event.argument : event.variant;
}

class System {
 public:
  // Borrows them.
  System(const Company& company,
         const Referee& referee,
         const Bounds& bounds,
         Terms terms,
         Reductions reductions);

  struct Flying {
    Origin origin;
    std::uint32_t life = 0;  // of the sender
    Sent sent;

    bool has_link_of(const Flying& other) const {
      return origin.sender == other.origin.sender && life == other.life && sent.to == other.sent.to;
    }
  };

  // In the order of their names; of frames that are alike one is enough.
  std::vector<SystemEvent> possible() const;

  // The same, each once for all ways in which it may end.
  std::vector<SystemEvent> enabled() const;

  // In how many ways it may end.  Requires: it is one of enabled().
  std::size_t variants(const SystemEvent& event) const;

  // Requires: it is flying.
  Node receiver_of(const Origin& frame) const;

  // False, and nothing happens: it is not possible.  Where things may happen is for those who
  // look for events; what is asked for here may happen anywhere.
  bool apply(const SystemEvent& event);

  // The frames that were taken away with the last event because they were dead.
  const std::vector<Origin>& died() const { return died_; }

  // The event happened before in a system like this one, and these frames died with it, which is
  // not tried again.  Requires: it is possible, and they are on their way.
  void repeat(const SystemEvent& event, std::span<const Origin> died);

  // The same as ClusterSpace::fingerprint() of the same state.
  Fingerprint name() const;

  // Against what it was before: no node and no memory of the referee has changed; and nothing at
  // all but that frames are gone.
  bool differs_in_frames_only(const System& before) const;
  bool lost_frames_only(const System& before) const;

  const std::vector<Flying>& flying() const { return flying_; }

  const std::string& violation() const { return ruling_.violation; }

  // What the step of the last event recorded.
  const Observed& observed() const { return observed_; }

  // It sent nothing and recorded nothing.
  bool silent() const { return silent_; }

  const Budget& budget() const { return budget_; }

  Links links() const { return bounds_.links; }

 private:
  // What happens to a life.
  using Deed = std::function<Effects(Life&)>;

  // One node: its life, or what is on its disk.
  struct Machine {
    std::unique_ptr<Life> life;
    Past lived;
    Image image;
    std::uint32_t steps = 0;
    // While it is up: what happened in this life, and the name of all that.
    std::vector<Deed> past;
    Fingerprint history;
  };

  bool is_enabled(const SystemEvent& event) const;
  bool is_possible(const SystemEvent& event) const;

  // Whether links let it come next.
  bool is_next(const Flying& frame) const;

  bool may_fail_in_step() const { return budget_.crashes > 0 && terms_.disks == Disks::kEager; }

  void happen(const SystemEvent& event);
  void deliver(const SystemEvent& event);
  void happen_to(const SystemEvent& event);
  void fail(const SystemEvent& event);
  void fail_in(const SystemEvent& event);
  void take(Node node, const Fingerprint& input);
  void observe(Observed observed);
  std::unique_ptr<Life> twin(Node node) const;
  std::vector<Image> survivors(Node node) const;

  // The power failed in a step.
  struct Interruption {
    Effects effects;
    Image image;
  };

  std::vector<Interruption> interruptions(Node node, const Deed& deed) const;
  Deed deed_of(const SystemEvent& event) const;
  void send(Node node, std::vector<Sent> sent);
  Fingerprint name_of_node(Node node) const;
  bool is_dead(const Flying& frame) const;

  const Company& company_;
  const Referee& referee_;
  Bounds bounds_;
  Terms terms_;
  Reductions reductions_;
  std::vector<Machine> machines_;
  std::vector<Flying> flying_;
  Ruling ruling_;
  Budget budget_;
  Observed observed_;
  std::vector<Origin> died_;
  bool silent_ = true;
};

}  // namespace holdfast::explore
