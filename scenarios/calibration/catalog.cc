#include "scenarios/calibration/catalog.h"

#include <memory>
#include <utility>

#include "sim/explore/automata.h"
#include "sim/explore/traces.h"

#include "scenarios/calibration/programs.h"
#include "scenarios/calibration/registers.h"
#include "scenarios/calibration/specifications.h"
#include "scenarios/calibration/two_phase_commit.h"

namespace holdfast::scenarios {
namespace {

using explore::Limits;
using explore::Order;
using explore::Result;

constexpr const char* kStateright = "Stateright, examples";
constexpr const char* kTlaExamples = "tlaplus/Examples, manifest.json";
constexpr const char* kSpin = "Spin, tools/bench/paxos.pml";
constexpr const char* kOwn = "an independent program of ours";
constexpr const char* kNidhugg = "Nidhugg and GenMC, tests";

Count count_of(const Result& result) {
  return {.ending = result.ending,
          .figures = {.states = result.progress.states,
                      .generated = result.beginnings + result.progress.transitions,
                      .depth = result.progress.depth,
                      .traces = {}},
          .violation = result.violation.text};
}

template <typename Space, typename... Arguments>
std::function<Count(const Limits&)> space(Arguments... arguments) {
  return [=](const Limits& limits) {
    Space space(arguments...);
    return count_of(explore::search(space, Order::kBreadthFirst, limits));
  };
}

using MakeSystem = RegisterSystem (*)(std::uint32_t, std::uint32_t);

std::function<Count(const Limits&)> service(MakeSystem make,
                                            std::uint32_t servers,
                                            std::uint32_t clients) {
  return [=](const Limits& limits) {
    const RegisterSystem system = make(servers, clients);
    explore::Automata automata(*system.behaviour, *system.judge);
    return count_of(explore::search(automata, Order::kBreadthFirst, limits));
  };
}

void add_commit(std::vector<Calibration>& all) {
  struct Row {
    std::uint32_t managers;
    Figures plain;
    const char* source;
    std::uint64_t orbits;
  };

  const Row rows[] = {{2, {56, 154, 8, {}}, kOwn, 34},
                      {3, {288, 1146, 11, {}}, kStateright, 80},
                      {5, {8832, 58146, 17, {}}, kStateright, 314},
                      {6, {50816, 402306, 20, {}}, kOwn, 553}};
  for (const Row& row : rows) {
    const std::string model =
        "two-phase commit, " + std::to_string(row.managers) + " resource managers";
    const std::string name = "2pc-" + std::to_string(row.managers);
    using Symmetry = TwoPhaseCommit::Symmetry;
    all.push_back({.name = name,
                   .model = model,
                   .source = row.source,
                   .expected = row.plain,
                   .run = space<TwoPhaseCommit>(row.managers, Symmetry::kNone)});
    all.push_back({.name = name + "-orbits",
                   .model = model + ", up to their names",
                   .source = kOwn,
                   .expected = {.states = row.orbits,
                                .generated = {},
                                .depth = row.plain.depth,
                                .traces = {}},
                   .run = space<TwoPhaseCommit>(row.managers, Symmetry::kManagers)});
  }
}

void add_services(std::vector<Calibration>& all) {
  all.push_back({.name = "register",
                 .model = "register of one copy, 2 clients",
                 .source = kStateright,
                 .expected = {93, 121, {}, {}},
                 .run = service(single_copy_register, 1, 2)});
  all.push_back({.name = "abd",
                 .model = "register of Attiya, Bar-Noy and Dolev, 2 servers, 2 clients",
                 .source = kStateright,
                 .expected = {544, 875, {}, {}},
                 .run = service(abd_register, 2, 2)});

  struct Row {
    std::uint32_t clients;
    Figures figures;
    const char* source;
  };

  const Row rows[] = {{1, {265, 482, {}, {}}, kOwn},
                      {2, {16668, 32971, {}, {}}, kStateright},
                      {3, {1194428, 2420477, {}, {}}, kOwn}};
  for (const Row& row : rows) {
    all.push_back({.name = "paxos-" + std::to_string(row.clients),
                   .model = "one decision by Paxos, 3 servers, " + std::to_string(row.clients) +
                            (row.clients == 1 ? " client" : " clients"),
                   .source = row.source,
                   .expected = row.figures,
                   .run = service(decided_register, 3, row.clients)});
  }
}

// Ballots and figures of a specification; the orbits are those under names of acceptors and values.
struct SpecificationRow {
  std::uint32_t ballots;
  Figures plain;
  const char* source;
  Figures orbits;
  const char* orbits_source;
};

template <typename Space>
void add_specification(std::vector<Calibration>& all,
                       const std::string& name,
                       const std::string& module,
                       const SpecificationRow& row) {
  const ConsensusModel model{
      .acceptors = 3, .values = 2, .ballots = row.ballots, .symmetric = false};
  ConsensusModel symmetric = model;
  symmetric.symmetric = true;
  const std::string text = "Lamport's module " + module + ", 3 acceptors, 2 values, " +
                           std::to_string(row.ballots) + " ballots";
  all.push_back({.name = name,
                 .model = text,
                 .source = row.source,
                 .expected = row.plain,
                 .run = space<Space>(model)});
  if (!row.orbits.states) return;
  all.push_back({.name = name + "-orbits",
                 .model = text + ", up to names",
                 .source = row.orbits_source,
                 .expected = row.orbits,
                 .run = space<Space>(symmetric)});
}

std::function<Count(const Limits&)> traces(std::unique_ptr<explore::Program> program) {
  return [program =
              std::shared_ptr<const explore::Program>(std::move(program))](const Limits& limits) {
    const auto go_on = [&](const explore::TraceCount& count) {
      return !limits.go_on || limits.go_on({.states = count.steps, .expanded = count.steps});
    };
    const explore::TraceCount count = explore::count_traces(*program, go_on);
    return Count{.ending = count.stopped ? explore::Ending::kStopped : explore::Ending::kExhausted,
                 .figures = {.states = {}, .generated = {}, .depth = {}, .traces = count.traces},
                 .violation = {}};
  };
}

void add_programs(std::vector<Calibration>& all) {
  const auto add = [&](std::string name,
                       std::string model,
                       std::unique_ptr<explore::Program> program,
                       std::uint64_t published) {
    all.push_back({.name = std::move(name),
                   .model = std::move(model),
                   .source = kNidhugg,
                   .expected = {.states = {}, .generated = {}, .depth = {}, .traces = published},
                   .run = traces(std::move(program))});
  };
  const auto text = [](std::uint32_t n) { return std::to_string(n); };

  const std::pair<std::uint32_t, std::uint64_t> zeros[] = {{5, 64}, {10, 3328}, {15, 147456}};
  for (const auto& [n, count] : zeros)
    add("lastzero-" + text(n),
        "search for the last zero, " + text(n) + " writers",
        last_zero(n),
        count);
  const std::pair<std::uint32_t, std::uint64_t> reads[] = {{8, 256}, {13, 8192}};
  for (const auto& [n, count] : reads)
    add("readers-" + text(n), "one writer, " + text(n) + " readers", readers(n), count);

  struct Row {
    std::uint32_t messages;
    std::uint32_t receivers;
    std::uint64_t traces;
  };

  const Row rows[] = {{7, 1, 5040}, {4, 2, 576}, {4, 3, 13824}};
  for (const Row& row : rows) {
    add("deliver-" + text(row.messages) + "x" + text(row.receivers),
        text(row.messages) + " messages to each of " + text(row.receivers) + " receivers",
        deliveries(row.messages, row.receivers),
        row.traces);
  }
}

std::vector<Calibration> all_calibrations() {
  std::vector<Calibration> all;
  add_commit(all);
  add_services(all);
  add_specification<VotingSpace>(all,
                                 "voting-2",
                                 "Voting",
                                 {.ballots = 2,
                                  .plain = {599, {}, 11, {}},
                                  .source = kOwn,
                                  .orbits = {77, 451, 11, {}},
                                  .orbits_source = kTlaExamples});
  add_specification<VotingSpace>(all,
                                 "voting-3",
                                 "Voting",
                                 {.ballots = 3,
                                  .plain = {6752, 41017, 16, {}},
                                  .source = kTlaExamples,
                                  .orbits = {686, {}, 16, {}},
                                  .orbits_source = kOwn});
  add_specification<PaxosSpace>(all,
                                "lamport-2",
                                "Paxos",
                                {.ballots = 2,
                                 .plain = {3921, 23563, 17, {}},
                                 .source = kTlaExamples,
                                 .orbits = {443, {}, 17, {}},
                                 .orbits_source = kOwn});
  add_specification<PaxosSpace>(all,
                                "lamport-3",
                                "Paxos",
                                {.ballots = 3,
                                 .plain = {185369, {}, 25, {}},
                                 .source = kSpin,
                                 .orbits = {},
                                 .orbits_source = kOwn});
  add_programs(all);
  return all;
}

bool agrees(const std::optional<std::uint64_t>& expected,
            const std::optional<std::uint64_t>& found) {
  return !expected || expected == found;
}

}  // namespace

const std::vector<Calibration>& calibrations() {
  static const std::vector<Calibration> all = all_calibrations();
  return all;
}

bool agrees(const Figures& expected, const Figures& found) {
  return agrees(expected.states, found.states) && agrees(expected.generated, found.generated) &&
         agrees(expected.depth, found.depth) && agrees(expected.traces, found.traces);
}

}  // namespace holdfast::scenarios
