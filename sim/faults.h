#pragma once

// Faults as data: what goes wrong in a run is a list of values, which can be drawn, written to a
// file, edited, generated and shrunk.  kFaultCatalogue says what each kind does and what its
// fields mean; World (world.h) does it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/env/node_id.h"
#include "protocol/env/time.h"

#include "sim/role.h"

namespace holdfast::sim {

// Numbers are hashed into fingerprints: never reuse one.
#define HOLDFAST_FAULTS(X) \
  X(kCut, 1)               \
  X(kIsolate, 2)           \
  X(kSplit, 3)             \
  X(kBridge, 4)            \
  X(kRing, 5)              \
  X(kFreeze, 6)            \
  X(kPhase, 7)             \
  X(kClog, 8)              \
  X(kSwizzle, 9)           \
  X(kLoss, 10)             \
  X(kDuplicate, 11)        \
  X(kCorrupt, 12)          \
  X(kCrashLost, 20)        \
  X(kCrashPrefix, 21)      \
  X(kCrashTorn, 22)        \
  X(kRestart, 23)          \
  X(kPause, 24)            \
  X(kSlow, 25)             \
  X(kDrift, 30)            \
  X(kJump, 31)             \
  X(kOpenError, 40)        \
  X(kReadError, 41)        \
  X(kWriteError, 42)       \
  X(kSyncError, 43)        \
  X(kDirectoryError, 44)   \
  X(kDiskFull, 45)         \
  X(kDiskStall, 46)        \
  X(kDiskSlow, 47)         \
  X(kWipe, 48)             \
  X(kCrashSectors, 60)     \
  X(kCrashStretched, 61)   \
  X(kBitFlip, 62)          \
  X(kStaleCopy, 63)

enum class FaultKind : std::uint8_t {
#define HOLDFAST_FAULT_ENUMERATOR(name, number) name = number,
  HOLDFAST_FAULTS(HOLDFAST_FAULT_ENUMERATOR)
#undef HOLDFAST_FAULT_ENUMERATOR
};

// What a run switches on or off as a whole.
enum class FaultClass : std::uint8_t {
  kCuts,
  kFreezes,
  kPhases,
  kClogs,
  kBursts,
  kCrashes,
  kPauses,
  kClocks,
  kDisks,
  kWipes,
  kBeyond,  // what the protocol does not promise to survive
};
inline constexpr std::size_t kFaultClassCount = 11;

// What Fault::group means.
enum class GroupMeaning : std::uint8_t { kNone, kNodes, kLinks, kKey };

// What Fault::arg means.
enum class ArgMeaning : std::uint8_t { kNone, kDirection, kVariant, kCount, kPpm, kPercent, kTime };

// Fault::arg of the kinds that act on the links of a target.
enum class Direction : std::uint8_t { kOut = 0, kIn = 1, kBoth = 2 };

struct FaultInfo {
  FaultKind kind;
  FaultClass fault_class;
  // In plan files and reports.
  std::string_view name;
  bool targeted;
  bool lasts;
  GroupMeaning group;
  ArgMeaning arg;
  std::int64_t arg_min;
  std::int64_t arg_max;
  std::string_view description;
};

inline constexpr std::size_t kFaultKindCount = 33;
extern const std::array<FaultInfo, kFaultKindCount> kFaultCatalogue;

const FaultInfo& info(FaultKind kind);
std::optional<FaultKind> fault_kind_named(std::string_view name);

// The position of a kind in the catalogue, for tables of counters.
std::size_t catalogue_index(FaultKind kind);

// Nobody (the fault concerns no single node), one node, or whoever plays a role when it fires.
using Target = std::variant<std::monostate, NodeId, Role>;

struct Fault {
  FaultKind kind = FaultKind::kCut;
  // Since the world began.
  Duration at;
  // For kinds that last; for crashes: how long the node stays down.
  Duration duration;
  Target target;
  std::uint64_t group = 0;
  std::int64_t arg = 0;

  bool operator==(const Fault&) const = default;
};

// The identity of a fault for keyed draws.  Depends on its own fields only, so that taking another
// fault out of the list leaves its draws as they were.
std::uint64_t identity(const Fault& fault);

// One line as in a plan file: "crash_torn at=1500ms for=200ms target=coordinator n=2".
std::string to_string(const Fault& fault);
std::ostream& operator<<(std::ostream& out, const Fault& fault);

std::string_view name_of(FaultClass fault_class);
std::string_view name_of(Role role);
std::string to_string(const Target& target);

// Empty if the fault makes sense in a world of `nodes` nodes, else what is wrong and what to do.
std::string validate(const Fault& fault, int nodes);

}  // namespace holdfast::sim
