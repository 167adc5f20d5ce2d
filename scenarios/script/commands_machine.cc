#include <array>

#include <fmt/format.h>

#include "scenarios/script/commands.h"

namespace holdfast::scenarios::script {
namespace {

// A directory is opened in that time.
constexpr Duration kBootTime = Duration::milliseconds(5);

bool is_up(Stage& stage, NodeId node) {
  return stage.cluster().node(node) != nullptr;
}

}  // namespace

// The members lose power: what is not durable is gone, and their clients are told nothing.
// Example: crash n1
void run_crash(Theatre& theatre, const Command& command) {
  Stage& stage = stage_of(theatre);
  command.allow_options({});
  for (const NodeId node : nodes_of(stage, command)) {
    if (!is_up(stage, node)) throw ScriptError(name_of(node) + " is down already");
    stage.world().crash(node, sim::CrashChoice{});
  }
}

// Members that are down start again.
// Example: restart n1
void run_restart(Theatre& theatre, const Command& command) {
  Stage& stage = stage_of(theatre);
  command.allow_options({});
  for (const NodeId node : nodes_of(stage, command)) {
    if (is_up(stage, node)) throw ScriptError(name_of(node) + " is up: crash it first");
    stage.world().boot(node);
  }
  stage.run(kBootTime);
}

// The members lose power and everything on their disks, and start again.
// Example: wipe n3
void run_wipe(Theatre& theatre, const Command& command) {
  Stage& stage = stage_of(theatre);
  command.allow_options({});
  for (const NodeId node : nodes_of(stage, command)) {
    if (!is_up(stage, node)) throw ScriptError(name_of(node) + " is down: restart it first");
    const std::array faults{sim::Fault{.kind = sim::FaultKind::kWipe,
                                       .at = stage.world().now() - Instant(),
                                       .duration = kBootTime,
                                       .target = node,
                                       .group = 0,
                                       .arg = 0}};
    stage.world().schedule(faults);
    stage.run(kBootTime * 2);
  }
}

// The disks of the members take their work and do not finish it, until `resume`.
// Example: stall n2
void run_stall(Theatre& theatre, const Command& command) {
  Stage& stage = stage_of(theatre);
  command.allow_options({});
  for (const NodeId node : nodes_of(stage, command))
    stage.world().disk(node).set_stalled();
}

// Stalled disks go on.
// Example: resume n2
void run_resume(Theatre& theatre, const Command& command) {
  Stage& stage = stage_of(theatre);
  command.allow_options({});
  for (const NodeId node : nodes_of(stage, command))
    stage.world().disk(node).clear_stalled();
  stage.run(kBootTime);
}

}  // namespace holdfast::scenarios::script
