#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "properties/flat_map.h"
#include "properties/judge.h"

namespace holdfast::properties {

inline constexpr PropertyInfo kProgress{
    .name = "progress",
    .modality = Modality::kEventually,
    .order = Order::kTotal,
    .failure = FailureClass::kLiveness,
    .statement =
        "once a core that can decide is healed and nothing else goes wrong, what is asked "
        "of it completes within a bounded number of events",
    .reference =
        "docs/PROTOCOL.md 10; Dwork, Lynch and Stockmeyer, Consensus in the Presence of "
        "Partial Synchrony",
};

// What must succeed: a client's operation, or a recovery.
enum class Goal : std::uint8_t {
  kElect,
  kAppend,
  kTruncate,
  kRead,
  kCatchUp,
  // A member becomes VOTING.
  kVote,
};

struct Requirement {
  Goal goal = Goal::kAppend;
  // Who must see it succeed; none: any member of the core.
  std::optional<NodeId> by;
  // A member outside the core will do as well: where members elect by themselves, one that still
  // coordinates keeps those of the core from running.
  bool outside = false;
  // From the moment it is required, by Event::seq.
  std::uint64_t within_events = 0;
};

// Judges the last phase of a run, in which a core was healed and all other faults have stopped for
// ever.  The scenario says what must complete; only operations called after that count.
class Progress : public Judge {
 public:
  explicit Progress(const Bench& bench);

  // Requires: on_heal() was called.
  void require(Requirement requirement);

  // Everything required has completed.
  bool done() const { return outstanding_.empty(); }

  // Something required has not completed in time: the run may end here.  `seq`: the latest event.
  bool overdue(std::uint64_t seq) const;

  // Why the core cannot make progress whatever it does; none if it can.  A state that cannot
  // recover is no failure of liveness.
  std::optional<std::string> cannot_recover() const;

  void on_event(const Event& e) override;
  void on_heal(std::span<const NodeId> core) override;
  void finish() override;

 private:
  struct Outstanding {
    Requirement requirement;
    std::uint64_t since = 0;
  };

  struct Call {
    Goal goal = Goal::kAppend;
    std::uint64_t seq = 0;
  };

  void returned(const Event& e);
  // `goal` was reached by the node of `e`, by what began at `called`.
  void met(const Event& e, Goal goal, std::uint64_t called);
  bool in_core(NodeId node) const;

  bool healed_ = false;
  std::vector<NodeId> core_;
  std::vector<Outstanding> outstanding_;
  FlatMap<Call> calls_;  // by op
};

std::string_view name_of(Goal goal);

}  // namespace holdfast::properties
