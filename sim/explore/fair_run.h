#pragma once

// What is not lost can still be done: from any state, if from now on nothing fails, everybody is
// started, every frame arrives and time passes, the goal is reached.
//
// One fair run is tried from each state: all frames are delivered, the oldest first, and only when
// none is left alarms ring, at all nodes.  A state from which that does not lead to the goal is
// stuck; a goal that only some fair runs reach is not noticed.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_set.hpp>

#include "sim/explore/members.h"

namespace holdfast::explore {

// What must become possible.
struct Goal {
  // First: every node may be asked for these, as bits.
  std::uint8_t all_ask = 0;

  // Then, one after the other: a node that may be asked for it does it, if need be again and again.
  struct Work {
    std::uint8_t kind = 0;
    // What it records when it has done it.
    std::function<bool(const Seen&)> done;
    // "no election is won"
    std::string if_not;
  };

  std::vector<Work> works;
  // "not all members vote"
  std::string if_not;
};

// What stuck() says begins with it.
inline constexpr std::string_view kStuck = "liveness: ";

class FairRun {
 public:
  // Borrows the members.
  FairRun(Members& members, Goal goal) : members_(members), goal_(std::move(goal)) {}

  // What does not come about, or nothing.
  std::string stuck(Words locals, Words flying);

  // From so many states it was tried; in so many steps, since runs meet.
  std::uint64_t runs() const { return runs_; }

  std::uint64_t steps() const { return steps_; }

 private:
  struct Now {
    std::vector<LocalState> locals;
    // The oldest first.
    std::vector<Message> flying;
    std::size_t work = 0;  // all before it are done
    bool asked = false;    // for this one, at `worker`
    Node worker = 0;
    bool done = false;
    std::uint32_t quiet = 0;  // rounds since it was asked for
  };

  struct Names {
    std::size_t operator()(const Fingerprint& name) const {
      return static_cast<std::size_t>(name.low);
    }
  };

  bool reached(const Now& now) const { return now.work == goal_.works.size() + 1; }

  Fingerprint name_of(const Now& now) const;
  bool happen(Now& now, Node node, LocalEvent event);
  bool settle(Now& now);
  void work(Now& now);
  void ring(Now& now);

  Members& members_;
  Goal goal_;
  boost::unordered_flat_set<Fingerprint, Names> good_;
  std::uint64_t runs_ = 0;
  std::uint64_t steps_ = 0;
};

}  // namespace holdfast::explore
