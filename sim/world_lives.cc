// Machines boot, pause and die.

#include <utility>

#include "protocol/env/check.h"

#include "sim/keyed_random.h"
#include "sim/world.h"

namespace holdfast::sim {

void World::note_life(LifeMoment moment, NodeId node) {
  account(static_cast<std::uint64_t>(moment) << 8 | node.value);
  observer_.on_life({now(), moment, node, node_of(node).life()});
}

void World::boot(NodeId id) {
  HOLDFAST_REQUIRE(exists(id) && !up(id) && !stepping_, id);
  Machine& machine = machine_of(id);
  SimNode& node = *machine.node;
  ++machine.boots_planned;
  budget_.came_up(id);
  if (node.life() > 0) node.disk().boot();
  const KeyedRandom origins = KeyedRandom(options_.seed).at("clock.origin").at(id.value);
  const Duration origin =
      uniform(origins.draw(node.life() + 1), Duration(), options_.clock.origin_max);
  node.begin_life(Instant() + origin);
  ++counted_.boots;
  note_life(LifeMoment::kBooted, id);
  run_step(machine, [&] {
    node.adopt(cast_.boot(id, node.ports(), node.disk().env()));
    HOLDFAST_CHECK(node.up(), id);
    node.process().start();
  });
}

void World::boot_all() {
  for (const Machine& machine : machines_)
    boot(machine.node->id());
}

void World::crash(NodeId node, const CrashChoice& choice) {
  HOLDFAST_REQUIRE(exists(node) && up(node), node);
  take_down(machine_of(node), choice);
}

void World::take_down(Machine& machine, const CrashChoice& choice) {
  HOLDFAST_REQUIRE(!stepping_, machine.node->id());
  const NodeId id = machine.node->id();
  machine.node->disk().crash(choice);
  machine.node->end_life();
  account(machine.node->disk().digest());
  for (const Event& event : machine.parked) {
    if (event.kind == WorldEventKind::kDelivery) network_.forget(NodeId{event.from}, id);
    if (event.kind == WorldEventKind::kNodeAction) take_action(event.word);
  }
  machine.parked.clear();
  machine.pauses = 0;
  machine.departing.clear();
  machine.last_departure = Instant();
  ++machine.alarm_event;
  machine.alarm_event_at = Instant::never();
  machine.alarm_seen = Instant::never();
  machine.armed_fault = kNone;
  budget_.went_down(id);
  ++counted_.crashes;
  note_life(choice.power ? LifeMoment::kPowerLost : LifeMoment::kKilled, id);
  if (choice.power) {
    cast_.power_failed(id);
    return;
  }
  // The system closes the connections of a process that ended.
  const KeyedRandom ends = KeyedRandom(options_.seed).at("disconnect").at(id.value);
  const KeyedRandom life = ends.at(machine.node->life());
  for (const Machine& other : machines_) {
    const NodeId to = other.node->id();
    if (to != id) plan_disconnect(id, to, life.draw(to.value));
  }
}

void World::end_processes() {
  const NodeSet ending = std::exchange(ending_, NodeSet());
  for_each_node(ending, [&](NodeId id) {
    Machine& machine = machine_of(id);
    if (!machine.node->up()) return;
    ++counted_.stops;
    note_life(LifeMoment::kStopped, id);
    take_down(machine, CrashChoice{.commit = {}, .bulk = {}, .power = std::nullopt});
    const KeyedRandom restarts = KeyedRandom(options_.seed).at("restart").at(id.value);
    const std::uint64_t draw = restarts.draw(machine.node->life());
    plan_boot(machine, uniform(draw, options_.restart_min, options_.restart_max));
  });
}

// Outside the core of a healed world nobody comes back.
void World::plan_boot(Machine& machine, Duration after) {
  const NodeId id = machine.node->id();
  if (faults_over_ && !core_.contains(id)) return;
  Event event;
  event.kind = WorldEventKind::kBoot;
  event.node = id.value;
  event.word = ++machine.boots_planned;
  const std::uint64_t draw = tie(WorldEventKind::kBoot, id, event.word);
  push(now() + after, draw, std::move(event));
}

bool World::boot_as_planned(const Event& event) {
  const NodeId id{event.node};
  if (up(id) || event.word != machine_of(id).boots_planned) return false;
  open_event(event, event.word);
  boot(id);
  return true;
}

void World::pause(Machine& machine) {
  if (machine.pauses++ == 0) note_life(LifeMoment::kPaused, machine.node->id());
}

void World::resume(Machine& machine) {
  note_life(LifeMoment::kResumed, machine.node->id());
  std::vector<Event> parked = std::move(machine.parked);
  machine.parked.clear();
  // The order of arrival as tie-break: a socket keeps it.
  std::uint64_t number = 0;
  for (Event& event : parked)
    push(now(), number++, std::move(event));
}

void World::heal(NodeSet core) {
  HOLDFAST_REQUIRE(!stepping_ &&
                   (core - NodeSet::first(static_cast<int>(machines_.size()))) == NodeSet());
  faults_over_ = true;
  core_ = core;
  account(core.bits);
  observer_.on_heal(now(), core);
  push_released(network_.heal(links_between(core, core), now()));
  for (Machine& machine : machines_) {
    machine.armed_fault = kNone;
    ++machine.boots_planned;
  }
  for_each_node(core, [&](NodeId id) { heal_node(machine_of(id)); });
}

void World::heal_node(Machine& machine) {
  machine.drift_base_ppm = 0;
  machine.drift_more_ppm = 0;
  change_drift(machine, 0);
  change_lag(machine, Duration());
  SimDisk& disk = machine.node->disk();
  for (std::size_t i = 0; i < kDiskOperationCount; ++i) {
    disk.set_errors(static_cast<DiskOperation>(i), 0);
  }
  disk.clear_full();
  disk.clear_stalled();
  disk.set_slow(1);
  if (machine.pauses > 0) {
    machine.pauses = 0;
    resume(machine);
  }
  if (!machine.node->up()) boot(machine.node->id());
}

}  // namespace holdfast::sim
