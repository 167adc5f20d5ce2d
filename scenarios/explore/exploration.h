#pragma once

// Configurations of the log that the checker goes through, and what came of one.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/explore/cluster_space.h"
#include "sim/explore/search.h"
#include "sim/explore/system.h"
#include "sim/explore/walk.h"

#include "scenarios/explore/log_company.h"
#include "scenarios/explore/shorten.h"

namespace holdfast::scenarios {

// Where an exploration begins, and with whom.
struct Configuration {
  std::string name;
  std::string text;
  LogCompanyOptions company;
  // Leads from all members being down to the state in which the search begins.
  std::vector<explore::Command> script;
  // What may happen from there on.
  explore::Bounds bounds;
};

// In the order of their names.
const std::vector<Configuration>& configurations();

enum class Engine : std::uint8_t {
  kMemo,    // nodes as automata: the code runs once for each local state and event
  kReplay,  // all nodes from their boots on, for every transition
};

// What is going on, should the code of a member never return.
struct LastWords {
  // The events of the search up to there, and then in whose code it is.  Nothing: no code runs.
  std::function<std::vector<std::string>()> lines;
};

struct ExploreOptions {
  Engine engine = Engine::kMemo;
  // Random walks instead of a search, where there are any.
  explore::WalkOptions walks;
  explore::Order order = explore::Order::kBreadthFirst;
  explore::Terms terms{.disks = explore::Disks::kEager, .identity = explore::Identity::kState};
  explore::Reductions reductions;
  // Whether it is kept what the stores were asked for.
  bool trace_stores = false;
  // Whether each state is asked if a fair run from it reaches the goal of the log.  Of the engine
  // with a memory.
  bool liveness = false;
  // Kept up to date, if there are any.  Of the engine with a memory.
  LastWords* last_words = nullptr;
};

struct Explored {
  explore::Result result;
  // Not empty: the script does not lead where the search would begin, and nothing was explored.
  std::string unreachable;
  // Instead of a search; a violation is in the result all the same.
  std::optional<explore::Walked> walked;
  // Of the engine with a memory.
  explore::ClusterSpace::LocalsMet locals;
  std::uint64_t messages = 0;
  std::uint64_t first_runs = 0;
  std::uint64_t steps_run = 0;
  std::uint64_t audits = 0;
  StoreTrace stores;
  // Fair runs that were tried, and their steps.
  std::uint64_t fair_runs = 0;
  std::uint64_t fair_steps = 0;

  // What might happen, the script included.
  explore::Bounds bounds;

  // With a violation: from all members being down on, the script first.
  std::vector<Happened> counterexample;
  std::size_t script_events = 0;
  // How many events were found after the script, if they were not a shortest way and have been
  // shortened; 0: the search was breadth first.
  std::size_t found_events = 0;
  // What the reference says at its end: the same, if nothing is wrong with the checker.
  std::string confirmed;

  // With a violation: an audit found it, of a member that is no function of what happens to it, and
  // there is nothing for a referee to confirm.
  bool not_deterministic = false;

  // With a violation: it is a state from which a fair run does not reach the goal, which is nothing
  // that a referee sees.
  bool is_stuck = false;

  bool agreed() const {
    return not_deterministic || confirmed == (is_stuck ? "" : result.violation.text);
  }
};

// The same, with all members down: what the script would do is for the search to find.
Configuration from_boot(Configuration configuration);

Explored explore_log(const Configuration& configuration,
                     const ExploreOptions& options,
                     const explore::Limits& limits);

// What all members do, from their boots on, when this happens to them within the configuration's
// bounds, its script aside.  The counterexample ends before the first event that is not possible
// there, or with the first that is wrong; `confirmed` says what is.
Explored play_events(const Configuration& configuration,
                     const ExploreOptions& options,
                     const std::vector<explore::SystemEvent>& events);

}  // namespace holdfast::scenarios
