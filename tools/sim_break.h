#pragma once

// `replay --break-at EVENT`: the run stops in a debugger where a node records that event, with the
// stacks of all its fibers in reach.
//
// The program starts gdb on itself with the same command line; under a debugger it plays the run in
// its own process and calls holdfast_sim_break() at the event.  tools/gdb/holdfast.py is told to
// gdb, stops there and knows how to walk a fiber that does not run.

#include <cstdint>
#include <string>

#include "scenarios/cluster.h"
#include "tools/sim_trail.h"

namespace holdfast::tools {

// Stops the run at an event, for whoever debugs this process.
class BreakPoint final : public EventWatcher {
 public:
  explicit BreakPoint(std::uint64_t event) : event_(event) {}

  ~BreakPoint() override;

  // Before the first event; `cluster` outlives this.
  void attach(scenarios::Cluster& cluster);

  void on_event(const sim::TraceEvent& event) override;

  // After the run: that it had no such event; empty: it stopped there.
  std::string problem() const;

 private:
  std::uint64_t event_;
  std::uint64_t last_ = 0;
};

// Replaces this process by gdb on this very command line: with a prompt on a terminal, else gdb
// tells what there is to see at the event and ends.  Returns only if that fails: what is wrong and
// what to do.
std::string become_debugger();

}  // namespace holdfast::tools
