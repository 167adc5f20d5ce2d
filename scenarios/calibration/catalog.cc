#include "scenarios/calibration/catalog.h"

#include <memory>
#include <utility>

#include "sim/explore/automata.h"

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
constexpr const char* kOwn = "an independent program of ours";

template <typename Space, typename... Arguments>
std::function<Result(const Limits&)> space(Arguments... arguments) {
  return [=](const Limits& limits) {
    Space space(arguments...);
    return explore::search(space, Order::kBreadthFirst, limits);
  };
}

using MakeSystem = RegisterSystem (*)(std::uint32_t, std::uint32_t);

std::function<Result(const Limits&)> service(MakeSystem make,
                                             std::uint32_t servers,
                                             std::uint32_t clients) {
  return [=](const Limits& limits) {
    const RegisterSystem system = make(servers, clients);
    explore::Automata automata(*system.behaviour, *system.judge);
    return explore::search(automata, Order::kBreadthFirst, limits);
  };
}

void add_commit(std::vector<Calibration>& all) {
  struct Row {
    std::uint32_t managers;
    Figures plain;
    const char* source;
    std::uint64_t orbits;
  };

  const Row rows[] = {{2, {56, 154, 8}, kOwn, 34},
                      {3, {288, 1146, 11}, kStateright, 80},
                      {5, {8832, 58146, 17}, kStateright, 314},
                      {6, {50816, 402306, 20}, kOwn, 553}};
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
                   .expected = {.states = row.orbits, .generated = {}, .depth = row.plain.depth},
                   .run = space<TwoPhaseCommit>(row.managers, Symmetry::kManagers)});
  }
}

void add_services(std::vector<Calibration>& all) {
  all.push_back({.name = "register",
                 .model = "register of one copy, 2 clients",
                 .source = kStateright,
                 .expected = {93, 121, {}},
                 .run = service(single_copy_register, 1, 2)});
  all.push_back({.name = "abd",
                 .model = "register of Attiya, Bar-Noy and Dolev, 2 servers, 2 clients",
                 .source = kStateright,
                 .expected = {544, 875, {}},
                 .run = service(abd_register, 2, 2)});

  struct Row {
    std::uint32_t clients;
    Figures figures;
    const char* source;
  };

  const Row rows[] = {{1, {265, 482, {}}, kOwn},
                      {2, {16668, 32971, {}}, kStateright},
                      {3, {1194428, 2420477, {}}, kOwn}};
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

std::vector<Calibration> all_calibrations() {
  std::vector<Calibration> all;
  add_commit(all);
  add_services(all);
  add_specification<VotingSpace>(all,
                                 "voting-2",
                                 "Voting",
                                 {.ballots = 2,
                                  .plain = {599, {}, 11},
                                  .source = kOwn,
                                  .orbits = {77, 451, 11},
                                  .orbits_source = kTlaExamples});
  add_specification<VotingSpace>(all,
                                 "voting-3",
                                 "Voting",
                                 {.ballots = 3,
                                  .plain = {6752, 41017, 16},
                                  .source = kTlaExamples,
                                  .orbits = {686, {}, 16},
                                  .orbits_source = kOwn});
  add_specification<PaxosSpace>(all,
                                "lamport-2",
                                "Paxos",
                                {.ballots = 2,
                                 .plain = {3921, 23563, 17},
                                 .source = kTlaExamples,
                                 .orbits = {443, {}, 17},
                                 .orbits_source = kOwn});
  add_specification<PaxosSpace>(all,
                                "lamport-3",
                                "Paxos",
                                {.ballots = 3,
                                 .plain = {185369, {}, 25},
                                 .source = kOwn,
                                 .orbits = {},
                                 .orbits_source = kOwn});
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

Figures figures_of(const Result& result) {
  return {.states = result.progress.states,
          .generated = result.beginnings + result.progress.transitions,
          .depth = result.progress.depth};
}

bool agrees(const Figures& expected, const Figures& found) {
  return agrees(expected.states, found.states) && agrees(expected.generated, found.generated) &&
         agrees(expected.depth, found.depth);
}

}  // namespace holdfast::scenarios
