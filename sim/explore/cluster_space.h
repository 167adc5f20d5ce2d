#pragma once

// All that can happen to a few nodes, as states: what each node is, what is in flight, what the
// referee remembers, and how much of each kind may still happen.
//
// The network keeps frames in no order and may hold any of them for ever, which is how it loses
// them.  A delivery that changes nothing and sends nothing is no transition.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/explore/bounds.h"
#include "sim/explore/fair_run.h"
#include "sim/explore/members.h"
#include "sim/explore/referee.h"
#include "sim/explore/state_space.h"

namespace holdfast::explore {

struct Named {
  Kind kind = Kind::kDeliver;
  // Of all but deliveries.
  Node node = 0;
  // The message; the lane; the kind of the operation; which of the images a crash may leave.
  std::uint32_t argument = 0;
  // Of a crash in a step: which of those that are possible.
  std::uint32_t variant = 0;

  EventName name() const;
  static Named of(EventName name);
};

// A line of a script that leads to a state.
struct Command {
  enum class What : std::uint8_t {
    kBoot,
    kCrash,  // and nothing that was not yet written is
    kWipe,
    kRing,
    kPerform,
    kDeliver,  // the oldest frame on its way from the node to another
    kSettle,   // every frame is delivered and every job done, the oldest first, until none is left
  };

  What what = What::kSettle;
  Node node = 0;
  std::uint8_t operation = 0;
  Node to = 0;  // kDeliver
  // kSettle: bit n, node n takes part; what others send or are sent stays on its way.
  std::uint32_t among = ~0u;
};

class ClusterSpace : public StateSpace {
 public:
  // Borrows them.
  ClusterSpace(Members& members,
               const Referee& referee,
               const Bounds& bounds,
               Reductions reductions);

  // Begins where these events lead to, instead of with all nodes down; what they take of the budget
  // is gone.  Names the event that is not possible, if there is one.
  std::string start_after(const std::vector<Command>& script);

  // From now on each state is asked whether a fair run from it reaches its goal.  Borrows it.
  void ask_for(FairRun& fair_run) { fair_run_ = &fair_run; }

  // All that happened before the search begins.
  const std::vector<EventName>& start_events() const { return start_events_; }

  // The local states of all nodes in the states that violation() was asked of.
  struct LocalsMet {
    std::uint64_t count = 0;
    Fingerprint sum;

    friend bool operator==(const LocalsMet&, const LocalsMet&) = default;
  };

  const LocalsMet& locals_met() const { return met_; }

  void initial(Transitions& out) override;
  void successors(Words state, Transitions& out) override;
  Fingerprint fingerprint(Words state) override;
  std::string violation(Words state) override;
  Mover mover_of(EventName event) const override;
  std::string text_of(Words state) const override;
  std::string text_of(Words from, EventName event) const override;

 private:
  // A state as it is taken apart.
  struct View {
    Words locals;
    std::uint32_t ruling;
    Budget budget;
    Words flying;
  };

  View view(Words state) const;
  void begin();
  void take(const Transitions& out, std::size_t i);
  bool take(Named event);
  void settle(std::uint32_t among);
  bool deliver_oldest(Node from, Node to);
  void add_deliveries(Words state, const View& now, Transitions& out);
  void add_own(Words state, const View& now, Node node, Transitions& out);
  void add_failures(Words state, const View& now, Node node, Transitions& out);
  void add(
      Words state, Named event, const Reaction& reaction, const Budget& budget, Transitions& out);
  void add_disk_errors(Words state, const View& now, Node node, Transitions& out);
  void add_interrupted(
      Words state, Named event, LocalEvent local, const View& now, Transitions& out);
  void add_down(Words state, Named event, LocalState next, const Budget& budget, Transitions& out);
  void add_cuts(Words state, const View& now, Transitions& out);
  template <typename MayHaveDied>
  void drop_dead(const Budget& budget, const MayHaveDied& may_have_died);
  void drop_lost();
  bool only_lost(Words before) const;

  // A script does things wherever it says.
  bool looked_for(std::uint32_t nodes, Node node) const { return scripted_ || is_at(nodes, node); }

  bool connected() const { return bounds_.links == Links::kConnections; }

  // By which frames in flight are sorted; those of one place stay in the order in which they were
  // sent.
  std::uint32_t place_of(Message message) const {
    return connected() ? members_.link(message) : message;
  }

  const Fingerprint& worth_of(const Budget& budget);
  Fingerprint worth_of(Words flying) const;
  std::uint32_t ruled(std::uint32_t ruling, Observation seen);

  Members& members_;
  const Referee& referee_;
  Bounds bounds_;
  Reductions reductions_;
  Node nodes_;
  std::size_t first_flying_;
  Interned<Ruling> rulings_;
  std::vector<Fingerprint> worths_of_rulings_;
  Budget last_budget_;
  std::optional<Fingerprint> worth_of_last_;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> known_rulings_;
  std::vector<std::uint32_t> next_;
  std::vector<bool> is_met_;  // by local state
  LocalsMet met_;
  FairRun* fair_run_ = nullptr;
  std::vector<std::uint32_t> start_;
  bool scripted_ = false;
  std::vector<EventName> start_events_;
};

}  // namespace holdfast::explore
