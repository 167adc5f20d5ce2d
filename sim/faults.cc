#include "sim/faults.h"

#include <ostream>

#include "protocol/env/check.h"
#include "protocol/env/hash.h"

#include "sim/text.h"
#include "sim/topology.h"

namespace holdfast::sim {
namespace {

using G = GroupMeaning;
using A = ArgMeaning;
using C = FaultClass;
using K = FaultKind;

constexpr bool kAimed = true;
constexpr bool kUnaimed = false;
constexpr bool kLasting = true;
constexpr bool kSudden = false;
constexpr std::int64_t kHour = 3'600'000'000'000;
constexpr std::int64_t kMillion = 1'000'000;

// The links from each node to itself.
constexpr LinkSet kLoops{0x8040201008040201};

}  // namespace

const std::array<FaultInfo, kFaultKindCount> kFaultCatalogue{{
    {K::kCut,
     C::kCuts,
     "cut",
     kAimed,
     kLasting,
     G::kNodes,
     A::kDirection,
     0,
     2,
     "drops what goes between the target and `nodes` (none: everybody), out, in or both ways"},
    {K::kIsolate,
     C::kCuts,
     "isolate",
     kAimed,
     kLasting,
     G::kNone,
     A::kNone,
     0,
     0,
     "drops everything to and from the target"},
    {K::kSplit,
     C::kCuts,
     "split",
     kUnaimed,
     kLasting,
     G::kNodes,
     A::kNone,
     0,
     0,
     "drops everything between `nodes` and the others"},
    {K::kBridge,
     C::kCuts,
     "bridge",
     kAimed,
     kLasting,
     G::kNodes,
     A::kNone,
     0,
     0,
     "splits off `nodes`, but the target still talks to both sides"},
    {K::kRing,
     C::kCuts,
     "ring",
     kUnaimed,
     kLasting,
     G::kKey,
     A::kVariant,
     0,
     1,
     "everybody hears a majority and no two the same one; variant 0 both ways, 1 one way"},
    {K::kFreeze,
     C::kFreezes,
     "freeze",
     kAimed,
     kLasting,
     G::kNodes,
     A::kDirection,
     0,
     2,
     "holds what goes between the target and `nodes` (none: everybody) until the end, then "
     "releases it"},
    {K::kPhase,
     C::kPhases,
     "phase",
     kUnaimed,
     kLasting,
     G::kLinks,
     A::kCount,
     0,
     kMillion,
     "holds what goes over `links`; the workload is told, and does operation `n`"},
    {K::kClog,
     C::kClogs,
     "clog",
     kAimed,
     kLasting,
     G::kNodes,
     A::kPercent,
     1,
     1000,
     "delays between the target and `nodes` (none: everybody) grow by this share of the time the "
     "clog has lasted"},
    {K::kSwizzle,
     C::kClogs,
     "swizzle",
     kUnaimed,
     kLasting,
     G::kNodes,
     A::kNone,
     0,
     0,
     "holds what goes to and from `nodes`, starting one node after the other, and releases them in "
     "another order"},
    {K::kLoss,
     C::kBursts,
     "loss",
     kUnaimed,
     kLasting,
     G::kLinks,
     A::kPpm,
     1,
     kMillion,
     "loses a share of the frames on `links` (none: all)"},
    {K::kDuplicate,
     C::kBursts,
     "duplicate",
     kUnaimed,
     kLasting,
     G::kLinks,
     A::kPpm,
     1,
     kMillion,
     "delivers a share of the frames on `links` (none: all) twice"},
    {K::kCorrupt,
     C::kBursts,
     "corrupt",
     kUnaimed,
     kLasting,
     G::kLinks,
     A::kPpm,
     1,
     kMillion,
     "damages bytes of a share of the frames on `links` (none: all)"},
    {K::kCrashLost,
     C::kCrashes,
     "crash_lost",
     kAimed,
     kLasting,
     G::kNone,
     A::kCount,
     0,
     kMillion,
     "power loss, unsynced data gone; n=0 between two steps, n=K at the target's K-th "
     "step from then that asks for something, with a drawn suffix of that cut off"},
    {K::kCrashPrefix,
     C::kCrashes,
     "crash_prefix",
     kAimed,
     kLasting,
     G::kNone,
     A::kCount,
     0,
     kMillion,
     "as crash_lost, but unsynced data survives up to any byte"},
    {K::kCrashTorn,
     C::kCrashes,
     "crash_torn",
     kAimed,
     kLasting,
     G::kNone,
     A::kCount,
     0,
     kMillion,
     "as crash_lost, but unsynced data survives up to any sector"},
    {K::kRestart,
     C::kCrashes,
     "restart",
     kAimed,
     kLasting,
     G::kNone,
     A::kCount,
     0,
     kMillion,
     "only the process dies, as crash_lost; the machine keeps what was written"},
    {K::kPause,
     C::kPauses,
     "pause",
     kAimed,
     kLasting,
     G::kNone,
     A::kNone,
     0,
     0,
     "the target does nothing; its clock runs on and its messages wait"},
    {K::kSlow,
     C::kPauses,
     "slow",
     kAimed,
     kLasting,
     G::kNone,
     A::kTime,
     1,
     kHour,
     "what a step of the target asks for leaves later by up to this much"},
    {K::kDrift,
     C::kClocks,
     "drift",
     kAimed,
     kLasting,
     G::kNone,
     A::kPpm,
     -400'000,
     400'000,
     "the target's clock gains (or loses) this much against true time"},
    {K::kJump,
     C::kClocks,
     "jump",
     kAimed,
     kSudden,
     G::kNone,
     A::kTime,
     1,
     kHour,
     "the target's clock jumps forward"},
    {K::kOpenError,
     C::kDisks,
     "open_error",
     kAimed,
     kLasting,
     G::kNone,
     A::kPpm,
     1,
     kMillion,
     "a share of the target's opens of files fails"},
    {K::kReadError,
     C::kDisks,
     "read_error",
     kAimed,
     kLasting,
     G::kNone,
     A::kPpm,
     1,
     kMillion,
     "a share of the target's reads fails"},
    {K::kWriteError,
     C::kDisks,
     "write_error",
     kAimed,
     kLasting,
     G::kNone,
     A::kPpm,
     1,
     kMillion,
     "a share of the target's appends fails, perhaps half done"},
    {K::kSyncError,
     C::kDisks,
     "sync_error",
     kAimed,
     kLasting,
     G::kNone,
     A::kPpm,
     1,
     kMillion,
     "a share of the target's file syncs fails"},
    {K::kDirectoryError,
     C::kDisks,
     "directory_error",
     kAimed,
     kLasting,
     G::kNone,
     A::kPpm,
     1,
     kMillion,
     "a share of the target's creates, renames, removes and directory syncs fails"},
    {K::kDiskFull,
     C::kDisks,
     "disk_full",
     kAimed,
     kLasting,
     G::kNone,
     A::kCount,
     0,
     kMillion,
     "the target's disk takes this many bytes more and then no more"},
    {K::kDiskStall,
     C::kDisks,
     "disk_stall",
     kAimed,
     kLasting,
     G::kNone,
     A::kNone,
     0,
     0,
     "no job of the target's disk ends before the end of the stall"},
    {K::kDiskSlow,
     C::kDisks,
     "disk_slow",
     kAimed,
     kLasting,
     G::kNone,
     A::kCount,
     2,
     1'000,
     "the target's disk jobs take n times as long"},
    {K::kWipe,
     C::kWipes,
     "wipe",
     kAimed,
     kLasting,
     G::kNone,
     A::kCount,
     0,
     kMillion,
     "power loss as crash_lost, and the disk is empty afterwards"},
    {K::kCrashSectors,
     C::kBeyond,
     "crash_sectors",
     kAimed,
     kLasting,
     G::kNone,
     A::kCount,
     0,
     kMillion,
     "as crash_lost, but any unsynced sectors survive, whatever their order"},
    {K::kCrashStretched,
     C::kBeyond,
     "crash_stretched",
     kAimed,
     kLasting,
     G::kNone,
     A::kCount,
     0,
     kMillion,
     "as crash_lost, but lengths survive and missing unsynced bytes read as zeros"},
    {K::kBitFlip,
     C::kBeyond,
     "bit_flip",
     kAimed,
     kSudden,
     G::kKey,
     A::kNone,
     0,
     0,
     "one bit of the target's files is wrong from now on"},
    {K::kStaleCopy,
     C::kBeyond,
     "stale_copy",
     kAimed,
     kLasting,
     G::kNone,
     A::kNone,
     0,
     0,
     "after `for` the target crashes and comes back with the files it has now"},
}};

std::size_t catalogue_index(FaultKind kind) {
  static constexpr std::array<std::uint8_t, 256> kIndex = [] {
    std::array<std::uint8_t, 256> index{};
    std::uint8_t next = 0;
#define HOLDFAST_FAULT_INDEX(name, number) index[number] = next++;
    HOLDFAST_FAULTS(HOLDFAST_FAULT_INDEX)
#undef HOLDFAST_FAULT_INDEX
    return index;
  }();
  return kIndex[static_cast<std::uint8_t>(kind)];
}

const FaultInfo& info(FaultKind kind) {
  const FaultInfo& found = kFaultCatalogue[catalogue_index(kind)];
  HOLDFAST_CHECK(found.kind == kind, kind);
  return found;
}

std::optional<FaultKind> fault_kind_named(std::string_view name) {
  for (const FaultInfo& each : kFaultCatalogue) {
    if (each.name == name) return each.kind;
  }
  return std::nullopt;
}

std::uint64_t identity(const Fault& fault) {
  std::uint64_t hash = mix(static_cast<std::uint64_t>(fault.kind), fault.at.ns());
  hash = mix(hash, fault.duration.ns());
  hash = mix(hash, fault.target.index());
  if (const NodeId* node = std::get_if<NodeId>(&fault.target)) hash = mix(hash, node->value);
  if (const Role* role = std::get_if<Role>(&fault.target)) {
    hash = mix(hash, static_cast<std::uint64_t>(*role));
  }
  return mix(mix(hash, fault.group), static_cast<std::uint64_t>(fault.arg));
}

std::string_view name_of(FaultClass fault_class) {
  switch (fault_class) {
    case FaultClass::kCuts:
      return "cuts";
    case FaultClass::kFreezes:
      return "freezes";
    case FaultClass::kPhases:
      return "phases";
    case FaultClass::kClogs:
      return "clogs";
    case FaultClass::kBursts:
      return "bursts";
    case FaultClass::kCrashes:
      return "crashes";
    case FaultClass::kPauses:
      return "pauses";
    case FaultClass::kClocks:
      return "clocks";
    case FaultClass::kDisks:
      return "disks";
    case FaultClass::kWipes:
      return "wipes";
    case FaultClass::kBeyond:
      return "beyond";
  }
  HOLDFAST_UNREACHABLE("a fault class without a name");
}

std::string_view name_of(Role role) {
  switch (role) {
    case Role::kCoordinator:
      return "coordinator";
    case Role::kCatchingUp:
      return "catching_up";
    case Role::kVoting:
      return "voting";
    case Role::kRecovering:
      return "recovering";
  }
  HOLDFAST_UNREACHABLE("a role without a name");
}

std::string to_string(const Target& target) {
  if (const NodeId* node = std::get_if<NodeId>(&target)) return std::to_string(node->value);
  if (const Role* role = std::get_if<Role>(&target)) return std::string(name_of(*role));
  return "none";
}

std::string validate(const Fault& fault, int nodes) {
  const FaultInfo& kind = info(fault.kind);
  if (fault.at < Duration()) return "at= is negative; times count from the start of the run";
  if (fault.duration < Duration()) return "for= is negative; give a length such as 200ms";
  if (!kind.lasts && fault.duration != Duration()) return "for= has no meaning here; leave it out";
  const bool targeted = !std::holds_alternative<std::monostate>(fault.target);
  if (kind.targeted && !targeted) return "target= is missing; name a node or a role";
  if (!kind.targeted && targeted) return "target= has no meaning here; leave it out";
  if (const NodeId* node = std::get_if<NodeId>(&fault.target)) {
    if (node->value < 1 || node->value > nodes) {
      return "target= names no node of this world; nodes are 1 to " + std::to_string(nodes);
    }
  }
  if (kind.group == GroupMeaning::kNone && fault.group != 0) return "a group has no meaning here";
  if (kind.group == GroupMeaning::kNodes && (fault.group >> kMaxNodes) != 0) {
    return "nodes= names nodes beyond " + std::to_string(kMaxNodes);
  }
  if (kind.group == GroupMeaning::kLinks && (LinkSet{fault.group} & kLoops).size() != 0) {
    return "links= names a link from a node to itself; leave it out";
  }
  if (fault.arg < kind.arg_min || fault.arg > kind.arg_max) {
    return std::string(arg_name(kind.arg)) + "= is out of range; use " +
           format_arg(kind.arg, kind.arg_min) + " to " + format_arg(kind.arg, kind.arg_max);
  }
  return "";
}

std::string to_string(const Fault& fault) {
  const FaultInfo& kind = info(fault.kind);
  std::string text(kind.name);
  text += " at=" + format_duration(fault.at);
  if (kind.lasts) text += " for=" + format_duration(fault.duration);
  if (kind.targeted) text += " target=" + to_string(fault.target);
  if (kind.group != GroupMeaning::kNone && fault.group != 0) {
    text += ' ';
    text += group_name(kind.group);
    text += '=' + format_group(kind.group, fault.group);
  }
  if (kind.arg != ArgMeaning::kNone) {
    text += ' ';
    text += arg_name(kind.arg);
    text += '=' + format_arg(kind.arg, fault.arg);
  }
  return text;
}

std::ostream& operator<<(std::ostream& out, const Fault& fault) {
  return out << to_string(fault);
}

}  // namespace holdfast::sim
