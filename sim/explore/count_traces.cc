#include <algorithm>
#include <utility>

#include "protocol/env/check.h"

#include "sim/explore/traces.h"

namespace holdfast::explore {
namespace {

bool contains(const std::vector<Process>& processes, Process process) {
  return std::find(processes.begin(), processes.end(), process) != processes.end();
}

class Counter {
 public:
  Counter(const Program& program, const std::function<bool(const TraceCount&)>& go_on)
      : program_(program),
        go_on_(go_on) {}

  TraceCount count() {
    visit(program_.start(), {});
    return count_;
  }

 private:
  // One for each beginning of the run that is being made.
  struct Frame {
    std::vector<Ready> ready;
    std::vector<Process> backtrack;  // what is to be tried here: a source set in the end
    std::vector<Process> sleeping;   // what was tried before, in an order that comes to the same
  };

  void visit(const std::vector<std::uint32_t>& memory, std::vector<Process> sleeping) {
    frames_.push_back(
        {.ready = program_.ready(memory), .backtrack = {}, .sleeping = std::move(sleeping)});
    const std::size_t depth = run_.size();
    start_with_one(frames_[depth]);
    // Races further down add to it.
    for (std::size_t i = 0; i < frames_[depth].backtrack.size() && !count_.stopped; ++i) {
      const Process process = frames_[depth].backtrack[i];
      if (contains(frames_[depth].sleeping, process)) continue;
      take(memory, depth, process);
      frames_[depth].sleeping.push_back(process);
    }
    frames_.pop_back();
  }

  void start_with_one(Frame& frame) {
    for (const Ready& next : frame.ready)
      if (frame.backtrack.empty() && !contains(frame.sleeping, next.process)) {
        frame.backtrack.push_back(next.process);
      }
    if (!frame.backtrack.empty()) return;
    ++(frame.ready.empty() ? count_.traces : count_.blocked);
    const std::uint64_t runs = count_.traces + count_.blocked;
    if (runs % 4096 == 0 && go_on_ && !go_on_(count_)) count_.stopped = true;
  }

  void take(const std::vector<std::uint32_t>& memory, std::size_t depth, Process process) {
    const Ready next = ready_of(frames_[depth], process);
    const Steps before = steps_before(run_, next);
    reverse_races(next, before);
    std::vector<Process> sleeping;
    for (const Process other : frames_[depth].sleeping) {
      if (!ready_of(frames_[depth], other).access.depends_on(next.access))
        sleeping.push_back(other);
    }
    std::vector<std::uint32_t> after = memory;
    program_.step(after, process);
    ++count_.steps;
    run_.push_back({.process = process, .access = next.access, .before = before});
    visit(after, std::move(sleeping));
    run_.pop_back();
  }

  static Ready ready_of(const Frame& frame, Process process) {
    for (const Ready& each : frame.ready)
      if (each.process == process) return each;
    HOLDFAST_UNREACHABLE("processes are ready until they end");
  }

  // A step that comes right before this one in the order of dependence could also come after it.
  void reverse_races(const Ready& next, const Steps& before) {
    Steps covered;
    for (std::size_t i = run_.size(); i-- > 0;) {
      if (!before[i] || covered[i]) continue;
      covered |= run_[i].before;
      if (run_[i].process != next.process) reverse(i, next, before);
    }
  }

  // Where step i was taken something must be tried that can begin what comes after it without it.
  void reverse(std::size_t i, const Ready& next, const Steps& before) {
    Steps rest;
    std::vector<Process> beginners;
    for (std::size_t j = i + 1; j < run_.size(); ++j) {
      if (run_[j].before[i]) continue;
      if ((run_[j].before & rest).none()) beginners.push_back(run_[j].process);
      rest.set(j);
    }
    if ((before & rest).none()) beginners.push_back(next.process);
    std::vector<Process>& backtrack = frames_[i].backtrack;
    const bool tried = std::any_of(beginners.begin(), beginners.end(), [&](Process process) {
      return contains(backtrack, process);
    });
    if (!tried) backtrack.push_back(beginners.front());
  }

  const Program& program_;
  const std::function<bool(const TraceCount&)>& go_on_;
  std::vector<Taken> run_;
  std::vector<Frame> frames_;
  TraceCount count_;
};

}  // namespace

Steps steps_before(const std::vector<Taken>& run, const Ready& next) {
  HOLDFAST_REQUIRE(run.size() < kMostSteps, run.size());
  Steps before;
  for (std::size_t i = 0; i < run.size(); ++i) {
    if (run[i].process == next.process || run[i].access.depends_on(next.access)) {
      before |= run[i].before;
      before.set(i);
    }
  }
  return before;
}

TraceCount count_traces(const Program& program,
                        const std::function<bool(const TraceCount&)>& go_on) {
  return Counter(program, go_on).count();
}

}  // namespace holdfast::explore
