#include "sim/explore/traces.h"

namespace holdfast::explore {
namespace {

// The least of all runs of a trace: always the process with the lowest number among those whose
// next step has everything behind it that it depends on.
std::vector<std::uint32_t> least_run(const std::vector<Taken>& run) {
  std::vector<std::uint32_t> least;
  Steps done;
  while (least.size() < run.size()) {
    std::size_t best = run.size();
    for (std::size_t i = 0; i < run.size(); ++i) {
      const bool possible = !done[i] && (run[i].before & ~done).none();
      if (possible && (best == run.size() || run[i].process < run[best].process)) best = i;
    }
    done.set(best);
    least.push_back(run[best].process);
  }
  return least;
}

}  // namespace

void TraceSpace::initial(Transitions& out) {
  out.add(0, {});
}

void TraceSpace::successors(Words state, Transitions& out) {
  std::vector<std::uint32_t> memory = program_.start();
  std::vector<Taken> run;
  const auto take = [&](const Ready& next) {
    run.push_back(
        {.process = next.process, .access = next.access, .before = steps_before(run, next)});
  };
  for (const Process process : state) {
    for (const Ready& next : program_.ready(memory))
      if (next.process == process) take(next);
    program_.step(memory, process);
  }
  for (const Ready& next : program_.ready(memory)) {
    take(next);
    out.add(next.process, least_run(run));
    run.pop_back();
  }
}

}  // namespace holdfast::explore
