#include <algorithm>
#include <utility>

#include "scenarios/explore/exploration.h"

namespace holdfast::scenarios {
namespace {

using explore::Bounds;
using explore::Command;
using What = Command::What;

// Members have their numbers less one, as nodes.
Command command(What what, explore::Node node = 0) {
  return {.what = what, .node = node, .operation = 0};
}

Command perform(LogOperation operation, explore::Node node) {
  return {.what = What::kPerform, .node = node, .operation = static_cast<std::uint8_t>(operation)};
}

std::vector<Command> boots(std::uint8_t members) {
  std::vector<Command> script;
  for (explore::Node node = 0; node < members; ++node)
    script.push_back(command(What::kBoot, node));
  script.push_back(command(What::kSettle));
  return script;
}

// Member 1 coordinates, position 0 is filled, and `entries` are appended; everybody knows.
std::vector<Command> run(std::uint8_t members, unsigned entries) {
  std::vector<Command> script = boots(members);
  script.push_back(perform(LogOperation::kElect, 0));
  script.push_back(command(What::kSettle));
  for (unsigned i = 0; i < entries; ++i) {
    script.push_back(perform(LogOperation::kAppend, 0));
    script.push_back(command(What::kSettle));
  }
  return script;
}

Bounds bounds(std::uint8_t elections, std::uint8_t appends, std::uint8_t crashes = 0) {
  Bounds all;
  all.budget.operations[static_cast<std::size_t>(LogOperation::kElect)] = elections;
  all.budget.operations[static_cast<std::size_t>(LogOperation::kAppend)] = appends;
  all.budget.crashes = crashes;
  return all;
}

Bounds blank_bounds() {
  Bounds all = bounds(0, 0, 1);
  all.budget.alarms = 1;
  return all;
}

// Five members, of which one or two lose their disks while something is undecided: with the rules
// of incarnations, and without.
void add_lost_disks(std::vector<Configuration>& all) {
  // What only member 5 has voted for is lost with its disk.
  std::vector<Command> lost_vote = run(5, 0);
  lost_vote.push_back(perform(LogOperation::kAppend, 0));
  lost_vote.push_back({.what = What::kDeliver, .node = 0, .operation = 0, .to = 4});
  lost_vote.push_back(command(What::kWipe, 4));
  Bounds lost = bounds(1, 1);
  lost.budget.alarms = 1;
  lost.where.operations[static_cast<std::size_t>(LogOperation::kElect)] = 0b01000;
  lost.where.operations[static_cast<std::size_t>(LogOperation::kAppend)] = 0b01000;
  all.push_back({.name = "lost-vote",
                 .text =
                     "five members, of which member 1 coordinates; it appends, and member 5, the "
                     "only one that hears of it, votes and loses its disk; 4 may be elected",
                 .company = {.members = 5},
                 .script = lost_vote,
                 .bounds = lost});
  // Without the one that knows most there are fewer schedules.
  std::vector<Command> ghost_vote = lost_vote;
  ghost_vote.push_back(command(What::kCrash, 0));
  Bounds few = bounds(1, 1);
  few.where = lost.where;
  few.where.boots = 0b10000;
  all.push_back({.name = "ghost-vote",
                 .text = "as 'lost-vote'; then 1 goes down, and stays down",
                 .company = {.members = 5},
                 .script = ghost_vote,
                 .bounds = few});
  all.push_back({.name = "mesos_g2b",
                 .text =
                     "as 'ghost-vote', but a member that lost its disk recovers as in Mesos (gap "
                     "G2(b); D2)",
                 .company = {.members = 5, .compat = {.d2 = true}},
                 .script = std::move(ghost_vote),
                 .bounds = few});
  // Of those who told member 5 that they know of its new life, one loses its disk as well.
  constexpr std::uint32_t kOthers = 0b11110;
  std::vector<Command> lost_votes = std::move(lost_vote);
  lost_votes.push_back(command(What::kBoot, 4));
  const Command settle_without_1{
      .what = What::kSettle, .node = 0, .operation = 0, .to = 0, .among = kOthers};
  lost_votes.push_back(settle_without_1);
  lost_votes.push_back(command(What::kWipe, 2));
  std::vector<Command> ghost_votes = lost_votes;
  ghost_votes.push_back(command(What::kCrash, 0));
  few.where.boots = 0b00100;
  all.push_back({.name = "ghost-votes",
                 .text = "as 'lost-votes'; then 1 goes down, and stays down",
                 .company = {.members = 5},
                 .script = std::move(ghost_votes),
                 .bounds = few});
  lost.budget.alarms = 3;
  all.push_back({.name = "lost-votes",
                 .text =
                     "as 'lost-vote'; then member 5 has recovered with the help of 2, 3 and 4, and "
                     "3 has lost its disk",
                 .company = {.members = 5},
                 .script = std::move(lost_votes),
                 .bounds = lost});
}

// The gaps of Mesos, each with its repair out, and the same with it in.
void add_gaps(std::vector<Configuration>& all) {
  all.push_back({.name = "mesos_g1",
                 .text = "as 'elected', but a vote raises no promise (gap G1; D1)",
                 .company = {.compat = {.d1 = true}},
                 .script = run(3, 0),
                 .bounds = bounds(1, 2, 1)});
  Bounds lost = bounds(1, 1);
  lost.budget.wipes = lost.budget.alarms = 1;
  all.push_back({.name = "mesos_g2",
                 .text =
                     "as 'empty', but a member that lost its disk recovers as in Mesos (gap G2; "
                     "D2)",
                 .company = {.compat = {.d2 = true}},
                 .script = boots(3),
                 .bounds = lost});
  std::vector<Command> two_terms = run(3, 0);
  two_terms.push_back(perform(LogOperation::kElect, 1));
  two_terms.push_back(command(What::kSettle));
  all.push_back({.name = "mesos_g3",
                 .text =
                     "member 1 was elected, then member 2; a refused coordinator goes on under the "
                     "winner's ballot, and so does its client (gap G3; D3)",
                 .company = {.careless = true, .compat = {.d3 = true}},
                 .script = two_terms,
                 .bounds = bounds(0, 3)});
  all.push_back({.name = "two-terms",
                 .text = "as 'mesos_g3', with the repair in",
                 .company = {.careless = true},
                 .script = std::move(two_terms),
                 .bounds = bounds(0, 3)});
}

// What 'running' does not show.
void add_special(std::vector<Configuration>& all) {
  Bounds given_up = bounds(0, 2);
  given_up.budget.alarms = 8;
  given_up.where.alarms = 0b001;
  all.push_back(
      {.name = "impatient",
       .text = "as 'running'; a write is given up after a few alarms, and its client goes on",
       .company = {.careless = true, .impatient = true},
       .script = run(3, 1),
       .bounds = given_up});
  // What is on its way to member 3 stays there.
  const Command settle_1_and_2{
      .what = What::kSettle, .node = 0, .operation = 0, .to = 0, .among = 0b011};
  std::vector<Command> truncated = run(3, 1);
  for (const LogOperation operation :
       {LogOperation::kAppend, LogOperation::kTruncate, LogOperation::kAppend}) {
    truncated.push_back(perform(operation, 0));
    truncated.push_back(settle_1_and_2);
  }
  Bounds late = bounds(0, 0, 1);
  late.budget.operations[static_cast<std::size_t>(LogOperation::kCatchUp)] = 1;
  late.where.operations[static_cast<std::size_t>(LogOperation::kCatchUp)] = 0b100;
  late.where.crashes = 0b100;
  all.push_back({.name = "truncated",
                 .text = "as 'running'; then member 1 appended, truncated and appended, of which 3 "
                         "has heard nothing yet",
                 .company = {},
                 .script = std::move(truncated),
                 .bounds = late});

  Bounds duel = bounds(2, 2);
  duel.where.operations[static_cast<std::size_t>(LogOperation::kElect)] = 0b011;
  all.push_back({.name = "duel",
                 .text = "as 'running'; members 1 and 2 may be elected, 3 only votes",
                 .company = {},
                 .script = run(3, 1),
                 .bounds = duel});
}

std::vector<Configuration> all_configurations() {
  std::vector<Configuration> all;
  all.push_back({.name = "boot",
                 .text = "three members of an empty log, all down",
                 .company = {},
                 .script = {},
                 .bounds = bounds(1, 1)});
  all.push_back({.name = "boot-2",
                 .text = "two members of an empty log, all down",
                 .company = {.members = 2},
                 .script = {},
                 .bounds = bounds(1, 1, 1)});
  all.push_back(
      {.name = "blank",
       .text = "three members with new disks, all down, that initialise the log themselves",
       .company = {.blank = true},
       .script = {},
       .bounds = blank_bounds()});
  all.push_back({.name = "empty",
                 .text = "three members of an empty log, all up",
                 .company = {},
                 .script = boots(3),
                 .bounds = bounds(1, 1)});
  all.push_back({.name = "elected",
                 .text = "three members, of which member 1 coordinates a log without entries",
                 .company = {},
                 .script = run(3, 0),
                 .bounds = bounds(1, 1)});
  all.push_back({.name = "running",
                 .text = "three members, of which member 1 coordinates a log with one entry",
                 .company = {},
                 .script = run(3, 1),
                 .bounds = bounds(0, 2, 1)});

  add_special(all);
  add_gaps(all);
  add_lost_disks(all);
  std::sort(all.begin(), all.end(), [](const Configuration& a, const Configuration& b) {
    return a.name < b.name;
  });
  return all;
}

}  // namespace

const std::vector<Configuration>& configurations() {
  static const std::vector<Configuration> all = all_configurations();
  return all;
}

}  // namespace holdfast::scenarios
