#pragma once

// How many traces a program has, found in two ways that share nothing but the program.

#include <bitset>
#include <cstdint>
#include <functional>
#include <vector>

#include "sim/explore/program.h"
#include "sim/explore/state_space.h"

namespace holdfast::explore {

// A run may have so many steps.
constexpr std::size_t kMostSteps = 128;

// Which of the steps of a run.
using Steps = std::bitset<kMostSteps>;

// One step of a run.
struct Taken {
  Process process;
  Access access;
  Steps before;  // the steps that it depends on, directly or not
};

// What a step of this process would depend on if it came next.
Steps steps_before(const std::vector<Taken>& run, const Ready& next);

struct TraceCount {
  std::uint64_t traces = 0;
  // Runs that were given up because they could only end in a trace that was counted.
  std::uint64_t blocked = 0;
  std::uint64_t steps = 0;  // taken, in all
  bool stopped = false;     // before the end
};

// Runs the program without remembering states, in one order for each trace: source sets and sleep
// sets (Abdulla, Aronsson, Jonsson and Sagonas, "Source Sets: A Foundation for Optimal Dynamic
// Partial Order Reduction", JACM 2017, algorithm 1).  `go_on` is asked after every 4,096 runs.
TraceCount count_traces(const Program& program,
                        const std::function<bool(const TraceCount&)>& go_on);

// The beginnings of traces as a space of states: each is its least run.  Those that nothing leads
// out of are the traces.  It knows nothing of reductions, and is slow.
class TraceSpace : public StateSpace {
 public:
  // Borrows it.
  explicit TraceSpace(const Program& program) : program_(program) {}

  void initial(Transitions& out) override;
  void successors(Words state, Transitions& out) override;

 private:
  const Program& program_;
};

}  // namespace holdfast::explore
