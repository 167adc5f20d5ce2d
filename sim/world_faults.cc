// What goes wrong, and how it ends.

#include <algorithm>
#include <utility>

#include "protocol/env/check.h"

#include "sim/keyed_random.h"
#include "sim/world.h"

namespace holdfast::sim {
namespace {

bool is_crash(FaultKind kind) {
  switch (info(kind).fault_class) {
    case FaultClass::kCrashes:
    case FaultClass::kWipes:
      return true;
    case FaultClass::kBeyond:
      return kind == FaultKind::kCrashSectors || kind == FaultKind::kCrashStretched;
    case FaultClass::kCuts:
    case FaultClass::kFreezes:
    case FaultClass::kPhases:
    case FaultClass::kClogs:
    case FaultClass::kBursts:
    case FaultClass::kPauses:
    case FaultClass::kClocks:
    case FaultClass::kDisks:
      return false;
  }
  HOLDFAST_UNREACHABLE("a fault class of no kind");
}

JobFate draw_job_fate(KeyedRandom key) {
  constexpr std::array<std::uint32_t, 3> kWeights{1, 2, 1};
  return {.kind = static_cast<JobFate::Kind>(weighted(key.draw(1), kWeights)),
          .operation = below(key.draw(2), 12),
          .tear = key.draw(3)};
}

// Nothing: the machine survives.
std::optional<UnsyncedData> unsynced_data_of(FaultKind kind) {
  if (kind == FaultKind::kRestart) return std::nullopt;
  if (kind == FaultKind::kCrashPrefix) return UnsyncedData::kPrefix;
  if (kind == FaultKind::kCrashTorn) return UnsyncedData::kTorn;
  if (kind == FaultKind::kCrashSectors) return UnsyncedData::kSectors;
  if (kind == FaultKind::kCrashStretched) return UnsyncedData::kStretched;
  return UnsyncedData::kLost;
}

CrashChoice draw_crash(FaultKind kind, KeyedRandom key) {
  CrashChoice choice{.commit = draw_job_fate(key.at(1)), .bulk = draw_job_fate(key.at(2))};
  choice.first = chance(key.draw(3), kWhole / 2) ? Lane::kCommit : Lane::kBulk;
  choice.power = std::nullopt;
  if (const auto data = unsynced_data_of(kind)) {
    choice.power = PowerLoss{*data, static_cast<UnsyncedEntries>(below(key.draw(4), 4))};
  }
  return choice;
}

std::optional<DiskOperation> disk_operation_of(FaultKind kind) {
  if (kind == FaultKind::kOpenError) return DiskOperation::kOpen;
  if (kind == FaultKind::kReadError) return DiskOperation::kRead;
  if (kind == FaultKind::kWriteError) return DiskOperation::kAppend;
  if (kind == FaultKind::kSyncError) return DiskOperation::kSync;
  if (kind == FaultKind::kDirectoryError) return DiskOperation::kDirectory;
  return std::nullopt;
}

std::optional<Trouble> trouble_of(FaultKind kind) {
  if (kind == FaultKind::kLoss) return Trouble::kLoss;
  if (kind == FaultKind::kDuplicate) return Trouble::kDuplicate;
  if (kind == FaultKind::kCorrupt) return Trouble::kCorrupt;
  return std::nullopt;
}

// Kinds that name a target but act on its links.
bool acts_on_links(FaultKind kind) {
  switch (info(kind).fault_class) {
    case FaultClass::kCuts:
    case FaultClass::kFreezes:
    case FaultClass::kPhases:
    case FaultClass::kClogs:
    case FaultClass::kBursts:
      return true;
    case FaultClass::kCrashes:
    case FaultClass::kPauses:
    case FaultClass::kClocks:
    case FaultClass::kDisks:
    case FaultClass::kWipes:
    case FaultClass::kBeyond:
      return false;
  }
  HOLDFAST_UNREACHABLE("a fault class of no kind");
}

}  // namespace

void World::schedule(std::span<const Fault> faults) {
  for (const Fault& fault : faults) {
    const std::string problem = validate(fault, static_cast<int>(options_.nodes));
    HOLDFAST_REQUIRE(problem.empty(), problem, to_string(fault));
    schedule_one(fault, FaultOrigin::kPlanned);
  }
}

void World::schedule_one(const Fault& fault, FaultOrigin origin) {
  const Instant at = Instant() + fault.at;
  if (at < now()) return;
  auto scheduled = std::make_unique<ScheduledFault>();
  scheduled->fault = fault;
  scheduled->origin = origin;
  faults_.push_back(std::move(scheduled));
  Event event;
  event.kind = WorldEventKind::kFaultBegins;
  event.word = faults_.size() - 1;
  push(at, mix(options_.seed, identity(fault)), std::move(event));
}

void World::note_fault(FaultMoment moment, const ScheduledFault& scheduled) {
  if (scheduled.origin == FaultOrigin::kDerived) return;
  const std::size_t index = catalogue_index(scheduled.fault.kind);
  switch (moment) {
    case FaultMoment::kBegan:
      ++counted_.injected[index];
      break;
    case FaultMoment::kEnded:
      break;
    case FaultMoment::kSkippedByBudget:
      ++counted_.skipped_by_budget[index];
      break;
    case FaultMoment::kSkippedForTarget:
      ++counted_.skipped_for_target[index];
      break;
  }
  observer_.on_fault({now(), moment, scheduled.fault, scheduled.node});
}

NodeId World::resolve(const Fault& fault) {
  if (const NodeId* node = std::get_if<NodeId>(&fault.target)) {
    return exists(*node) ? *node : NodeId{0};
  }
  const std::vector<NodeId> players = cast_.with_role(std::get<Role>(fault.target));
  if (players.empty()) return NodeId{0};
  const KeyedRandom targets = KeyedRandom(options_.seed).at("target");
  const NodeId chosen = players[below(targets.draw(identity(fault)), players.size())];
  HOLDFAST_REQUIRE(exists(chosen), chosen);
  return chosen;
}

bool World::can_suffer(const Fault& fault, NodeId node) {
  if (node == NodeId{0}) return false;
  if (is_crash(fault.kind)) return up(node) && machine_of(node).armed_fault == kNone;
  if (fault.kind == FaultKind::kPause || fault.kind == FaultKind::kJump) return up(node);
  return fault.kind != FaultKind::kBitFlip || disk(node).used_bytes() > 0;
}

bool World::affordable(const Fault& fault, NodeId node) {
  return budget_.allows(fault.kind, node) && dispensable(fault, node);
}

// What else was lost since may have made the difference, so it is asked when the disk is lost.
bool World::dispensable(const Fault& fault, NodeId node) {
  const bool promised = options_.profile == Profile::kDefault;
  return fault.kind != FaultKind::kWipe || !promised || cast_.may_wipe(node);
}

bool World::begin_fault(const Event& event) {
  if (faults_over_) return false;
  ScheduledFault& scheduled = *faults_[event.word];
  const Fault& fault = scheduled.fault;
  open_event(event, identity(fault));
  if (info(fault.kind).targeted) {
    const NodeId node = resolve(fault);
    if (!can_suffer(fault, node)) {
      note_fault(FaultMoment::kSkippedForTarget, scheduled);
      return true;
    }
    scheduled.node = node;
    scheduled.life = node_of(node).life();
    if (!affordable(fault, node)) {
      note_fault(FaultMoment::kSkippedByBudget, scheduled);
      return true;
    }
  }
  current_.node = scheduled.node.value;
  account(scheduled.node.value);
  scheduled.links = links_of(fault, scheduled.node);
  note_fault(FaultMoment::kBegan, scheduled);
  begin(event.word);
  return true;
}

void World::begin(std::size_t number) {
  ScheduledFault& scheduled = *faults_[number];
  const Fault& fault = scheduled.fault;
  if (is_crash(fault.kind)) {
    begin_crash(number);
    return;
  }
  if (fault.kind == FaultKind::kSwizzle) {
    begin_swizzle(fault);
  } else if (acts_on_links(fault.kind)) {
    begin_on_links(scheduled);
  } else {
    begin_on_node(scheduled);
  }
  if (!info(fault.kind).lasts) return;
  Event event;
  event.kind = WorldEventKind::kFaultEnds;
  event.word = number;
  event.node = scheduled.node.value;
  push(now() + fault.duration, mix(~options_.seed, identity(fault)), std::move(event));
}

bool World::end_fault(const Event& event) {
  if (faults_over_) return false;
  ScheduledFault& scheduled = *faults_[event.word];
  open_event(event, identity(scheduled.fault));
  if (acts_on_links(scheduled.fault.kind)) {
    end_on_links(scheduled);
  } else {
    end_on_node(scheduled);
  }
  note_fault(FaultMoment::kEnded, scheduled);
  return true;
}

// --- Links.

LinkSet World::links_of(const Fault& fault, NodeId node) const {
  const NodeSet everybody = NodeSet::first(static_cast<int>(machines_.size()));
  const NodeSet self = node == NodeId{0} ? NodeSet() : NodeSet::of(node);
  const NodeSet side = NodeSet{fault.group} & everybody;
  const LinkSet all = links_from_to(everybody, everybody);
  const NodeSet peers = side == NodeSet() ? everybody : side;
  using K = FaultKind;
  if (fault.kind == K::kCut || fault.kind == K::kFreeze) {
    if (fault.arg == static_cast<std::int64_t>(Direction::kOut)) return links_from_to(self, peers);
    if (fault.arg == static_cast<std::int64_t>(Direction::kIn)) return links_from_to(peers, self);
    return links_between(self, peers);
  }
  if (fault.kind == K::kClog) return links_between(self, peers);
  if (fault.kind == K::kIsolate) return links_between(self, everybody);
  if (fault.kind == K::kSplit) return links_between(side, everybody - side);
  if (fault.kind == K::kBridge) return links_between(side - self, everybody - side - self);
  if (fault.kind == K::kRing) {
    return ring_of_majorities_cuts(
        static_cast<int>(machines_.size()), static_cast<RingKind>(fault.arg), fault.group);
  }
  if (fault.kind == K::kPhase) return LinkSet{fault.group} & all;
  if (trouble_of(fault.kind)) return fault.group == 0 ? all : LinkSet{fault.group} & all;
  return LinkSet();
}

void World::begin_on_links(const ScheduledFault& scheduled) {
  const Fault& fault = scheduled.fault;
  if (const auto trouble = trouble_of(fault.kind)) {
    network_.raise(*trouble, scheduled.links, fault.arg);
  } else if (fault.kind == FaultKind::kFreeze || fault.kind == FaultKind::kPhase) {
    network_.freeze(scheduled.links);
  } else if (fault.kind == FaultKind::kClog) {
    network_.clog(scheduled.links, now(), fault.arg);
  } else {
    // Some connections notice, though nobody's process has ended.
    constexpr std::int64_t kNoticedPpm = 500'000;
    const KeyedRandom ends = KeyedRandom(options_.seed).at("disconnect.cut").at(identity(fault));
    for_each_link(scheduled.links, [&](NodeId from, NodeId to) {
      const KeyedRandom link = ends.at(from.value).at(to.value);
      if (chance(link.draw(1), kNoticedPpm)) plan_disconnect(from, to, link.draw(2));
    });
    network_.cut(scheduled.links);
  }
}

void World::end_on_links(const ScheduledFault& scheduled) {
  const Fault& fault = scheduled.fault;
  if (const auto trouble = trouble_of(fault.kind)) {
    network_.raise(*trouble, scheduled.links, -fault.arg);
  } else if (fault.kind == FaultKind::kFreeze || fault.kind == FaultKind::kPhase) {
    push_released(network_.thaw(scheduled.links, now()));
  } else if (fault.kind == FaultKind::kClog) {
    network_.unclog(scheduled.links);
  } else {
    network_.mend(scheduled.links);
  }
}

// Each member is frozen at a moment of its own in the first half and thaws at one in the second.
void World::begin_swizzle(const Fault& fault) {
  const KeyedRandom key = KeyedRandom(options_.seed).at("swizzle").at(identity(fault));
  const NodeSet everybody = NodeSet::first(static_cast<int>(machines_.size()));
  for_each_node(NodeSet{fault.group} & everybody, [&](NodeId node) {
    const Duration half = fault.duration / 2;
    const Duration from = uniform(key.at(1).draw(node.value), Duration(), half);
    const Duration to = uniform(key.at(2).draw(node.value), half, fault.duration);
    const Fault freeze{.kind = FaultKind::kFreeze,
                       .at = fault.at + from,
                       .duration = to - from,
                       .target = node,
                       .group = 0,
                       .arg = static_cast<std::int64_t>(Direction::kBoth)};
    schedule_one(freeze, FaultOrigin::kDerived);
  });
}

// --- Nodes.

void World::begin_on_node(ScheduledFault& scheduled) {
  const Fault& fault = scheduled.fault;
  Machine& machine = machine_of(scheduled.node);
  using K = FaultKind;
  if (fault.kind == K::kPause) return pause(machine);
  if (fault.kind == K::kDrift) return change_drift(machine, fault.arg);
  if (fault.kind == K::kSlow) {
    change_lag(machine, machine.lag + Duration::nanoseconds(fault.arg));
  } else if (fault.kind == K::kJump) {
    machine.node->clock().jump(now(), Duration::nanoseconds(fault.arg));
    change_drift(machine, 0);
  } else if (fault.kind == K::kBitFlip) {
    machine.node->disk().flip_bit("", fault.group);
  } else if (fault.kind == K::kStaleCopy) {
    scheduled.image = std::make_unique<FileSystemImage>(machine.node->disk().snapshot());
  } else {
    begin_on_disk(scheduled);
  }
}

void World::end_on_node(ScheduledFault& scheduled) {
  const Fault& fault = scheduled.fault;
  Machine& machine = machine_of(scheduled.node);
  using K = FaultKind;
  if (fault.kind == K::kDrift) return change_drift(machine, -fault.arg);
  if (fault.kind == K::kStaleCopy) return restore_stale_copy(scheduled);
  if (fault.kind == K::kSlow) {
    change_lag(machine, machine.lag - Duration::nanoseconds(fault.arg));
  } else if (fault.kind == K::kPause) {
    // A pause ends with the life it began in.
    if (machine.node->life() != scheduled.life || machine.pauses == 0) return;
    if (--machine.pauses == 0) resume(machine);
  } else {
    end_on_disk(scheduled);
  }
}

void World::begin_on_disk(const ScheduledFault& scheduled) {
  const Fault& fault = scheduled.fault;
  Machine& machine = machine_of(scheduled.node);
  SimDisk& disk = machine.node->disk();
  if (disk_operation_of(fault.kind)) {
    budget_.disk_broke(scheduled.node);
    change_disk_errors(scheduled, fault.arg);
  } else if (fault.kind == FaultKind::kDiskFull) {
    budget_.disk_broke(scheduled.node);
    ++machine.disks_full;
    disk.set_full(static_cast<std::uint64_t>(fault.arg));
  } else if (fault.kind == FaultKind::kDiskStall) {
    ++machine.disk_stalls;
    disk.set_stalled();
  } else {
    HOLDFAST_CHECK(fault.kind == FaultKind::kDiskSlow, fault.kind);
    ++machine.disk_slows;
    disk.set_slow(fault.arg);
  }
}

void World::end_on_disk(const ScheduledFault& scheduled) {
  const Fault& fault = scheduled.fault;
  Machine& machine = machine_of(scheduled.node);
  SimDisk& disk = machine.node->disk();
  if (disk_operation_of(fault.kind)) {
    budget_.disk_mended(scheduled.node);
    change_disk_errors(scheduled, -fault.arg);
  } else if (fault.kind == FaultKind::kDiskFull) {
    budget_.disk_mended(scheduled.node);
    if (--machine.disks_full == 0) disk.clear_full();
  } else if (fault.kind == FaultKind::kDiskStall) {
    if (--machine.disk_stalls == 0) disk.clear_stalled();
  } else {
    HOLDFAST_CHECK(fault.kind == FaultKind::kDiskSlow, fault.kind);
    if (--machine.disk_slows == 0) disk.set_slow(1);
  }
}

void World::restore_stale_copy(const ScheduledFault& scheduled) {
  Machine& machine = machine_of(scheduled.node);
  const KeyedRandom key = KeyedRandom(options_.seed).at("crash").at(identity(scheduled.fault));
  if (machine.node->up()) take_down(machine, draw_crash(FaultKind::kRestart, key));
  machine.node->disk().restore_snapshot(*scheduled.image);
  plan_boot(machine, options_.restart_min);
}

void World::change_disk_errors(const ScheduledFault& scheduled, std::int64_t more_ppm) {
  const auto operation = disk_operation_of(scheduled.fault.kind);
  HOLDFAST_REQUIRE(operation.has_value());
  const auto index = static_cast<std::size_t>(*operation);
  std::int64_t& sum = machine_of(scheduled.node).disk_errors_ppm[index];
  sum += more_ppm;
  const std::int64_t always = options_.disk.errors_per_million[index];
  const std::int64_t ppm = std::min(always + sum, kWhole);
  node_of(scheduled.node).disk().set_errors(*operation, static_cast<std::uint32_t>(ppm));
}

// --- Crashes.

void World::begin_crash(std::size_t number) {
  const ScheduledFault& scheduled = *faults_[number];
  if (scheduled.fault.arg == 0) {
    crash_by_fault(number);
    return;
  }
  Machine& machine = machine_of(scheduled.node);
  machine.armed_fault = number;
  machine.armed_steps = scheduled.fault.arg;
  budget_.went_down(scheduled.node);
}

bool World::strikes(Machine& machine) {
  if (machine.armed_fault == kNone || --machine.armed_steps > 0) return false;
  const ScheduledFault& scheduled = *faults_[machine.armed_fault];
  if (dispensable(scheduled.fault, scheduled.node)) return true;
  machine.armed_fault = kNone;
  budget_.came_up(scheduled.node);
  --counted_.injected[catalogue_index(scheduled.fault.kind)];
  note_fault(FaultMoment::kSkippedByBudget, scheduled);
  return false;
}

void World::crash_by_fault(std::size_t number) {
  const ScheduledFault& scheduled = *faults_[number];
  const Fault& fault = scheduled.fault;
  Machine& machine = machine_of(scheduled.node);
  const KeyedRandom key = KeyedRandom(options_.seed).at("crash").at(identity(fault));
  take_down(machine, draw_crash(fault.kind, key));
  if (fault.kind == FaultKind::kWipe) {
    machine.node->disk().wipe();
    note_life(LifeMoment::kWiped, scheduled.node);
    cast_.wiped(scheduled.node);
  }
  plan_boot(machine, fault.duration);
}

}  // namespace holdfast::sim
